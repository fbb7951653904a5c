"""One job of a run of verify: some migrations of a layout, applied and proved on a database of their own."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import count
from threading import Event
from typing import TYPE_CHECKING

from migsafe.parse import read_script
from migsafe.postgres.connection import StatementFailedError
from migsafe.rules.proofs import MIGRATION_FAILS
from migsafe.shadow.execution import is_wrapped, left_out, run_unread
from migsafe.shadow.irreversible import find_marker
from migsafe.shadow.lacks import made_by_nobody, missing_role, what_is_lacking
from migsafe.shadow.round_trip import Prover, tidy
from migsafe.shadow.server import ThrowawayServer
from migsafe.shadow.steps import doubts_of, read_migration
from migsafe.shadow.verdicts import failed, unproved, verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from migsafe.catalogue.progress import Counter
    from migsafe.model.finding import Finding
    from migsafe.model.script import Migration
    from migsafe.model.statement import ReadScript, Statement
    from migsafe.postgres.connection import Session
    from migsafe.shadow.choice import ShadowServer
    from migsafe.shadow.execution import Watch
    from migsafe.shadow.migration import Failure, ShadowMigration
    from migsafe.shadow.round_trip import RoundTrip
    from migsafe.shadow.slices import Slice
    from migsafe.shadow.snapshot import Snapshot
    from migsafe.shadow.steps import Steps
    from migsafe.shadow.verify import Companion, Timings, VerifyOptions

#: duplicate_object, and unique_violation where two sessions make the same at the same moment.
_IS_THERE = frozenset({"42710", "23505"})

_numbers = count()


class Run:
    """Applies what comes before a slice, and proves the slice.

    Attributes:
        slice: which migrations.
        reached: the place behind the last one that was tried.
        arrived: all that comes before the slice could be applied. Whose fault it is when not, the run says to which
            that belongs.
        ended: a migration of the slice could not be applied, so that none behind it was tried.
        findings: of the slice alone.
        stand_ins: roles that were made because a script names them.
    """

    def __init__(
        self,
        server: ShadowServer,
        steps: Steps,
        part: Slice,
        options: VerifyOptions,
        timings: Timings,
        counter: Counter,
    ) -> None:
        self._server = server
        self._steps = steps
        self.slice = part
        self._options = options
        self._timings = timings
        self._counter = counter
        self._stopping = Event()
        self._database: str | None = None
        self._prover: Prover | None = None
        self._tool = options.tool(steps.layout.migrations) if options.tool is not None else None
        self._known: Snapshot | None = None
        self._unsure: str | None = None
        self._history: list[str] = []
        self.reached = part.first
        self.arrived = False
        self.ended = False
        self.findings: list[Finding] = []
        self.stand_ins: set[str] = set()

    def go(self) -> None:
        """Apply and prove all that is needed; the database stays until `close`.

        Raises:
            EnvironmentFailedError: when there can be no database, or the setup fails.
        """
        name = f"migsafe_{next(_numbers)}"
        self._server.create_database(name)
        self._database = name
        if self._options.setup.strip():
            with self._server.connect(name) as session:
                session.execute(self._options.setup)
        self._prover = prover = Prover(self._server, name, rows=self._options.rows, tool=self._tool)
        if self._tool is not None:
            self._tool.prepare(prover.session)
        self.arrived = all(self._pass(prover, migration) for migration in self._before())
        if self.arrived:
            self._prove_all(prover, self.slice.first, self.slice.end)

    def go_on(self, part: Slice) -> None:
        """Prove the slice behind this run's own as well."""
        assert self._prover is not None, "only a run that went goes on"
        self._prove_all(self._prover, part.first, part.end)

    def stop(self) -> None:
        """End soon, from another thread."""
        self._stopping.set()
        if self._prover is not None:
            with suppress(StatementFailedError):
                self._prover.cancel()
        if self._tool is not None:
            self._tool.stop()

    def close(self) -> None:
        """Drop the database."""
        if self._prover is not None:
            self._prover.close()
        if self._tool is not None:
            self._tool.close()
        if self._database is not None:
            self._server.drop_database(self._database)

    def shims(self) -> set[str]:
        """Extensions of the database that the server has only a stand-in for."""
        assert self._prover is not None, "only a run that went has a database"
        rows = self._prover.session.query("select extname::text from pg_extension")
        return {name for (name,) in rows} & set(self._server.shims)

    def _before(self) -> Iterator[Migration]:
        for migration in self._steps.needed[: self.slice.first]:
            if self._stopping.is_set():
                return
            yield migration

    def _prove_all(self, prover: Prover, first: int, end: int) -> None:
        migrations = self._steps.needed
        for place in range(first, end):
            if self._stopping.is_set():
                return
            migration = migrations[place]
            wanted = migration.id in self._steps.wanted
            with self._timings.add("proof" if wanted else "history"):
                applied = self._prove(prover, migration) if wanted else self._apply(prover, migration)
            self._counter.next()
            self.reached = place + 1
            self._history.append(migration.up.text if migration.up is not None else "")
            if not applied:
                self.ended = True
                self._say_not_tried(migration, migrations[place + 1 :])
                return

    def _pass(self, prover: Prover, migration: Migration) -> bool:
        """Apply a migration of another run, which says what there is to say; false when it cannot be applied."""
        if self._is_doubtful(migration, wanted=migration.id in self._steps.wanted):
            self._unsure = _unsure_of(migration.id)
        self._history.append(migration.up.text if migration.up is not None else "")
        with self._timings.add("history"):
            if self._apply_unread(prover.session, migration):
                return True
            up = read_migration(migration, wanted=False).up
            failure = self._run(prover, up, None) if up is not None else None
            tidy(prover.session)
        return failure is None

    def _apply(self, prover: Prover, migration: Migration) -> bool:
        """Apply a migration that is not wanted; false when it cannot be."""
        self._known = None
        if self._is_doubtful(migration, wanted=False):
            self._unsure = _unsure_of(migration.id)
        return self._apply_unread(prover.session, migration) or self._apply_read(
            prover, read_migration(migration, wanted=False)
        )

    def _prove(self, prover: Prover, migration: Migration) -> bool:
        """Prove a migration and apply it; false when it cannot be applied."""
        read = read_migration(migration)
        # What the project's own tool runs need not be understood.
        doubts = [*doubts_of(read), *_psql_of(read)] if self._tool is None else []
        if doubts:
            self.findings += [unproved(read, doubt) for doubt in doubts]
            self._unsure = _unsure_of(read.id)
        trip = self._round_trip(prover, read)
        marker = find_marker((read.up, read.down))
        findings = list(verdict(read, trip, marker, keeps_ways_back=self._steps.keeps_ways_back))
        self._known = trip.after
        told = trip.clean.up is not None
        applied = self._apply_read(prover, read, companions=self._options.companions, told=told)
        lacking = [f for f in (trip.clean.failure, trip.filled.failure) if f and self._lacking(f)]
        if trip.clean.up is None and lacking:
            self.findings.append(unproved(read, self._lacking(lacking[0]) or "", statement=lacking[0].statement))
        elif trip.clean.up is None or self._lacking(trip.clean.up) is None:
            self.findings += self._as_sure(read, findings)
        return applied

    def _lacking(self, failure: Failure) -> str | None:
        """What is not there to run a migration on, and is no fault of its own."""
        return what_is_lacking(failure) or made_by_nobody(failure, self._history)

    def _as_sure(self, read: ShadowMigration, findings: Sequence[Finding]) -> list[Finding]:
        """Findings as they are, or one that says that they may be the fault of an earlier migration."""
        if self._unsure is None or not findings:
            return list(findings)
        return [unproved(read, f"{findings[0].message}; but {self._unsure}")]

    def _round_trip(self, prover: Prover, read: ShadowMigration) -> RoundTrip:
        while True:
            trip = prover.prove(read, self._known, way_back_expected=self._steps.keeps_ways_back)
            failures = [f for f in (trip.clean.failure, trip.filled.failure) if f is not None]
            if not any(self._made_role(prover, failure) for failure in failures):
                return trip

    def _apply_read(
        self, prover: Prover, read: ShadowMigration, *, companions: Sequence[Companion] = (), told: bool = False
    ) -> bool:
        """Apply a migration for good, and say why when that fails, unless that is told already."""
        if read.up is None:
            return True
        session = prover.session
        watches = [watch for one in companions if (watch := one.before(read, session)) is not None]
        failure = self._run(prover, read.up, _nested(watches))
        tidy(session)
        if failure is None:
            for one in companions:
                self.findings += one.after(read, session)
            return True
        lacking = self._lacking(failure)
        if lacking is not None:
            self.findings.append(unproved(read, lacking, statement=failure.statement))
        elif not told:
            self.findings += self._as_sure(read, [failed(MIGRATION_FAILS, read, failure)])
        return False

    def _run(self, prover: Prover, up: ReadScript, watch: Watch | None) -> Failure | None:
        while True:
            failure = prover.run(up, watch)
            if failure is None or not self._made_role(prover, failure):
                return failure
            if self._tool is None and not is_wrapped(up) and failure.statement is not None:
                # What came before is committed: go on where it stopped.
                up = replace(up, statements=up.statements[up.statements.index(failure.statement) :])

    def _made_role(self, prover: Prover, failure: Failure) -> bool:
        """Make a role that a script names and nobody makes, as it is there on production; on a server of one's own."""
        role = missing_role(failure)
        if role is None or not isinstance(self._server, ThrowawayServer):
            return False
        try:
            prover.session.execute_with_names("create role {role}", role=role)
        except StatementFailedError as error:
            # Another run was faster: roles belong to the whole server.
            if error.sqlstate not in _IS_THERE:
                raise
        self.stand_ins.add(f"role {role}")
        return True

    def _apply_unread(self, session: Session, migration: Migration) -> bool:
        """Apply a migration without reading it; false where that cannot be, or fails."""
        if self._tool is not None or (migration.up is not None and not run_unread(session, migration.up)):
            return False
        tidy(session)
        return True

    def _is_doubtful(self, migration: Migration, *, wanted: bool) -> bool:
        return self._tool is None and _is_doubtful(migration, wanted=wanted)

    def _say_not_tried(self, failed_one: Migration, later: Sequence[Migration]) -> None:
        wanted = [migration for migration in later if migration.id in self._steps.wanted]
        if wanted:
            others = f" ({len(wanted) - 1} more wait with it)" if len(wanted) > 1 else ""
            reason = f"{failed_one.id} cannot be applied before it{others}"
            self.findings.append(unproved(read_migration(wanted[0]), reason))


def _unsure_of(name: str) -> str:
    return f"{name} could not be run as its tool runs it"


def _is_doubtful(migration: Migration, *, wanted: bool) -> bool:
    """Whether what a migration makes may be other than what its tool makes of it."""
    scripts = migration.scripts if wanted else [migration.up] if migration.up is not None else []
    return any(
        script.gaps or script.placeholders or (wanted and "\\" in script.text and left_out(read_script(script)))
        for script in scripts
    )


def _psql_of(read: ShadowMigration) -> Iterator[str]:
    for script in (read.up, read.down):
        commands = left_out(script) if script is not None else ()
        if commands:
            yield f"only psql understands {commands[0].text.split()[0]}, which is not run"


def _nested(watches: Sequence[Watch]) -> Watch | None:
    """One watch for all of them, the first one outermost."""
    if not watches:
        return None

    def watch(statement: Statement, run: Callable[[], None], *, in_transaction: bool) -> None:
        for one in reversed(watches):
            run = partial(one, statement, run, in_transaction=in_transaction)
        run()

    return watch
