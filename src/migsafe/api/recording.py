"""Saying what has happened: which release runs where, what became of a migration, what was verified.

All of it goes into the tracker that the configuration means. What is so already is not written again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.config import Config

if TYPE_CHECKING:
    from migsafe.bookkeeping.asked import Mark, Record, Verification
    from migsafe.bookkeeping.bounds import Bounded
    from migsafe.tracker.facts import Written


def mark_release(mark: Mark, config: Config | None = None, *, by: str | None = None) -> Written:
    """Record how far a release has come in an environment.

    Args:
        by: who says so; the CI's user, else the login, when None.

    Raises:
        UnknownNameError: when nobody knows the release or the environment.
        TrackerRefusedError: when that cannot follow what is known, or the tracker may not be used.
    """
    from migsafe.bookkeeping import releases
    from migsafe.bookkeeping.author import author

    return releases.mark_release(mark, author(by), config or Config())


def record_steps(record: Record, config: Config | None = None, *, by: str | None = None) -> tuple[Written, ...]:
    """Record what became of migrations that another tool has run; all of them, or none.

    Args:
        by: who says so; the CI's user, else the login, when None.

    Raises:
        UnknownNameError: when nobody knows a migration, the environment or the database.
        TrackerRefusedError: when that cannot follow what is known, or the tracker may not be used.
    """
    from migsafe.bookkeeping import steps
    from migsafe.bookkeeping.author import author

    return steps.record_steps(record, author(by), config or Config())


def record_check(found: Verification, config: Config | None = None, *, by: str | None = None) -> Written:
    """Record what a verification of a change has found.

    Args:
        by: who says so; the CI's user, else the login, when None.

    Raises:
        UnknownNameError: when nobody knows the change, the environment or the database.
        TrackerRefusedError: when it is yet to come, or the tracker may not be used.
    """
    from migsafe.bookkeeping import steps
    from migsafe.bookkeeping.author import author

    return steps.record_check(found, author(by), config or Config())


def set_floor(
    release: str | None,
    environment: str,
    config: Config | None = None,
    *,
    reason: str,
    target: str | None = None,
    by: str | None = None,
) -> Bounded:
    """Say which release is the oldest that works on a database's schema, where migsafe cannot know it.

    Args:
        release: None where every release works.
        reason: why; it is kept with the event.
        target: which database; the only one of the environment when None.
        by: who says so; the CI's user, else the login, when None.

    Raises:
        UnknownNameError: when nobody knows the release, the environment or the database.
        TrackerRefusedError: when no release would be left that works, or the tracker may not be used.
    """
    from migsafe.bookkeeping.asked import Bound
    from migsafe.bookkeeping.author import author
    from migsafe.bookkeeping.bounds import say_bound

    bound = Bound(side="floor", release=release, environment=environment, reason=reason, target=target)
    return say_bound(bound, author(by), config or Config())


def set_ceiling(
    release: str | None,
    environment: str,
    config: Config | None = None,
    *,
    reason: str,
    target: str | None = None,
    by: str | None = None,
) -> Bounded:
    """Say which release is the latest that works on a database's schema; arguments and errors are those of `set_floor`.

    Args:
        release: None where no later one needs what is not there.
    """
    from migsafe.bookkeeping.asked import Bound
    from migsafe.bookkeeping.author import author
    from migsafe.bookkeeping.bounds import say_bound

    bound = Bound(side="ceiling", release=release, environment=environment, reason=reason, target=target)
    return say_bound(bound, author(by), config or Config())
