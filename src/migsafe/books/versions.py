"""What tools have in common whose table holds one row per migration that has run, and nothing of those that failed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from migsafe.books.base import Applied, BookError
from migsafe.books.table import ToolTable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migsafe.model.script import Migration
    from migsafe.postgres.connection import Session


class VersionTable(ToolTable, ABC):
    """A table of versions, one row each, that is a migration's for as long as it is applied."""

    columns = frozenset({"version"})
    #: Statements that make it, `{table}` being its name.
    create: ClassVar[str]
    #: Its rows: version, and when it ran or null.
    select = "select version::text, null::timestamptz from {table} order by version"
    insert: ClassVar[str] = "insert into {table} (version) values ({})"
    delete: ClassVar[str] = "delete from {table} where version = {}"

    @staticmethod
    @abstractmethod
    def version_of(migration: Migration) -> str:
        """What the table calls a migration."""

    def applied(self, session: Session) -> tuple[Applied, ...]:
        """The migrations that have a row."""
        rows, known = self._rows(session), self._by_version()
        return tuple(
            Applied(id=known[version].id, at=at) if version in known else Applied(id=version, known=False, at=at)
            for version, at in rows
        )

    def make(self, session: Session) -> None:
        """Make the table."""
        session.execute_with_names(self.create, table=self._name.parts)

    def mark_applied(self, session: Session, migration: Migration, *, ran_ms: int) -> None:
        """Give the migration a row."""
        session.execute_with_names(self.insert, (self.version_of(migration),), table=self._name.parts)

    def mark_reverted(self, session: Session, migration: Migration) -> None:
        """Take the migration's row away.

        Raises:
            BookError: when it has none.
        """
        if not any(one.id == migration.id for one in self.applied(session)):
            raise BookError(f"{self.table} does not say that {migration.id} has run")
        session.execute_with_names(self.delete, (self.version_of(migration),), table=self._name.parts)

    def _by_version(self) -> Mapping[str, Migration]:
        return {self.version_of(migration): migration for migration in self._layout.migrations}
