"""A tracker that is open: every transaction begins by asking whether it is the right one, and may be used."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from migsafe.tracker.engines import make_engine, transaction
from migsafe.tracker.errors import TrackerAwayError, TrackerRefusedError
from migsafe.tracker.identity import same_database
from migsafe.tracker.ledger import Ledger
from migsafe.tracker.place import find_tables, identity_of
from migsafe.tracker.rights import Use, missing_rights
from migsafe.tracker.store import Author, Store
from migsafe.tracker.versions import VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from sqlalchemy.engine import Connection

    from migsafe.tracker.address import TrackerAddress


_WHAT: Mapping[Use, str] = {"read": "the tracker in", "write": "the tracker in", "approve": "plans of the tracker in"}


class NoTrackerError(TrackerRefusedError):
    """There is no tracker."""


def now() -> datetime:
    """The moment at which something is recorded."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Tracker:
    """A tracker by its address; each call of `reading` and `writing` is one transaction.

    Attributes:
        environment: the one that the command is about; held against the tracker's own, where it has one.
        clock: when it is.
        seen: this command has had it open: where it is not there now, it is away, and nobody should make a new one.
    """

    address: TrackerAddress
    environment: str | None = None
    clock: Callable[[], datetime] = now
    seen: bool = False

    @contextmanager
    def reading(self, *, patience: int | None = None) -> Iterator[Ledger]:
        """A transaction that sees one moment, and changes nothing.

        Args:
            patience: milliseconds to wait for somebody who holds the tracker; those of a writer when None.

        Raises:
            TrackerRefusedError: when it is not the right tracker, or may not be read.
            TrackerAwayError: when it cannot be reached.
        """
        with self._ledger(writing=False, patience=patience) as ledger:
            yield ledger

    @contextmanager
    def writing(self, author: Author, *, patience: int | None = None) -> Iterator[Store]:
        """A transaction with all that it changes, and the events that say so; all of it or nothing.

        Args:
            patience: milliseconds to wait for somebody else who writes, for those who will try again; 5 s when None.

        Raises:
            TrackerRefusedError: when it is not the right tracker, or may not be written.
            TrackerBusyError: when somebody else writes, for too long.
            TrackerAwayError: when it cannot be reached.
        """
        with self._store(author, approving=False, patience=patience) as store:
            yield store

    @contextmanager
    def approving(self, author: Author) -> Iterator[Store]:
        """A transaction in which somebody decides on a plan, for which a role needs no other right.

        Raises:
            TrackerRefusedError: when it is not the right tracker, or the role may not approve.
            TrackerBusyError: when somebody else writes, for too long.
            TrackerAwayError: when it cannot be reached.
        """
        with self._store(author, approving=True) as store:
            yield store

    @contextmanager
    def _store(self, author: Author, *, approving: bool, patience: int | None = None) -> Iterator[Store]:
        with self._ledger(writing=True, approving=approving, patience=patience) as ledger:
            store = Store(ledger, author, self.clock())
            yield store
            store.finish()

    @contextmanager
    def _ledger(self, *, writing: bool, approving: bool = False, patience: int | None = None) -> Iterator[Ledger]:
        file = self.address.file
        if file is not None and not file.is_file():
            raise self._away if self.seen else _missing(self.address)
        engine = make_engine(self.address, writing=writing, patience=patience)
        with transaction(engine, self.address, writing=writing, patience=patience) as connection:
            yield self._checked(connection, writing=writing, approving=approving)

    def _checked(self, connection: Connection, *, writing: bool, approving: bool) -> Ledger:
        where, how = self.address.shown, self.address
        try:
            return checked_ledger(connection, where, self.environment, writing=writing, approving=approving, how=how)
        except NoTrackerError:
            if self.seen:
                raise self._away from None
            raise

    @property
    def _away(self) -> TrackerAwayError:
        return TrackerAwayError(
            f"the tracker {self.address.shown} was there when this began, and is not any more",
            hint="bring it back as it was: a new one would know nothing of what has run",
        )


def checked_ledger(
    connection: Connection,
    where: str,
    environment: str | None,
    *,
    writing: bool = False,
    approving: bool = False,
    how: TrackerAddress | None = None,
) -> Ledger:
    """The tracker's tables on a connection, once it is clear that they may be used.

    Args:
        writing: facts are to be written.
        approving: a decision on a plan is, and nothing else.
        how: by which address it was found; None where it is on somebody else's connection.

    Raises:
        NoTrackerError: when there are none.
        TrackerRefusedError: when they are of another version, another database or another environment, or the role
            lacks a privilege.
    """
    found, schema = find_tables(connection)
    if not found:
        raise _missing(how) if how is not None else NoTrackerError(f"there is no tracker in {where}")
    ledger = Ledger(connection, schema)
    use: Use = "approve" if approving else "write" if writing else "read"
    if (advice := missing_rights(ledger, use)) is not None:
        raise TrackerRefusedError(f"this role may not {use} {_WHAT[use]} {where}", hint=advice)
    meta = ledger.meta()
    _check_version(int(meta.get("version", "0")), where)
    _check_identity(meta.get("identity"), identity_of(connection), where)
    _check_environment(meta.get("environment"), environment, where)
    return ledger


def _missing(address: TrackerAddress) -> NoTrackerError:
    return NoTrackerError(
        f"there is no tracker at {address.shown}", hint=f"migsafe tracker upgrade --tracker {address.said} makes it"
    )


def _check_version(version: int, where: str) -> None:
    if version > VERSION:
        raise TrackerRefusedError(
            f"the tracker {where} is of a newer migsafe: its version is {version}, and this migsafe knows {VERSION}",
            hint="upgrade migsafe here",
        )
    if version < VERSION:
        raise TrackerRefusedError(
            f"the tracker {where} is of an older migsafe: its version is {version}, and this migsafe needs {VERSION}",
            hint="migsafe tracker upgrade",
        )


def _check_identity(recorded: str | None, found: str | None, where: str) -> None:
    if recorded is not None and found is not None and not same_database(recorded, found):
        raise TrackerRefusedError(
            f"the tracker in {where} was made in another database ({recorded}), and this is {found}",
            hint="a copy gets a tracker of its own; after pg_upgrade: migsafe tracker rebind --reason …",
        )


def _check_environment(recorded: str | None, asked: str | None, where: str) -> None:
    if recorded is not None and asked is not None and recorded != asked:
        raise TrackerRefusedError(
            f"the tracker {where} is that of {recorded}, and this is about {asked}",
            hint="another environment has a tracker of its own; a copy is made another one's by migsafe tracker rebind",
        )
