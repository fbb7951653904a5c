"""diesel: `__diesel_schema_migrations` with a version and a time per migration that has run.

Read from diesel 2.3 (`diesel/src/migration/setup_migration_table.sql`, `diesel_migrations` 2.3 and
`migrations_internals::version_from_string`). The version is the folder's name up to the first `_`, without dashes;
nothing is kept of a migration that failed. The name of the table cannot be changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.books.versions import VersionTable

if TYPE_CHECKING:
    from migsafe.model.script import Migration


class DieselBook(VersionTable):
    """diesel's table."""

    tool = "diesel"
    columns = frozenset({"version", "run_on"})
    create = (
        "create table if not exists {table} ("
        "version varchar(50) primary key not null, run_on timestamp not null default current_timestamp)"
    )
    select = "select version::text, run_on::timestamptz from {table} order by run_on, version"

    @staticmethod
    def version_of(migration: Migration) -> str:
        """The folder's name up to the first `_`, without dashes."""
        return migration.id.split("_", 1)[0].replace("-", "")
