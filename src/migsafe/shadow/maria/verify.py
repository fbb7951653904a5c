"""`migsafe verify` for MySQL and MariaDB: on a throw-away MariaDB, or in schemas of one's own on a lent server."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from migsafe.catalogue.progress import Counter
from migsafe.config import Config
from migsafe.errors import EnvironmentFailedError
from migsafe.model.dialect import Dialect
from migsafe.mysql.connection import StatementRefusedError
from migsafe.rules.proofs import MIGRATION_FAILS
from migsafe.shadow.irreversible import find_marker
from migsafe.shadow.ledger import Ledger
from migsafe.shadow.maria.choice import start_server
from migsafe.shadow.maria.findings import changes_are_offline
from migsafe.shadow.maria.lacks import what_is_lacking
from migsafe.shadow.maria.outside import find_outside
from migsafe.shadow.maria.round_trip import HistoryNotRepeatedError, MariaProver
from migsafe.shadow.maria.weights import fails_on_any_row
from migsafe.shadow.steps import Steps, doubts_of, read_migration
from migsafe.shadow.verdicts import failed, verdict
from migsafe.shadow.verify import VerifyOptions
from migsafe.shadow.verify_report import Outcome, build_report
from migsafe.shadow.weights import weighed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migsafe.catalogue.progress import Progress
    from migsafe.model.finding import Finding
    from migsafe.model.report import Report
    from migsafe.model.statement import ReadScript, Statement
    from migsafe.shadow.maria.choice import SchemaServer
    from migsafe.shadow.maria.online import Refusal
    from migsafe.shadow.migration import Failure, ShadowMigration
    from migsafe.shadow.round_trip import RoundTrip
    from migsafe.sources import LoadedLayout


@dataclass(frozen=True, slots=True)
class _ProvedOn:
    """The server, as a report names it."""

    version: str
    major: int


def verify_mysql(
    layouts: Sequence[LoadedLayout],
    config: Config | None = None,
    options: VerifyOptions | None = None,
    *,
    progress: Progress | None = None,
) -> Report:
    """Prove the selected migrations of some layouts on MySQL or MariaDB.

    Args:
        layouts: as `sources.read_paths` gives them; what is not selected in them is only applied.
        config: which findings are shown, and which are ignored for a reason; all defaults when None.
        options: all defaults when None. Companions of a Postgres session are not called.
        progress: called with the number of migrations done and of all.

    Raises:
        UsageError: when the address of the server holds a password or is none.
        EnvironmentFailedError: when there is no server to be had, or the setup fails.
    """
    config, options = config or Config(), options or VerifyOptions()
    steps = [Steps(layout) for layout in layouts]
    counter = Counter(progress, sum(len(one.needed) for one in steps))
    with start_server(options.server) as server:
        runs = [_Run(server, one, options, counter) for one in steps]
        for run in runs:
            run.go()
            run.say_version(config.server_version)
        outcomes = [Outcome(run.steps.layout, len(run.steps.wanted), run.ledger.findings, ()) for run in runs]
        product, number = server.version
        proved_on = _ProvedOn(str(server.version), number[0])
        return build_report(outcomes, proved_on, config, date.today(), product=product)


class _Run:
    """One layout's run, in schemas of its own."""

    def __init__(self, server: SchemaServer, steps: Steps, options: VerifyOptions, counter: Counter) -> None:
        self.steps = steps
        self.ledger = Ledger(steps)
        self._server = server
        self._options = options
        self._counter = counter
        self._history: list[str] = []

    def go(self) -> None:
        """Apply and prove all that is needed; findings are kept."""
        if not self.steps.needed:
            return
        dialect = self.steps.layout.migrations.dialect
        if dialect is not Dialect.MYSQL:
            self.ledger.say_of_all(f"this is the shadow for MySQL, and not for {dialect}")
            return
        try:
            prover = MariaProver(self._server, rows=self._options.rows, setup=self._options.setup)
        except StatementRefusedError as error:
            raise EnvironmentFailedError(f"the setup fails: {error.message}") from None
        with prover:
            self._all(prover)
        self.ledger.say_no_ways_back()

    def say_version(self, wanted: int | None) -> None:
        """A warning where production has another version: each has statements that another one refuses."""
        version = self._server.version
        if self.steps.needed and wanted is not None and version.number[0] != wanted:
            self.ledger.say_of_all(f"it was tried on {version.product} {version}, and not on version {wanted}")

    def _all(self, prover: MariaProver) -> None:
        for place, migration in enumerate(self.steps.needed):
            read = read_migration(migration, wanted=migration.id in self.steps.wanted)
            applied = self._step(prover, read)
            self._counter.next()
            self._history.append(migration.up.text if migration.up is not None else "")
            if not applied:
                self.ledger.say_not_tried(migration, self.steps.needed[place + 1 :])
                return

    def _step(self, prover: MariaProver, read: ShadowMigration) -> bool:
        """Prove a migration where it is wanted, and apply it; false when it cannot be applied."""
        self.ledger.doubt(read, doubts_of(read))
        outside = find_outside(read.up) or find_outside(read.down)
        if outside is not None:
            return self._step_outside(prover, read, *outside)
        told = read.wanted and self._prove(prover, read)
        if read.up is None:
            return True
        failure, refusals = self._apply(prover, read, read.up)
        if failure is not None and not told:
            self._say_failed(read, failure)
        self.ledger.findings += changes_are_offline(read, refusals, self._server.version)
        return failure is None

    def _apply(
        self, prover: MariaProver, read: ShadowMigration, up: ReadScript
    ) -> tuple[Failure | None, tuple[Refusal, ...]]:
        return prover.apply_watched(up) if read.wanted else (prover.apply(up), ())

    def _step_outside(self, prover: MariaProver, read: ShadowMigration, statement: Statement, reason: str) -> bool:
        """Apply what reaches beyond a schema to a server of one's own, and to no other; it proves nothing."""
        self.ledger.doubt(read, [f"it {reason}"])
        if self._server.shared:
            return False
        failure = prover.apply(read.up) if read.up is not None else None
        if failure is not None and not read.wanted:
            self.ledger.say_unproved(read, f"it {reason}", statement)
        return failure is None

    def _prove(self, prover: MariaProver, read: ShadowMigration) -> bool:
        """Prove a migration; true when it is told that its way up fails."""
        try:
            trip = prover.prove(read, way_back_expected=self.steps.keeps_ways_back)
        except HistoryNotRepeatedError:
            self.ledger.say_unproved(
                read, "the migrations before it cannot be applied a second time, in another schema"
            )
            return False
        for failure in (trip.clean.failure, trip.filled.failure):
            lacking = failure and self._lacking(failure)
            if failure and lacking:
                self.ledger.say_unproved(read, lacking, failure.statement)
                return trip.clean.up is not None
        self.ledger.add(read, self._verdict(read, trip))
        return trip.clean.up is not None

    def _verdict(self, read: ShadowMigration, trip: RoundTrip) -> list[Finding]:
        marker = find_marker((read.up, read.down))
        found = verdict(read, trip, marker, keeps_ways_back=self.steps.keeps_ways_back)
        return list(weighed(found, trip, fails_on_any_row))

    def _say_failed(self, read: ShadowMigration, failure: Failure) -> None:
        lacking = self._lacking(failure)
        if lacking is not None:
            self.ledger.say_unproved(read, lacking, failure.statement)
        else:
            self.ledger.add(read, [failed(MIGRATION_FAILS, read, failure)])

    def _lacking(self, failure: Failure) -> str | None:
        return what_is_lacking(failure, self._server.version, self._history)
