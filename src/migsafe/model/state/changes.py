"""Changes and their steps: what has run on which database, and what was verified there."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from migsafe.model.state.environments import TargetName

if TYPE_CHECKING:
    from datetime import date, datetime

    from migsafe.model.phase import Part, Phase
    from migsafe.model.plan import ChangeKind


class StepStatus(StrEnum):
    """What became of a step on one database."""

    PENDING = "pending"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    """Nothing of it is left."""
    PARTIAL = "partial"
    """Some of its statements are committed; it can be resumed."""
    REVERTED = "reverted"
    SKIPPED = "skipped"
    """Somebody decided that it is not needed here."""
    QUARANTINED = "quarantined"
    """Of a contract: out of reach, and restorable."""
    PURGED = "purged"
    """Of a contract: gone."""


class ChangeState(StrEnum):
    """Whether a change has steps to come."""

    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What became of a step on one database.

    Attributes:
        at: when that was so first; None where nobody said.
        checksum: of the text that ran; None before it ran.
    """

    environment: str
    target: str
    status: StepStatus
    at: datetime | None = None
    checksum: str | None = None

    @property
    def where(self) -> TargetName:
        """The database."""
        return TargetName(self.environment, self.target)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step: a migration, or a step of a change that is not one (a backfill); one of the two names it.

    Attributes:
        migration: what the tool calls the migration.
        name: what the change's plan calls the step.
        change: the change that it belongs to; None where none was declared.
        release: the first release that carries it; None where it is not released.
    """

    phase: Phase
    migration: str | None = None
    name: str | None = None
    change: str | None = None
    part: Part | None = None
    release: str | None = None
    runs: tuple[Run, ...] = ()

    @property
    def label(self) -> str:
        """What a person calls it."""
        return self.migration or self.name or "a step without a name"

    def run(self, where: TargetName) -> Run | None:
        """What became of it on a database; None where nobody knows."""
        return next((run for run in self.runs if run.where == where), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One verification of a change on one database, at one time.

    Attributes:
        name: what was checked, in words.
        observed: what the query gave, as text.
    """

    change: str
    name: str
    environment: str
    target: str
    ok: bool
    at: datetime
    observed: str | None = None

    @property
    def where(self) -> TargetName:
        """The database."""
        return TargetName(self.environment, self.target)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One intent, whose steps are spread over releases.

    Attributes:
        objects: what it is about, as people write it: `users.name`.
        owner: who is asked when it is overdue.
        introduced_in: the release that carries its first step.
        due: the last day on which it may be open.
        due_release: the release that is to carry its contract.
    """

    id: str
    state: ChangeState
    kind: ChangeKind | None = None
    objects: tuple[str, ...] = ()
    owner: str | None = None
    introduced_in: str | None = None
    due: date | None = None
    due_release: str | None = None
