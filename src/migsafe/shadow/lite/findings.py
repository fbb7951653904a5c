"""Findings that only SQLite gives: rows that foreign keys take along, and tables that are copied."""

from __future__ import annotations

import hashlib
from itertools import groupby
from typing import TYPE_CHECKING

from migsafe.model.finding import Finding, Severity
from migsafe.model.locks import Work
from migsafe.model.script import Direction, Position, Span
from migsafe.rules.proofs import CHECKS, ROWS_LOST, TABLE_REBUILT
from migsafe.rules.wording import name_list

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from migsafe.model.statement import Statement
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
    return _finding(
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
        yield _finding(
            TABLE_REBUILT,
            found[0].migration,
            found[0].statement,
            severity=Severity.INFO,
            objects=tables,
            message=f"{found[0].migration.id} builds {name_list(tables)} anew: {copies} of all rows",
            work=Work.REWRITE,
        )


def _finding(
    check: str,
    migration: ShadowMigration,
    statement: Statement | None,
    *,
    severity: Severity,
    objects: tuple[str, ...],
    message: str,
    work: Work = Work.NONE,
) -> Finding:
    descriptor = CHECKS[check]
    start, end = _place(migration, statement)
    script = migration.up.script if migration.up is not None else None
    return Finding(
        rule=check,
        category=descriptor.category,
        severity=severity,
        path=script.path if script is not None else migration.path,
        start=start,
        end=end,
        migration=migration.id,
        direction=Direction.UP,
        operation="migration",
        objects=objects,
        message=message,
        why=descriptor.why,
        instead=descriptor.instead,
        work=work,
        fingerprint=_fingerprint(check, migration.id, statement, objects),
        sql=statement.text if statement is not None and script is not None and script.rendered else None,
    )


def _place(migration: ShadowMigration, statement: Statement | None) -> tuple[Position, Position]:
    if migration.up is None:
        return Position(1, 1), Position(1, 1)
    span = statement.span if statement is not None else Span(0, 0)
    return migration.up.script.position(span.start), migration.up.script.position(span.end)


def _fingerprint(check: str, migration: str, statement: Statement | None, objects: tuple[str, ...]) -> str:
    text = " ".join(statement.text.split()).lower() if statement is not None else ""
    return hashlib.sha256("\0".join((check, migration, text, *objects)).encode("utf-8", "replace")).hexdigest()[:32]
