"""What every action of one ALTER TABLE shares."""

from __future__ import annotations

from typing import TypedDict

from migsafe.model.names import QualifiedName
from migsafe.model.operation import AlterTableOther
from migsafe.model.script import Span
from migsafe.parse.mysql.cursor import MySqlCursor


class Common(TypedDict):
    """The attributes that every operation on a table has."""

    span: Span
    table: QualifiedName
    if_exists: bool


class Target:
    """The table of an ALTER TABLE, and the action that is being read.

    Attributes:
        start: index of the action's first token.
    """

    def __init__(self, cursor: MySqlCursor, table: QualifiedName, if_exists: bool, start: int = 0) -> None:
        self._cursor = cursor
        self.table = table
        self.if_exists = if_exists
        self.start = start

    @property
    def span(self) -> Span:
        """From the action's first token to the last one that was read."""
        return self._cursor.span_from(self.start)

    def common(self) -> Common:
        """The attributes of an operation that the action is."""
        return Common(span=self.span, table=self.table, if_exists=self.if_exists)

    def other(self, action: str, *, metadata_only: bool = True) -> AlterTableOther:
        """The action as one without an operation of its own."""
        return AlterTableOther(**self.common(), action=action, metadata_only=metadata_only)

    def inside(self, cursor: MySqlCursor) -> Target:
        """The same table for an action that begins at `cursor`, in parentheses."""
        return Target(cursor, self.table, self.if_exists, cursor.at)

    def with_if_exists(self, if_exists: bool) -> Target:
        """The same action, silently nothing also when `if_exists` holds for its column (MariaDB)."""
        return Target(self._cursor, self.table, self.if_exists or if_exists, self.start)
