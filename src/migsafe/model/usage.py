"""Who still names an object: in code, in queries, in a database's own statistics."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from migsafe.model.names import quote_identifier

if TYPE_CHECKING:
    from migsafe.model.names import QualifiedName


class Use(StrEnum):
    """How sure it is that a place uses an object."""

    NONE = "none"
    """It was looked at, and does not."""
    WEAK = "weak"
    """A word stands there, or a `SELECT *`, which may mean it."""
    STRONG = "strong"
    """It names the object."""
    UNKNOWN = "unknown"
    """It could not be looked at: never the same as none."""

    @property
    def weight(self) -> int:
        """For comparison: the surer that it is used, the greater; what is unknown weighs more than none."""
        return {"none": 0, "unknown": 1, "weak": 2, "strong": 3}[self.value]


@dataclass(frozen=True, slots=True)
class Subject:
    """A table, view, type or other object by its full name, or one column of a table."""

    table: QualifiedName
    column: str | None = None

    def __str__(self) -> str:
        return str(self.table) if self.column is None else f"{self.table}.{quote_identifier(self.column)}"

    @property
    def whole(self) -> Subject:
        """The table of a column; the object itself otherwise."""
        return self if self.column is None else Subject(self.table)


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A place in a file; line from 1, 0 for the file as a whole."""

    path: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.path}:{self.line}" if self.line else self.path


@dataclass(frozen=True, slots=True)
class UsageEvidence:
    """What one way of looking found.

    Attributes:
        source: how it was looked, for example "sqlalchemy-models", "sql-literals", "query-files", "words",
            "pg_stat_statements", "dependents".
        release: whose code; None for the working tree.
        use: the strongest that was found.
        places: where, the strongest first.
        text: one sentence.
    """

    source: str
    use: Use
    text: str
    release: str | None = None
    places: tuple[Place, ...] = ()
