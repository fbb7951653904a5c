"""A session that only looks: one transaction that reads one moment and cannot write."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from migsafe.postgres.connection import Session, Timeouts, connect


@contextmanager
def look(dsn: str, timeouts: Timeouts | None = None) -> Iterator[Session]:
    """A session on a database that must stay as it is.

    All is read in one transaction, REPEATABLE READ and READ ONLY: it sees one moment, and the server refuses every
    write. `default_transaction_read_only` is on besides, but only inside of it: behind a pooler a setting of the
    session would stay on a connection that is the application's next.

    Args:
        dsn: a URL or a connection string of libpq.
        timeouts: the house's defaults when left out.

    Raises:
        EnvironmentFailedError: when the server cannot be reached, or says no.
    """
    with connect(dsn, autocommit=True, timeouts=timeouts) as session:
        session.execute("begin transaction isolation level repeatable read, read only")
        session.query("select set_config('default_transaction_read_only', 'on', true)")
        yield session
        session.execute("rollback")


def spell_version(number: int) -> str:
    """A server's version as people write it: 160004 is "16.4"."""
    return f"{number // 10_000}.{number % 10_000}"
