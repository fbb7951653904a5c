"""How far a fleet is: what each database's tracker says, or the one of all, counted by ring, phase and change."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from threading import Event
from typing import TYPE_CHECKING

from migsafe.bookkeeping.place import tracker_address
from migsafe.fleet.addresses import check_addresses
from migsafe.fleet.rings import go_round
from migsafe.fleet.roster import Ring, Roster
from migsafe.model.phase import Part, Phase
from migsafe.model.state import StepStatus
from migsafe.postgres.address import resolve_address
from migsafe.tracker.address import TrackerAddress
from migsafe.tracker.names import Names
from migsafe.tracker.opening import NoTrackerError, Tracker
from migsafe.tracker.whereabouts import StepName, Whereabouts, read_whereabouts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from migsafe.config import Config
    from migsafe.errors import MigsafeError
    from migsafe.fleet.rings import Settled
    from migsafe.fleet.roster import FleetTarget

    #: Step → what became of it on one database.
    Runs = Mapping[StepName, StepStatus]

#: How many trackers are asked at once.
_AT_ONCE = 8
_OVER = frozenset({StepStatus.DONE, StepStatus.PURGED, StepStatus.SKIPPED})
_BROKEN = frozenset({StepStatus.FAILED, StepStatus.PARTIAL})


class Standing(StrEnum):
    """How far a database is with a phase."""

    DONE = "done"
    RUNNING = "running"
    WAITING = "waiting"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class RingLine:
    """One ring.

    Attributes:
        phases: how many databases stand how; no phase of which no database of the fleet has begun a step.
        away: how many could not be asked.
    """

    name: str
    databases: int
    phases: Mapping[Phase, Mapping[Standing, int]]
    away: int


@dataclass(frozen=True, slots=True)
class FleetChange:
    """One change.

    Attributes:
        phases: how many databases have had all of its steps, by phase; as `RingLine.phases`.
    """

    change: str
    phases: Mapping[Phase, int]


@dataclass(frozen=True, slots=True)
class FleetStatus:
    """A fleet.

    Attributes:
        databases: how many there are.
        rings: in their order.
        changes: by name.
        failed: database and what is wrong there.
        away: database and why it could not be asked.
    """

    databases: int
    rings: tuple[RingLine, ...]
    changes: tuple[FleetChange, ...]
    failed: tuple[tuple[str, str], ...]
    away: tuple[tuple[str, str], ...]


def read_fleet_status(
    roster: Roster,
    config: Config,
    *,
    environment: str | None = None,
    on_progress: Callable[[int, int], None] = lambda done, whole: None,
) -> FleetStatus:
    """Ask the tracker of all databases where the configuration names one, else the one in each of them.

    Args:
        environment: the only one that a tracker knows when None.
        on_progress: takes how many databases were asked, and of how many.

    Raises:
        UnknownNameError: when the tracker of all does not know the environment.
        TrackerRefusedError: when that tracker cannot be used.
        UsageError: when an address cannot be used.
        EnvironmentFailedError: when nothing could be asked at all.
    """
    if config.tracker is not None:
        tracker = Tracker(tracker_address(config), environment)
        return fleet_status(roster, _of_all(tracker, roster), {})
    check_addresses(roster)
    found, away = _ask_each(roster, config, environment, on_progress)
    if away and not found:
        raise next(iter(away.values()))
    return fleet_status(roster, found, away)


def _of_all(tracker: Tracker, roster: Roster) -> dict[str, Runs]:
    with tracker.reading() as ledger:
        if tracker.environment is not None:
            Names(ledger).environment(tracker.environment)
        runs = read_whereabouts(ledger, tracker.environment).runs
    return {target.name: runs.get(target.name, {}) for target in roster}


def _ask_each(
    roster: Roster, config: Config, environment: str | None, on_progress: Callable[[int, int], None]
) -> tuple[dict[str, Runs], dict[str, MigsafeError]]:
    aside = _Aside(config, environment)

    def work(target: FleetTarget) -> Runs:
        dsn = resolve_address(target.url, option="url", target=target.name)
        tracker = Tracker(TrackerAddress(target.url, dsn=dsn), environment)
        try:
            with tracker.reading() as ledger:
                return read_whereabouts(ledger, environment).runs.get(target.name, {})
        except NoTrackerError as error:
            return aside.runs_of(target, error)

    found: dict[str, Runs] = {}
    away: dict[str, MigsafeError] = {}
    everybody = Roster((Ring("all", tuple(roster), _AT_ONCE),))
    for place, one in enumerate(go_round(everybody, work, lambda _: False, stop=Event()), start=1):
        on_progress(place, roster.size)
        _sort_in(one, found, away)
    return found, away


def _sort_in(one: Settled[Runs], found: dict[str, Runs], away: dict[str, MigsafeError]) -> None:
    if one.error is not None:
        away[one.target] = one.error
    else:
        found[one.target] = one.value or {}


class _Aside:
    """The file in which a run keeps what it does where a database has no tracker, and nobody names one."""

    def __init__(self, config: Config, environment: str | None) -> None:
        tracker = Tracker(tracker_address(config), environment)
        self._known: Whereabouts | None = None
        if tracker.address.file is not None and tracker.address.file.is_file():
            with tracker.reading() as ledger:
                self._known = read_whereabouts(ledger, environment)

    def runs_of(self, target: FleetTarget, error: NoTrackerError) -> Runs:
        """What it knows of a database.

        Raises:
            NoTrackerError: when there is no such file.
        """
        if self._known is None:
            raise error
        return self._known.runs.get(target.name, {})


def fleet_status(roster: Roster, found: Mapping[str, Runs], away: Mapping[str, MigsafeError]) -> FleetStatus:
    """Count; pure. A step counts from the moment at which one database of the fleet has begun it.

    Args:
        found: what became of steps, by database.
        away: why a database could not be asked.
    """
    steps = sorted({step for runs in found.values() for step in runs}, key=_order)
    return FleetStatus(
        databases=roster.size,
        rings=tuple(_ring(ring, steps, found) for ring in roster.rings),
        changes=tuple(
            _change(name, [step for step in steps if step.change == name], found)
            for name in sorted({step.change for step in steps if step.change is not None})
        ),
        failed=tuple(
            (target.name, f"{step.label} is {status}")
            for target in roster
            for step, status in sorted(found.get(target.name, {}).items(), key=lambda one: _order(one[0]))
            if status in _BROKEN
        ),
        away=tuple((target.name, away[target.name].message) for target in roster if target.name in away),
    )


def _ring(ring: Ring, steps: Sequence[StepName], found: Mapping[str, Runs]) -> RingLine:
    here = [found[target.name] for target in ring.targets if target.name in found]
    phases = {}
    for phase in Phase:
        if mine := [step for step in steps if step.phase is phase]:
            stands = [_standing(runs, mine) for runs in here]
            phases[phase] = {each: stands.count(each) for each in Standing if each in stands}
    return RingLine(ring.name, len(ring.targets), phases, len(ring.targets) - len(here))


def _change(name: str, steps: Sequence[StepName], found: Mapping[str, Runs]) -> FleetChange:
    phases = {}
    for phase in Phase:
        if mine := [step for step in steps if step.phase is phase]:
            phases[phase] = sum(_standing(runs, mine) is Standing.DONE for runs in found.values())
    return FleetChange(name, phases)


def _standing(runs: Runs, steps: Sequence[StepName]) -> Standing:
    statuses = [(step, runs.get(step)) for step in steps]
    if any(status in _BROKEN for _, status in statuses):
        return Standing.FAILED
    if any(status is StepStatus.RUNNING for _, status in statuses):
        return Standing.RUNNING
    return Standing.DONE if all(_is_over(step, status) for step, status in statuses) else Standing.WAITING


def _is_over(step: StepName, status: StepStatus | None) -> bool:
    return status in _OVER or (step.part is Part.QUARANTINE and status is StepStatus.QUARANTINED)


def _order(step: StepName) -> tuple[int, str, str, str]:
    return step.phase.order, step.label, step.change or "", step.part or ""
