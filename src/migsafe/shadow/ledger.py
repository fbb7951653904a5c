"""What one run of verify writes down, whatever database it is: findings, and how sure they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.shadow.steps import read_migration
from migsafe.shadow.verdicts import no_ways_back, unproved

if TYPE_CHECKING:
    from collections.abc import Iterable

    from migsafe.model.finding import Finding
    from migsafe.model.script import Migration
    from migsafe.model.statement import Statement
    from migsafe.shadow.migration import ShadowMigration
    from migsafe.shadow.steps import Steps


class Ledger:
    """The findings of one layout's run.

    Attributes:
        findings: in the order in which they were made.
    """

    def __init__(self, steps: Steps) -> None:
        self.findings: list[Finding] = []
        self._steps = steps
        self._unsure: str | None = None

    def add(self, read: ShadowMigration, findings: Iterable[Finding]) -> None:
        """Write findings down as they are; or one that says that they may be the fault of an earlier migration."""
        found = list(findings)
        if self._unsure is None or not found:
            self.findings += found
        else:
            self.say_unproved(read, f"{found[0].message}; but {self._unsure}")

    def say_unproved(self, read: ShadowMigration, reason: str, statement: Statement | None = None) -> None:
        """A migration of which nothing can be said."""
        self.findings.append(unproved(read, reason, statement=statement))

    def doubt(self, read: ShadowMigration, reasons: Iterable[str]) -> None:
        """A migration that was not run as its tool runs it: what comes after it is not sure either."""
        for reason in reasons:
            self._unsure = f"{read.id} could not be run as its tool runs it"
            if read.wanted:
                self.say_unproved(read, reason)

    def say_of_all(self, reason: str) -> None:
        """Something that keeps the whole run from being a proof; said at its first wanted migration."""
        self.say_unproved(self._first_wanted(), reason)

    def say_not_tried(self, failed: Migration, later: Iterable[Migration]) -> None:
        """What waits for a migration that cannot be applied."""
        wanted = [migration for migration in later if migration.id in self._steps.wanted]
        if wanted:
            others = f" ({len(wanted) - 1} more wait with it)" if len(wanted) > 1 else ""
            self.say_unproved(read_migration(wanted[0]), f"{failed.id} cannot be applied before it{others}")

    def say_no_ways_back(self) -> None:
        """Once, where the project keeps few ways back."""
        if not self._steps.keeps_ways_back:
            needed = self._steps.needed
            missing = sum(migration.down is None for migration in needed)
            self.findings.append(no_ways_back(self._first_wanted(), missing, len(needed)))

    def _first_wanted(self) -> ShadowMigration:
        return read_migration(next(m for m in self._steps.needed if m.id in self._steps.wanted))
