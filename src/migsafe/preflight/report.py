"""What a preflight answers: a verdict, and the reasons for it, heaviest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from migsafe.errors import ExitCode
from migsafe.model.locks import LockMode
from migsafe.model.names import QualifiedName


class Verdict(StrEnum):
    """Whether now is a moment to run migrations."""

    GO = "go"
    NO_GO = "no-go"
    UNKNOWN = "unknown"

    @property
    def exit_code(self) -> ExitCode:
        """A refusal is 4, not being able to tell is 5."""
        return _EXIT_CODES[self]


_EXIT_CODES = {Verdict.GO: ExitCode.CLEAN, Verdict.NO_GO: ExitCode.REFUSED, Verdict.UNKNOWN: ExitCode.ENVIRONMENT}


class Weight(StrEnum):
    """How much a reason weighs; heaviest first."""

    NO_GO = "no-go"
    UNKNOWN = "unknown"
    WARNING = "warning"
    NOTE = "note"


_ORDER = {weight: place for place, weight in enumerate(Weight)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Culprit:
    """A session, or a prepared transaction, that is in the way.

    Attributes:
        pid: None for a prepared transaction.
        state: what it is doing: `active`, `idle in transaction`, `prepared`; None where that is hidden.
        age: of its transaction, in seconds; None where that is hidden.
        query: what it runs, or ran last, without texts in quotes; None where that is hidden.
        gid: the name of a prepared transaction.
        waited: how long it has waited for a lock, in seconds; None for who waits for none.
    """

    pid: int | None
    user: str | None = None
    application: str | None = None
    client: str | None = None
    state: str | None = None
    age: float | None = None
    query: str | None = None
    gid: str | None = None
    waited: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One thing that speaks for or against a go.

    Attributes:
        check: the name of the check that says so.
        text: what is so, in one line.
        hint: what a person can do, in one line.
        passing: it may go away by itself, so that waiting makes sense.
        node: the replica that it is about; None for the server itself.
        objects: tables, indexes, slots that it is about.
        culprits: who is in the way, oldest first.
    """

    check: str
    weight: Weight
    text: str
    hint: str | None = None
    passing: bool = False
    node: str | None = None
    objects: tuple[str, ...] = ()
    culprits: tuple[Culprit, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PreflightReport:
    """The answer about one server at one moment.

    Attributes:
        database: as people may see it, without user and password.
        role: as whom it was asked.
        version: of the server: "18.6".
        at: when.
        took: seconds.
        replicas: those that were asked, as people may see them.
        migrations: what is to be run; None where the server was judged by itself.
        locks: what they will lock, and how.
        reasons: heaviest first.
        checks: names of all checks that were made.
    """

    database: str
    role: str
    version: str
    at: datetime
    took: float = 0.0
    replicas: tuple[str, ...] = ()
    migrations: tuple[str, ...] | None = None
    locks: tuple[tuple[QualifiedName, LockMode], ...] = ()
    reasons: tuple[Reason, ...] = ()
    checks: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """No-go where anything is in the way, else unknown where anything could be, else go."""
        weights = {reason.weight for reason in self.reasons}
        if Weight.NO_GO in weights:
            return Verdict.NO_GO
        return Verdict.UNKNOWN if Weight.UNKNOWN in weights else Verdict.GO

    @property
    def may_pass(self) -> bool:
        """Whether all that prevents a go may go away by itself."""
        return all(one.passing for one in self.reasons if one.weight in {Weight.NO_GO, Weight.UNKNOWN})


def heaviest_first(reasons: list[Reason]) -> tuple[Reason, ...]:
    """By weight; of one weight, those with the oldest transactions first."""

    def rank(reason: Reason) -> tuple[int, float, str]:
        oldest = max((one.age or 0.0 for one in reason.culprits), default=0.0)
        return _ORDER[reason.weight], -oldest, reason.check

    return tuple(sorted(reasons, key=rank))
