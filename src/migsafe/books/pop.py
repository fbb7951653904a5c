"""pop and Ory's popx: `schema_migration` with a version per migration that has run.

Read from pop 6 (`migrator.go`, `schema_migrations.go`): a `varchar(14)`, unique, the primary key since 6.0.2; popx
makes it 48 wide and adds `version_self`. Both insert the version alone. The version is all digits of the file's name
before the first `_`; nothing is kept of a migration that failed. popx takes a migration for run, too, where the table
has the first 14 digits of its version: those were written before one migration was split into several.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.books.base import Applied
from migsafe.books.versions import VersionTable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migsafe.model.script import Migration
    from migsafe.postgres.connection import Session

#: `YYYYMMDDhhmmss`, all that pop's table could hold at first.
_LEGACY = 14


class PopBook(VersionTable):
    """pop's table."""

    tool = "pop"
    strange_columns = frozenset({"dirty", "run_on"})  # golang-migrate's, diesel's
    create = "create table {table} (version varchar(48) not null primary key)"

    @staticmethod
    def version_of(migration: Migration) -> str:
        """The digits before the first `_`."""
        return migration.id.split("_", 1)[0]

    def applied(self, session: Session) -> tuple[Applied, ...]:
        """The migrations that have a row, be it by the first 14 digits of their version."""
        return tuple(one for row in super().applied(session) for one in self._pieces(row))

    def _pieces(self, row: Applied) -> Iterator[Applied]:
        pieces = [] if row.known or len(row.id) != _LEGACY else self._begun_with(row.id)
        if not pieces:
            yield row
        for migration in pieces:
            yield Applied(id=migration.id, note=f"the table has {row.id}, from before it was split")

    def _begun_with(self, version: str) -> list[Migration]:
        return [one for one in self._layout.migrations if self.version_of(one).startswith(version)]
