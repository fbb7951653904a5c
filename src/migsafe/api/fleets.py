"""Many databases of one environment, in rings: running migrations on them, and seeing how far they are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from migsafe.api.progress import Progress, Say, say_nothing, show_nothing
from migsafe.config import Config

if TYPE_CHECKING:
    from threading import Event

    from migsafe.fleet.outcome import FleetOutcome
    from migsafe.fleet.roster import Roster
    from migsafe.fleet.run import Manners
    from migsafe.fleet.status import FleetStatus
    from migsafe.runner.run import RunOptions


def read_fleet(file: str | Path) -> Roster:
    """The databases of a fleet, by its file; databases from which that takes names are asked.

    Raises:
        PathNotFoundError: when there is no such file.
        ConfigurationError: when it says something that cannot be, with its place.
        EnvironmentFailedError: when a database that has names cannot be asked.
    """
    from migsafe.fleet.reading import read_roster

    return read_roster(Path(file))


def run_fleet(
    roster: Roster,
    options: RunOptions,
    config: Config | None = None,
    *,
    manners: Manners | None = None,
    say: Say = say_nothing,
    stop: Event | None = None,
    by: str | None = None,
) -> FleetOutcome:
    """Run a phase on every database of a fleet; one that has it already is settled at once.

    Args:
        options: the same for all of them, but for the address and the name.
        manners: how the fleet is gone through; a failure lets its ring come to its end, and no further one, when None.
        say: takes what happens, a line at a time, whatever thread it comes from.
        stop: set it, and the steps that are under way are the last ones.
        by: who runs it; the CI's user, else the login, when None.

    Returns:
        What became of each database; a failure of one is no error of the call.

    Raises:
        NoMigrationsError: when there are no migrations where they were expected.
        UsageError: when they are those of several databases, or an address cannot be used.
    """
    from migsafe.bookkeeping.author import author
    from migsafe.fleet import run

    return run.run_fleet(roster, options, config or Config(), author(by), say=say, stop=stop, manners=manners)


def rehearse_fleet(
    roster: Roster,
    options: RunOptions,
    config: Config | None = None,
    *,
    progress: Progress = show_nothing,
    stop: Event | None = None,
    by: str | None = None,
) -> FleetOutcome:
    """What `run_fleet` would do now, on every database; nothing is written.

    Args:
        progress: called with the number of databases asked and of all databases.
        stop: set it, and no further database is asked.
        by: who asks; the CI's user, else the login, when None.

    Raises:
        MigsafeError: as `run_fleet`.
    """
    from migsafe.bookkeeping.author import author
    from migsafe.fleet import run

    return run.rehearse_fleet(roster, options, config or Config(), author(by), on_progress=progress, stop=stop)


def fleet_status(
    roster: Roster,
    config: Config | None = None,
    *,
    environment: str | None = None,
    progress: Progress = show_nothing,
) -> FleetStatus:
    """How far the databases of a fleet are, by the tracker of all of them, or by the one in each.

    Args:
        environment: the only one that a tracker knows when None.
        progress: called with the number of databases asked and of all databases.

    Raises:
        UnknownNameError: when the tracker of all does not know the environment.
        TrackerRefusedError: when that tracker cannot be used.
        UsageError: when an address cannot be used.
        EnvironmentFailedError: when nothing could be asked at all.
    """
    from migsafe.fleet.status import read_fleet_status

    return read_fleet_status(roster, config or Config(), environment=environment, on_progress=progress)
