"""dbmate: `schema_migrations` with a version per migration that has run.

Read from dbmate (`pkg/driver/postgres/postgres.go`, `pkg/dbmate/migration.go`), compared with the table that dbmate
2.37 makes. The version is the run of digits with which the file's name begins; nothing is kept of a migration that
failed. The table's name is that of `--migrations-table` or DBMATE_MIGRATIONS_TABLE, in the current schema unless it
names one.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from migsafe.books.versions import VersionTable

if TYPE_CHECKING:
    from migsafe.model.script import Migration

_DIGITS = re.compile(r"[0-9]*")


class DbmateBook(VersionTable):
    """dbmate's table."""

    tool = "dbmate"
    strange_columns = frozenset({"dirty", "run_on"})  # golang-migrate's, diesel's
    create = "create table if not exists {table} (version varchar primary key)"

    @staticmethod
    def version_of(migration: Migration) -> str:
        """The digits before the first other character."""
        found = _DIGITS.match(migration.id)
        return found[0] if found is not None else ""
