"""How far a backfill has come on a database: a row for each shard, rows that were set aside, and a row that says pause.

A batch moves its shard's row in its own transaction and leaves no event: thousands of them would bury what a person
looks for. Beginning, stopping and ending are events, through the store.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from migsafe.model.state import Change, ChangeState
from migsafe.tracker import tables as t
from migsafe.tracker.errors import TrackerRefusedError
from migsafe.tracker.facts import Written

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from migsafe.model.state import TargetName
    from migsafe.tracker.facts import StepFacts
    from migsafe.tracker.ledger import Ledger
    from migsafe.tracker.store import Store

_LONGEST_KEY = 512
_LONGEST_WORKER = 255
_BEGUN_ANEW = "begun anew"


class LostShardError(TrackerRefusedError):
    """Somebody else has taken over this shard of the backfill; what the last batch wrote was taken back."""


class ShardState(StrEnum):
    """What becomes of a shard."""

    WAITING = "waiting"
    """Nobody is at it: it was not begun, or stopped in order."""
    RUNNING = "running"
    """Somebody is at it, or was killed at it."""
    DONE = "done"
    FAILED = "failed"
    """It was given up, and goes on where it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """A contiguous range of a table's key, both ends included; values are texts as the server writes them.

    Attributes:
        digest: of what is written, so that a plan that has changed is not taken for the one that was begun.
        attempt: how often the backfill was begun anew, from 1.
        place: the last key that is behind it; None before the first batch.
        batch_rows: rows of the last batch, with which the next run begins.
        held_by: what it waits for, or why it was given up.
        worker: who is at it, or was last.
    """

    number: int
    table: tuple[str, str]
    low: tuple[str, ...]
    high: tuple[str, ...]
    digest: str
    attempt: int = 1
    place: tuple[str, ...] | None = None
    rows_seen: int = 0
    rows_written: int = 0
    rows_bad: int = 0
    batches: int = 0
    batch_rows: int = 0
    state: ShardState = ShardState.WAITING
    held_by: str | None = None
    worker: str | None = None
    started_at: datetime | None = None
    heartbeat_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Advance:
    """What one batch did to its shard.

    Attributes:
        place: the last key that is behind it.
        bad: rows that were set aside.
        rows_next: rows of the next batch.
    """

    place: tuple[str, ...]
    seen: int
    written: int
    rows_next: int
    bad: int = 0


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that no batch could write.

    Attributes:
        key: its key, as JSON.
        error: what the server said.
    """

    key: str
    sqlstate: str | None
    error: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Pause:
    """Somebody wants the backfills of a database to wait."""

    reason: str
    actor: str
    at: datetime


class BackfillRows:
    """The rows of one backfill on one database, in somebody's transaction."""

    def __init__(self, ledger: Ledger, step_id: str, where: TargetName) -> None:
        self._ledger = ledger
        self._step_id = step_id
        self._where = where

    def shards(self) -> tuple[Shard, ...]:
        """Those of the last attempt, by number."""
        found = self._all()
        last = max((shard.attempt for shard in found), default=0)
        return tuple(shard for shard in found if shard.attempt == last)

    def begin(self, shards: Iterable[Shard], now: datetime) -> tuple[Shard, ...]:
        """Begin anew, under numbers that no shard has had; whatever is left of an earlier attempt is left."""
        earlier = self._all()
        attempt = max((shard.attempt for shard in earlier), default=0) + 1
        first = max((shard.number for shard in earlier), default=-1) + 1
        c = t.backfill.c
        open_ = (*self._mine(t.backfill), c.state != ShardState.DONE.value)
        self._ledger.write(t.backfill.update().where(*open_).values(state=ShardState.DONE.value, held_by=_BEGUN_ANEW))
        rows = [_row(replace(shard, number=first + n, attempt=attempt), now) for n, shard in enumerate(shards)]
        self._ledger.insert(t.backfill, [{**self._key(), **row} for row in rows])
        return self.shards()

    def open_shards(self) -> tuple[int, ...]:
        """Shards that have work left, without those whose row somebody is writing at this moment."""
        c = t.backfill.c
        query = (
            sa.select(c.shard)
            .where(*self._mine(t.backfill), c.state != ShardState.DONE.value)
            .order_by(c.shard)
            .with_for_update(skip_locked=True)
        )
        return tuple(row.shard for row in self._ledger.rows(query))

    def take(self, number: int, worker: str, now: datetime) -> Shard | None:
        """Write a worker's name on a shard; how it stands, or None where there is nothing left of it."""
        c = t.backfill.c
        values = {"state": ShardState.RUNNING.value, "worker": worker[:_LONGEST_WORKER], "heartbeat_at": now}
        statement = t.backfill.update().where(
            *self._mine(t.backfill), c.shard == number, c.state != ShardState.DONE.value
        )
        if self._ledger.write(statement.values(**values, held_by=None)) != 1:
            return None
        return next(shard for shard in self.shards() if shard.number == number)

    def advance(self, number: int, worker: str, done: Advance, now: datetime) -> None:
        """Move a shard's place.

        Raises:
            LostShardError: when another worker's name is on it.
        """
        c = t.backfill.c
        self._write(
            number,
            worker,
            place=list(done.place),
            rows_seen=c.rows_seen + done.seen,
            rows_written=c.rows_written + done.written,
            rows_bad=c.rows_bad + done.bad,
            batches=c.batches + 1,
            batch_rows=done.rows_next,
            held_by=None,
            heartbeat_at=now,
        )

    def beat(self, number: int, worker: str, held_by: str | None, now: datetime) -> None:
        """Say that a worker lives, and what it waits for."""
        self._write(number, worker, held_by=held_by, heartbeat_at=now)

    def leave(self, number: int, worker: str, state: ShardState, now: datetime, *, why: str | None = None) -> None:
        """Say that a worker is no longer at a shard."""
        ended = now if state is ShardState.DONE else None
        self._write(number, worker, state=state.value, held_by=why, heartbeat_at=now, ended_at=ended)

    def set_aside(self, key: tuple[str, ...], sqlstate: str | None, error: str, now: datetime) -> None:
        """Keep a row that could not be written; of one that is kept already, what was said last."""
        values = {"sqlstate": sqlstate, "error": error, "at": now}
        spelt = _spelt_key(key)
        same = (*self._mine(t.bad_row), t.bad_row.c.row_key == spelt)
        if self._ledger.write(t.bad_row.update().where(*same).values(**values)) == 0:
            self._ledger.insert(t.bad_row, [{**self._key(), "row_key": spelt, **values}])

    def bad_rows(self, limit: int = 20) -> tuple[BadRow, ...]:
        """Rows that were set aside, the first ones first."""
        c = t.bad_row.c
        query = sa.select(t.bad_row).where(*self._mine(t.bad_row)).order_by(c.at, c.row_key).limit(limit)
        return tuple(BadRow(row.row_key, row.sqlstate, row.error, row.at) for row in self._ledger.rows(query))

    def _all(self) -> list[Shard]:
        rows = self._ledger.rows(sa.select(t.backfill).where(*self._mine(t.backfill)).order_by(t.backfill.c.shard))
        return [_shard(row) for row in rows]

    def _write(self, number: int, worker: str, **values: Any) -> None:
        c = t.backfill.c
        mine = (*self._mine(t.backfill), c.shard == number, c.worker == worker[:_LONGEST_WORKER])
        if self._ledger.write(t.backfill.update().where(*mine).values(**values)) != 1:
            raise LostShardError(hint="migsafe backfill says how it stands")

    def _key(self) -> dict[str, str]:
        return {"step_id": self._step_id, "env": self._where.environment, "target": self._where.target}

    def _mine(self, table: sa.Table) -> tuple[sa.ColumnElement[bool], ...]:
        return tuple(table.c[name] == value for name, value in self._key().items())


def find_step(ledger: Ledger, facts: StepFacts) -> str | None:
    """The id of a step; None where the tracker has not heard of it."""
    c = t.step.c
    if facts.migration is not None:
        named = [c.migration == facts.migration]
    else:
        named = [c.name == facts.name, c.migration.is_(None)]
    if facts.change is not None:
        named.append(sa.or_(c.change_id == facts.change, c.change_id.is_(None)))
    row = ledger.first(sa.select(c.step_id).where(*named).order_by(c.change_id.is_(None)))
    return None if row is None else str(row.step_id)


def know_step(store: Store, facts: StepFacts) -> str:
    """The id of a step, made known where it is not."""
    found = find_step(store.ledger, facts)
    if found is None:
        if facts.change is not None and not store.names.has_change(facts.change):
            store.put_change(Change(id=facts.change, state=ChangeState.OPEN))
        store.describe(facts)
        found = find_step(store.ledger, facts)
    assert found is not None, "it was described"
    return found


def note_backfill(store: Store, facts: StepFacts, where: TargetName, **said: object) -> None:
    """Append an event: it was begun, stopped, ended, or its checks were made."""
    store.log("backfill", f"{facts.label} on {where}", after=said, env=where.environment)


def read_pause(ledger: Ledger, where: TargetName) -> Pause | None:
    """Who wants the backfills of a database to wait, and why; None where nobody does."""
    c = t.pause.c
    row = ledger.first(sa.select(t.pause).where(c.env == where.environment, c.target == where.target))
    return Pause(row.reason or "", row.actor, row.at) if row is not None and row.paused else None


def put_pause(store: Store, where: TargetName, reason: str | None, actor: str) -> Written:
    """Let the backfills of a database wait, or go on.

    Args:
        reason: why they wait; None lets them go on.
    """
    before = read_pause(store.ledger, where)
    if (before.reason if before else None) == reason:
        return Written(False, str(where), reason, reason)
    key = {"env": where.environment, "target": where.target}
    values = {"paused": reason is not None, "reason": reason, "actor": actor, "at": store.now}
    return store.put(t.pause, key, values, kind="pause", env=where.environment, reason=reason)


def _spelt_key(key: tuple[str, ...]) -> str:
    """A row's key as JSON; a long one is cut, and told from others by its hash."""
    spelt = json.dumps(list(key), ensure_ascii=False)
    if len(spelt) <= _LONGEST_KEY:
        return spelt
    digest = hashlib.sha256(spelt.encode()).hexdigest()[:16]
    return f"{spelt[: _LONGEST_KEY - len(digest) - 1]}…{digest}"


def _row(shard: Shard, now: datetime) -> dict[str, Any]:
    return {
        "shard": shard.number,
        "low": {
            "table": list(shard.table),
            "key": list(shard.low),
            "digest": shard.digest,
            "attempt": shard.attempt,
        },
        "high": list(shard.high),
        "place": None if shard.place is None else list(shard.place),
        "rows_seen": 0,
        "rows_written": 0,
        "rows_bad": 0,
        "batches": 0,
        "batch_rows": shard.batch_rows,
        "state": ShardState.WAITING.value,
        "started_at": now,
        "heartbeat_at": now,
    }


def _shard(row: sa.Row[Any]) -> Shard:
    place = row.place
    return Shard(
        number=row.shard,
        table=(row.low["table"][0], row.low["table"][1]),
        low=tuple(row.low["key"]),
        high=tuple(row.high),
        digest=row.low["digest"],
        attempt=row.low["attempt"],
        place=None if place is None else tuple(place),
        rows_seen=row.rows_seen,
        rows_written=row.rows_written,
        rows_bad=row.rows_bad,
        batches=row.batches,
        batch_rows=row.batch_rows,
        state=ShardState(row.state),
        held_by=row.held_by,
        worker=row.worker,
        started_at=row.started_at,
        heartbeat_at=row.heartbeat_at,
        ended_at=row.ended_at,
    )
