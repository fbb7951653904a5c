"""What the project and the tracker say of a release in an environment: the facts that its plan is made from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from migsafe.bookkeeping.place import open_tracker
from migsafe.bookkeeping.project import read_project
from migsafe.config.nearest import did_you_mean
from migsafe.deploy.facts import Carried, ReleaseFacts, SchemaFacts
from migsafe.errors import NoMigrationsError
from migsafe.model.phase import Phase
from migsafe.model.state import KnownRelease, RolloutStatus, Run, Step, StepStatus, TargetName
from migsafe.tracker.errors import UnknownNameError
from migsafe.tracker.guarding import judge
from migsafe.tracker.kept import standing_steps
from migsafe.tracker.names import Names
from migsafe.tracker.reading import read_known

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from migsafe.bookkeeping.project import Project
    from migsafe.config import Config
    from migsafe.model.state import Environment
    from migsafe.tracker.guarding import Verdict
    from migsafe.tracker.kept import StandingStep
    from migsafe.tracker.ledger import Ledger
    from migsafe.tracker.reading import Known

    #: When the way back was last tried in an environment, by what the tracker knows.
    Rehearsals = Callable[[Ledger, str], "datetime | None"]

_OVER = frozenset({StepStatus.DONE, StepStatus.SKIPPED, StepStatus.QUARANTINED, StepStatus.PURGED})
_OPEN = frozenset({StepStatus.RUNNING, StepStatus.PARTIAL, StepStatus.FAILED})


@dataclass(frozen=True, slots=True)
class Facts:
    """Both halves of what a plan is made from, beside deploy.toml."""

    release: ReleaseFacts
    schema: SchemaFacts


def read_facts(
    config: Config,
    release: str,
    environment: str,
    *,
    rehearsed: Rehearsals,
    clock: Callable[[], datetime] | None = None,
    project_of: Callable[[Config], Project | None] | None = None,
) -> Facts:
    """What is known of a release in an environment. The databases themselves are not asked.

    Args:
        project_of: reads the project; one that was read before saves whoever asks again and again the time.

    Raises:
        UnknownNameError: when nobody knows the release or the environment.
        TrackerRefusedError: when there is no tracker, or it may not be used.
        TrackerAwayError: when it cannot be reached.
    """
    project = (project_of or read_project_here)(config)
    tracker = open_tracker(config, environment, clock=clock)
    now = tracker.clock()
    with tracker.reading() as ledger:
        Names(ledger).environment(environment)
        known = read_known(ledger, now)
        rehearsed_at = rehearsed(ledger, environment)
        here = known.state.environment(environment)
        assert here is not None, "its name was looked up"
        places = tuple(TargetName(environment, each.name) for each in here.targets)
        standing = {where: standing_steps(ledger, where) for where in places}
    known = _with_project(known, project)
    _know(release, known)
    told = _releases(here, known, release, now, rehearsed_at)
    return Facts(told, _Schema(known, project, told, places, standing).facts())


def read_project_here(config: Config) -> Project | None:
    """The project that a configuration means; None where there are no migrations."""
    try:
        return read_project(config)
    except NoMigrationsError:
        return None


def _know(release: str, known: Known) -> None:
    names = [one.name for one in known.state.releases]
    if release not in names:
        otherwise = f"migsafe release mark {release} --status planned --create makes it known"
        raise UnknownNameError(
            f'no release "{release}" is known', hint=did_you_mean(release, names, otherwise=otherwise)
        )


def _with_project(known: Known, project: Project | None) -> Known:
    """What the tracker knows, and beside it what only the project does: later releases, and steps that never ran."""
    if project is None:
        return known
    state = known.state
    names = {one.name for one in state.releases}
    later = [KnownRelease(one.name, one.day) for one in project.story.releases.releases if one.name not in names]
    seen = {step.migration for step in (*state.steps, *known.unphased)}
    new = [
        Step(
            phase=step.facts.phase or Phase.EXPAND,
            migration=step.migration.id,
            change=step.facts.change,
            part=step.facts.part,
            release=step.facts.release,
        )
        for step in project.steps
        if step.migration.id not in seen
    ]
    return replace(known, state=replace(state, releases=(*state.releases, *later), steps=(*state.steps, *new)))


def _releases(
    here: Environment, known: Known, release: str, now: datetime, rehearsed_at: datetime | None
) -> ReleaseFacts:
    place = {one.name: number for number, one in enumerate(known.state.releases)}
    running = sorted(here.running, key=lambda one: place.get(one.release, -1))
    deployed = [one.release for one in running if one.status is RolloutStatus.DEPLOYED]
    others = [one.release for one in running if one.release != release]
    return ReleaseFacts(
        release=release,
        environment=here.name,
        stable=deployed[-1] if deployed else others[-1] if others else None,
        running=tuple(one.release for one in running),
        now=now,
        rehearsed_at=rehearsed_at,
    )


class _Schema:
    """The databases of an environment, as a release finds them."""

    def __init__(
        self,
        known: Known,
        project: Project | None,
        release: ReleaseFacts,
        places: tuple[TargetName, ...],
        standing: dict[TargetName, tuple[StandingStep, ...]],
    ) -> None:
        self._known = known
        self._project = project
        self._release = release
        self._places = places
        self._standing = standing
        self._order = {one.name: place for place, one in enumerate(known.state.releases)}
        self._steps = [step for step in known.state.steps if self._is_within(step)]

    def facts(self) -> SchemaFacts:
        return SchemaFacts(
            databases=self._places,
            carried=tuple(filter(None, map(self._carried, Phase))),
            now=tuple(self._verdicts(self._known, self._release.running)),
            expanded=tuple(self._verdicts(self._expanded(), self._all)),
            unsettled=tuple(self._unsettled()),
            no_way_back=tuple(dict.fromkeys(self._no_way_back())),
            notes=tuple(self._notes()),
        )

    @property
    def _all(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self._release.running, self._release.release)))

    def _is_within(self, step: Step) -> bool:
        """A step that no release carries belongs to the latest one, as when it is run."""
        here = self._order[self._release.release]
        if step.release not in self._order:
            return here == len(self._order) - 1
        return self._order[step.release] <= here

    def _is_own(self, step: Step) -> bool:
        return step.release == self._release.release or step.release not in self._order

    def _carried(self, phase: Phase) -> Carried | None:
        """The release's own steps, and those of earlier ones that a database lacks."""
        steps = [step for step in self._steps if step.phase is phase]
        due = {where: [step for step in steps if not self._is_over(step, where)] for where in self._places}
        lacking = {step.label for several in due.values() for step in several}
        shown = [step for step in steps if self._is_own(step) or step.label in lacking]
        to_come = self._to_come(shown) if phase is Phase.CONTRACT else ()
        if not shown and not to_come:
            return None
        return Carried(
            phase=phase,
            steps=tuple(step.label for step in shown),
            changes=tuple(dict.fromkeys([*(step.change for step in shown if step.change is not None), *to_come])),
            due={where: tuple(step.label for step in several) for where, several in due.items() if several},
            of_earlier=tuple(step.label for step in shown if not self._is_own(step)),
        )

    def _to_come(self, contracts: Sequence[Step]) -> tuple[str, ...]:
        """Changes that the release begins or goes on with, and whose contract a later one carries."""
        begun = {step.change for step in self._steps if step.phase is not Phase.CONTRACT and self._is_own(step)}
        there = {step.change for step in contracts}
        return tuple(sorted(change for change in begun - there if change is not None))

    def _is_over(self, step: Step, where: TargetName) -> bool:
        run = step.run(where)
        return run is not None and run.status in _OVER

    def _expanded(self) -> Known:
        """As it will be once the expands up to the release have run everywhere."""
        within = {id(step) for step in self._steps if step.phase is Phase.EXPAND}
        steps = tuple(self._having_run(step) if id(step) in within else step for step in self._known.state.steps)
        return replace(self._known, state=replace(self._known.state, steps=steps))

    def _having_run(self, step: Step) -> Step:
        others = tuple(run for run in step.runs if run.where not in self._places or run.status in _OVER)
        missing = [where for where in self._places if not self._is_over(step, where)]
        done = tuple(Run(environment=one.environment, target=one.target, status=StepStatus.DONE) for one in missing)
        return replace(step, runs=(*others, *done))

    def _verdicts(self, known: Known, releases: Sequence[str]) -> Iterator[Verdict]:
        return (judge(known, release, where) for where in self._places for release in releases)

    def _open(self, *, migrating: bool) -> Iterator[tuple[TargetName, str]]:
        for step in self._known.state.steps:
            for run in step.runs:
                if run.where in self._places and run.status in _OPEN and (step.phase is Phase.MIGRATE) is migrating:
                    yield run.where, f"{step.label} ({step.phase}) is {run.status} on {run.where}"

    def _unsettled(self) -> Iterator[str]:
        """What was cut off: nobody knows what a database looks like before that has come to its end."""
        for where, said in self._open(migrating=False):
            target = f" --target {where.target}" if len(self._places) > 1 else ""
            yield f"{said}: migsafe run resume --env {where.environment}{target} --url ADDRESS"

    def _no_way_back(self) -> Iterator[str]:
        """Of the release's expands: what nothing was kept of that could take it back, or will be."""
        own = {step.label for step in self._steps if step.phase is Phase.EXPAND and self._is_own(step)}
        for where, steps in self._standing.items():
            for step in steps:
                if step.label in own and (step.kept is None or not (step.kept.backward or step.kept.no_way_back)):
                    yield f"{step.label} (expand): no way back of it was kept when it ran on {where}"
        for written in self._project.steps if self._project is not None else ():
            is_due = any(
                not self._is_over(step, where) for step in self._named(written.migration.id) for where in self._places
            )
            if written.migration.id in own and is_due and not written.chapter.has_way_back:
                yield f"{written.facts.label} (expand) has no way back written"

    def _named(self, migration: str) -> Iterator[Step]:
        return (step for step in self._steps if step.migration == migration)

    def _notes(self) -> Iterator[str]:
        """A backfill that is not at its end is no reason to wait: code before and after it works meanwhile."""
        yield from (said for _, said in self._open(migrating=True))
        if self._project is None:
            yield f"no migrations are here: what {self._release.release} carries is known from the tracker alone"
        if self._known.unphased:
            names = ", ".join(step.label for step in self._known.unphased[:3])
            yield f"nobody has said the phase of {names}: it is not in this plan"
