"""How a rule's fixture is read: `fixtures/rules/<rule>/{bad,good}.sql` hold cases, each a little project of its own.

    -- server-version: 18            header lines, before the first case: also dialect, default, runner-sets, fails
    -- case: an index on a table in use
    -- migration: 1                  earlier migrations set the scene
    CREATE TABLE users (id bigint);
    -- migration: 2 transaction=none
    CREATE INDEX users_id ON users (id);

What stands before the first `-- case:` line is a case without a title; a case without `-- migration:` lines is one
migration; what stands before the first of them sets the scene.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from migsafe.lint.engine import ReadMigration, Settings, lint
from migsafe.model.dialect import ASSUMED_SERVER, Dialect, ServerVersion
from migsafe.model.finding import Finding
from migsafe.model.script import Direction, Migration, Script, SourceText, TransactionRule
from migsafe.parse import read_script
from migsafe.rules import RULES
from migsafe.rules.context import Surroundings

FIXTURES = Path(__file__).parents[1] / "fixtures" / "rules"

_HEADER = re.compile(r"^-- (server-version|dialect|default|runner-sets|fails|tool): *(.*)$", re.MULTILINE)
_CASE = re.compile(r"^-- case: *(.*)$", re.MULTILINE)
_COMMENT = re.compile(r"--.*")
_MIGRATION = re.compile(r"^-- migration: *(\S+)(?: +transaction=(\S+))?.*$", re.MULTILINE)


@dataclass(frozen=True)
class Step:
    """One migration of a case: its id, its transaction rule, and where its SQL stands in the file."""

    id: str
    transaction: TransactionRule
    start: int
    end: int


@dataclass(frozen=True)
class Case:
    """One case of a fixture file."""

    path: Path
    text: str
    title: str
    steps: tuple[Step, ...]
    headers: dict[str, str]

    @property
    def server(self) -> ServerVersion:
        version = self.headers.get("server-version")
        return ServerVersion(int(version), "given") if version else ASSUMED_SERVER

    @property
    def dialect(self) -> Dialect:
        return Dialect(self.headers.get("dialect", "postgres"))

    def sql(self, step: Step) -> str:
        """The step's text alone."""
        return self.text[step.start : step.end]

    def script(self, step: Step) -> Script:
        """The step as a script: the rest of the file is blanked, so that places stay."""
        blank = re.compile(r"[^\n]")
        text = blank.sub(" ", self.text[: step.start]) + self.sql(step)
        name = f"{self.path.parent.name}/{self.path.name}"
        return Script(Direction.UP, text, SourceText(name, self.text), step.transaction, self.dialect)


def cases(path: Path) -> Iterator[Case]:
    """The cases of a fixture file, in order."""
    text = path.read_text(encoding="utf-8")
    starts = list(_CASE.finditer(text))
    headers = dict(_HEADER.findall(text[: starts[0].start()] if starts else text))
    first = starts[0].start() if starts else len(text)
    if _COMMENT.sub("", text[:first]).strip():
        yield Case(path, text, "", _steps(text, 0, first, headers), headers)
    for match, end in zip(starts, [*(later.start() for later in starts[1:]), len(text)], strict=False):
        yield Case(path, text, match[1].strip(), _steps(text, match.end(), end, headers), headers)


def _steps(text: str, start: int, end: int, headers: dict[str, str]) -> tuple[Step, ...]:
    default = headers.get("default", "transaction=tool").partition("=")[2]
    marks = list(_MIGRATION.finditer(text, start, end))
    if not marks:
        return (Step("1", TransactionRule(default), start, end),)
    ends = [mark.start() for mark in marks[1:]] + [end]
    steps = [
        Step(mark[1], TransactionRule(mark[2] or default), mark.end(), stop)
        for mark, stop in zip(marks, ends, strict=True)
    ]
    scene = _COMMENT.sub("", text[start : marks[0].start()]).strip()
    return (*([Step("scene", TransactionRule(default), start, marks[0].start())] if scene else []), *steps)


def findings(case: Case) -> list[Finding]:
    """What the rule's own name and all default rules say about a case, at any severity."""
    own = case.path.parent.name
    rules = [rule for rule in RULES.values() if rule.descriptor.default or rule.name == own]
    sets = case.headers.get("runner-sets", "lock_timeout").split()
    settings = Settings(
        tool=case.headers.get("tool", "plain"),
        dialect=case.dialect,
        server=case.server,
        surroundings=Surroundings(
            runner_sets={name.partition("=")[0]: name.partition("=")[2] or None for name in sets}
        ),
    )
    migrations = (
        ReadMigration(
            Migration(id=step.id, path=str(case.path), up=case.script(step)), up=read_script(case.script(step))
        )
        for step in case.steps
    )
    return lint(migrations, rules, settings).findings
