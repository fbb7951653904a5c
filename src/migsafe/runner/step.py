"""One step from its first check to its last: preflight, what must hold, the journal, the run, what was verified."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from migsafe.errors import MigsafeError
from migsafe.model.phase import Part, Phase
from migsafe.model.state import Check as Verified
from migsafe.model.state import StepStatus
from migsafe.runner.execution import may_have_left
from migsafe.runner.outcome import StepOutcome, StepRefusedError, StepStoppedError
from migsafe.runner.pieces import what_is_unknown
from migsafe.tracker.errors import TrackerRefusedError
from migsafe.tracker.facts import RunFacts
from migsafe.tracker.journal import begin, last_run, unfinished
from migsafe.tracker.kept import Kept, keep

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from migsafe.bookkeeping.project import ProjectStep
    from migsafe.model.plan import Check
    from migsafe.model.script import Migration
    from migsafe.model.statement import ReadScript
    from migsafe.runner.access import Together
    from migsafe.runner.planned import Planned
    from migsafe.runner.sql_method import Tally
    from migsafe.runner.target import OpenTarget
    from migsafe.runner.turn import Turn
    from migsafe.tracker.journal import Unfinished
    from migsafe.tracker.ledger import Ledger
    from migsafe.tracker.store import Store

#: Who ran it, or said what became of it, as the tracker says it.
SOURCE, REPAIR = "run", "repair"


class Method(Protocol):
    """How a step is run: as SQL, by the project's own tool, or as a backfill."""

    def run(self, job: StepJob) -> Tally:
        """Run what is left of it, and record its end by `job.conclude`.

        Raises:
            StepRefusedError: when it may not run now.
            StepStoppedError: when it failed.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class StepJob:
    """A step, ready to run.

    Attributes:
        read: its way up.
        planned: the step of a plan that it is; None where it is none.
        run: under which it is journalled.
        before: what the journal has of it.
        guard: is called inside of each transaction before anything else: the fence.
        fence: whether it is still our turn, asked of a tracker that is elsewhere.
        conclude: is called once, inside of the last transaction.
    """

    step: ProjectStep
    read: ReadScript
    planned: Planned | None
    run: str
    before: Unfinished | None
    guard: Callable[[Together], None]
    fence: Callable[[Ledger], None]
    conclude: Callable[[Together, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepWork:
    """What a step is run with.

    Attributes:
        method: chosen for it.
        mark: writes the tool's own table, in the transaction that is open; None where the tool does so itself, or has
            none.
        plan: the contract plan that allows it, by its hash.
        floor: of a contract: the oldest release that works without what it takes away.
    """

    method: Method
    mark: Callable[[Migration, int], None] | None = None
    plan: str | None = None
    floor: str | None = None


class StepRunner:
    """Runs steps on one database, whose turn is ours."""

    def __init__(self, target: OpenTarget, turn: Turn, say: Callable[[str], None]) -> None:
        self._target = target
        self._turn = turn
        self._say = say

    def run(self, step: ProjectStep, read: ReadScript, planned: Planned | None, work: StepWork) -> StepOutcome:
        """Run a step, or what is left of it.

        Raises:
            StepRefusedError: when it may not run now; nothing of it was changed.
            StepStoppedError: when it failed, or what was verified after it did not hold.
        """
        self._turn.check()
        before = self._begun_before(step)
        if before is None and planned is not None:
            self._must_hold(planned.step.before, step)
        run = self._begin(step, read, work)
        job = StepJob(
            step=step,
            read=read,
            planned=planned,
            run=run,
            before=before,
            guard=self._guard,
            fence=self._turn.check_fence,
            conclude=lambda together, ran_ms: self._conclude(together, ran_ms, step, work),
        )
        try:
            tally = self._carry_out(work.method, job)
            checks = self._verify(planned, step) if planned is not None else ()
        except TrackerRefusedError as error:
            if not self._may_have_changed(job):
                raise
            raise StepStoppedError(error.message, hint="migsafe run resume, when the cause is gone") from None
        return StepOutcome(
            label=step.facts.label,
            phase=step.facts.phase,
            change=step.facts.change,
            status=end_of(step),
            skipped=tally.skipped,
            ran_ms=tally.ran_ms,
            retries=tally.retries,
            checks=checks,
        )

    def _carry_out(self, method: Method, job: StepJob) -> Tally:
        try:
            return method.run(job)
        except MigsafeError as error:
            with suppress(MigsafeError):  # a tracker that is away: the journal tells as much as is needed
                self._fail(job.step, job.run, error.message)
            raise
        except KeyboardInterrupt:
            with suppress(MigsafeError):
                self._fail(job.step, job.run, "interrupted")
            raise

    def _may_have_changed(self, job: StepJob) -> bool:
        """Whether something of a step that was begun may be there; what nobody can tell may be."""
        if job.planned is not None and job.planned.step.backfill is not None:
            return True  # its batches are in no journal
        with suppress(MigsafeError), self._target.access.reading() as ledger:
            last: Any = last_run(ledger, job.step.facts, self._target.where)
            return last is None or StepStatus(last.status) is not StepStatus.FAILED
        return True

    def _begun_before(self, step: ProjectStep) -> Unfinished | None:
        """What the journal has of a step that was cut off; refused where it is another text now."""
        with self._target.access.reading() as ledger:
            before = unfinished(ledger, step.facts, self._target.where)
        if before is None:
            return None
        if before.backward:
            raise StepRefusedError(
                f"the way back of {step.facts.label} was begun on {self._target.where} and has not come to its end",
                hint="migsafe backward again brings it to its end",
            )
        if before.source not in {SOURCE, REPAIR}:
            raise StepRefusedError(
                f"{step.facts.label} is {before.status} on {self._target.where}, as {before.source} says: "
                "nobody knows how far it came",
                hint=f"look what is there; then migsafe run repair {step.facts.label}",
            )
        if before.checksum is not None and before.checksum != step.checksum:
            raise StepRefusedError(
                f"{step.migration.path} has changed since it was begun on {self._target.where}",
                hint="check out the text that was begun; or migsafe run repair says what is so, with a reason",
            )
        return before

    def _begin(self, step: ProjectStep, read: ReadScript, work: StepWork) -> str:
        """The intent, before anything is done; a contract raises the floor with it."""
        with self._target.access.writing() as store:
            if step.change is not None and not store.names.has_change(step.change.id):
                store.put_change(step.change)
            facts = self._facts(store, step, work, StepStatus.RUNNING)
            run = begin(store, step.facts, replace(facts, floor=_floor(step, work)))
            row: Any = last_run(store.ledger, step.facts, self._target.where)
            keep(store, row.step_id, _kept(step, read))
            return run

    def _facts(self, store: Store, step: ProjectStep, work: StepWork, status: StepStatus) -> RunFacts:
        return RunFacts(
            where=self._target.where,
            status=status,
            at=store.now,
            checksum=step.checksum,
            source=SOURCE,
            fence=self._turn.fence,
            plan=work.plan,
        )

    def _guard(self, together: Together) -> None:
        self._turn.check()
        if together.ledger is not None:
            self._turn.check_fence(together.ledger)

    def _conclude(self, together: Together, ran_ms: int, step: ProjectStep, work: StepWork) -> None:
        if work.mark is not None:
            work.mark(step.migration, ran_ms)
        floor = _floor(step, work)  # said again with the end: an end without it would leave it in doubt

        def record(store: Store) -> object:
            return store.record(step.facts, replace(self._facts(store, step, work, end_of(step)), floor=floor))

        together.record(record)

    def _fail(self, step: ProjectStep, run: str, why: str) -> None:
        """What is left of a step that stopped: nothing, or some of its pieces."""
        with self._target.access.writing() as store:
            now = unfinished(store.ledger, step.facts, self._target.where)
            if now is None or now.run != run:
                return  # somebody has said what became of it
            left = any(map(may_have_left, now.entries.values()))
            facts = RunFacts(
                where=self._target.where,
                status=StepStatus.PARTIAL if left else StepStatus.FAILED,
                at=store.now,
                checksum=step.checksum,
                source=SOURCE,
                fence=self._turn.fence,
                error=why,
            )
            store.record(step.facts, facts)

    def _must_hold(self, checks: Sequence[Check], step: ProjectStep) -> None:
        for check in checks:
            if check.as_role:
                continue  # asked by the step itself, as the application's role
            found = self._ask(check)
            if step.facts.phase is Phase.CONTRACT:  # what was so before it went is what people ask for afterwards
                self._record_check(check, found, found == check.expected, step)
            if found != check.expected:
                raise StepRefusedError(
                    f"{step.facts.label} may not run before this holds: {check.name} "
                    f"(it must be {check.expected}, and is {found})",
                    hint=f"see for yourself: {check.sql}",
                )

    def _verify(self, planned: Planned, step: ProjectStep) -> tuple[tuple[str, bool], ...]:
        """What must hold afterwards; the first that does not stops the run.

        What says that the rows were carried over is recorded as a verification of the change, for its contract to ask
        for. The rest is about this step alone: a later one may rightly undo it.
        """
        results, wrong = [], None
        for check in planned.step.verify:
            if check.as_role:
                continue
            found = self._ask(check)
            held = found == check.expected
            results.append((check.name, held))
            wrong = wrong or (None if held else (check, found))
            if planned.step.backfill is not None:
                self._record_check(check, found, held, step)
        if wrong is not None:
            check, found = wrong
            raise StepStoppedError(
                f"{step.facts.label} has run, and this does not hold: {check.name} "
                f"(it must be {check.expected}, and is {found})",
                hint=f"see for yourself: {check.sql}",
            )
        return tuple(results)

    def _record_check(self, check: Check, found: str | None, held: bool, step: ProjectStep) -> None:
        if step.facts.change is None:
            return
        where = self._target.where
        with self._target.access.writing() as store:
            store.record_check(
                Verified(
                    change=step.facts.change,
                    name=check.name,
                    environment=where.environment,
                    target=where.target,
                    ok=held,
                    at=store.now,
                    observed=found,
                )
            )

    def _ask(self, check: Check) -> str | None:
        session = self._target.session
        try:
            value = session.query(f"select ({check.sql})::text")[0][0]
        finally:
            session.rollback()
        return None if value is None else str(value)


def _floor(step: ProjectStep, work: StepWork) -> str | None:
    """The oldest release that works without what a contract takes away; other steps say nothing of that."""
    return work.floor if step.facts.phase is Phase.CONTRACT else None


def end_of(step: ProjectStep) -> StepStatus:
    """What a step is once it has run: a contract's halves have words of their own."""
    if step.facts.phase is Phase.CONTRACT and step.facts.part is Part.QUARANTINE:
        return StepStatus.QUARANTINED
    if step.facts.phase is Phase.CONTRACT and step.facts.part is Part.PURGE:
        return StepStatus.PURGED
    return StepStatus.DONE


def _kept(step: ProjectStep, read: ReadScript) -> Kept:
    """What the tracker keeps of a step; of a way back that nobody knows all of, why it is not kept."""
    down, why_not = step.migration.down, step.migration.declaration.irreversible
    if down is not None and (unknown := what_is_unknown(down)) is not None:
        down, why_not = None, why_not or f"nobody knows all of its way back: {unknown}"
    if down is not None and not down.text.strip():
        down = None
    return Kept(
        checksum=step.checksum or "",
        forward=read.script.text,
        backward=down.text if down is not None else None,
        forward_rule=read.script.transaction,
        backward_rule=down.transaction if down is not None else None,
        no_way_back=why_not,
    )
