"""One step, taken back: preflight, the journal, its SQL or its tool, the tool's own table, and the record of it."""

from __future__ import annotations

import re
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Self

from migsafe.backfill.engine import run_backfill
from migsafe.backfill.task import Task
from migsafe.books import book_of
from migsafe.books.base import BookError
from migsafe.model.phase import Phase
from migsafe.model.script import Migration
from migsafe.model.state import StepStatus
from migsafe.postgres.address import resolve_address
from migsafe.preflight.options import PreflightOptions
from migsafe.preflight.report import Weight
from migsafe.preflight.run import preflight_of
from migsafe.runner.backward.by_tool import HalfDoneError, take_back_by_tool
from migsafe.runner.blockers import Lookout
from migsafe.runner.execution import may_have_left
from migsafe.runner.outcome import StepRefusedError, StepStoppedError
from migsafe.runner.pace import PaceOptions, RunPace
from migsafe.runner.pieces import pieces_of
from migsafe.runner.sql_method import SqlMethod, SqlStep
from migsafe.runner.tools import tool_of
from migsafe.runner.watching import Watchman
from migsafe.tracker.facts import RunFacts, StepFacts
from migsafe.tracker.journal import begin, unfinished
from migsafe.tracker.kept import standing_steps
from migsafe.tracker.reading import read_known

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from migsafe.config import Config
    from migsafe.errors import MigsafeError
    from migsafe.model.plan import Backfill
    from migsafe.model.script import MigrationSet, Script
    from migsafe.model.statement import ReadScript
    from migsafe.preflight.report import PreflightReport
    from migsafe.runner.access import Together
    from migsafe.runner.backward.view import StepView
    from migsafe.runner.target import OpenTarget
    from migsafe.runner.tools import ProjectTool
    from migsafe.runner.turn import Turn
    from migsafe.tracker.journal import Unfinished
    from migsafe.tracker.store import Store

SOURCE = "backward"


@dataclass(frozen=True, slots=True, kw_only=True)
class TakingOptions:
    """How steps are taken back.

    Attributes:
        url: the database, as it was said.
        reason: why; for the record.
        replicas: standbys of the database, said like `url`.
        wait: seconds for which to wait for a go, before each step.
    """

    url: str
    reason: str | None = None
    replicas: tuple[str, ...] = ()
    wait: float = 0.0
    pace: PaceOptions = field(default_factory=PaceOptions)


class Taker:
    """Takes steps back on one database, whose turn is ours; a context manager that ends what it has opened."""

    def __init__(
        self,
        target: OpenTarget,
        turn: Turn,
        layout: MigrationSet,
        told: TakingOptions,
        config: Config,
        say: Callable[[str], None],
    ) -> None:
        """
        Args:
            layout: the project at hand: its tool's own table goes along.
            say: takes what happens, a line at a time.
        """
        self._target = target
        self._turn = turn
        self._told = told
        self._config = config
        self._say = say
        self._own = layout
        self._tool: ProjectTool | None = tool_of(layout, target.dsn, config)
        self._lookout = Lookout(target.dsn, told.replicas, budget=told.pace.budget)
        self._watchman = Watchman(target.dsn, say, None)
        pace = RunPace(told.pace, say, self._lookout, watch=self._watchman.watching)
        self._method = SqlMethod(target, pace, say)
        self._open = ExitStack()

    def __enter__(self) -> Self:
        self._open.enter_context(self._lookout)
        self._open.enter_context(closing(self._watchman))
        if self._tool is not None:
            self._open.enter_context(closing(self._tool))
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def take_back(self, step: StepView) -> None:
        """Take one step back, or go on with it.

        Raises:
            StepRefusedError: when it may not be taken back now; it stands as it stood.
            StepStoppedError: when it failed; what is left of it is recorded.
            MigsafeError: when the server, the tracker or the turn is lost; the same command goes on.
        """
        self._turn.check()
        facts = _facts(step)
        with self._target.access.reading() as ledger:
            before = unfinished(ledger, facts, self._target.where)
        if before is not None and not before.backward:
            before = None  # what the journal has is of the way up
        self._refuse_no_go(step)
        run = self._begin(step, facts)
        try:
            if self._tool is not None:
                self._take_back_by_tool(self._tool, step)
            else:
                self._method.run(self._job(step, run, before))
            if step.way.rows is not None:
                self._copy_back(step, step.way.rows)
        except (StepStoppedError, StepRefusedError, BookError) as error:
            self._fail(step, run, error)
            raise

    def _take_back_by_tool(self, tool: ProjectTool, step: StepView) -> None:
        assert step.standing.kept is not None, "a step without its text has no way back"
        known = next((one for one in self._own.migrations if one.id == step.standing.migration), None)
        take_back_by_tool(tool, known, step.standing.kept, step.standing.label)
        if step.way.rows is None:
            self._conclude_apart(step)

    def _conclude_apart(self, step: StepView) -> None:
        """The end of a step that no transaction of its own could hold; said again, it does no harm."""

        def about_to_commit(store: Store, xid: str) -> None:
            """What has happened has been committed."""

        with self._target.access.together(about_to_commit) as together:
            self._guard(together)
            self._conclude(together, step)

    def _job(self, step: StepView, run: str, before: Unfinished | None) -> SqlStep:
        read = step.way.backward or step.way.forward
        assert read is not None, "a step without its text has no way back"

        def last(together: Together, ran_ms: int) -> None:
            if step.way.rows is None:  # else it has not come to its end with its statements
                self._conclude(together, step)

        return SqlStep(
            run=run,
            script=read.script,
            pieces=pieces_of(step.way.backward) if step.way.backward is not None else (),
            before=before,
            first=self._guard,
            last=last,
        )

    def _copy_back(self, step: StepView, rows: Backfill) -> None:
        """What was written while it was out of reach, in batches; cut off, it goes on where it was."""
        site = self._target.site([resolve_address(one, option="--replica") for one in self._told.replicas])
        self._say(f"copying back into {rows.table}")
        result = run_backfill(Task(step=_facts(step), where=self._target.where, backfill=rows), site)
        if not result.finished:
            raise StepStoppedError(
                f"{step.standing.label}: not all rows are copied back", hint="the same command again"
            )
        self._conclude_apart(step)

    def _refuse_no_go(self, step: StepView) -> None:
        if step.way.backward is None:
            return
        asked = PreflightOptions(url=self._told.url, replicas=self._told.replicas, wait=self._told.wait)
        migration = Migration(step.standing.label, step.way.backward.script.path)
        about = [(migration, step.way.backward)]
        report = preflight_of(about, asked, self._config, dsn=self._target.dsn, on_wait=self._on_wait)
        self._lookout.turn_to(migration, step.way.backward)
        heavy = next((one for one in report.reasons if one.weight is Weight.NO_GO), None)
        if heavy is not None:
            later = "--wait SECONDS waits for it" if heavy.passing else None
            raise StepRefusedError(f"{heavy.check}: {heavy.text}", hint=heavy.hint or later)

    def _on_wait(self, report: PreflightReport, left: float) -> None:
        self._say(f"waiting: {report.reasons[0].text}; {left:.0f} s left")

    def _begin(self, step: StepView, facts: StepFacts) -> str:
        """The intent, before anything is done; a way up that was cut off has ended with it."""
        with self._target.access.writing() as store:
            if step.standing.status is StepStatus.RUNNING and not step.standing.going_back:
                store.record(facts, replace(self._run_facts(store, step, StepStatus.PARTIAL), backward=False))
            return begin(store, facts, self._run_facts(store, step, StepStatus.RUNNING))

    def _guard(self, together: Together) -> None:
        self._turn.check()
        if together.ledger is not None:
            self._turn.check_fence(together.ledger)

    def _conclude(self, together: Together, step: StepView) -> None:
        self._mark(step)
        together.record(lambda store: self._record(store, step))

    def _mark(self, step: StepView) -> None:
        """Keep the tool's own table in step; what does not stand there needs no mark."""
        layout, session, name = with_missing(self._own, [step]), self._target.session, step.standing.migration
        book = book_of(layout) if self._tool is None else None
        if book is None or not book.exists(session) or name not in {one.id for one in book.applied(session)}:
            return
        book.mark_reverted(session, next(one for one in layout.migrations if one.id == name))

    def _record(self, store: Store, step: StepView) -> None:
        store.record(_facts(step), self._run_facts(store, step, StepStatus.REVERTED))
        if step.standing.phase is Phase.CONTRACT:
            self._lower_floor(store)

    def _lower_floor(self, store: Store) -> None:
        """Once no contract stands any more, every release works again that worked before the first of them."""
        left = standing_steps(store.ledger, self._target.where)
        if any(one.phase is Phase.CONTRACT for one in left):
            return
        known = read_known(store.ledger, store.now).compatibility.get(self._target.where)
        ceiling = known.ceiling if known is not None else None
        store.put_compatibility(self._target.where, floor=None, ceiling=ceiling, reason=self._told.reason)

    def _run_facts(self, store: Store, step: StepView, status: StepStatus, error: str | None = None) -> RunFacts:
        return RunFacts(
            where=self._target.where,
            status=status,
            at=store.now,
            checksum=step.standing.run_checksum,
            source=SOURCE,
            reason=self._told.reason,
            backward=True,
            fence=self._turn.fence,
            error=error,
        )

    def _fail(self, step: StepView, run: str, error: MigsafeError) -> None:
        """What is left of the way back: nothing, or some of its pieces."""
        with self._target.access.writing() as store:
            found = unfinished(store.ledger, _facts(step), self._target.where)
            if found is None or found.run != run:
                return
            if isinstance(error, HalfDoneError) or any(map(may_have_left, found.entries.values())):
                store.record(_facts(step), self._run_facts(store, step, StepStatus.PARTIAL, error.message))
                return
            # Nothing of it is left: the step stands as it stood, and is not to be run again.
            known = read_known(store.ledger, store.now).compatibility.get(self._target.where)
            facts = replace(self._run_facts(store, step, step.standing.stood, error.message), at=step.standing.at)
            floor = known.floor if known is not None and step.standing.phase is Phase.CONTRACT else None
            store.record(_facts(step), replace(facts, backward=False, floor=floor))


def _facts(step: StepView) -> StepFacts:
    standing = step.standing
    return StepFacts(
        migration=standing.migration,
        name=None if standing.migration is not None else standing.label,
        change=standing.change,
        phase=standing.phase,
        part=standing.part,
        release=standing.release,
    )


def with_missing(layout: MigrationSet, steps: Sequence[StepView]) -> MigrationSet:
    """A layout with migrations that stand on the database, and whose files are not in the folder."""
    here = {one.id for one in layout.migrations}
    missing = [
        Migration(
            one.standing.migration,
            f"{one.standing.migration}.sql",
            up=_script(one.way.forward),
            down=_script(one.way.backward),
        )
        for one in steps
        if one.standing.migration is not None and one.standing.migration not in here
    ]
    if not missing:
        return layout
    return replace(layout, migrations=tuple(sorted((*layout.migrations, *missing), key=lambda one: _natural(one.id))))


def _natural(name: str) -> list[tuple[int, str]]:
    """Numbers by their value, as the tools that number their migrations sort them."""
    return [(int(part), "") if part.isdecimal() else (0, part) for part in re.split(r"(\d+)", name)]


def _script(read: ReadScript | None) -> Script | None:
    return read.script if read is not None else None
