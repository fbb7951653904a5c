"""Alembic: `alembic_version` with the heads at which the database is; read only.

Read from Alembic 1.20 (`runtime/migration.py`: `MigrationContext`, `HeadMaintainer`). A row is a revision of which no
later one has run: all that it follows or depends on has run too. Times are not kept, nor anything of a revision that
failed. The table's name and schema are those of `version_table` and `version_table_schema` in `env.py`, as far as they
are written down there. SQL that Alembic has rendered writes the table itself; it does not say what a revision follows,
so that only a line of them can be told, with one head.
"""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING

from migsafe.books.base import Applied, BookError
from migsafe.books.place import TableName
from migsafe.books.table import ToolTable
from migsafe.sources.alembic.environment import environment_of

if TYPE_CHECKING:
    from pathlib import Path

    from migsafe.model.script import MigrationSet
    from migsafe.postgres.connection import Session

#: The tool's name where the revisions are SQL that Alembic has rendered.
RENDERED = "alembic-sql"
_DEFAULT = "alembic_version"
_AHEAD = "the project has no such revision, so nobody can tell which others came before it"


class AlembicHistory(ToolTable):
    """Alembic's table."""

    columns = frozenset({"version_num"})
    select = "select version_num::text from {table} order by 1"

    def __init__(self, layout: MigrationSet, name: TableName) -> None:
        """
        Args:
            layout: the project's revisions.
            name: the table.
        """
        super().__init__(layout, name)
        self.tool = layout.tool

    def applied(self, session: Session) -> tuple[Applied, ...]:
        """The heads, and everything below them."""
        heads = [head for (head,) in self._rows(session)]
        reached = self._below(heads)
        known = {one.id for one in self._layout.migrations}
        return (
            *(Applied(id=one.id) for one in self._layout.migrations if one.id in reached),
            *(Applied(id=head, known=False, note=_AHEAD) for head in heads if head not in known),
        )

    def _below(self, heads: list[str]) -> set[str]:
        """The heads, and all that ran before them."""
        if self.tool == RENDERED:
            return self._before(heads)
        needs = {one.id: one.needs for one in self._layout.migrations}
        reached: set[str] = set()
        waiting = list(heads)
        while waiting:
            revision = waiting.pop()
            if revision not in reached:
                reached.add(revision)
                waiting += needs.get(revision, ())
        return reached

    def _before(self, heads: list[str]) -> set[str]:
        if len(heads) > 1:
            raise BookError(f"{self.table} has {len(heads)} heads, and SQL does not say what each of them follows")
        names = [one.id for one in self._layout.migrations]
        return {*heads, *takewhile(lambda name: name not in heads, names)} if set(heads) & set(names) else set(heads)


def configured_table(root: Path) -> TableName:
    """The table that `env.py` names."""
    script = environment_of(root.absolute()).script
    return TableName(script.version_table or _DEFAULT, script.version_table_schema)
