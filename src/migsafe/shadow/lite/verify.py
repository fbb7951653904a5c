"""`migsafe verify` for SQLite: no server, but the SQLite that Python links, in memory."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from migsafe.catalogue.progress import Counter
from migsafe.config import Config
from migsafe.errors import EnvironmentFailedError
from migsafe.model.dialect import Dialect
from migsafe.rules.proofs import MIGRATION_FAILS
from migsafe.shadow.irreversible import find_marker
from migsafe.shadow.lite.execution import rest_of
from migsafe.shadow.lite.findings import rows_are_lost, tables_are_rebuilt
from migsafe.shadow.lite.lacks import what_is_lacking
from migsafe.shadow.lite.rebuilds import find_rebuilds
from migsafe.shadow.lite.round_trip import LiteProver
from migsafe.shadow.lite.weights import weighed
from migsafe.shadow.steps import Steps, doubts_of, read_migration
from migsafe.shadow.verdicts import failed, no_ways_back, unproved, verdict
from migsafe.shadow.verify_report import Outcome, build_report
from migsafe.sqlite.connection import StatementRefusedError, linked_version

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migsafe.catalogue.progress import Progress
    from migsafe.model.finding import Finding
    from migsafe.model.report import Report
    from migsafe.model.script import Migration
    from migsafe.shadow.migration import Failure, ShadowMigration
    from migsafe.shadow.snapshot import Snapshot
    from migsafe.shadow.verify import VerifyOptions
    from migsafe.sources import LoadedLayout

_PRODUCT = "SQLite"


@dataclass(frozen=True, slots=True)
class _Linked:
    """The SQLite that Python links, as a report names it."""

    version: str

    @property
    def major(self) -> int:
        return int(self.version.partition(".")[0])


def verify_sqlite(
    layouts: Sequence[LoadedLayout],
    config: Config | None = None,
    options: VerifyOptions | None = None,
    *,
    progress: Progress | None = None,
    wanted_version: str | None = None,
) -> Report:
    """Prove the selected migrations of some layouts on SQLite.

    Args:
        layouts: as `sources.read_paths` gives them; what is not selected in them is only applied.
        config: which findings are shown, and which are ignored for a reason; all defaults when None.
        options: all defaults when None. No server is started, and companions of a Postgres session are not called.
        progress: called with the number of migrations done and of all.
        wanted_version: the version on production, for example "3.35"; that of the configuration when None.

    Raises:
        EnvironmentFailedError: when the setup fails.
    """
    config = config or Config()
    linked = _Linked(linked_version())
    steps = [Steps(layout) for layout in layouts]
    counter = Counter(progress, sum(len(one.needed) for one in steps))
    runs = [_Run(one, options, counter) for one in steps]
    wanted = wanted_version or (str(config.server_version) if config.server_version is not None else "")
    for run in runs:
        run.go()
        run.say_version(linked.version, wanted)
    outcomes = [Outcome(run.steps.layout, len(run.steps.wanted), run.findings, run.stand_ins) for run in runs]
    return build_report(outcomes, linked, config, date.today(), product=_PRODUCT)


class _Run:
    """One layout's run, on a database of its own."""

    def __init__(self, steps: Steps, options: VerifyOptions | None, counter: Counter) -> None:
        self.steps = steps
        self.findings: list[Finding] = []
        self.stand_ins: set[str] = set()
        self._rows = options.rows if options is not None else True
        self._setup = options.setup if options is not None else ""
        self._counter = counter
        self._unsure: str | None = None
        self._known: Snapshot | None = None
        self._reads: list[ShadowMigration] = []

    def go(self) -> None:
        """Apply and prove all that is needed; findings are kept."""
        if not self.steps.needed:
            return
        dialect = self.steps.layout.migrations.dialect
        if dialect is not Dialect.SQLITE:
            self.findings.append(
                unproved(self._first_wanted(), f"this is the shadow for SQLite, and not for {dialect}")
            )
            return
        try:
            prover = LiteProver(rows=self._rows, setup=self._setup)
        except StatementRefusedError as error:
            raise EnvironmentFailedError(f"the setup fails: {error.message}") from None
        with prover:
            self._all(prover)
        if not self.steps.keeps_ways_back:
            needed = self.steps.needed
            missing = sum(migration.down is None for migration in needed)
            self.findings.append(no_ways_back(self._first_wanted(), missing, len(needed)))
        rebuilds = [one for one in find_rebuilds(self._reads) if one.migration.wanted]
        self.findings += tables_are_rebuilt(rebuilds)

    def say_version(self, linked: str, wanted: str) -> None:
        """A warning where production has another version: each brought statements that those before it refuse."""
        if self.steps.needed and wanted and not f"{linked}.".startswith(f"{wanted}."):
            reason = f"it was tried on SQLite {linked}, and not on {wanted}"
            self.findings.append(unproved(self._first_wanted(), reason))

    def _first_wanted(self) -> ShadowMigration:
        return read_migration(next(m for m in self.steps.needed if m.id in self.steps.wanted))

    def _all(self, prover: LiteProver) -> None:
        for place, migration in enumerate(self.steps.needed):
            read = read_migration(migration, wanted=migration.id in self.steps.wanted)
            self._reads.append(read)
            applied = self._step(prover, read)
            self._counter.next()
            if not applied:
                self._say_not_tried(migration, self.steps.needed[place + 1 :])
                return

    def _step(self, prover: LiteProver, read: ShadowMigration) -> bool:
        """Prove a migration where it is wanted, and apply it; false when it cannot be applied."""
        doubts = list(doubts_of(read))
        if doubts:
            self._unsure = f"{read.id} could not be run as its tool runs it"
        if read.wanted:
            self.findings += [unproved(read, doubt) for doubt in doubts]
            self._prove(prover, read)
        else:
            self._known = None
        return self._apply(prover, read)

    def _apply(self, prover: LiteProver, read: ShadowMigration) -> bool:
        """Apply a migration for good; false, and for one that was not proved also said, when it cannot be applied."""
        if read.up is None:
            return True
        failure = prover.apply(read.up)
        while failure is not None and self._stands_in(prover, read, failure):
            # What came before is committed where no transaction holds it: go on where it stopped.
            failure = prover.apply(rest_of(read.up, failure))
        if failure is not None and not read.wanted:
            lacking = what_is_lacking(failure)
            why = [unproved(read, lacking, statement=failure.statement)] if lacking else []
            self.findings += why or self._as_sure(read, [failed(MIGRATION_FAILS, read, failure)])
        return failure is None

    def _prove(self, prover: LiteProver, read: ShadowMigration) -> None:
        known, self._known = self._known, None
        while True:
            proof = prover.prove(read, known, way_back_expected=self.steps.keeps_ways_back)
            failures = [one for one in (proof.trip.clean.failure, proof.trip.filled.failure) if one is not None]
            if not any(self._stands_in(prover, read, failure) for failure in failures):
                break
        for failure in failures:
            lacking = what_is_lacking(failure)
            if lacking is not None:
                self.findings.append(unproved(read, lacking, statement=failure.statement))
                return
        self._known = proof.trip.after
        marker = find_marker((read.up, read.down))
        verdicts = verdict(read, proof.trip, marker, keeps_ways_back=self.steps.keeps_ways_back)
        found = list(weighed(verdicts, proof.trip))
        if proof.lost is not None:
            found.append(rows_are_lost(read, proof.lost))
        self.findings += self._as_sure(read, found)

    def _stands_in(self, prover: LiteProver, read: ShadowMigration, failure: Failure) -> bool:
        """Make what only the application has, and say so: what it really does is not known."""
        made = prover.stand_in(failure)
        if made is None:
            return False
        self.stand_ins.add(made)
        if read.wanted:
            reason = f"the {made} is none of SQLite's, and a stand-in took its place"
            self.findings.append(unproved(read, reason, statement=failure.statement))
        return True

    def _as_sure(self, read: ShadowMigration, findings: Sequence[Finding]) -> list[Finding]:
        """Findings as they are, or one that says that they may be the fault of an earlier migration."""
        if self._unsure is None or not findings:
            return list(findings)
        return [unproved(read, f"{findings[0].message}; but {self._unsure}")]

    def _say_not_tried(self, failed_one: Migration, later: Sequence[Migration]) -> None:
        wanted = [migration for migration in later if migration.id in self.steps.wanted]
        if wanted:
            others = f" ({len(wanted) - 1} more wait with it)" if len(wanted) > 1 else ""
            reason = f"{failed_one.id} cannot be applied before it{others}"
            self.findings.append(unproved(read_migration(wanted[0]), reason))
