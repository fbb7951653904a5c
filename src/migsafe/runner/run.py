"""`migsafe run expand|migrate|contract`: the shell around everything that a run needs, step after step."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from migsafe.bookkeeping.project import read_project
from migsafe.catalogue.following import ReadScripts
from migsafe.config.nearest import did_you_mean
from migsafe.errors import MigsafeError
from migsafe.model.dialect import Dialect, ServerVersion
from migsafe.model.phase import Phase
from migsafe.model.state import KnownRelease, StepStatus
from migsafe.postgres.catalogue import read_catalogue
from migsafe.preflight.checks import understood
from migsafe.preflight.options import PreflightOptions
from migsafe.preflight.report import Verdict, Weight
from migsafe.preflight.run import preflight_of
from migsafe.preflight.touched import predict_each
from migsafe.runner.blockers import Lookout
from migsafe.runner.contracting import Contracting, NotClearedError
from migsafe.runner.gates import evidence_of, refuse_step, seen_from
from migsafe.runner.methods import Methods
from migsafe.runner.outcome import RunOutcome, RunStoppedError, StepOutcome, StepRefusedError
from migsafe.runner.pace import PaceOptions, RunPace
from migsafe.runner.pieces import pieces_of
from migsafe.runner.planned import planned_step
from migsafe.runner.selection import RunRefusedError, Selection, select, select_all, select_begun
from migsafe.runner.step import StepRunner
from migsafe.runner.target import open_target
from migsafe.runner.tools import ToolSettings
from migsafe.runner.turn import Waiting, break_turn, take_turn
from migsafe.runner.watching import WatchLimits, Watchman
from migsafe.tracker.errors import UnknownNameError
from migsafe.tracker.lease import spell_holder
from migsafe.tracker.names import Names
from migsafe.tracker.opening import now
from migsafe.tracker.reading import read_known

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime
    from threading import Event

    from migsafe.bookkeeping.project import Project, ProjectStep
    from migsafe.bookkeeping.steps import Where
    from migsafe.books import Applied
    from migsafe.config import Config
    from migsafe.model.finding import Evidence
    from migsafe.model.script import Migration
    from migsafe.model.state import Run, StateDocument
    from migsafe.model.statement import ReadScript
    from migsafe.preflight.report import PreflightReport
    from migsafe.preflight.touched import Touched
    from migsafe.runner.planned import Planned
    from migsafe.runner.target import OpenTarget
    from migsafe.runner.turn import Turn
    from migsafe.tracker.facts import Author

    #: Takes one line for a person.
    Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """What a run is told.

    Attributes:
        phase: whose steps are run; None is every phase.
        release: the one that is about to be deployed, or is; migrations up to it are run. None goes on with what was
            begun and has not come to its end.
        url: the database: `env:NAME`, the name of a service, or an address without a password.
        only: the one change whose steps are run; all when None.
        replicas: standbys of the database, said like `url`; those of the configuration when none is named and the
            database is the configuration's.
        subscribers_ready: subscribers of logical replication have the changes of tables already.
        wait: seconds for which to wait for a go, before each step.
        wait_for_turn: seconds for which to wait while somebody else runs.
        accept: why somebody answers for what is not known.
        pace: how often and how long a step may try.
        watch: a step that runs is cancelled when others suffer more than this; None only looks on.
        tool: how the project's own tool is told of the database.
        break_lock: why the turn is taken away from whoever has it, before it is taken; None where it is not.
    """

    phase: Phase | None
    release: str | None
    url: str
    where: Where
    only: str | None = None
    replicas: tuple[str, ...] = ()
    subscribers_ready: bool = False
    wait: float = 0.0
    wait_for_turn: float = 0.0
    accept: str | None = None
    pace: PaceOptions = field(default_factory=PaceOptions)
    watch: WatchLimits | None = None
    tool: ToolSettings = field(default_factory=ToolSettings)
    break_lock: str | None = None


def run_phase(
    options: RunOptions,
    config: Config,
    author: Author,
    *,
    say: Say,
    project: Project | None = None,
    stop: Event | None = None,
    clock: Callable[[], datetime] = now,
) -> RunOutcome:
    """Run the steps of a phase that a database has not had, one at a time; the first that stops ends it.

    Args:
        say: takes what happens, a line at a time.
        project: as it was read before; read anew when None.
        stop: set it, and the step that runs is the last one.

    Returns:
        What became of each step; `problem` where one was refused or failed.

    Raises:
        MigsafeError: when nothing was begun: the project, the database, the tracker, or a gate that is about all of it.
    """
    project = project or read_project(config)
    _refuse_dialect(project)
    with ExitStack() as stack:
        target = stack.enter_context(open_target(options.url, options.where, config, author, clock=clock))
        purpose = f"run {options.phase or 'all'} of {options.release}" if options.release is not None else "run resume"
        if options.break_lock is not None:
            broken, still = break_turn(target.dsn, target.tracker, target.where, author, options.break_lock)
            say(f"broken: {spell_holder(broken)}")
            if still is not None:
                say(f"its session still has the lock in the database: {still}")
        waiting = Waiting(options.wait_for_turn, lambda why, left: say(f"{why.message}; {left:.0f} s left"))
        turn = stack.enter_context(
            take_turn(target.dsn, target.tracker, target.where, author, purpose, waiting=waiting)
        )
        stack.enter_context(turn.on(target.session))
        conductor = _Conductor(project, target, turn, options, config, say)
        stack.callback(conductor.close)
        return conductor.run(stop)


def rehearse_phase(
    options: RunOptions,
    config: Config,
    author: Author,
    *,
    project: Project | None = None,
    clock: Callable[[], datetime] = now,
) -> RunOutcome:
    """What `run_phase` would do now; nothing is written, and nothing waits.

    Args:
        project: as it was read before; read anew when None.

    Raises:
        MigsafeError: as `run_phase`.
    """
    project = project or read_project(config)
    _refuse_dialect(project)
    opened = open_target(options.url, options.where, config, author, recording=False, clock=clock)
    with opened as target:
        conductor = _Conductor(project, target, None, options, config, lambda line: None)
        try:
            return conductor.rehearse()
        finally:
            conductor.close()


class _Conductor:
    """A run on one database."""

    def __init__(
        self, project: Project, target: OpenTarget, turn: Turn | None, options: RunOptions, config: Config, say: Say
    ) -> None:
        self._project = project
        self._target = target
        self._turn = turn
        self._options = options
        self._config = config
        self._say = say
        self._replicas = options.replicas or (config.replicas if config.url == options.url else ())
        self._methods = Methods(project.layout, target, config, replicas=self._replicas, tool=options.tool)
        self._scripts = ReadScripts()
        self._protected = True
        self._warned: set[str] = set()
        self._contracting = Contracting(target, config, say, applied=self._methods.ran_by_tool)
        self._lookout = Lookout(target.dsn, self._replicas, budget=options.pace.budget)
        self._watchman = Watchman(target.dsn, say, options.watch)
        self._pace = RunPace(options.pace, say, self._lookout, watch=self._watchman.watching)

    def run(self, stop: Event | None = None) -> RunOutcome:
        """Step after step."""
        assert self._turn is not None, "a run has its turn"
        with self._target.access.writing() as store:
            store.put_releases(self._releases())
        runner = StepRunner(self._target, self._turn, self._say)
        selection, state = self._select()
        outcomes: list[StepOutcome] = []
        waiting: list[tuple[str, str]] = []
        problem: MigsafeError | None = None
        refused: NotClearedError | None = None
        for place, step in enumerate(selection.steps, start=1):
            if stop is not None and stop.is_set():
                problem = RunStoppedError("it was stopped between two steps", hint="the same command goes on")
                break
            self._say(f"{place}/{len(selection.steps)} {step.facts.label} ({step.facts.phase})")
            try:
                outcomes.append(self._run_step(step, runner, state))
            except NotClearedError as error:
                waiting.append((step.facts.label, error.message))
                refused = refused or error
                continue
            except MigsafeError as error:
                problem = error
                outcomes.append(self._stopped(step))
                break
            self._say(_line(outcomes[-1]))
        if not outcomes:  # a half that waits for its day is no problem behind one that has run
            problem = problem or refused
        return self._outcome(selection, outcomes, problem, waiting)

    def close(self) -> None:
        """End what was started for it."""
        self._methods.close()
        self._lookout.close()
        self._watchman.close()

    def rehearse(self) -> RunOutcome:
        """What would run, and what stands against it now."""
        selection, state = self._select()
        if not selection.steps:
            return self._outcome(selection, (), None)
        scripts = [(step.migration, self._read(step)[0]) for step in selection.steps]
        outcomes = [
            self._foreseen(step, touched, state)
            for step, touched in zip(selection.steps, self._touched(scripts), strict=True)
        ]
        report = self._preflight(scripts, wait=0.0)
        notes = tuple(f"{one.weight}: {one.text}" for one in report.reasons if one.weight is not Weight.NOTE)
        return replace(self._outcome(selection, outcomes, None), notes=notes)

    # -- one step

    def _run_step(self, step: ProjectStep, runner: StepRunner, state: StateDocument) -> StepOutcome:
        read, planned = self._read(step)
        plan = self._contracting.plan_for(step, read, protected=self._protected)
        refuse_step(step, self._evidence(step, state), protected=self._protected, accepted=self._options.accept)
        began = self._target.clock()
        report = self._preflight([(step.migration, read)], wait=self._options.wait)
        self._refuse_no_go(report, as_planned=planned is not None)
        waited = round((self._target.clock() - began).total_seconds() * 1000)
        before = self._pace.waited_ms
        self._lookout.turn_to(step.migration, read)
        assert self._turn is not None, "a run has its turn"
        work = replace(self._methods.work(step, planned, self._pace, self._turn, self._say), plan=plan)
        done = runner.run(step, read, planned, work)
        notes = (*done.notes, *self._pace.take_notes())
        return replace(done, waited_ms=waited + self._pace.waited_ms - before, notes=notes)

    def _touched(self, scripts: Sequence[tuple[Migration, ReadScript]]) -> Iterator[Touched]:
        """What each step touches, of what the server has."""
        session = self._target.session
        try:
            catalogue = read_catalogue(session)
        finally:
            session.rollback()
        return predict_each(scripts, catalogue, ServerVersion(session.server_version // 10_000, "given"))

    def _foreseen(self, step: ProjectStep, touched: Touched, state: StateDocument) -> StepOutcome:
        read, planned = self._read(step)
        notes = [f"{one.result}: {one.text} ({one.rule})" for one in self._evidence(step, state)]
        try:
            self._contracting.plan_for(step, read, protected=self._protected)
        except NotClearedError as error:
            notes.append(f"refused: {error.message}")
        notes += [f"locks {name}: {mode}" for name, mode in sorted(touched.modes.items())]
        pieces = pieces_of(read)
        if len(pieces) > 1:
            notes.append(f"{len(pieces)} transactions or lone statements")
        if planned is not None:
            notes.insert(0, f"{planned.step.title} ({planned.plan.change})")
        return StepOutcome(
            label=step.facts.label,
            phase=step.facts.phase,
            change=step.facts.change,
            status=None,
            pieces=len(pieces),
            notes=tuple(notes),
        )

    def _read(self, step: ProjectStep) -> tuple[ReadScript, Planned | None]:
        if step.migration.up is None:
            raise StepRefusedError(f"{step.facts.label} has no way up")
        read = self._scripts.take(step.migration.up)
        return read, planned_step(read, step.facts.change, self._project.story.plans.values())

    def _evidence(self, step: ProjectStep, state: StateDocument) -> tuple[Evidence, ...]:
        return evidence_of(step, self._project.story, state, self._target.clock())

    def _preflight(self, scripts: Sequence[tuple[Migration, ReadScript]], *, wait: float) -> PreflightReport:
        options = PreflightOptions(
            url=self._options.url,
            replicas=self._replicas,
            wait=wait,
            subscribers_ready=self._options.subscribers_ready,
            makes_too=self._methods.makes(),
        )
        return preflight_of(scripts, options, self._config, dsn=self._target.dsn, on_wait=self._on_wait)

    def _on_wait(self, report: PreflightReport, left: float) -> None:
        self._say(f"waiting: {report.reasons[0].text}; {left:.0f} s left")

    def _warn(self, report: PreflightReport, *, as_planned: bool) -> None:
        """What does not stop a step, said once for all of them; code that a plan wrote is known to do no more."""
        for one in report.reasons:
            if as_planned and one.check == understood.READ:
                continue
            if one.weight is Weight.WARNING and one.text not in self._warned:
                self._warned.add(one.text)
                self._say(f"warning: {one.text}" + (f" ({one.hint})" if one.hint else ""))

    def _refuse_no_go(self, report: PreflightReport, *, as_planned: bool) -> None:
        self._warn(report, as_planned=as_planned)
        if report.verdict is Verdict.GO:
            return
        heavy = next(one for one in report.reasons if one.weight in {Weight.NO_GO, Weight.UNKNOWN})
        if report.verdict is Verdict.UNKNOWN and self._options.accept is not None:
            self._say(f"accepted ({self._options.accept}): {heavy.text}")
            return
        hint = heavy.hint or ""
        if heavy.passing:
            hint = f"{hint}; --wait SECONDS waits for it" if hint else "--wait SECONDS waits for it"
        raise StepRefusedError(f"{heavy.check}: {heavy.text}", hint=hint or None)

    # -- all of them

    def _select(self) -> tuple[Selection, StateDocument]:
        with self._target.access.reading() as ledger:
            state = read_known(ledger, self._target.clock()).state
            releases = Names(ledger).releases()
        environment = state.environment(self._target.where.environment)
        self._protected = environment is None or environment.protected
        known = self._runs(state)
        steps = [step for step in self._project.steps if self._is_meant(step)]
        here = seen_from(state, self._target.where.environment)
        if self._options.release is None:
            return select_begun(steps, known), here
        releases += [one.name for one in self._releases() if one.name not in releases]
        _refuse_unknown(self._options.release, releases)
        applied = self._methods.applied()
        _refuse_edited(steps, known)
        self._refuse_disagreement(steps, known, applied)
        has = {one.id for one in applied or () if not one.failed}
        release, phase = self._options.release, self._options.phase
        if phase is None:
            self._refuse_code_that_runs(here)
            return select_all(steps, known, releases=releases, release=release, applied=has), here
        in_a_line = self._methods.in_a_line
        selection = select(steps, known, phase, releases=releases, release=release, applied=has, in_a_line=in_a_line)
        return selection, here

    def _refuse_code_that_runs(self, state: StateDocument) -> None:
        """Phases are there for the code that runs; without any, they do not matter."""
        running = [one.release for each in state.environments for one in each.running]
        if running:
            raise RunRefusedError(
                f"{', '.join(running)} runs on {self._target.where.environment}: every phase has its time there",
                hint="migsafe run expand, then migrate; contracts by their plans",
            )
        self._protected = False

    def _is_meant(self, step: ProjectStep) -> bool:
        return self._options.only is None or step.facts.change == self._options.only

    def _runs(self, state: StateDocument) -> Mapping[str, Run]:
        found = {step.migration: step.run(self._target.where) for step in state.steps if step.migration is not None}
        return {name: run for name, run in found.items() if run is not None}

    def _refuse_disagreement(
        self, steps: Sequence[ProjectStep], known: Mapping[str, Run], applied: Sequence[Applied] | None
    ) -> None:
        """The tool's own table wins over nobody: where the two do not agree, a person looks."""
        if applied is None:
            return
        table, tool = self._methods.table, self._project.layout.tool
        for one in applied:
            if one.failed:
                raise RunRefusedError(
                    f"{table} says that {one.id} failed" + (f": {one.note}" if one.note else ""),
                    hint=f"repair it with {tool}, which would refuse to go on too",
                )
        has = {one.id for one in applied}
        for step in steps:
            run = known.get(step.migration.id)
            if run is not None and run.status is StepStatus.DONE and step.migration.id not in has:
                raise RunRefusedError(
                    f"the tracker says that {step.facts.label} is done on {self._target.where}, and {table} does not",
                    hint=f"migsafe record {step.facts.label} --status reverted, or done again once it is there",
                )

    def _releases(self) -> list[KnownRelease]:
        return [KnownRelease(one.name, one.day) for one in self._project.story.releases.releases]

    def _stopped(self, step: ProjectStep) -> StepOutcome:
        status = None
        # A tracker that is away must not hide what stopped the step.
        with suppress(MigsafeError), self._target.access.reading() as ledger:
            status = self._runs(read_known(ledger, self._target.clock()).state).get(step.migration.id)
        return StepOutcome(
            label=step.facts.label,
            phase=step.facts.phase,
            change=step.facts.change,
            status=None if status is None else status.status,
        )

    def _outcome(
        self,
        selection: Selection,
        outcomes: Sequence[StepOutcome],
        problem: MigsafeError | None,
        waiting: Sequence[tuple[str, str]] = (),
    ) -> RunOutcome:
        return RunOutcome(
            where=self._target.where,
            phase=self._options.phase,
            release=self._options.release,
            steps=tuple(outcomes),
            waiting=(*((one.step.facts.label, one.why) for one in selection.passed), *waiting),
            problem=problem,
        )


def _refuse_dialect(project: Project) -> None:
    if project.layout.dialect is not Dialect.POSTGRES:
        raise RunRefusedError(
            f"{project.layout.root}: migrations for {project.layout.dialect}; migsafe runs those of Postgres",
            hint="run them with their own tool, and let migsafe record say so",
        )


def _refuse_unknown(release: str, releases: Sequence[str]) -> None:
    if release not in releases:
        otherwise = f"migsafe release mark {release} --status planned --create makes it known"
        hint = did_you_mean(release, releases, otherwise=otherwise)
        raise UnknownNameError(f'no release "{release}" is known', hint=hint)


def _refuse_edited(steps: Sequence[ProjectStep], known: Mapping[str, Run]) -> None:
    for step in steps:
        run = known.get(step.migration.id)
        if run is None or run.status is not StepStatus.DONE or run.checksum is None or step.migration.repeatable:
            continue
        if step.checksum is not None and run.checksum != step.checksum:
            raise RunRefusedError(
                f"{step.migration.path} has changed since it ran on {run.where}",
                hint="check out the text that ran; a change of it is a migration of its own",
            )


def _line(done: StepOutcome) -> str:
    tries = f", tried {done.retries + 1} times" if done.retries else ""
    return f"{done.label}: {done.status} in {done.ran_ms} ms{tries}"
