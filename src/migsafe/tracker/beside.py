"""The tracker in the very database that a step changes, on the connection that changes it: both commit together."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from migsafe.tracker.engines import PATIENCE, in_words
from migsafe.tracker.opening import checked_ledger, now
from migsafe.tracker.place import find_tables, identity_of
from migsafe.tracker.store import Author, Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from migsafe.tracker.ledger import Ledger

_PATIENT = sa.text("select set_config('lock_timeout', :patience, true)")


class TrackerBeside:
    """A tracker on somebody's connection to Postgres.

    Whoever owns the connection keeps it open for as long as this is used, and leaves transactions to `writing` and
    `reading`; what runs on the connection inside of one of them is part of it.
    """

    def __init__(
        self, driver: Any, where: str, environment: str | None = None, *, clock: Callable[[], datetime] = now
    ) -> None:
        """
        Args:
            driver: the driver's own connection, not in autocommit and in no transaction (`Session.driver`).
            where: the database, as people may see it.
            environment: the one that the command is about; held against the tracker's own, where it has one.
        """
        engine = sa.create_engine(
            "postgresql+psycopg://",
            creator=lambda: driver,
            poolclass=sa.StaticPool,
            use_native_hstore=False,
            pool_reset_on_return=None,
        )
        self._connection = engine.connect()
        self._where = where
        self._environment = environment
        self.clock = clock

    @property
    def exists(self) -> bool:
        """Whether there is a tracker in this database, of whatever version."""
        with self._errors(), self._connection.begin():
            return find_tables(self._connection)[0]

    @property
    def identity(self) -> str | None:
        """What tells this database from any other; see `place.identity_of`."""
        with self._errors(), self._connection.begin():
            return identity_of(self._connection)

    @contextmanager
    def reading(self) -> Iterator[Ledger]:
        """A transaction in which nothing is recorded.

        Raises:
            TrackerRefusedError: when it is not the right tracker, or may not be read.
        """
        with self._errors(), self._connection.begin():
            yield checked_ledger(self._connection, self._where, self._environment, writing=False)

    @contextmanager
    def writing(
        self, author: Author, *, waiting: bool = True, opening: Callable[[], object] = lambda: None
    ) -> Iterator[Store]:
        """A transaction with all that it changes and all that runs beside it on the connection; all of it or nothing.

        Args:
            waiting: take the turn among the tracker's writers now; else only when the events are appended, at the end,
                which is for a transaction that runs for long.
            opening: what must be said in the transaction before anything else: its isolation level.

        Raises:
            TrackerRefusedError: when it is not the right tracker, or may not be written.
            TrackerBusyError: when somebody else writes, for too long.
        """
        with self._errors(), self._connection.begin():
            opening()
            if waiting:  # the session's own patience is that of a step, which keeps others waiting
                self._connection.execute(_PATIENT, {"patience": f"{PATIENCE}ms"})
            ledger = checked_ledger(self._connection, self._where, self._environment, writing=True)
            store = Store(ledger, author, self.clock(), waiting=waiting)
            yield store
            store.finish()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sa.exc.DBAPIError as error:
            raise in_words(error, self._where) from None
