"""`migsafe verify`: a project's migrations, run on a server of one's own, and what that proves.

Migrations that are not wanted are only applied, for those that come after them; nothing is applied behind the last one
that is wanted. What cannot be proved here is said, and is never called broken.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Protocol

from migsafe.config import Config
from migsafe.model.dialect import Dialect
from migsafe.parse import read_script
from migsafe.rules.proofs import MIGRATION_FAILS
from migsafe.shadow.choice import ServerChoice, start_server
from migsafe.shadow.execution import is_wrapped, left_out, run_script, run_unread
from migsafe.shadow.irreversible import find_marker
from migsafe.shadow.lacks import made_by_nobody, missing_role, what_is_lacking
from migsafe.shadow.migration import ShadowMigration
from migsafe.shadow.round_trip import Prover, tidy
from migsafe.shadow.server import ThrowawayServer
from migsafe.shadow.verdicts import failed, no_ways_back, unproved, verdict
from migsafe.shadow.verify_report import Outcome, build_report

if TYPE_CHECKING:
    from migsafe.model.finding import Finding
    from migsafe.model.report import Report
    from migsafe.model.script import Migration, Script
    from migsafe.model.statement import ReadScript, Statement
    from migsafe.postgres.connection import Session
    from migsafe.shadow.choice import ShadowServer
    from migsafe.shadow.execution import Watch
    from migsafe.shadow.irreversible import Marker
    from migsafe.shadow.migration import Failure
    from migsafe.shadow.round_trip import RoundTrip
    from migsafe.shadow.snapshot import Snapshot
    from migsafe.sources import LoadedLayout

Progress = Callable[[int, int], None]

_numbers = count()


class Companion(Protocol):
    """Looks on while a wanted migration is applied for good: a lock trace, the queries of the running release."""

    def before(self, migration: ShadowMigration, session: Session) -> Watch | None:
        """Called before the way up, outside of a transaction.

        Returns:
            What stands around each statement of the way up, if anything does.
        """

    def after(self, migration: ShadowMigration, session: Session) -> Iterable[Finding]:
        """Called after the way up has been applied."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyOptions:
    """How a run proves.

    Attributes:
        server: which server is asked for.
        rows: whether tables that a migration names get a few generated rows.
        setup: SQL that is run first on each database: what the project expects to be there.
        companions: who looks on.
    """

    server: ServerChoice = field(default_factory=ServerChoice)
    rows: bool = True
    setup: str = ""
    companions: tuple[Companion, ...] = ()


@dataclass(slots=True)
class Timings:
    """How long the parts of a run took, in seconds.

    Attributes:
        start: until the server took connections.
        history: applying what is not wanted.
        proof: proving what is.
    """

    start: float = 0.0
    history: float = 0.0
    proof: float = 0.0

    @contextmanager
    def add(self, part: str) -> Iterator[None]:
        """Count what happens inside to a part."""
        began = time.perf_counter()
        try:
            yield
        finally:
            setattr(self, part, getattr(self, part) + time.perf_counter() - began)


def verify(
    layouts: Sequence[LoadedLayout],
    config: Config | None = None,
    options: VerifyOptions | None = None,
    *,
    progress: Progress | None = None,
    timings: Timings | None = None,
) -> Report:
    """Prove the selected migrations of some layouts.

    Args:
        layouts: as `sources.read_paths` gives them; what is not selected in them is only applied.
        config: which findings are shown, and which are ignored for a reason; all defaults when None.
        options: all defaults when None.
        progress: called with the number of migrations done and of all.
        timings: are added to.

    Raises:
        EnvironmentFailedError: when there is no server to be had, or the setup fails.
    """
    options = options or VerifyOptions()
    timings = timings or Timings()
    steps = [_Steps(layout) for layout in layouts]
    counter = _Counter(progress, sum(len(one.needed) for one in steps))
    with timings.add("start"):
        server = start_server(options.server)
    with server:
        runs = [_Run(server, one, options, timings, counter) for one in steps]
        for run in runs:
            run.go()
        outcomes = [Outcome(run.steps.layout, len(run.steps.wanted), run.findings, run.stand_ins) for run in runs]
        return build_report(outcomes, server, config or Config(), date.today())


class _Counter:
    """Tells the progress callback how many migrations are done."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self._progress = progress
        self._total = total
        self._done = 0

    def next(self) -> None:
        self._done += 1
        if self._progress is not None:
            self._progress(self._done, self._total)


class _Steps:
    """A layout's migrations up to the last one that is wanted."""

    def __init__(self, layout: LoadedLayout) -> None:
        self.layout = layout
        migrations = layout.migrations.migrations
        self.wanted = {m.id for m in migrations if any(script.path in layout.selected for script in m.scripts)}
        last = max((place for place, m in enumerate(migrations) if m.id in self.wanted), default=-1)
        self.needed = migrations[: last + 1]
        # A tool that asks for none has a few all the same: a missing one is news where most migrations have one.
        self.keeps_ways_back = 2 * sum(m.down is not None for m in migrations) > len(migrations)


class _Run:
    """One layout's run, on a database of its own."""

    def __init__(
        self, server: ShadowServer, steps: _Steps, options: VerifyOptions, timings: Timings, counter: _Counter
    ) -> None:
        self._server = server
        self.steps = steps
        self._options = options
        self._timings = timings
        self._counter = counter
        self._known: Snapshot | None = None
        self._unsure: str | None = None
        self._history: list[str] = []
        self.findings: list[Finding] = []
        self.stand_ins: set[str] = set()

    def go(self) -> None:
        """Apply and prove all that is needed; findings are kept."""
        if not self.steps.needed:
            return
        if self.steps.layout.migrations.dialect is not Dialect.POSTGRES:
            self._say_not_postgres()
            return
        database = f"migsafe_{next(_numbers)}"
        self._server.create_database(database)
        try:
            self._set_up(database)
            self._prover = Prover(self._server, database, rows=self._options.rows)
            try:
                self._all()
                self._note_shims()
            finally:
                self._prover.close()
        finally:
            self._server.drop_database(database)

    def _set_up(self, database: str) -> None:
        if self._options.setup.strip():
            with self._server.connect(database) as session:
                session.execute(self._options.setup)

    def _all(self) -> None:
        migrations = self.steps.needed
        for place, migration in enumerate(migrations):
            wanted = migration.id in self.steps.wanted
            with self._timings.add("proof" if wanted else "history"):
                applied = self._prove(migration) if wanted else self._apply(migration)
            self._counter.next()
            self._history.append(migration.up.text if migration.up is not None else "")
            if not applied:
                self._say_not_tried(migration, migrations[place + 1 :])
                return
        if not self.steps.keeps_ways_back:
            first = next(m for m in migrations if m.id in self.steps.wanted)
            self.findings.append(no_ways_back(_read(first), sum(m.down is None for m in migrations), len(migrations)))

    def _apply(self, migration: Migration) -> bool:
        """Apply a migration that is not wanted; false when it cannot be."""
        self._known = None
        if migration.up is not None and (migration.up.gaps or migration.up.placeholders):
            self._unsure = f"{migration.id} could not be run as its tool runs it"
        if migration.up is None or run_unread(self._prover.session, migration.up):
            tidy(self._prover.session)
            return True
        return self._apply_read(_read(migration, wanted=False))

    def _prove(self, migration: Migration) -> bool:
        """Prove a migration and apply it; false when it cannot be applied."""
        read = _read(migration)
        doubts = list(_doubts(read))
        if doubts:
            self.findings += [unproved(read, doubt) for doubt in doubts]
            self._unsure = f"{read.id} could not be run as its tool runs it"
        trip = self._round_trip(read)
        findings = list(verdict(read, trip, _marker(read), keeps_ways_back=self.steps.keeps_ways_back))
        self._known = trip.after
        applied = self._apply_read(read, companions=self._options.companions, told=trip.clean.up is not None)
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

    def _round_trip(self, read: ShadowMigration) -> RoundTrip:
        while True:
            trip = self._prover.prove(read, self._known, way_back_expected=self.steps.keeps_ways_back)
            failures = [f for f in (trip.clean.failure, trip.filled.failure) if f is not None]
            if not any(self._made_role(failure) for failure in failures):
                return trip

    def _apply_read(self, read: ShadowMigration, *, companions: Sequence[Companion] = (), told: bool = False) -> bool:
        """Apply a migration for good, and say why when that fails, unless that is told already."""
        if read.up is None:
            return True
        session = self._prover.session
        watches = [watch for one in companions if (watch := one.before(read, session)) is not None]
        failure = self._run(session, read.up, _nested(watches))
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

    def _run(self, session: Session, up: ReadScript, watch: Watch | None) -> Failure | None:
        while True:
            failure = run_script(session, up, watch=watch)
            if failure is None or not self._made_role(failure):
                return failure
            if not is_wrapped(up) and failure.statement is not None:
                # What came before is committed: go on where it stopped.
                up = replace(up, statements=up.statements[up.statements.index(failure.statement) :])

    def _made_role(self, failure: Failure) -> bool:
        """Make a role that a script names and nobody makes, as it is there on production; on a server of one's own."""
        role = missing_role(failure)
        if role is None or not isinstance(self._server, ThrowawayServer):
            return False
        self._prover.session.execute_with_names("create role {role}", role=role)
        self.stand_ins.add(f"role {role}")
        return True

    def _note_shims(self) -> None:
        rows = self._prover.session.query("select extname::text from pg_extension")
        self.stand_ins |= {name for (name,) in rows} & set(self._server.shims)

    def _say_not_tried(self, failed_one: Migration, later: Sequence[Migration]) -> None:
        wanted = [migration for migration in later if migration.id in self.steps.wanted]
        if wanted:
            others = f" ({len(wanted) - 1} more wait with it)" if len(wanted) > 1 else ""
            self.findings.append(unproved(_read(wanted[0]), f"{failed_one.id} cannot be applied before it{others}"))

    def _say_not_postgres(self) -> None:
        dialect = self.steps.layout.migrations.dialect
        first = next(m for m in self.steps.needed if m.id in self.steps.wanted)
        self.findings.append(unproved(_read(first), f"the throw-away server is a Postgres, and this is {dialect}"))


def _nested(watches: Sequence[Watch]) -> Watch | None:
    """One watch for all of them, the first one outermost."""
    if not watches:
        return None

    def watch(statement: Statement, run: Callable[[], None], *, in_transaction: bool) -> None:
        for one in reversed(watches):
            run = partial(one, statement, run, in_transaction=in_transaction)
        run()

    return watch


def _read(migration: Migration, *, wanted: bool = True) -> ShadowMigration:
    up, down = _read_script(migration.up), _read_script(migration.down)
    marker = find_marker((up, down))
    reason = marker.reason if marker is not None else None
    return ShadowMigration(migration.id, migration.path, up, down, irreversible=reason, wanted=wanted)


def _read_script(script: Script | None) -> ReadScript | None:
    return None if script is None else read_script(script)


def _marker(read: ShadowMigration) -> Marker | None:
    return find_marker((read.up, read.down))


def _doubts(read: ShadowMigration) -> Iterator[str]:
    """Why a migration cannot be run as its tool runs it."""
    for script in (read.up, read.down):
        if script is None:
            continue
        yield from (f"not all of its SQL is known ({gap.reason})" for gap in script.script.gaps[:1])
        if script.script.placeholders:
            span = script.script.placeholders[0]
            yield f"the placeholder {script.script.text[span.start : span.end]} has no value"
        commands = left_out(script)
        if commands:
            yield f"only psql understands {commands[0].text.split()[0]}, which is not run"
