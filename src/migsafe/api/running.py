"""Running migrations by phase on one database, and putting the journal of a step right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.api.progress import Say, say_nothing
from migsafe.config import Config

if TYPE_CHECKING:
    from threading import Event

    from migsafe.runner.outcome import RunOutcome
    from migsafe.runner.repair import Repaired, RepairOptions
    from migsafe.runner.run import RunOptions


def run_phase(
    options: RunOptions,
    config: Config | None = None,
    *,
    say: Say = say_nothing,
    stop: Event | None = None,
    by: str | None = None,
) -> RunOutcome:
    """Run the steps of a phase that a database has not had, one at a time; the first that stops ends it.

    Args:
        say: takes what happens, a line at a time.
        stop: set it, and the step that runs is the last one.
        by: who runs it; the CI's user, else the login, when None.

    Returns:
        What became of each step; `problem` where one was refused or failed.

    Raises:
        NoMigrationsError: when there are no migrations where they were expected.
        UsageError: when they are those of several databases, or not of a Postgres, or the address cannot be used.
        UnknownNameError: when nobody knows the release, the environment or the database.
        RunRefusedError: when something must come first.
        TrackerRefusedError: when the tracker may not be used, or somebody else runs migrations there.
        EnvironmentFailedError: when the database or the tracker cannot be reached.
    """
    from migsafe.bookkeeping.author import author
    from migsafe.runner import run

    return run.run_phase(options, config or Config(), author(by), say=say, stop=stop)


def rehearse_phase(options: RunOptions, config: Config | None = None, *, by: str | None = None) -> RunOutcome:
    """What `run_phase` would do now; nothing is written, and nothing waits.

    Args:
        by: who asks; the CI's user, else the login, when None.

    Raises:
        MigsafeError: as `run_phase`.
    """
    from migsafe.bookkeeping.author import author
    from migsafe.runner import run

    return run.rehearse_phase(options, config or Config(), author(by))


def repair_step(options: RepairOptions, config: Config | None = None, *, by: str | None = None) -> Repaired:
    """Look in the database what became of a step, and make the journal say so; nothing else is written.

    Args:
        by: who says so; the CI's user, else the login, when None.

    Raises:
        UnknownNameError: when the project has no such migration.
        StepRefusedError: when the database cannot tell and nobody says, or it tells otherwise.
        NoMigrationsError: when there are no migrations where they were expected.
        UsageError: when they are those of several databases, or the address cannot be used.
        TrackerRefusedError: when the tracker may not be used, or somebody else runs migrations there.
        EnvironmentFailedError: when the database or the tracker cannot be reached.
    """
    from migsafe.bookkeeping.author import author
    from migsafe.runner import repair

    return repair.repair_step(options, config or Config(), author(by))
