"""What one rendering of one direction of one revision has done so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING

from migsafe.sources.alembic.worker.places import Place, current_place
from migsafe.sources.alembic.worker.stub import marked_names

if TYPE_CHECKING:
    from collections.abc import Iterator

# far more than a revision that a person wrote sends, far less than what a runaway loop would fill the memory with
MOST_STATEMENTS = 5000


class Rows(Enum):
    """What the tables seem to hold."""

    ONE = auto()
    NONE = auto()


class NotRenderedError(Exception):
    """SQL that cannot be known without what is not there; the message says what."""


@dataclass(frozen=True)
class Recorded:
    """One statement and where in the revision's file it was sent."""

    sql: str
    place: Place


@dataclass
class Recording:
    """The statements of one attempt.

    Attributes:
        path: the revision's file.
        rows: what SELECTs are answered with.
        in_transaction: whether BEGIN and COMMIT that the revision causes are worth recording.
        running: false before and after the revision's own function runs.
        asked_raw_catalogue: whether the revision has sent a catalogue query of its own, which has no true answer.
        fixed_place: where statements are said to come from, instead of the running frame.
    """

    path: str
    rows: Rows
    in_transaction: bool
    running: bool = False
    asked_raw_catalogue: bool = False
    fixed_place: Place | None = None
    statements: list[Recorded] = field(default_factory=list)
    _told: int = 0

    def record(self, sql: str) -> None:
        """Take one statement.

        Raises:
            NotRenderedError: when it carries something that could not be imported, or there is no end to it.
        """
        if not self.running:
            return
        sql = sql.strip().rstrip(";").rstrip()
        if not sql:
            return
        if unknown := marked_names(sql):
            raise NotRenderedError(f"the SQL depends on {', '.join(unknown)}, which could not be imported")
        if len(self.statements) >= MOST_STATEMENTS:
            raise NotRenderedError(f"it sends more than {MOST_STATEMENTS} statements")
        self.statements.append(Recorded(sql, self.fixed_place or self.here()))

    def here(self) -> Place:
        """Where the revision stands now; its first line where only other files' code is running."""
        return current_place(self.path) or Place(1, 1, 1, 1)

    def untold(self) -> Iterator[str]:
        """The SQL since the last time this was asked."""
        new, self._told = self.statements[self._told :], len(self.statements)
        return (recorded.sql for recorded in new)
