"""Making the tracker's tables, and bringing them up to date; one transaction, or nothing."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

import sqlalchemy as sa

from migsafe.tracker import tables as t
from migsafe.tracker.engines import make_engine, transaction
from migsafe.tracker.errors import TrackerBusyError, TrackerRefusedError
from migsafe.tracker.ledger import Ledger
from migsafe.tracker.opening import now
from migsafe.tracker.place import SCHEMA, find_tables, identity_of
from migsafe.tracker.rights import become_owner
from migsafe.tracker.store import Author, Store
from migsafe.tracker.versions import VERSION, upgrades

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from migsafe.tracker.address import TrackerAddress

#: Of `pg_try_advisory_xact_lock`; the same for every migsafe, and hardly anybody else's.
_LOCK = int.from_bytes(hashlib.sha256(b"migsafe tracker upgrade").digest()[:8], "big", signed=True)

_PUBLICATIONS = "select pubname::text from pg_publication where puballtables order by 1"
_SCHEMA_PUBLICATIONS = (
    "select p.pubname::text from pg_publication p join pg_publication_namespace n on n.pnpubid = p.oid "
    "join pg_namespace s on s.oid = n.pnnspid where s.nspname = :schema order by 1"
)
#: Since which a publication can be of all tables in a schema (release notes of 15).
_SCHEMAS_PUBLISHED_SINCE = 150000


@dataclass(frozen=True, slots=True)
class Upgraded:
    """What an upgrade came to.

    Attributes:
        before: the version that there was; 0 where there was no tracker.
        after: the version that there is.
        place: the schema of its tables; None in SQLite.
    """

    before: int
    after: int
    place: str | None
    environment: str | None = None


def upgrade_tracker(
    address: TrackerAddress,
    author: Author,
    *,
    environment: str | None = None,
    clock: Callable[[], datetime] = now,
) -> Upgraded:
    """Make the tracker, or bring its tables to the version that this migsafe needs.

    Args:
        environment: the only one that this tracker is about; a copy of it is then refused elsewhere.

    Raises:
        TrackerRefusedError: when it is of a newer migsafe, when the role may not make tables, or when a publication
            would carry them to a subscriber that does not have them.
        TrackerBusyError: when somebody else upgrades it.
        TrackerAwayError: when it cannot be reached.
    """
    if address.file is not None:
        address.file.absolute().parent.mkdir(parents=True, exist_ok=True)
    engine = make_engine(address, writing=True, creating=True)
    with transaction(engine, address) as connection:
        _take_turn(connection, address)
        found, schema = find_tables(connection)
        version = _version_as_owner(Ledger(connection, schema), address) if found else 0
        _refuse_newer(version, address)
        if version < VERSION:
            schema = schema if found else _choose_schema(connection, address)
            _refuse_published(connection, schema, address)
            _run(connection, schema, after=version)
        ledger = Ledger(connection, schema)
        if version == 0:
            ledger.insert(t.meta, [{"k": "version", "v": "0"}])  # the row that writers wait for
        _describe(ledger, Store(ledger, author, clock()), version, environment)
        return Upgraded(version, VERSION, schema, ledger.meta().get("environment"))


def rebind_tracker(
    address: TrackerAddress,
    author: Author,
    *,
    reason: str,
    environment: str | None = None,
    clock: Callable[[], datetime] = now,
) -> tuple[str | None, str | None]:
    """Say that a tracker belongs to the database in which it stands now; which one it was, and which it is.

    Args:
        environment: the one that it is about from now on; as it was when None.

    Raises:
        TrackerRefusedError: when there is no tracker.
    """
    from migsafe.tracker.opening import NoTrackerError

    if address.file is not None and not address.file.is_file():
        raise NoTrackerError(f"there is no tracker at {address.shown}")
    engine = make_engine(address, writing=True)
    with transaction(engine, address) as connection:
        found, schema = find_tables(connection)
        if not found:
            raise NoTrackerError(f"there is no tracker at {address.shown}")
        ledger = Ledger(connection, schema)
        become_owner(ledger)
        before, identity = ledger.meta().get("identity"), identity_of(connection)
        store = Store(ledger, author, clock())
        marker = {"environment": environment} if environment is not None else {}
        store.set_meta({"identity": identity, **marker}, kind="rebind", reason=reason)
        store.finish()
        return before, identity


def _version_as_owner(ledger: Ledger, address: TrackerAddress) -> int:
    """Whoever may not be the owner may still ask for what is so already, so that a pipeline can."""
    owner = become_owner(ledger)
    version = int(ledger.meta()["version"])
    if owner is not None and version < VERSION:
        raise TrackerRefusedError(
            f"the tables of the tracker {address.shown} belong to {owner}: only this role may upgrade them",
            hint=f"whoever may become {owner} runs migsafe tracker upgrade, and then migsafe tracker roles again",
        )
    return version


def _describe(ledger: Ledger, store: Store, version: int, environment: str | None) -> None:
    """What the tracker says of itself, once; a marker that is there stays."""
    known = ledger.meta()
    values: dict[str, str | None] = {"version": str(VERSION)}
    if version == 0:
        values |= {"installation": str(uuid4()), "identity": identity_of(ledger.connection)}
    if environment is not None:
        if known.get("environment", environment) != environment:
            raise TrackerRefusedError(
                f"this tracker is that of {known['environment']}, not of {environment}",
                hint=f"migsafe tracker rebind --environment {environment} --reason … where that is meant",
            )
        values["environment"] = environment
    store.set_meta(values, kind="upgrade")
    store.finish()


def _take_turn(connection: Connection, address: TrackerAddress) -> None:
    """SQLite's transaction has begun as a writer's; in Postgres nobody waits for a lock of this kind."""
    if address.file is None and not connection.scalar(
        sa.text("select pg_try_advisory_xact_lock(:key)"), {"key": _LOCK}
    ):
        raise TrackerBusyError(
            f"somebody else upgrades the tracker {address.shown} right now",
            hint="nothing was written; the same command can be given again",
        )


def _refuse_newer(version: int, address: TrackerAddress) -> None:
    if version > VERSION:
        raise TrackerRefusedError(
            f"the tracker {address.shown} is of a newer migsafe: its version is {version}, this one knows {VERSION}",
            hint="upgrade migsafe here",
        )


def _choose_schema(connection: Connection, address: TrackerAddress) -> str | None:
    """Its own schema, made where that may be done; else the current one."""
    if address.file is not None:
        return None
    may_make, current, may_use, role, database = connection.execute(
        sa.text(
            "select has_database_privilege(current_database(), 'create'), current_schema()::text, "
            "has_schema_privilege(current_schema(), 'create'), quote_ident(current_user), "
            "quote_ident(current_database())"
        )
    ).one()
    if connection.scalar(
        sa.text("select has_schema_privilege(oid, 'create') from pg_namespace where nspname = :name"), {"name": SCHEMA}
    ):
        return SCHEMA
    if may_make:
        connection.execute(sa.schema.CreateSchema(SCHEMA, if_not_exists=True))
        return SCHEMA
    if current is not None and may_use:
        return str(current)
    raise TrackerRefusedError(
        f"this role may not make the tracker's tables in {address.shown}",
        hint=f"GRANT CREATE ON DATABASE {database} TO {role}; or keep the tracker elsewhere: --tracker sqlite:FILE",
    )


def _refuse_published(connection: Connection, schema: str | None, address: TrackerAddress) -> None:
    """A new table in such a publication stops the subscriber, which does not have it, and the slot keeps all WAL."""
    if schema is None:
        return
    names = list(connection.scalars(sa.text(_PUBLICATIONS)))
    version = int(connection.scalar(sa.text("select current_setting('server_version_num')")) or 0)
    if version >= _SCHEMAS_PUBLISHED_SINCE:
        names += connection.scalars(sa.text(_SCHEMA_PUBLICATIONS), {"schema": schema})
    if names:
        raise TrackerRefusedError(
            f"the publication {names[0]} in {address.shown} would carry the tracker's new tables to subscribers "
            "that do not have them, and stop them",
            hint="keep the tracker in another database, which is not published, or in a file: --tracker sqlite:FILE",
        )


def _run(connection: Connection, schema: str | None, *, after: int) -> None:
    """The statements that a version lacks, in the schema; the search path is that of this transaction only."""
    if schema is not None:
        path = sa.text("select set_config('search_path', quote_ident(:schema), true)")
        connection.execute(path, {"schema": schema})
    dialect = "sqlite" if schema is None else "postgres"
    for upgrade in upgrades(dialect):
        if upgrade.number > after:
            for statement in upgrade.statements:
                connection.exec_driver_sql(statement)
