"""Makes a statement that runs outside a transaction stop where its locks can be read.

Such a statement takes locks, commits, waits for others, takes locks again: whoever only samples `pg_locks` sees what
chance allows. So other sessions stand in its way:

- *Gates* hold SHARE on every table. SHARE lets through nothing from SHARE UPDATE EXCLUSIVE upwards but another SHARE,
  so each table's first strong lock is asked for at a gate, and read there. Then a second session takes the gates of
  the tables that are still to come (SHARE goes with SHARE), and the first lets go: no gate is ever left open early.
- *Holders* keep ACCESS SHARE and an old snapshot. What waits until nobody uses a table any more, or until old
  snapshots are gone (CREATE, DROP and REINDEX INDEX CONCURRENTLY, DETACH CONCURRENTLY), waits for them. The holder of
  the partitioned tables goes before that of the others, so that the second half of DETACH CONCURRENTLY, which wants
  ACCESS EXCLUSIVE on the partition, still finds somebody there.

The server itself says who is in the way (`pg_blocking_pids`), and only that one steps aside; after a few seconds all.
"""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from migsafe.postgres.connection import StatementFailedError, Timeouts, connect
from migsafe.shadow.relations import Relation, activity, add_locks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from migsafe.model.locks import LockMode
    from migsafe.postgres.connection import Session

_POLL_S = 0.001
_PATIENCE_S = 5.0

#: A gate that cannot be taken at once is given up; milliseconds.
_TIMEOUTS = Timeouts(lock=1_000, statement=10_000)


@dataclass(slots=True)
class Passage:
    """What was seen on the way: the strongest mode asked for on each relation, by oid, and how the statement ended."""

    modes: dict[int, LockMode] = field(default_factory=dict)
    error: StatementFailedError | None = None


def run_through_gates(
    dsn: str, actor: Session, witness: Session, run: Callable[[], None], relations: Iterable[Relation]
) -> Passage:
    """Run a statement past gates and holders on all tables.

    Args:
        dsn: the database, for the sessions that stand in the way.
        actor: the session in which the statement runs; in autocommit.
        witness: reads the locks; in autocommit.
        run: runs the statement; called in a thread of its own.
        relations: what exists.

    Raises:
        EnvironmentFailedError: when the sessions cannot be opened, or their locks not be taken.
    """
    tables = [relation for relation in relations if relation.kind in "rp"]
    passage = Passage()
    with ExitStack() as stack:
        obstacles = _Obstacles(stack, dsn, tables)
        thread = threading.Thread(target=_run, args=(run, passage), name="migsafe-statement", daemon=True)
        thread.start()
        try:
            _accompany(thread, actor.backend_pid, witness, obstacles, passage)
        finally:
            obstacles.step_aside()
            if thread.is_alive():
                thread.join(_PATIENCE_S)
            if thread.is_alive():
                actor.cancel()
                thread.join()
    return passage


def _run(run: Callable[[], None], passage: Passage) -> None:
    try:
        run()
    except StatementFailedError as error:
        passage.error = error


def _accompany(thread: threading.Thread, pid: int, witness: Session, obstacles: _Obstacles, passage: Passage) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while thread.is_alive() and time.monotonic() < deadline:
        # First who blocks, then the locks: a statement that was blocked is so still, and all it has asked for is there.
        blockers: Sequence[int] = witness.query(activity("blockers"), (pid,))[0][0]
        rows = witness.query(activity("locks"), (pid,))
        add_locks(passage.modes, rows)
        waits_for = {oid for oid, _, granted in rows if oid and not granted}
        if not obstacles.make_way(set(blockers), waits_for):
            thread.join(_POLL_S)


class _Obstacles:
    """The sessions in the way."""

    def __init__(self, stack: ExitStack, dsn: str, tables: Sequence[Relation]) -> None:
        def session() -> Session:
            return stack.enter_context(connect(dsn, autocommit=True, timeouts=_TIMEOUTS))

        self._gated = {table.oid: table for table in tables}
        self._hands = [session(), session()]
        self._holders = [session(), session()]
        partitioned = [table for table in tables if table.kind == "p"]
        plain = [table for table in tables if table.kind != "p"]
        for holder, held in zip(self._holders, (partitioned, plain), strict=True):
            holder.execute("begin isolation level repeatable read; select from pg_class limit 1")
            _lock(holder, held, "access share")
        self._close_gates(self._hands[0])

    def make_way(self, blockers: set[int], waits_for: set[int]) -> bool:
        """Let the one go who is in the way.

        Returns:
            Whether anybody was.
        """
        if self._hands[0].backend_pid in blockers:
            self._open_gates(waits_for)
            return True
        for holder in self._holders:
            if holder.backend_pid in blockers:
                holder.execute("commit")
                return True
        return False

    def step_aside(self) -> None:
        """Let everybody go."""
        for session in (*self._hands, *self._holders):
            session.execute("rollback")

    def _open_gates(self, waits_for: set[int]) -> None:
        for oid in waits_for:
            self._gated.pop(oid, None)
        open_hand, closing_hand = self._hands
        self._close_gates(closing_hand)
        open_hand.execute("rollback")
        self._hands = [closing_hand, open_hand]

    def _close_gates(self, hand: Session) -> None:
        hand.execute("begin")
        _lock(hand, list(self._gated.values()), "share")


def _lock(session: Session, tables: Sequence[Relation], mode: str) -> None:
    if not tables:
        return
    places = {f"table_{number}": table.name for number, table in enumerate(tables)}
    names = {place: (name.schema or "public", name.name) for place, name in places.items()}
    listed = ", ".join(f"only {{{place}}}" for place in places)
    session.execute_with_names(f"lock table {listed} in {mode} mode", **names)
