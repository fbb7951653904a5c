"""Findings that only MySQL and MariaDB give: changes of tables that are not done online."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.model.finding import Severity
from migsafe.model.locks import Work
from migsafe.rules.proofs import NOT_ONLINE
from migsafe.shadow.verdicts import observed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from migsafe.model.finding import Finding
    from migsafe.mysql.connection import ServerVersion
    from migsafe.shadow.maria.online import Refusal
    from migsafe.shadow.migration import ShadowMigration


def changes_are_offline(
    migration: ShadowMigration, refusals: Iterable[Refusal], version: ServerVersion
) -> Iterator[Finding]:
    """One finding for each statement that the server refuses to do in place and without a lock."""
    for refusal in refusals:
        what = "copies the table and blocks writes" if refusal.copies else "blocks writes"
        reason = f"; {version.product} says: {refusal.reason}" if refusal.reason else ""
        yield observed(
            NOT_ONLINE,
            migration,
            refusal.statement,
            severity=Severity.INFO,
            objects=(refusal.table,),
            message=f"{migration.id} changes {refusal.table} offline: this {what}{reason}",
            work=Work.REWRITE if refusal.copies else Work.NONE,
        )
