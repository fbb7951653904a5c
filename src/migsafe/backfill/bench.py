"""What one worker does on its session: take a shard, write a batch, set a row aside, leave.

Where the tracker is beside, a batch and its cursor are one transaction: what was written is behind the cursor, and
nothing else is. Elsewhere the cursor follows the commit, now and then; a batch that a killed process has committed and
not noted is written again, which changes nothing: no row of it needs work any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from migsafe.backfill.sessions import Bookkeeping, open_worker, transaction, worker_name
from migsafe.postgres.advisory import key_of, try_lock, unlock
from migsafe.tracker.backfills import Advance, BackfillRows, Shard, ShardState

if TYPE_CHECKING:
    from collections.abc import Callable

    from migsafe.backfill.ground import Ground
    from migsafe.backfill.pace import Pace
    from migsafe.backfill.task import Site, Task
    from migsafe.model.state import TargetName
    from migsafe.postgres.keyset import Key, Stretch
    from migsafe.tracker.ledger import Ledger

#: How often a cursor is noted that is not kept beside, in seconds.
_NOTED_S = 1.0
#: Rows that may come into a stretch while it is written.
_ROOM = 1_000


@dataclass(frozen=True, slots=True)
class Batch:
    """What was written.

    Attributes:
        last: the last key that is behind us.
        seen: rows of the stretch.
        written: … that needed it.
        took_ms: from its beginning to its commit, in milliseconds.
    """

    last: Key
    seen: int
    written: int
    took_ms: float


class Bench:
    """One worker's session, and what it works on."""

    def __init__(
        self, site: Site, task: Task, ground: Ground, step_id: str, pace: Pace, clock: Callable[[], float]
    ) -> None:
        """
        Args:
            clock: seconds from any beginning.

        Raises:
            EnvironmentFailedError: when the server cannot be reached.
        """
        self.session = open_worker(site.dsn, pace)
        self._site, self._task, self._ground, self._step_id, self._clock = site, task, ground, step_id, clock
        self._book = Bookkeeping(site, self.session)
        self.name = worker_name(self.session)
        self.backend_pid = self.session.backend_pid
        self._pending: Advance | None = None
        self._noted = clock()
        self.stretch_rows = 0

    @property
    def lost(self) -> bool:
        """Whether the connection is gone."""
        return bool(self.session.driver.closed)

    def close(self) -> None:
        """End the session, and with it the claim on a shard."""
        self.session.close()

    def claim(self) -> Shard | None:
        """Take a shard that nobody has; None where there is none.

        The lock ends with the session, however it ends: a shard of a process that was killed is free as soon as the
        server has noticed, and a worker that lives is never robbed of one.
        """
        with self._book.writing() as store:
            rows = BackfillRows(store.ledger, self._step_id, self._task.where)
            for number in rows.open_shards():
                if not try_lock(self.session, self._key(number)):
                    continue
                shard = rows.take(number, self.name, store.now)
                if shard is not None:
                    self._noted = self._clock()
                    return shard
                unlock(self.session, self._key(number))
        return None

    def write(self, shard: Shard, place: Key | None, rows: int) -> Batch | None:
        """Write the next batch; None where the shard has come to its end.

        Args:
            place: the last key that is behind us.
            rows: how many to look at.

        Raises:
            StatementFailedError: when the server refuses it; nothing of it stays.
            LostShardError: when somebody else has the shard.
        """
        began = self._clock()
        keyset = self._ground.keyset(shard.table)
        self.stretch_rows = rows
        with self._book.together() as ledger:
            self._set_up()
            stretch = keyset.next_stretch(self.session, shard.low, shard.high, rows, after=place)
            if stretch is None:
                return None
            self.stretch_rows = stretch.rows
            written = self._change(shard, stretch, rows)
            # What is checked at the commit fails here, where it can be told which batch it was.
            self.session.execute("set constraints all immediate")
            done = Advance(place=stretch.high, seen=stretch.rows, written=written, rows_next=rows)
            if ledger is not None:
                self._rows(ledger).advance(shard.number, self.name, done, self._site.clock())
        if not self._book.beside:
            self._note(shard, done)
        return Batch(stretch.high, stretch.rows, written, 1000 * (self._clock() - began))

    def set_aside(self, shard: Shard, place: Key | None, sqlstate: str | None, error: str) -> Key:
        """Keep the next row as one that cannot be written, and pass over it; its key."""
        with transaction(self.session):
            stretch = self._ground.keyset(shard.table).next_stretch(self.session, shard.low, shard.high, 1, after=place)
        if stretch is None:  # it was deleted meanwhile
            return shard.high if place is None else place
        self.flush(shard)
        done = Advance(place=stretch.high, seen=1, written=0, rows_next=1, bad=1)
        with self._book.writing() as store:
            rows = self._rows(store.ledger)
            rows.set_aside(stretch.high, sqlstate, error, store.now)
            rows.advance(shard.number, self.name, done, store.now)
        return stretch.high

    def beat(self, shard: Shard, held_by: str | None) -> None:
        """Say that this worker lives, and what it waits for."""
        self.flush(shard)
        with self._book.writing() as store:
            self._rows(store.ledger).beat(shard.number, self.name, held_by, store.now)

    def leave(self, shard: Shard, state: ShardState, why: str | None = None) -> None:
        """Give a shard back."""
        self.flush(shard)
        with self._book.writing() as store:
            self._rows(store.ledger).leave(shard.number, self.name, state, store.now, why=why)
        unlock(self.session, self._key(shard.number))

    def flush(self, shard: Shard) -> None:
        """Note what is committed and not noted yet."""
        if self._pending is None:
            return
        with self._book.writing() as store:
            self._rows(store.ledger).advance(shard.number, self.name, self._pending, store.now)
        self._pending, self._noted = None, self._clock()

    def _note(self, shard: Shard, done: Advance) -> None:
        before = self._pending
        self._pending = done if before is None else _sum(before, done)
        if self._clock() - self._noted >= _NOTED_S:
            self.flush(shard)

    def _set_up(self) -> None:
        for name, value in self._task.backfill.settings:
            self.session.query("select set_config(%s, %s, true)", (name, value))

    def _change(self, shard: Shard, stretch: Stretch, rows: int) -> int:
        keyset, backfill = self._ground.keyset(shard.table), self._task.backfill
        if backfill.insert is not None:
            # Rows may come into the stretch meanwhile; a limit of exactly its rows might leave an old one out.
            statement = keyset.fill_in(backfill.insert, stretch, 2 * rows + _ROOM)
        else:
            statement = keyset.update(stretch, backfill.assignments, backfill.needs_work)
        return self.session.change(statement)

    def _rows(self, ledger: Ledger) -> BackfillRows:
        return BackfillRows(ledger, self._step_id, self._task.where)

    def _key(self, number: int) -> int:
        return shard_key(self._step_id, self._task.where, number)


def shard_key(step_id: str, where: TargetName, number: int) -> int:
    """The lock of a shard, which only one session of the database has."""
    return key_of(f"backfill {step_id} {where} {number}")


def _sum(one: Advance, other: Advance) -> Advance:
    return Advance(
        place=other.place,
        seen=one.seen + other.seen,
        written=one.written + other.written,
        rows_next=other.rows_next,
        bad=one.bad + other.bad,
    )
