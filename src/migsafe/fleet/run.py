"""`migsafe run PHASE --fleet FILE`: the same run on every database of a fleet."""

from __future__ import annotations

from dataclasses import dataclass, replace
from threading import Event
from typing import TYPE_CHECKING

from migsafe.bookkeeping.project import read_project
from migsafe.fleet.addresses import check_addresses
from migsafe.fleet.outcome import Fate, FleetOutcome, fate_of, problem_of
from migsafe.fleet.rings import go_round
from migsafe.fleet.voice import Voice
from migsafe.runner.run import rehearse_phase, run_phase

if TYPE_CHECKING:
    from collections.abc import Callable

    from migsafe.bookkeeping.project import Project
    from migsafe.config import Config
    from migsafe.fleet.rings import Settled
    from migsafe.fleet.roster import FleetTarget, Roster
    from migsafe.runner.outcome import RunOutcome
    from migsafe.runner.run import RunOptions
    from migsafe.tracker.facts import Author


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """How a fleet is gone through.

    Attributes:
        stop_on_failure: a failure ends its ring.
        go_on: a ring begins though the one before it had a failure.
    """

    stop_on_failure: bool = False
    go_on: bool = False


def run_fleet(
    roster: Roster,
    options: RunOptions,
    config: Config,
    author: Author,
    *,
    say: Callable[[str], None],
    stop: Event | None = None,
    manners: Manners | None = None,
) -> FleetOutcome:
    """Run a phase on every database of a fleet; one that has it already is settled at once.

    Args:
        options: the same for all of them, but for the address and the name.
        say: takes a line for a person, one at a time, whatever thread it comes from.
        stop: set it, and the steps that are under way are the last ones.

    Raises:
        MigsafeError: when nothing was begun: the project cannot be read, or an address cannot be used.
    """
    check_addresses(roster)
    project = _project(config)
    voice, stop = Voice(say), stop or Event()

    def work(target: FleetTarget) -> RunOutcome:
        told = _options_of(target, options)
        return run_phase(told, config, author, say=voice.of(target.name), project=project, stop=stop)

    settled: list[Settled[RunOutcome]] = []
    manners = manners or Manners()
    for one in go_round(roster, work, _failed, stop=stop, stop_on_failure=manners.stop_on_failure, go_on=manners.go_on):
        settled.append(one)
        voice.say(f"{len(settled)}/{roster.size} {one.ring}: {one.target}: {_word(one)}")
    return FleetOutcome(roster=roster, settled=tuple(settled), interrupted=stop.is_set())


def rehearse_fleet(
    roster: Roster,
    options: RunOptions,
    config: Config,
    author: Author,
    *,
    on_progress: Callable[[int, int], None] = lambda done, whole: None,
    stop: Event | None = None,
) -> FleetOutcome:
    """What `run_fleet` would do now, on every database; nothing is written.

    Args:
        on_progress: takes how many databases were asked, and of how many.
        stop: set it, and no other database is asked.

    Raises:
        MigsafeError: as `run_fleet`.
    """
    check_addresses(roster)
    project, stop = _project(config), stop or Event()

    def work(target: FleetTarget) -> RunOutcome:
        return rehearse_phase(_options_of(target, options), config, author, project=project)

    settled: list[Settled[RunOutcome]] = []
    for one in go_round(roster, work, _failed, stop=stop, go_on=True):
        settled.append(one)
        on_progress(len(settled), roster.size)
    return FleetOutcome(roster=roster, settled=tuple(settled), interrupted=stop.is_set())


def _project(config: Config) -> Project:
    project = read_project(config)
    _ = project.story.changes  # made once, before threads share it
    return project


def _options_of(target: FleetTarget, options: RunOptions) -> RunOptions:
    return replace(options, url=target.url, where=replace(options.where, target=target.name))


def _failed(outcome: RunOutcome) -> bool:
    return outcome.problem is not None


def _word(settled: Settled[RunOutcome]) -> str:
    problem, fate = problem_of(settled), fate_of(settled)
    if problem is None or fate is Fate.STOPPED:
        return str(fate)
    return f"{fate}: {problem.message}"
