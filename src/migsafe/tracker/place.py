"""Where in a database the tracker stands, and which database that is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from migsafe.tracker.identity import UNKNOWN

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

#: Its own schema in Postgres; where the role may make none, the tables stand in the current one.
SCHEMA = "migsafe"

_SCHEMA_OF_TABLES = sa.text(
    "select n.nspname::text from pg_class c join pg_namespace n on n.oid = c.relnamespace "
    "where c.relname = 'migsafe_meta' and c.relkind = 'r' "
    "and (n.nspname = :own or n.nspname = any (current_schemas(false))) "
    "order by n.nspname <> :own limit 1"
)
_MAY_ASK_FOR_SYSTEM = sa.text("select has_function_privilege('pg_catalog.pg_control_system()', 'execute')")
_SYSTEM = sa.text("select system_identifier::text from pg_catalog.pg_control_system()")


def find_tables(connection: Connection) -> tuple[bool, str | None]:
    """Whether there is a tracker, and the schema in which its tables stand; None in SQLite."""
    if connection.dialect.name != "postgresql":
        found = connection.scalar(sa.text("select 1 from sqlite_master where type = 'table' and name = 'migsafe_meta'"))
        return found is not None, None
    schema = connection.scalar(_SCHEMA_OF_TABLES, {"own": SCHEMA})
    return schema is not None, schema


def identity_of(connection: Connection) -> str | None:
    """What tells this database from any other: `system_identifier/name`; None in SQLite, where it is the file.

    A physical copy has the same one, and an upgrade with pg_upgrade gives a new one.
    """
    if connection.dialect.name != "postgresql":
        return None
    system = connection.scalar(_SYSTEM) if connection.scalar(_MAY_ASK_FOR_SYSTEM) else UNKNOWN
    return f"{system}/{connection.scalar(sa.text('select current_database()::text'))}"
