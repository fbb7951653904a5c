"""Asks what goes on around a session that works: for whom it waits, who waits for it, and how far it has come."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from migsafe.postgres.connection import Session, Timeouts, connect
from migsafe.postgres.live_rows import Backend, Sender
from migsafe.postgres.queries import query

_FILE = "watching.sql"
#: Who watches must not become one more who waits.
_TIMEOUTS = Timeouts(lock=200, statement=2_000)


@dataclass(frozen=True, slots=True)
class Waiter:
    """A session that waits for the one that is watched; seconds."""

    pid: int
    waited: float


@dataclass(frozen=True, slots=True)
class Building:
    """How far an index build has come.

    Attributes:
        phase: as the server calls it.
        lockers: transactions that it waits for in this phase, and how many of them have ended.
        blocks: of the table, or of the index, in this phase, and how many are done.
        tuples: rows to be sorted in, and how many are.
    """

    phase: str
    lockers: int
    lockers_done: int
    blocks: int
    blocks_done: int
    tuples: int
    tuples_done: int

    @property
    def part(self) -> float | None:
        """Of this phase, from 0 to 1; None where nobody can say."""
        for whole, done in ((self.blocks, self.blocks_done), (self.tuples, self.tuples_done)):
            if whole > 0:
                return min(done / whole, 1.0)
        return None


def open_watcher(dsn: str) -> Session:
    """A session for looking on.

    Raises:
        EnvironmentFailedError: when the server cannot be reached, or says no.
    """
    return connect(dsn, autocommit=True, timeouts=_TIMEOUTS, connect_timeout_s=5)


def blockers_of(watcher: Session, pid: int) -> tuple[Backend, ...]:
    """For whom a session waits; a prepared transaction has the number 0. Empty while it waits for nobody."""
    return tuple(Backend(*row) for row in watcher.query(query("blockers", _FILE), (pid,)))


def waiters_of(watcher: Session, pid: int) -> tuple[Waiter, ...]:
    """Who waits for a session, longest first."""
    return tuple(Waiter(*row) for row in watcher.query(query("behind", _FILE), (pid, pid)))


def building_of(watcher: Session, pid: int) -> Building | None:
    """How far a session's index build has come; None while it builds none."""
    rows = watcher.query(query("building", _FILE), (pid,))
    return Building(*rows[0]) if rows else None


def readers_of(standby: Session, relations: Iterable[int]) -> tuple[Backend, ...]:
    """Who has any of some relations on a standby, oldest first; those whose age nobody can tell come last.

    Args:
        standby: in autocommit, and in no transaction. After an error it may be in one that has failed: close it.
        relations: by their numbers, which are those of the primary.

    Raises:
        StatementFailedError: when the standby does not answer within 2 s, or is lost.
    """
    numbers = "{" + ",".join(map(str, relations)) + "}"
    return tuple(Backend(*row) for row in standby.query_all(query("readers", _FILE), (numbers,))[0])


def send_log(session: Session) -> None:
    """Have standbys be sent now what transactions that are still open have written into the log.

    Args:
        session: another one than theirs; in autocommit, and in no transaction. After an error: close it.

    Raises:
        StatementFailedError: when the role may not, or the server is lost.
    """
    session.query_all(query("send", _FILE))


def replica_lag(watcher: Session) -> float | None:
    """How far the slowest physical standby is behind, in seconds; None where there is none, or nobody may say.

    `replay_lag` is NULL for one that has caught up while nothing was written: that is no lag.
    """
    senders = [Sender(*row) for row in watcher.query(query("senders", "live.sql"))]
    lags = [0.0 if one.behind == 0 else one.lag for one in senders if not one.logical]
    known = [lag for lag in lags if lag is not None]
    return max(known, default=None)
