"""golang-migrate: `schema_migrations` with one row, the version at which the database is, and whether it is dirty.

Read from golang-migrate 4.18 (`database/postgres/postgres.go`). Before a file runs its version is written as dirty, and
afterwards as clean; going down, the version of the file below is. Whether any of a dirty file has happened nobody has
noted: it is sent as one query, but may end transactions itself, and the program may have died before or behind it.
The table stands in the current schema; its name is that of `x-migrations-table`.
"""

from __future__ import annotations

import re
from itertools import takewhile
from typing import TYPE_CHECKING

from migsafe.books.base import Applied, BookError, Outcome
from migsafe.books.table import ToolTable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migsafe.model.script import Migration
    from migsafe.postgres.connection import Session

_CREATE = "create table if not exists {table} (version bigint not null primary key, dirty boolean not null)"
# golang-migrate empties the table with TRUNCATE. It has one row: DELETE leaves the same, and readers of the version,
# such as health checks, do not wait until the migration commits.
_EMPTY = "delete from {table}"
_INSERT = "insert into {table} (version, dirty) values ({}, false)"
_NUMBER = re.compile(r"[0-9]+")
_DIRTY = "golang-migrate left it dirty: it began, and nobody noted how it ended"


class GolangMigrateBook(ToolTable):
    """golang-migrate's table."""

    tool = "golang-migrate"
    is_a_line = True
    columns = frozenset({"version", "dirty"})
    select = "select version, dirty from {table} order by version desc limit 1"

    def applied(self, session: Session) -> tuple[Applied, ...]:
        """Every migration up to the version; the last one as it was left where it is dirty."""
        rows = self._rows(session)
        return tuple(self._up_to(*rows[0])) if rows else ()

    def _up_to(self, version: int, dirty: bool) -> Iterator[Applied]:
        upto = list(takewhile(lambda one: _version(one) <= version, self._layout.migrations))
        below = upto[:-1] if upto and _version(upto[-1]) == version else upto
        yield from (Applied(id=one.id) for one in below)
        outcome, note = (Outcome.PARTIAL, _DIRTY) if dirty else (Outcome.DONE, None)
        if len(below) < len(upto):
            yield Applied(id=upto[-1].id, outcome=outcome, note=note)
        elif version >= 0:  # a way down that failed below the first migration leaves -1, which is no migration
            yield Applied(id=str(version), known=False, outcome=outcome, note=note)

    def make(self, session: Session) -> None:
        """Make the table."""
        session.execute_with_names(_CREATE, table=self._name.parts)

    def mark_applied(self, session: Session, migration: Migration, *, ran_ms: int) -> None:
        """Be at the migration's version."""
        self._set(session, migration)

    def mark_reverted(self, session: Session, migration: Migration) -> None:
        """Be at the version below.

        Raises:
            BookError: when the database is not at the migration's version: there is no other row to take away.
        """
        at = self.applied(session)
        if not at or at[-1].id != migration.id:
            where = f"at {at[-1].id}" if at else "at no migration"
            raise BookError(f"{self.table} is {where}, and only its last migration can be taken back")
        below = takewhile(lambda one: one.id != migration.id, self._layout.migrations)
        self._set(session, max(below, key=_version, default=None))

    def _set(self, session: Session, migration: Migration | None) -> None:
        session.execute_with_names(_EMPTY, table=self._name.parts)
        if migration is not None:
            session.execute_with_names(_INSERT, (str(_version(migration)),), table=self._name.parts)


def _version(migration: Migration) -> int:
    """The number before the first `_`."""
    found = _NUMBER.match(migration.id)
    if found is None:
        raise BookError(f"{migration.id} has no number, and golang-migrate keeps nothing else")
    return int(found[0])
