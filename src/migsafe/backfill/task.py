"""What a backfill is asked for, and what became of it; values only."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from migsafe.backfill.pace import Pace
from migsafe.backfill.throttle import Limits
from migsafe.errors import EnvironmentFailedError, ExitCode, MigsafeError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from migsafe.model.plan import Backfill, Check
    from migsafe.model.state import TargetName
    from migsafe.tracker.backfills import BadRow
    from migsafe.tracker.facts import Author, StepFacts
    from migsafe.tracker.opening import Tracker

_DIGITS = 16


class BackfillRefusedError(MigsafeError):
    """The backfill is not begun."""

    exit_code = ExitCode.REFUSED


class BackfillFailedError(EnvironmentFailedError):
    """The backfill stops, and goes on where it was when it is started again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One backfill on one database.

    Attributes:
        step: the step that it is, as the tracker knows it or will.
        before: what must hold before the first batch: that the trigger is live which writes rows from now on.
        verify: what must hold after the last one.
    """

    step: StepFacts
    where: TargetName
    backfill: Backfill
    before: tuple[Check, ...] = ()
    verify: tuple[Check, ...] = ()

    @property
    def digest(self) -> str:
        """What tells this backfill from one that writes something else."""
        said = self.backfill
        facts = [str(said.table), said.key, said.assignments, said.needs_work, said.insert]
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:_DIGITS]


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where it runs, and who keeps the book.

    Attributes:
        dsn: of the database, password included; never shown.
        shown: the database, for people.
        tracker: by its address.
        beside: the tracker is in the very database, so that a batch and its cursor commit together.
        replicas: connection strings of standbys whose lag is watched; those that the primary knows when empty.
    """

    dsn: str
    shown: str
    tracker: Tracker
    beside: bool
    author: Author
    clock: Callable[[], datetime]
    replicas: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How it runs.

    Attributes:
        workers: threads, each with a session of its own.
        hold_if: queries of one number; it waits while one of them gives more than 0, or NULL.
        max_bad_rows: so many rows that cannot be written are set aside; the next one stops it.
        again: begin anew where it has come to its end, or where the plan has changed.
        most_scanned: a batch that reads a whole table of more rows than these is refused.
        look_s: seconds between two looks at the servers.
        patience_s: how long to wait for a shard that another process has, in seconds: a killed one's last statement.
    """

    pace: Pace = field(default_factory=Pace)
    limits: Limits = field(default_factory=Limits)
    workers: int = 1
    hold_if: tuple[str, ...] = ()
    max_bad_rows: int = 0
    again: bool = False
    most_scanned: int = 50_000
    look_s: float = 1.0
    patience_s: float = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far it has come.

    Attributes:
        share: of the work, from 0 to 1; None where nobody can tell.
        rows_seen: rows that are behind it, those of runs before included.
        rows_written: … and were changed.
        rows_per_s: rows seen in a second, in the mean of this run.
        left_s: seconds until the end; None where nobody can tell.
        held_s: seconds of this run in which it waited.
        run_s: seconds that this run has taken.
        held_by: what it waits for; None while it works.
        batch_rows: rows of the last batch.
    """

    share: float | None
    rows_seen: int
    rows_written: int
    rows_bad: int
    batches: int
    rows_per_s: float
    left_s: float | None
    held_s: float
    run_s: float
    held_by: str | None
    batch_rows: int


@dataclass(frozen=True, slots=True)
class Checked:
    """What became of a check.

    Attributes:
        ok: None where it could not be made.
        observed: what its query gave, or why it was not made.
    """

    name: str
    ok: bool | None
    observed: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillResult:
    """What became of it.

    Attributes:
        finished: every row is behind it; else somebody has stopped it, and it goes on where it was.
        already: it had come to its end before; only its checks were made.
        progress: at the end.
        reasons: what it waited for, and for how many seconds; the longest first.
        checks: at the end; empty where it was stopped.
        notes: for people.
    """

    finished: bool
    already: bool
    progress: Progress
    reasons: tuple[tuple[str, float], ...] = ()
    checks: tuple[Checked, ...] = ()
    bad_rows: tuple[BadRow, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether it came to its end, and everything holds that must."""
        return self.finished and all(check.ok is not False for check in self.checks)
