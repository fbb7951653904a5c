"""A finding: one hazard at one place, with what it would do and the safe form."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from migsafe.model.dialect import Dialect
from migsafe.model.locks import LockClaim, Work
from migsafe.model.script import Direction, Position


class Severity(StrEnum):
    """How much a finding weighs."""

    ERROR = "error"
    """Blocks, breaks running code, loses data or fails; certain."""
    WARNING = "warning"
    """The same, if something that migsafe cannot see is so."""
    INFO = "info"
    """Advice, or a change worth knowing of; not shown unless asked for."""

    @property
    def weight(self) -> int:
        """For comparison: the heavier, the greater."""
        return {"error": 3, "warning": 2, "info": 1}[self.value]


class Category(StrEnum):
    """In which way a hazard hurts."""

    LOCK = "lock"
    TXN = "txn"
    COMPAT = "compat"
    DATA = "data"
    FAIL = "fail"
    PERF = "perf"
    DEPLOY = "deploy"
    PHASE = "phase"
    TYPE = "type"
    STYLE = "style"
    SEC = "sec"

    @property
    def is_advice(self) -> bool:
        """Whether its rules are off unless selected."""
        return self in {Category.PERF, Category.TYPE, Category.STYLE, Category.SEC}


@dataclass(frozen=True, slots=True)
class Edit:
    """A replacement of text in a file, by positions in that file."""

    path: str
    start: Position
    end: Position
    text: str


@dataclass(frozen=True, slots=True)
class Fix:
    """Edits that take a finding away; `safe` when they cannot change what the migration means."""

    safe: bool
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """One requirement that a finding was held against, and what came of it."""

    rule: str
    result: Literal["pass", "fail", "unknown"]
    source: str
    place: str
    text: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One hazard at one place.

    Attributes:
        message: what happens, with the project's own names; one sentence.
        why: what that does to a busy database, and to whom.
        instead: the safe form, as SQL or as steps, with the project's own names.
        sql: the statement, where the file is a program in which it does not stand.
        operation: the name of the operation's class, kebab-case, for example "create-index".
        objects: names of what is touched, as a person would write them.
        fingerprint: stays the same when lines move or words of messages change.
        dialects: the databases that it holds on, where a run judges for several; empty in any other run.
    """

    rule: str
    category: Category
    severity: Severity
    path: str
    start: Position
    end: Position
    migration: str
    direction: Direction
    operation: str
    objects: tuple[str, ...]
    message: str
    why: str
    instead: str
    locks: tuple[LockClaim, ...] = ()
    work: Work = Work.NONE
    release: str | None = None
    phase: str | None = None
    fix: Fix | None = None
    evidence: tuple[Evidence, ...] = ()
    fingerprint: str = ""
    sql: str | None = None
    dialects: tuple[Dialect, ...] = ()


def order_of_reading(finding: Finding) -> tuple[str, int, int, str]:
    """A sort key: by file, then by place, then by rule."""
    return (finding.path, finding.start.line, finding.start.column, finding.rule)
