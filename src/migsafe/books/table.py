"""What the tables of all tools have in common: their place, and the columns by which each is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from migsafe.books.place import TableName
    from migsafe.model.script import MigrationSet
    from migsafe.postgres.connection import Session


class ToolTable:
    """A table in which a tool keeps what has run."""

    tool: str
    is_a_line: ClassVar[bool] = False
    #: The columns by which the table is known as this tool's.
    columns: ClassVar[frozenset[str]]
    #: Those by which it is known as another tool's.
    strange_columns: ClassVar[frozenset[str]] = frozenset()
    #: Its rows, `{table}` being its name.
    select: ClassVar[str]

    def __init__(self, layout: MigrationSet, name: TableName) -> None:
        """
        Args:
            layout: the project's migrations, in their order.
            name: the table.
        """
        self._name = name
        self._layout = layout

    @property
    def table(self) -> str:
        """The table, as people write it."""
        return str(self._name)

    def exists(self, session: Session) -> bool:
        """Whether the table is there."""
        return self._name.exists(session)

    def _rows(self, session: Session) -> list[tuple[Any, ...]]:
        """Its rows, once it is sure that it is this tool's."""
        self._name.expect(session, self.columns, self.tool, never=self.strange_columns)
        return session.query_with_names(self.select, table=self._name.parts)
