"""Locks that a session has on a word, and not on a table: they end with the session, however it ends.

Only ever tried, never waited for: who waits inside of the server has a snapshot, CREATE INDEX CONCURRENTLY waits for
that snapshot, and where the builder holds the lock this is a deadlock. Who wants to wait sleeps, and tries again.
"""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from migsafe.postgres.connection import APPLICATION_NAME, Session, connect
from migsafe.postgres.keepalives import with_keepalives
from migsafe.postgres.queries import query

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

_FILE = "advisory.sql"
#: The longest name of an application, in bytes (NAMEDATALEN - 1; manual, 20.8).
_LONGEST_NAME = 63
#: What `with_keepalives` asks for, asked by the server: the locks of a machine that has vanished are free after half a
#: minute. `idle_session_timeout` would end a session whose only work is to be there. Ignored on a Unix socket (manual,
#: 20.3.2).
_SETTINGS = {
    "idle_session_timeout": "0",
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}


@dataclass(frozen=True, slots=True)
class LockHolder:
    """Who has a lock.

    Attributes:
        user: None where the session has just ended.
        since: when its session began; None where that is hidden.
        query: what it runs, or ran last; may hold what nobody should read.
    """

    pid: int
    user: str | None
    application: str
    client: str | None
    since: datetime | None
    state: str | None
    query: str | None


def key_of(purpose: str) -> int:
    """The lock's key: the same for the same words on every machine, and unlike that of any other tool."""
    return int.from_bytes(hashlib.sha256(f"migsafe/{purpose}".encode()).digest()[:8], "big", signed=True)


def open_guardian(dsn: str, called: str) -> Session:
    """A session whose only work is to hold locks: in no transaction, never idle for too long, and missed if it is lost.

    Args:
        called: who it is and what for, for those who find it in `pg_stat_activity`; cut where it is too long.

    Raises:
        EnvironmentFailedError: when the server cannot be reached, or says no.
    """
    session = connect(with_keepalives(dsn), autocommit=True)
    try:
        for name, value in {**_SETTINGS, "application_name": _name(called)}.items():
            session.query("select set_config(%s, %s, false)", (name, value))
    except BaseException:
        session.close()
        raise
    return session


def try_lock(session: Session, key: int) -> bool:
    """Take a lock if it is free; a session that has it already has it twice.

    Returns:
        Whether the session has it now. It keeps it over the end of transactions, until `unlock` or its own end.

    Raises:
        StatementFailedError: when the server refuses, or the connection is lost.
    """
    with _nothing_left_open(session):
        return bool(session.query(query("try_lock", _FILE), (key,))[0][0])


def unlock(session: Session, key: int) -> bool:
    """Give a lock back; false where the session did not have it (the server says so with a warning)."""
    with _nothing_left_open(session):
        return bool(session.query(query("unlock", _FILE), (key,))[0][0])


def lock_holder(session: Session, key: int) -> LockHolder | None:
    """Who has a lock in the session's database; None where nobody does."""
    with _nothing_left_open(session):
        rows = session.query(query("holder", _FILE), (key, key))
    return LockHolder(*rows[0]) if rows else None


@contextmanager
def _nothing_left_open(session: Session) -> Iterator[None]:
    """Without autocommit a question begins a transaction; one that the caller has begun stays open."""
    was_open = session.in_transaction
    yield
    if not was_open and session.in_transaction:
        session.execute("commit")


def _name(called: str) -> str:
    name = f"{APPLICATION_NAME} {called}"
    return name.encode()[:_LONGEST_NAME].decode(errors="ignore")
