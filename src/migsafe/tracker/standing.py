"""How far each change has come in each environment, what is due, and what blocks its next phase; pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from migsafe.model.phase import Phase
from migsafe.model.release import NO_RELEASES
from migsafe.model.state import ChangeState, TargetName
from migsafe.phases import gates
from migsafe.tracker.reading import Compatibility
from migsafe.tracker.unsettled import BROKEN, OVER, Loose

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date, datetime, timedelta

    from migsafe.model.finding import Evidence
    from migsafe.model.state import Change, Check, Environment, Rollout, Run, StateDocument, Step
    from migsafe.tracker.unsettled import Unsettled

    #: A step, and its runs by environment and database.
    _StepRuns = tuple[Step, Mapping[tuple[str, str], Run]]

#: What stands in the way of a change's next phase.
Standing = Literal["done", "ready", "blocked", "unknown", "failed", "waiting"]


@dataclass(frozen=True, slots=True)
class PhaseLine:
    """One phase of a change in one environment.

    Attributes:
        steps: how many there are, times the databases.
        over: how many of them have come to an end.
        broken: what has failed: step and database.
    """

    phase: Phase
    steps: int = 0
    over: int = 0
    broken: tuple[str, ...] = ()

    @property
    def word(self) -> str:
        """For people: `done`, `1 of 3`, `failed`, `-` where there is nothing to do."""
        if self.broken:
            return "failed"
        if self.steps == 0:
            return "-"
        return "done" if self.over == self.steps else f"{self.over} of {self.steps}" if self.steps > 1 else "not yet"


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """One change in one environment.

    Attributes:
        due: a day, or a release.
        overdue: that day has passed.
        next: the phase that comes next; None where nothing does.
        reasons: what blocks it, or leaves it unknown, one sentence each.
    """

    change: str
    environment: str
    phases: tuple[PhaseLine, ...]
    due: str | None
    overdue: bool
    next: Phase | None
    standing: Standing
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EnvironmentLine:
    """One environment: which releases run there, and steps that belong to no change.

    Attributes:
        bounds: which releases work, of each database of which somebody has said something.
        unchanged: status → how many steps of no change have it, over all databases.
    """

    name: str
    protected: bool
    rollouts: tuple[Rollout, ...]
    bounds: tuple[tuple[str, Compatibility], ...]
    unchanged: tuple[tuple[str, int], ...]
    broken: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Status:
    """What a person asks first.

    Attributes:
        settled: how many changes are over everywhere and left out.
    """

    environments: tuple[EnvironmentLine, ...]
    changes: tuple[ChangeLine, ...]
    settled: int = 0


def status_of(
    known: Unsettled, now: datetime, *, min_age: timedelta = gates.MIN_AGE, environment: str | None = None
) -> Status:
    """How everything stands.

    Args:
        min_age: how long a release must have been rolled out before a contract.
        environment: only this one; all when None.
    """
    state = known.state
    places = [each for each in state.environments if environment in {None, each.name}]
    by_change = _Index(state)
    return Status(
        environments=tuple(_environment(each, known) for each in places),
        changes=tuple(
            _change(change, each, by_change, now, min_age)
            for each in places
            for change in sorted(state.changes, key=lambda change: (change.due is None, change.due, change.id))
        ),
        settled=known.settled,
    )


class _Index:
    """Steps, runs and checks by what they belong to, so that many changes cost no more than one look at each."""

    def __init__(self, state: StateDocument) -> None:
        self.state = state
        self.steps: dict[str, list[_StepRuns]] = defaultdict(list)
        self.checks: dict[str, list[Check]] = defaultdict(list)
        self.order = {release.name: place for place, release in enumerate(state.releases)}
        self._rollouts: dict[tuple[str, str | None], tuple[Evidence, ...]] = {}
        for step in state.steps:
            if step.change is not None:
                runs = {(run.environment, run.target): run for run in step.runs}
                self.steps[step.change].append((step, runs))
        for check in state.checks:
            self.checks[check.change].append(check)

    def only(self, change: str, environment: Environment) -> StateDocument:
        """The document as if there were nothing but one change in one environment."""
        steps = tuple(step for step, _ in self.steps[change])
        here = tuple(check for check in self.checks[change] if check.environment == environment.name)
        return replace(self._alone(environment), steps=steps, checks=here)

    def rollout_gates(
        self, release: str | None, environment: Environment, now: datetime, min_age: timedelta
    ) -> tuple[Evidence, ...]:
        """What the rollouts of an environment say of a release, which is the same for all changes that wait for it."""
        key = (environment.name, release)
        if key not in self._rollouts:
            state = self._alone(environment)
            self._rollouts[key] = (
                gates.fully_rolled_out(release, NO_RELEASES, state),
                gates.old_enough(release, NO_RELEASES, state, now, min_age=min_age),
            )
        return self._rollouts[key]

    def _alone(self, environment: Environment) -> StateDocument:
        alone = replace(environment, protected=True)
        return replace(self.state, environments=(alone,), changes=(), steps=(), checks=(), statistics=())


def _environment(environment: Environment, known: Unsettled) -> EnvironmentLine:
    loose = known.loose.get(environment.name, Loose())
    place = {release.name: index for index, release in enumerate(known.state.releases)}
    here = [
        (each.name, known.compatibility.get(TargetName(environment.name, each.name))) for each in environment.targets
    ]
    return EnvironmentLine(
        name=environment.name,
        protected=environment.protected,
        rollouts=tuple(sorted(environment.rollouts, key=lambda one: (-place.get(one.release, -1), one.release))),
        bounds=tuple((name, said) for name, said in here if said is not None and said != Compatibility()),
        unchanged=loose.counts,
        broken=loose.broken,
    )


def _change(change: Change, environment: Environment, index: _Index, now: datetime, min_age: timedelta) -> ChangeLine:
    steps = index.steps[change.id]
    phases = tuple(_phase(phase, [one for one in steps if one[0].phase is phase], environment) for phase in Phase)
    coming = _coming(change, phases)
    standing, reasons = _standing(change, environment, index, phases, coming, now, min_age)
    return ChangeLine(
        change=change.id,
        environment=environment.name,
        phases=phases,
        due=change.due.isoformat() if change.due else change.due_release,
        overdue=coming is not None and _overdue(change.due, now),
        next=coming,
        standing=standing,
        reasons=reasons,
    )


def _overdue(due: date | None, now: datetime) -> bool:
    return due is not None and now.date() > due


def _phase(phase: Phase, steps: Sequence[_StepRuns], environment: Environment) -> PhaseLine:
    over, broken = 0, []
    for step, runs in steps:
        for target in environment.targets:
            run = runs.get((environment.name, target.name))
            if run is not None and run.status in OVER:
                over += 1
            elif run is not None and run.status in BROKEN:
                broken.append(f"{step.label} is {run.status} on {run.where}")
    return PhaseLine(phase, len(steps) * len(environment.targets), over, tuple(broken))


def _coming(change: Change, phases: Sequence[PhaseLine]) -> Phase | None:
    """The phase that comes next: the first that has not come to its end; a contract that is not written yet, too."""
    unfinished = next((line.phase for line in phases if line.over < line.steps), None)
    if unfinished is not None or change.state is ChangeState.CLOSED:
        return unfinished
    return Phase.CONTRACT if phases[-1].steps == 0 else None


def _standing(
    change: Change,
    environment: Environment,
    index: _Index,
    phases: Sequence[PhaseLine],
    coming: Phase | None,
    now: datetime,
    min_age: timedelta,
) -> tuple[Standing, tuple[str, ...]]:
    broken = tuple(words for line in phases for words in line.broken)
    if broken:
        return "failed", broken
    if coming is None:
        return "done", ()
    if not environment.targets:
        return "unknown", (f"nobody has said which databases {environment.name} has",)
    if coming is not Phase.CONTRACT:
        return "waiting", tuple(_not_run(index.steps[change.id], coming, environment))
    told = list(_gates(change, environment, index, now, min_age))
    for result, standing in (("fail", "blocked"), ("unknown", "unknown")):
        if any(one.result == result for one in told):
            return standing, tuple(one.text for one in told if one.result == result)  # type: ignore[return-value]
    return "ready", ()


def _not_run(steps: Sequence[_StepRuns], phase: Phase, environment: Environment) -> Iterator[str]:
    for step, runs in steps:
        there = [runs.get((environment.name, target.name)) for target in environment.targets]
        if step.phase is phase and any(run is None or run.status not in OVER for run in there):
            yield f"{step.label} has not run everywhere on {environment.name}"


def _gates(
    change: Change, environment: Environment, index: _Index, now: datetime, min_age: timedelta
) -> Iterator[Evidence]:
    """What a contract is held against, as the linter does it."""
    before = [step for step, _ in index.steps[change.id] if step.phase is not Phase.CONTRACT]
    named = [step.release for step in before if step.release is not None]
    release = max(named, key=lambda name: index.order.get(name, len(index.order)), default=change.introduced_in)
    yield from index.rollout_gates(release, environment, now, min_age)
    if any(step.phase is Phase.MIGRATE for step in before):
        yield gates.migrated_and_verified(change.id, (), index.only(change.id, environment), now)
