"""What one statement was seen to do on a server: values only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from migsafe.model.locks import Work

if TYPE_CHECKING:
    from migsafe.model.locks import LockClaim, LockMode
    from migsafe.model.names import QualifiedName


@dataclass(frozen=True, slots=True)
class StatementError:
    """How the server refused a statement; `sqlstate` is None when the connection broke."""

    sqlstate: str | None
    message: str


@dataclass(frozen=True, slots=True)
class IndexWork:
    """An index that was built, and its table."""

    index: QualifiedName
    table: QualifiedName


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What a statement did to relations that existed before it; new ones can block nobody.

    Names are those from before the statement. All tuples are sorted by name.

    Attributes:
        locks: the strongest lock on each table, partitioned table, foreign table, view and materialized view.
        index_locks: the strongest lock on each index.
        rewritten: tables and materialized views that got new storage.
        emptied: those among them whose new storage is empty while the old was not: TRUNCATE.
        rebuilt: indexes that existed and got new storage.
        built: new indexes on tables that existed, built from their rows.
        scanned: tables and materialized views that were read from end to end.
        error: how the server refused it; then nothing else is known.
    """

    locks: tuple[LockClaim, ...] = ()
    index_locks: tuple[LockClaim, ...] = ()
    rewritten: tuple[QualifiedName, ...] = ()
    emptied: tuple[QualifiedName, ...] = ()
    rebuilt: tuple[IndexWork, ...] = ()
    built: tuple[IndexWork, ...] = ()
    scanned: tuple[QualifiedName, ...] = ()
    error: StatementError | None = None

    def mode(self, table: QualifiedName) -> LockMode | None:
        """The strongest lock that it took on a table or view, or None when it took none."""
        return next((claim.mode for claim in self.locks if claim.table == table), None)

    def work(self, table: QualifiedName) -> Work:
        """How much of a table it read or wrote: the heaviest kind."""
        if table in self.emptied:
            return Work.NONE
        if table in self.rewritten:
            return Work.REWRITE
        if any(done.table == table for done in (*self.built, *self.rebuilt)):
            return Work.INDEX_BUILD
        return Work.SCAN if table in self.scanned else Work.NONE
