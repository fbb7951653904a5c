"""Sessions of a backfill, and the tracker as it is reached from one."""

from __future__ import annotations

import os
import socket
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Self

from migsafe.postgres.connection import Session, StatementFailedError, Timeouts, connect
from migsafe.postgres.keyset import spell_values_exactly
from migsafe.tracker.beside import TrackerBeside

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from migsafe.backfill.pace import Pace
    from migsafe.backfill.task import Site
    from migsafe.tracker.ledger import Ledger
    from migsafe.tracker.store import Store

#: A machine that vanishes leaves its locks for half a minute (manual of PostgreSQL 18, 19.3.2 "TCP Settings").
_SETTINGS = {"tcp_keepalives_idle": "10", "tcp_keepalives_interval": "5", "tcp_keepalives_count": "3"}


def open_session(dsn: str, timeouts: Timeouts | None = None) -> Session:
    """A session that writes values exactly, without autocommit.

    Raises:
        EnvironmentFailedError: when the server cannot be reached, or says no.
    """
    session = connect(dsn, autocommit=False, timeouts=timeouts)
    try:
        spell_values_exactly(session)
        for name, value in _SETTINGS.items():
            session.query("select set_config(%s, %s, false)", (name, value))
        session.commit()
    except BaseException:
        session.close()
        raise
    return session


def open_worker(dsn: str, pace: Pace) -> Session:
    """A session whose statements are cut off where a batch must not take longer."""
    return open_session(dsn, Timeouts(lock=pace.lock_ms, statement=pace.cap_ms))


class Bookkeeping:
    """The tracker, as one session reaches it."""

    def __init__(self, site: Site, session: Session) -> None:
        self._site = site
        self._session = session
        environment = site.tracker.environment
        self._beside = TrackerBeside(session.driver, site.shown, environment, clock=site.clock) if site.beside else None
        self._tracker = self._beside or site.tracker

    @property
    def beside(self) -> bool:
        """Whether a transaction of the session is one of the tracker, too."""
        return self._beside is not None

    def reading(self) -> AbstractContextManager[Ledger]:
        """A transaction of the tracker in which nothing is recorded."""
        return self._tracker.reading()

    def writing(self) -> AbstractContextManager[Store]:
        """A transaction of the tracker."""
        return self._tracker.writing(self._site.author)

    @contextmanager
    def together(self) -> Iterator[Ledger | None]:
        """A transaction on the database; with the tracker's tables in it, where they are beside."""
        if self._beside is not None:
            with self._beside.writing(self._site.author, waiting=False) as store:
                yield store.ledger
            return
        with transaction(self._session):
            yield None


class Desk:
    """A session that outlives a server's restart: one that is lost is opened again when it is asked for.

    A context manager that closes it.
    """

    def __init__(self, site: Site, timeouts: Timeouts) -> None:
        """
        Raises:
            EnvironmentFailedError: when the server cannot be reached.
        """
        self._site = site
        self._timeouts = timeouts
        self._session = open_session(site.dsn, timeouts)
        self._book = Bookkeeping(site, self._session)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    @property
    def session(self) -> Session:
        """The session.

        Raises:
            EnvironmentFailedError: when it is lost, and the server cannot be reached.
        """
        self._renew()
        return self._session

    @property
    def book(self) -> Bookkeeping:
        """The tracker, as the session reaches it; raises what `session` does."""
        self._renew()
        return self._book

    def _renew(self) -> None:
        if self._session.driver.closed:
            self._session = open_session(self._site.dsn, self._timeouts)
            self._book = Bookkeeping(self._site, self._session)


@contextmanager
def transaction(session: Session) -> Iterator[None]:
    """A transaction that is committed at the end, and taken back on the way of an error."""
    try:
        yield
    except BaseException:
        _take_back(session)
        raise
    session.commit()


def _take_back(session: Session) -> None:
    with suppress(StatementFailedError):  # a connection that is gone has taken it back
        session.rollback()


def worker_name(session: Session) -> str:
    """Who works, for people: the machine, the process, and the server's process."""
    return f"{socket.gethostname()} process {os.getpid()}, backend {session.backend_pid}"
