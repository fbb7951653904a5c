"""The database that a run is about: opened, proved to be the one that is meant, with the tracker that knows it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from migsafe.backfill.task import Site
from migsafe.bookkeeping.identity import known_as_another
from migsafe.bookkeeping.place import tracker_address
from migsafe.bookkeeping.steps import Where, know_target, name_target
from migsafe.postgres.address import resolve_address, spell_database
from migsafe.postgres.connection import connect
from migsafe.postgres.poolers import refuse_pooler
from migsafe.runner.access import ApartAccess, BesideAccess
from migsafe.runner.selection import RunRefusedError
from migsafe.tracker.address import TrackerAddress
from migsafe.tracker.beside import TrackerBeside
from migsafe.tracker.errors import UnknownNameError
from migsafe.tracker.identity import same_database
from migsafe.tracker.names import Names
from migsafe.tracker.opening import NoTrackerError, Tracker, now
from migsafe.tracker.reading import read_target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from migsafe.config import Config
    from migsafe.model.state import TargetName
    from migsafe.postgres.connection import Session
    from migsafe.runner.access import Access
    from migsafe.tracker.facts import Author
    from migsafe.tracker.ledger import Ledger
    from migsafe.tracker.store import Store

_OLDEST = 150000


@dataclass(frozen=True, slots=True)
class OpenTarget:
    """A database, open.

    Attributes:
        where: its name.
        dsn: with the password where there is one; never shown.
        shown: for people.
        session: for transactions; not in autocommit. Where the tracker is beside, it is in the hands of `access`.
        tracker: by its address, for who needs a connection of their own to it.
        author: in whose name everything is recorded.
    """

    where: TargetName
    dsn: str
    shown: str
    session: Session
    access: Access
    tracker: Tracker
    author: Author
    clock: Callable[[], datetime]

    def site(self, replicas: Sequence[str] = ()) -> Site:
        """The database as backfills take it, which open sessions of their own.

        Args:
            replicas: standbys whose lag is watched, by addresses that are ready to connect to.
        """
        return Site(
            dsn=self.dsn,
            shown=self.shown,
            tracker=self.tracker,
            beside=self.access.is_beside,
            author=self.author,
            clock=self.clock,
            replicas=tuple(replicas),
        )


@contextmanager
def open_target(
    url: str,
    where: Where,
    config: Config,
    author: Author,
    *,
    recording: bool = True,
    clock: Callable[[], datetime] = now,
) -> Iterator[OpenTarget]:
    """Open a database for a run.

    Args:
        url: `env:NAME`, the name of a service, or an address without a password.
        where: how the tracker calls it.
        config: says where the tracker is; where it says nothing, a tracker in the database itself is the one.
        recording: false writes nothing, not even which database it is.

    Raises:
        UsageError: when the address cannot be used, or the environment or the database is not known.
        RunRefusedError: when it is not the database that the tracker knows by that name, a standby, behind a pooler
            that gives a connection to several, or of a version that is too old.
        TrackerRefusedError: when the tracker cannot be used.
        EnvironmentFailedError: when it cannot be reached.
    """
    dsn = resolve_address(url, option="--url", target=where.target)
    shown = spell_database(dsn)
    with connect(dsn, autocommit=False) as session:
        _refuse_server(session, shown)
        session.rollback()
        beside = TrackerBeside(session.driver, shown, where.environment, clock=clock)
        access, tracker = _access(beside, session, dsn, where.environment, config, author, clock)
        identity = beside.identity
        with access.reading() as ledger:
            name = _written_down(ledger, where, identity) if recording else name_target(Names(ledger), where)
            if name is not None:
                _hold_against(ledger, name, identity, shown)
        if name is None:  # most runs find it written down, and need no turn among the tracker's writers
            with access.writing() as store:
                name = know_target(store, where, config)
                _hold_against(store.ledger, name, identity, shown, store)
        yield OpenTarget(name, dsn, shown, session, access, tracker, author, clock)


def _refuse_server(session: Session, shown: str) -> None:
    if session.server_version < _OLDEST:
        raise RunRefusedError(f"{shown} is Postgres {session.server_version // 10000}; 15 and later are run on")
    refuse_pooler(session)
    if session.query("select pg_is_in_recovery()")[0][0]:
        raise RunRefusedError(f"{shown} is a standby, which nobody can write", hint="--url of the primary")


def _access(
    beside: TrackerBeside,
    session: Session,
    dsn: str,
    environment: str,
    config: Config,
    author: Author,
    clock: Callable[[], datetime],
) -> tuple[Access, Tracker]:
    """The tracker that the configuration names; one in the database itself where it names none."""
    here = Tracker(TrackerAddress("--url", dsn=dsn), environment, clock, seen=True)
    if config.tracker is None and beside.exists:
        return BesideAccess(beside, author), here
    address = tracker_address(config)
    tracker = Tracker(address, environment, clock)
    try:
        with tracker.reading() as ledger:
            identity = ledger.meta().get("identity")
    except NoTrackerError as error:
        hint = "migsafe tracker upgrade --tracker with the database's own address makes one there, which is best"
        raise NoTrackerError(error.message, hint=hint if config.tracker is None else error.hint) from None
    tracker, found = replace(tracker, seen=True), beside.identity
    if address.file is None and identity and found and same_database(identity, found) and beside.exists:
        return BesideAccess(beside, author), here
    return ApartAccess(tracker, author, session), tracker


def _written_down(ledger: Ledger, where: Where, identity: str | None) -> TargetName | None:
    """The database, where the tracker has all that is known of it; None where something is to be written."""
    names = Names(ledger)
    try:
        name = names.target(names.environment(where.environment), where.target)
    except UnknownNameError:
        return None
    known = read_target(ledger, name)
    is_whole = known is not None and (known.identity is not None or identity is None)
    return name if is_whole else None


def _hold_against(
    ledger: Ledger, name: TargetName, identity: str | None, shown: str, store: Store | None = None
) -> None:
    other = known_as_another(ledger, name, identity, store)
    if other is not None:
        raise RunRefusedError(
            f"{shown} is not the database that the tracker knows as {name} ({other}): it is {identity}",
            hint="another --url or --target; after pg_upgrade: migsafe tracker rebind --reason …",
        )
