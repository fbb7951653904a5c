"""How a step that runs reaches the tracker: on the step's own connection, or elsewhere.

Beside, everything that is recorded of a piece commits with it. Apart, the id of the transaction is recorded just before
it is committed: whatever happens then, `pg_xact_status` tells whether it was.
(PostgreSQL 18 manual, "Transaction ID and Snapshot Information Functions".)
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from migsafe.postgres.connection import StatementFailedError, connect
from migsafe.tracker.errors import TrackerAwayError, TrackerBusyError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from migsafe.postgres.connection import Session
    from migsafe.tracker.beside import TrackerBeside
    from migsafe.tracker.facts import Author
    from migsafe.tracker.ledger import Ledger
    from migsafe.tracker.opening import Tracker
    from migsafe.tracker.store import Store

_LOCK_NOT_AVAILABLE = "55P03"


@dataclass(slots=True)
class Together:
    """A transaction on the database, and what is recorded when it is committed.

    Attributes:
        ledger: the tracker's tables in this transaction; None where they are elsewhere.
    """

    ledger: Ledger | None
    writes: list[Callable[[Store], object]] = field(default_factory=list)

    def record(self, write: Callable[[Store], object]) -> None:
        """Record something with the transaction, once it has come to its end."""
        self.writes.append(write)


class Access(Protocol):
    """The tracker, as a runner uses it."""

    @property
    def is_beside(self) -> bool:
        """Whether it is in the database that the steps change."""

    def reading(self) -> AbstractContextManager[Ledger]:
        """A transaction of the tracker's in which nothing is recorded."""

    def writing(self) -> AbstractContextManager[Store]:
        """A transaction of the tracker's own."""

    def together(
        self, on_commit: Callable[[Store, str], object], opening: Callable[[], object] = ...
    ) -> AbstractContextManager[Together]:
        """A transaction on the database.

        Args:
            on_commit: called just before the commit where the tracker is elsewhere, with the transaction's id.
            opening: called in the transaction before anything else is said there.
        """


class BesideAccess:
    """The tracker is in the database that the steps change."""

    is_beside = True

    def __init__(self, tracker: TrackerBeside, author: Author) -> None:
        self._tracker = tracker
        self._author = author

    def reading(self) -> AbstractContextManager[Ledger]:
        """See `Access`."""
        return self._tracker.reading()

    def writing(self) -> AbstractContextManager[Store]:
        """See `Access`."""
        return self._tracker.writing(self._author)

    @contextmanager
    def together(
        self, on_commit: Callable[[Store, str], object], opening: Callable[[], object] = lambda: None
    ) -> Iterator[Together]:
        """See `Access`; one transaction holds it all."""
        failed: StatementFailedError | None = None
        try:
            with self._tracker.writing(self._author, waiting=False, opening=opening) as store:
                joint = Together(store.ledger)
                try:
                    yield joint
                except StatementFailedError as error:
                    failed = error
                    raise
                for write in joint.writes:
                    write(store)
        except TrackerBusyError as error:  # all of it is taken back, and may be tried again
            raise StatementFailedError(error.message, sqlstate=_LOCK_NOT_AVAILABLE) from None
        except TrackerAwayError:  # the rollback on a connection that is lost hides what was lost with it
            if failed is not None:
                raise failed from None
            raise


class ApartAccess:
    """The tracker is a file, or in another database."""

    is_beside = False

    def __init__(self, tracker: Tracker, author: Author, session: Session) -> None:
        """
        Args:
            session: on the database that the steps change; not in autocommit.
        """
        self._tracker = tracker
        self._author = author
        self._session = session

    def reading(self) -> AbstractContextManager[Ledger]:
        """See `Access`."""
        return self._tracker.reading()

    def writing(self) -> AbstractContextManager[Store]:
        """See `Access`."""
        return self._tracker.writing(self._author)

    @contextmanager
    def together(
        self, on_commit: Callable[[Store, str], object], opening: Callable[[], object] = lambda: None
    ) -> Iterator[Together]:
        """See `Access`; the intent is there before, the transaction's id before its commit, the outcome after it."""
        joint = Together(None)
        with connect(self._session.dsn, autocommit=True) as other:  # opened before there are locks
            try:
                opening()
                yield joint
                xid = str(self._session.query("select pg_current_xact_id()::text")[0][0])
                _use_up_ids(other)
                with self.writing() as store:
                    on_commit(store, xid)
            except BaseException:
                with suppress(StatementFailedError):  # a connection that is gone has taken it back
                    self._session.rollback()
                raise
            self._session.commit()
        with self.writing() as store:
            for write in joint.writes:
                write(store)


def _use_up_ids(session: Session) -> None:
    """Have it on disk that all ids up to now were given; an empty message is the least that a commit waits for."""
    session.query(
        "select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') = 'off'"
    )
    session.query("select pg_logical_emit_message(true, 'migsafe', '')")
