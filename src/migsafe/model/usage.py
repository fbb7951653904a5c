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


class Giving(StrEnum):
    """Whether a writer of new rows gives a column a value."""

    GIVES = "gives"
    """It always does."""
    MAY_LEAVE_OUT = "may leave out"
    """Nobody can tell: it depends on what the program does."""
    LEAVES_OUT = "leaves out"
    """It does not name the column: the row gets the default, or NULL."""


@dataclass(frozen=True, slots=True)
class Writer:
    """A place that puts rows into a table, seen with one column in mind.

    Attributes:
        source: how it was found: "sqlalchemy-models", "django-models", "query-files", "sql-literals".
        text: what it does, without a full stop.
    """

    source: str
    giving: Giving
    place: Place
    text: str


@dataclass(frozen=True, slots=True)
class Writers:
    """Who puts rows into a table, in the code of one release.

    Attributes:
        found: all that were found, tests left out.
        files: how many files were searched.
        doubt: why there may be others; empty where nothing says so.
    """

    found: tuple[Writer, ...] = ()
    files: int = 0
    doubt: str = ""


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
