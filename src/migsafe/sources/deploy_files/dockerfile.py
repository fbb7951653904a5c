"""Dockerfiles: what a container of the last stage runs when it starts, followed into a script of the repository."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from migsafe.model.deploy import DeployFact, MigratesAtStart, ReadinessDemandsExactRevision, Starts
from migsafe.model.script import SourceText
from migsafe.sources.deploy_files.base import place
from migsafe.sources.deploy_files.docker_instructions import Instruction, instructions
from migsafe.sources.deploy_files.migrate_commands import demanding
from migsafe.sources.deploy_files.serving import migration_at_start
from migsafe.sources.deploy_files.shell import Command, commands, commands_of
from migsafe.sources.deploy_files.wrappers import Words, script_of

_VARIABLE = re.compile(r"\$\{(\w+)(?::?-([^}]*))?\}|\$(\w+)")
_PAIR = re.compile(r"(\w+)=(\"[^\"]*\"|'[^']*'|\S*)")


@dataclass(frozen=True, slots=True)
class Copied:
    """Files of the repository that an image holds.

    Attributes:
        sources: as seen from the folder that the image is built from.
        target: in the image, absolute.
    """

    sources: tuple[str, ...]
    target: str


@dataclass(frozen=True, slots=True)
class Stage:
    """What an image of one stage holds, and runs when it starts.

    Attributes:
        inherits_cmd: CMD comes from the image below, where an ENTRYPOINT of this stage resets it (Docker's manual).
    """

    entrypoint: Instruction | None = None
    cmd: Instruction | None = None
    inherits_cmd: bool = False
    healthcheck: Instruction | None = None
    workdir: str = "/"
    variables: dict[str, str] = field(default_factory=dict)
    copied: tuple[Copied, ...] = ()


@dataclass(frozen=True, slots=True)
class StartsScript:
    """An image starts with a script.

    Attributes:
        candidates: where in the repository it may stand, as seen from the folder that the image is built from.
        arguments: what the script is given, as `"$@"`.
        by: the instruction's place, for example "Dockerfile:7".
    """

    candidates: tuple[str, ...]
    arguments: Words
    by: str


@dataclass(frozen=True, slots=True)
class ReadDockerfile:
    """What a Dockerfile says by itself, and the script that says the rest."""

    facts: tuple[DeployFact, ...]
    script: StartsScript | None


def read_dockerfile(source: SourceText) -> ReadDockerfile:
    """Read a Dockerfile's last stage."""
    stage = _last_stage(source.text)
    start = stage.entrypoint or stage.cmd
    if start is None:
        return ReadDockerfile(tuple(_healthcheck(stage, source)), None)
    run = _commands(stage)
    script = _script(stage, source, start)
    facts = () if script is not None else tuple(_facts(run, source))
    return ReadDockerfile((*facts, *_healthcheck(stage, source)), script)


def _facts(run: tuple[Command, ...], source: SourceText) -> Iterator[DeployFact]:
    one = migration_at_start(run)
    if one is not None:
        yield MigratesAtStart(
            **place(source, one.span),
            starts=Starts.IMAGE,
            name=posixpath.basename(source.path),
            tool=one.tool,
            command=one.command,
            serves=one.serves,
            certain=one.certain,
            guard=one.guard,
        )


def _commands(stage: Stage) -> tuple[Command, ...]:
    """What runs: ENTRYPOINT with CMD as its arguments; in its shell form ENTRYPOINT alone."""
    first, second = stage.entrypoint, stage.cmd
    if first is None:
        return _run(second, stage) if second is not None else ()
    words = first.exec_form
    if words is None:
        return _run(first, stage)
    arguments = (second.exec_form or ("/bin/sh", "-c", second.rest)) if second is not None else ()
    return commands_of((*words, *arguments), first.span)


def _run(instruction: Instruction, stage: Stage) -> tuple[Command, ...]:
    words = instruction.exec_form
    if words is not None:
        return commands_of(words, instruction.span)
    text = _filled(instruction.rest, stage.variables)
    return tuple(replace(command, span=instruction.span) for command in commands(text))


def _script(stage: Stage, source: SourceText, start: Instruction) -> StartsScript | None:
    words = start.exec_form
    if words is None:
        run = commands(_filled(start.rest, stage.variables))
        words = run[0].words if len(run) == 1 else ()
    named = script_of(words)
    if named is None:
        return None
    named = _filled(named, stage.variables)
    arguments: Words = ()
    if stage.entrypoint is not None and stage.cmd is not None and stage.entrypoint.exec_form is not None:
        arguments = stage.cmd.exec_form or ("/bin/sh", "-c", stage.cmd.rest)
    by = f"{source.path}:{source.position(start.span.start).line}"
    candidates = tuple(_in_repository(posixpath.normpath(posixpath.join(stage.workdir, named)), stage))
    return StartsScript(candidates, arguments, by) if candidates else None


def _in_repository(path: str, stage: Stage) -> Iterator[str]:
    """Where a file of the image may come from; the last COPY that covers it comes first."""
    name = posixpath.basename(path)
    for copied in reversed(stage.copied):
        for given in copied.sources:
            whole = posixpath.normpath(given)
            if posixpath.basename(whole) == name and path in {copied.target, posixpath.join(copied.target, name)}:
                yield whole
            elif path.startswith(copied.target.rstrip("/") + "/"):
                yield posixpath.normpath(posixpath.join(whole, posixpath.relpath(path, copied.target or "/")))
        if copied.target == path and len(copied.sources) == 1:
            yield posixpath.normpath(copied.sources[0])


def _healthcheck(stage: Stage, source: SourceText) -> Iterator[DeployFact]:
    check = stage.healthcheck
    if check is None or not check.rest.upper().startswith("CMD"):
        return
    told = replace(check, rest=check.rest[3:].strip())
    run = _run(told, stage)
    demand = demanding([command.words for command in run], told.rest)
    if demand is not None:
        yield ReadinessDemandsExactRevision(
            **place(source, check.span),
            probe="HEALTHCHECK",
            name=posixpath.basename(source.path),
            tool=demand.tool,
            command=" ".join(told.exec_form or (told.rest,)),
            refuses_ahead=demand.ahead,
            refuses_behind=demand.behind,
        )


def _last_stage(text: str) -> Stage:
    """The last stage, with what it has from the stages that it is built upon."""
    named: dict[str, Stage] = {}
    given: dict[str, str] = {}
    stage, name = Stage(), ""
    for one in instructions(text):
        if one.word == "FROM":
            named[name] = stage
            words = one.rest.split()
            base = _filled(words[0], given) if words else ""
            name = words[2].lower() if len(words) == 3 and words[1].lower() == "as" else str(len(named) - 1)
            parent = named.get(base.lower())
            stage = _child(parent) if parent is not None else Stage(variables=dict(given))
        elif one.word == "ARG" and not named:
            given.update(_pairs(one.rest))
        else:
            stage = _with(stage, one)
    return stage


def _child(parent: Stage) -> Stage:
    return replace(parent, variables=dict(parent.variables), inherits_cmd=True)


def _with(stage: Stage, one: Instruction) -> Stage:
    if one.word == "ENTRYPOINT":
        cmd = None if stage.inherits_cmd else stage.cmd
        return replace(stage, entrypoint=None if one.exec_form == () else one, cmd=cmd)
    if one.word == "CMD":
        return replace(stage, cmd=one, inherits_cmd=False)
    if one.word == "HEALTHCHECK":
        return replace(stage, healthcheck=None if one.rest.upper() == "NONE" else one)
    if one.word == "WORKDIR":
        return replace(stage, workdir=_absolute(one.rest, stage))
    if one.word in {"ENV", "ARG"}:
        pairs = _pairs(one.rest)
        return replace(
            stage, variables={**stage.variables, **{k: _filled(v, stage.variables) for k, v in pairs.items()}}
        )
    if one.word in {"COPY", "ADD"} and not one.flag("from"):
        copied = _copied(one, stage)
        return stage if copied is None else replace(stage, copied=(*stage.copied, copied))
    return stage


def _copied(one: Instruction, stage: Stage) -> Copied | None:
    words = list(one.exec_form or one.rest.split())
    if len(words) < 2 or one.bodies:
        return None
    target = _filled(words[-1], stage.variables)
    folder = target.endswith("/") or target in {".", "./"}
    sources = tuple(_filled(word, stage.variables).lstrip("/") or "." for word in words[:-1])
    absolute = _absolute(target, stage)
    return Copied(sources, absolute.rstrip("/") + ("/" if folder and absolute != "/" else "") or "/")


def _absolute(path: str, stage: Stage) -> str:
    bare = _filled(path.strip().strip("\"'"), stage.variables)
    return posixpath.normpath(posixpath.join(stage.workdir, bare))


def _pairs(rest: str) -> dict[str, str]:
    """`A=b C=d`; the older form `A b` of ENV is one pair."""
    found = {match[1]: match[2].strip("\"'") for match in _PAIR.finditer(rest)}
    if not found and len(rest.split(None, 1)) == 2:
        name, value = rest.split(None, 1)
        return {name: value.strip()}
    return found


def _filled(text: str, variables: dict[str, str]) -> str:
    """The text with the values of variables that the file sets; others stay as they are written."""

    def value(match: re.Match[str]) -> str:
        name = match[1] or match[3]
        return variables.get(name, match[2] if match[2] is not None else match[0])

    return _VARIABLE.sub(value, text)
