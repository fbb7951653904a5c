"""The database that a run is about: opened, proved to be the one that is meant, with the tracker that knows it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from migsafe.bookkeeping.place import tracker_address
from migsafe.bookkeeping.steps import ONLY, Where, know_target
from migsafe.model.state import TargetName
from migsafe.postgres.address import resolve_address, spell_database
from migsafe.postgres.connection import connect
from migsafe.postgres.poolers import refuse_pooler
from migsafe.runner.access import ApartAccess, BesideAccess
from migsafe.runner.selection import RunRefusedError
from migsafe.tracker.address import TrackerAddress
from migsafe.tracker.beside import TrackerBeside
from migsafe.tracker.errors import UnknownNameError
from migsafe.tracker.names import Names
from migsafe.tracker.opening import NoTrackerError, Tracker, now
from migsafe.tracker.place import same_database
from migsafe.tracker.reading import read_target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from migsafe.config import Config
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
            name = _written_down(ledger, where, identity) if recording else _named(Names(ledger), where)
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
    here = Tracker(TrackerAddress("--url", dsn=dsn), environment, clock)
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
    found = beside.identity
    if address.file is None and identity and found and same_database(identity, found) and beside.exists:
        return BesideAccess(beside, author), here
    return ApartAccess(tracker, author, session), tracker


def _named(names: Names, where: Where) -> TargetName:
    """The database as it is known, or would be once it is made known."""
    if where.create and (where.environment not in names.environments() or not names.targets(where.environment)):
        return TargetName(where.environment, where.target or ONLY)
    return names.target(names.environment(where.environment), where.target)


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
    """The database's identity is written down when it is seen first, and held against it ever after."""
    known = read_target(ledger, name)
    if known is None or identity is None:
        return
    if known.identity is None:
        if store is not None:
            store.put_target(name.environment, replace(known, identity=identity))
    elif not same_database(known.identity, identity):
        raise RunRefusedError(
            f"{shown} is not the database that the tracker knows as {name} ({known.identity}): it is {identity}",
            hint="another --url or --target; after pg_upgrade: migsafe tracker rebind --reason …",
        )
