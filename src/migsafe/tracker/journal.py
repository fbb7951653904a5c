"""The journal of a step that runs: what it began, which of its pieces are done, and what it was when it began.

Written so that a process which is killed anywhere leaves enough to tell what has happened. It lives in the tables `run`
and `statement`; what becomes of the step as a whole is the store's.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import sqlalchemy as sa

from migsafe.model.state import StepStatus
from migsafe.tracker import tables as t

if TYPE_CHECKING:
    from datetime import datetime

    from migsafe.model.state import TargetName
    from migsafe.tracker.facts import RunFacts, StepFacts
    from migsafe.tracker.ledger import Ledger
    from migsafe.tracker.store import Store

#: After one of these a step begins anew, and what the journal said before it is history.
_SETTLED = frozenset(StepStatus) - {StepStatus.RUNNING, StepStatus.PARTIAL}


class PieceStatus(StrEnum):
    """What is known of one piece of a step."""

    RUNNING = "running"
    """It was begun; whether it came to its end, only the database knows."""
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class PieceEntry:
    """One piece of a step as the journal has it: a transaction, or a statement that runs alone.

    Attributes:
        n: its place among the pieces, from 1.
        sha: of its text.
        attempts: how often it was begun.
        waited_ms: how long it waited for locks, in milliseconds; None where nobody measured.
        ran_ms: how long it took, in milliseconds.
        xid: id of the transaction that is about to be committed, where the tracker is elsewhere.
    """

    n: int
    sha: str
    status: PieceStatus
    began_at: datetime
    attempts: int = 1
    ended_at: datetime | None = None
    waited_ms: int | None = None
    ran_ms: int | None = None
    xid: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfinished:
    """A step that was begun and has not come to an end.

    Attributes:
        run: the last row that says so.
        checksum: of the text that was begun.
        backward: it is its way back.
        source: who said so: `run`; another one has no journal.
        entries: its pieces, by place.
        plan: the contract plan by which it was begun; None where it needed none.
    """

    run: str
    status: StepStatus
    checksum: str | None
    backward: bool
    source: str
    began_at: datetime | None
    actor: str
    host: str
    error: str | None
    entries: dict[int, PieceEntry]
    plan: str | None = None


def begin(store: Store, step: StepFacts, run: RunFacts) -> str:
    """Record that a step runs; the id of its run, under which its pieces are journalled.

    A step that is running or partial goes on: what is done of it stays done.
    """
    store.record(step, run)
    found = last_run(store.ledger, step, run.where)
    assert found is not None, "it was recorded"
    return str(found.run_id)


def last_run(ledger: Ledger, step: StepFacts, where: TargetName) -> sa.Row[tuple[object, ...]] | None:
    """The last row of a step on a database; None where it never ran there."""
    runs = _runs(ledger, step, where, limit=1)
    return runs[0] if runs else None


def unfinished(ledger: Ledger, step: StepFacts, where: TargetName) -> Unfinished | None:
    """What is known of a step that was begun and has not come to an end; None where there is nothing open."""
    runs = _runs(ledger, step, where)
    open_runs = []
    for row in runs:
        if StepStatus(row.status) in _SETTLED:
            break
        open_runs.append(row)
    if not open_runs:
        return None
    last, first = open_runs[0], open_runs[-1]
    ids = [row.run_id for row in open_runs]
    rows = ledger.rows(sa.select(t.statement).where(t.statement.c.run_id.in_(ids)))
    order = {run_id: place for place, run_id in enumerate(reversed(ids))}
    entries: dict[int, PieceEntry] = {}
    for row in sorted(rows, key=lambda row: order[row.run_id]):
        entries[row.n] = _entry(row)
    return Unfinished(
        run=last.run_id,
        status=StepStatus(last.status),
        checksum=first.checksum,
        backward=first.direction == "backward",
        source=last.source,
        began_at=first.at,
        actor=last.actor,
        host=last.host,
        error=next((row.error for row in open_runs if row.error), None),
        entries=entries,
        plan=next((row.plan_id for row in open_runs if row.plan_id), None),
    )


def write_entry(store: Store, run: str, entry: PieceEntry) -> None:
    """Say what is known of a piece; what was said of it under this run before is replaced."""
    values = {
        "sha": entry.sha,
        "status": entry.status.value,
        "began_at": entry.began_at,
        "ended_at": entry.ended_at,
        "attempts": entry.attempts,
        "waited_ms": entry.waited_ms,
        "ran_ms": entry.ran_ms,
        "xid": entry.xid,
        "note": entry.note,
    }
    c = t.statement.c
    same = sa.and_(c.run_id == run, c.n == entry.n)
    if store.ledger.write(t.statement.update().where(same).values(**values)) == 0:
        store.ledger.insert(t.statement, [{"run_id": run, "n": entry.n, **values}])


def _runs(
    ledger: Ledger, step: StepFacts, where: TargetName, limit: int | None = None
) -> list[sa.Row[tuple[object, ...]]]:
    """The runs of a step, the last first."""
    c, s = t.run.c, t.step.c
    named = s.migration == step.migration if step.migration is not None else s.name == step.name
    query = (
        sa.select(t.run)
        .join_from(t.run, t.step, c.step_id == s.step_id)
        .where(named, c.env == where.environment, c.target == where.target)
        .order_by(c.attempt.desc())
    )
    return list(ledger.rows(query if limit is None else query.limit(limit)))


def _entry(row: sa.Row[tuple[object, ...]]) -> PieceEntry:
    return PieceEntry(
        n=row.n,
        sha=row.sha,
        status=PieceStatus(row.status),
        began_at=row.began_at,
        attempts=row.attempts,
        ended_at=row.ended_at,
        waited_ms=row.waited_ms,
        ran_ms=row.ran_ms,
        xid=row.xid,
        note=row.note,
    )
