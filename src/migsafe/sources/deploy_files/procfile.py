"""Procfiles: the processes of an application, and what runs before a release of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from migsafe.model.deploy import DeployFact, MigratesAtStart, MigratesInDeploy, Occasion, Starts
from migsafe.model.script import SourceText, Span
from migsafe.sources.deploy_files.base import place
from migsafe.sources.deploy_files.serving import migration_at_start, migrations
from migsafe.sources.deploy_files.shell import Command, commands
from migsafe.sources.deploy_files.wrappers import script_of

_PROCESS = re.compile(r"^(?P<name>[A-Za-z0-9_-]+):[ \t]*(?P<command>[^\r\n]*)", re.MULTILINE)
#: Run once before the processes of a release start (Heroku, "Release Phase").
_RELEASE = "release"


@dataclass(frozen=True, slots=True)
class ReadProcfile:
    """What a Procfile says by itself, and the scripts that its processes start with, by their places."""

    facts: tuple[DeployFact, ...]
    scripts: tuple[tuple[str, str], ...]


def read_procfile(source: SourceText) -> ReadProcfile:
    """Read the processes; of two of one name the last counts."""
    processes = {match["name"]: match for match in _PROCESS.finditer(source.text)}
    facts: list[DeployFact] = []
    scripts: list[tuple[str, str]] = []
    for name, match in processes.items():
        run = commands(match["command"])
        span = Span(match.start(), match.end())
        facts += _release(source, span, run) if name == _RELEASE else _process(source, span, name, run)
        named = script_of(run[-1].words) if run and name != _RELEASE else None
        if named is not None:
            scripts.append((named, f"{source.path}:{source.position(span.start).line}"))
    return ReadProcfile(tuple(facts), tuple(scripts))


def _release(source: SourceText, span: Span, run: tuple[Command, ...]) -> Iterator[DeployFact]:
    one = next(migrations(run), None)
    if one is not None:
        yield MigratesInDeploy(
            **place(source, span),
            occasion=Occasion.RELEASE_PHASE,
            name=_RELEASE,
            tool=one.tool,
            command=one.command,
        )


def _process(source: SourceText, span: Span, name: str, run: tuple[Command, ...]) -> Iterator[DeployFact]:
    one = migration_at_start(run)
    if one is not None:
        yield MigratesAtStart(
            **place(source, span),
            starts=Starts.PROCESS,
            name=name,
            tool=one.tool,
            command=one.command,
            serves=one.serves,
            certain=one.certain,
            guard=one.guard,
        )
