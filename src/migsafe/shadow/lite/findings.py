"""Findings that only SQLite gives: rows that foreign keys take along, and tables that are copied."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from migsafe.model.finding import Finding, Severity
from migsafe.model.locks import Work
from migsafe.rules.proofs import ROWS_LOST, TABLE_REBUILT
from migsafe.rules.wording import name_list
from migsafe.shadow.verdicts import observed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from migsafe.shadow.lite.rebuilds import Rebuild
    from migsafe.shadow.lite.rows import RowsLost
    from migsafe.shadow.migration import ShadowMigration


def rows_are_lost(migration: ShadowMigration, lost: RowsLost) -> Finding:
    """A way up that takes rows from tables that it does not name; a warning, as it needs enforced foreign keys."""
    parts = [
        f"deletes rows of {name_list(lost.emptied)}" if lost.emptied else "",
        f"sets values of {name_list(lost.cleared)} to NULL" if lost.cleared else "",
    ]
    what = " and ".join(filter(None, parts))
    return observed(
        ROWS_LOST,
        migration,
        lost.statement,
        severity=Severity.WARNING,
        objects=(*lost.emptied, *lost.cleared),
        message=f"{migration.id} {what}, which it does not name, where foreign keys are enforced",
    )


def tables_are_rebuilt(rebuilds: Iterable[Rebuild]) -> Iterator[Finding]:
    """One finding for each migration that copies tables."""
    for _, group in groupby(rebuilds, key=lambda rebuild: rebuild.migration.id):
        found = list(group)
        tables = tuple(dict.fromkeys(rebuild.table for rebuild in found))
        copies = f"{len(found)} copies" if len(found) != 1 else "one copy"
        yield observed(
            TABLE_REBUILT,
            found[0].migration,
            found[0].statement,
            severity=Severity.INFO,
            objects=tables,
            message=f"{found[0].migration.id} builds {name_list(tables)} anew: {copies} of all rows",
            work=Work.REWRITE,
        )
