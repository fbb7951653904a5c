"""Connections to the tracker by the rules of the house, and their errors in one line each."""

from __future__ import annotations

from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import sqlalchemy as sa

from migsafe.errors import EnvironmentFailedError, MigsafeError
from migsafe.tracker.errors import TrackerAwayError, TrackerBusyError, TrackerRefusedError
from migsafe.tracker.queueing import queued

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy.engine import Connection, Engine

    from migsafe.tracker.address import TrackerAddress

#: How long a writer waits for another one, in milliseconds; a writer needs a few.
PATIENCE = 5_000

_LOCK_NOT_AVAILABLE, _INSUFFICIENT_PRIVILEGE, _DEADLOCK, _SERIALIZATION = "55P03", "42501", "40P01", "40001"
_READ_ONLY = "25006"


def make_engine(
    address: TrackerAddress, *, writing: bool, creating: bool = False, patience: int | None = None
) -> Engine:
    """An engine whose transactions are as the tracker needs them; nothing is connected yet.

    Args:
        writing: SQLite: a transaction takes the lock of the writer when it begins.
        creating: SQLite: a missing file is made.
        patience: milliseconds for which somebody else who holds the tracker is waited for; `PATIENCE` when None.
    """
    waits = PATIENCE if patience is None else patience
    if address.file is None:
        return _postgres(address, writing=writing, patience=waits)
    return _sqlite(str(address.file.absolute()), writing=writing, creating=creating, patience=waits)


@contextmanager
def transaction(
    engine: Engine, address: TrackerAddress, *, writing: bool = True, patience: int | None = None
) -> Iterator[Connection]:
    """A transaction that is committed at the end, and rolled back on the way of an error.

    Args:
        writing: as the engine was made; this process's writers into a file come one after the other.
        patience: as the engine was made.

    Raises:
        TrackerBusyError: when somebody else holds the tracker for too long.
        TrackerRefusedError: when the role may not do what it is asked for.
        TrackerAwayError: when the tracker cannot be reached, or fails.
    """
    turn = _queued(address.file, patience) if writing and address.file is not None else nullcontext()
    try:
        with turn, engine.begin() as connection:
            yield connection
    except sa.exc.DBAPIError as error:
        raise in_words(error, address.shown, PATIENCE if patience is None else patience) from None
    finally:
        engine.dispose()


def _queued(file: Path, patience: int | None) -> AbstractContextManager[None]:
    """Whoever is in a hurry waits no longer for this process's own writers than for others."""
    return queued(file) if patience is None else queued(file, patience=patience / 1000)


def in_words(error: sa.exc.DBAPIError, where: str, patience: int = PATIENCE) -> MigsafeError:
    """A database's error as one of migsafe's.

    Args:
        patience: milliseconds for which somebody else was waited for.
    """
    from migsafe.postgres.redact import redact

    code = getattr(error.orig, "sqlstate", None) or getattr(error.orig, "sqlite_errorname", "")
    said = redact(str(error.orig).strip().partition("\n")[0])
    if code in {_LOCK_NOT_AVAILABLE, _DEADLOCK, _SERIALIZATION} or str(code).startswith("SQLITE_BUSY"):
        return TrackerBusyError(
            f"the tracker {where} is being written by somebody else, for more than {patience / 1000:g} s",
            hint="nothing was written; the same command can be given again",
        )
    if code in {_INSUFFICIENT_PRIVILEGE, _READ_ONLY} or str(code).startswith("SQLITE_READONLY"):
        return TrackerRefusedError(f"the tracker {where} may not be written: {said}")
    if isinstance(error, sa.exc.IntegrityError):
        return TrackerBusyError(f"the tracker {where} was written by somebody else at the same moment: {said}")
    return TrackerAwayError(f"the tracker {where} failed: {said}")


def _postgres(address: TrackerAddress, *, writing: bool, patience: int) -> Engine:
    from migsafe.postgres.connection import Timeouts, connect

    def open_connection() -> Any:
        try:
            return connect(address.dsn or "", autocommit=False, timeouts=Timeouts(lock=patience)).driver
        except EnvironmentFailedError as error:
            raise TrackerAwayError(f"the tracker {address.shown}: {error.message}", hint=error.hint) from None

    # Readers see one moment: what is printed together was so together.
    level: Any = {} if writing else {"isolation_level": "REPEATABLE READ"}
    return sa.create_engine(
        "postgresql+psycopg://", creator=open_connection, poolclass=sa.NullPool, use_native_hstore=False, **level
    )


def _sqlite(path: str, *, writing: bool, creating: bool, patience: int) -> Engine:
    query = {"uri": "true", "mode": "rwc" if creating else "rw"}
    url = sa.URL.create("sqlite", database=f"file:{quote(path)}", query=query)
    engine = sa.create_engine(url, poolclass=sa.NullPool, connect_args={"timeout": patience / 1000})

    def on_connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # transactions begin where `on_begin` says, DDL included
        connection.execute("pragma foreign_keys = on")
        if not writing:
            connection.execute("pragma query_only = on")

    def on_begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

    sa.event.listen(engine, "connect", on_connect)
    sa.event.listen(engine, "begin", on_begin)
    return engine
