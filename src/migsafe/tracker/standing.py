"""How far each change has come in each environment, what is due, and what blocks its next phase; pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from migsafe.model.phase import Phase
from migsafe.model.release import NO_RELEASES
from migsafe.model.state import ChangeState, StepStatus, TargetName
from migsafe.phases import gates

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date, datetime, timedelta

    from migsafe.model.finding import Evidence
    from migsafe.model.state import Change, Check, Environment, Rollout, StateDocument, Step

#: What stands in the way of a change's next phase.
Standing = Literal["done", "ready", "blocked", "unknown", "failed", "waiting"]

#: A phase has come to its end on a database with one of these.
_OVER = frozenset({StepStatus.DONE, StepStatus.PURGED, StepStatus.SKIPPED})
_BROKEN = (StepStatus.FAILED, StepStatus.PARTIAL)


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
        unchanged: status → how many steps of no change have it, over all databases.
    """

    name: str
    protected: bool
    rollouts: tuple[Rollout, ...]
    floors: tuple[tuple[str, str], ...]
    unchanged: tuple[tuple[str, int], ...]
    broken: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Status:
    """What a person asks first."""

    environments: tuple[EnvironmentLine, ...]
    changes: tuple[ChangeLine, ...]


def status_of(
    state: StateDocument, now: datetime, *, min_age: timedelta = gates.MIN_AGE, environment: str | None = None
) -> Status:
    """How everything stands.

    Args:
        min_age: how long a release must have been rolled out before a contract.
        environment: only this one; all when None.
    """
    places = [each for each in state.environments if environment in {None, each.name}]
    by_change = _Index(state)
    return Status(
        environments=tuple(_environment(each, by_change.steps[None], state) for each in places),
        changes=tuple(
            _change(change, each, by_change, now, min_age)
            for each in places
            for change in sorted(state.changes, key=lambda change: (change.due is None, change.due, change.id))
        ),
    )


class _Index:
    """Steps and checks by change, so that many changes cost no more than one look at each."""

    def __init__(self, state: StateDocument) -> None:
        self.state = state
        self.steps: dict[str | None, list[Step]] = defaultdict(list)
        self.checks: dict[str, list[Check]] = defaultdict(list)
        self.order = {release.name: place for place, release in enumerate(state.releases)}
        for step in state.steps:
            self.steps[step.change].append(step)
        for check in state.checks:
            self.checks[check.change].append(check)

    def only(self, change: str, environment: Environment) -> StateDocument:
        """The document as if there were nothing but one change in one environment."""
        alone = replace(environment, protected=True)
        steps, checks = self.steps[change], self.checks[change]
        here = tuple(check for check in checks if check.environment == environment.name)
        return replace(self.state, environments=(alone,), steps=tuple(steps), checks=here, statistics=())


def _environment(environment: Environment, steps: Sequence[Step], state: StateDocument) -> EnvironmentLine:
    counts: dict[str, int] = defaultdict(int)
    broken = []
    for step in steps:
        for run in step.runs:
            if run.environment == environment.name:
                counts[run.status.value] += 1
                if run.status in _BROKEN:
                    broken.append(f"{step.label} is {run.status} on {run.where}")
    place = {release.name: index for index, release in enumerate(state.releases)}
    return EnvironmentLine(
        name=environment.name,
        protected=environment.protected,
        rollouts=tuple(sorted(environment.rollouts, key=lambda one: (-place.get(one.release, -1), one.release))),
        floors=tuple((target.name, target.floor) for target in environment.targets if target.floor is not None),
        unchanged=tuple(sorted(counts.items())),
        broken=tuple(broken),
    )


def _change(change: Change, environment: Environment, index: _Index, now: datetime, min_age: timedelta) -> ChangeLine:
    steps = index.steps[change.id]
    phases = tuple(_phase(phase, [step for step in steps if step.phase is phase], environment) for phase in Phase)
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


def _phase(phase: Phase, steps: Sequence[Step], environment: Environment) -> PhaseLine:
    over, broken = 0, []
    places = [TargetName(environment.name, target.name) for target in environment.targets]
    for step in steps:
        runs = {run.where: run for run in step.runs}
        for where in places:
            run = runs.get(where)
            over += run is not None and run.status in _OVER
            if run is not None and run.status in _BROKEN:
                broken.append(f"{step.label} is {run.status} on {where}")
    return PhaseLine(phase, len(steps) * len(places), over, tuple(broken))


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


def _not_run(steps: Sequence[Step], phase: Phase, environment: Environment) -> Iterator[str]:
    for step in steps:
        places = [TargetName(environment.name, target.name) for target in environment.targets]
        if step.phase is phase and any((run := step.run(where)) is None or run.status not in _OVER for where in places):
            yield f"{step.label} has not run everywhere on {environment.name}"


def _gates(
    change: Change, environment: Environment, index: _Index, now: datetime, min_age: timedelta
) -> Iterator[Evidence]:
    """What a contract is held against, as the linter does it."""
    before = [step for step in index.steps[change.id] if step.phase is not Phase.CONTRACT]
    named = [step.release for step in before if step.release is not None]
    release = max(named, key=lambda name: index.order.get(name, len(index.order)), default=change.introduced_in)
    state = index.only(change.id, environment)
    yield gates.fully_rolled_out(release, NO_RELEASES, state)
    yield gates.old_enough(release, NO_RELEASES, state, now, min_age=min_age)
    if any(step.phase is Phase.MIGRATE for step in before):
        yield gates.migrated_and_verified(change.id, (), state, now)
