"""The tracker: how everything stands, what has happened, and the care for the tracker itself.

It is the one that the configuration means.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from migsafe.config import Config

if TYPE_CHECKING:
    from datetime import datetime

    from migsafe.bookkeeping.documents import Checked, Exported
    from migsafe.tracker.events import Event
    from migsafe.tracker.guarding import Verdict
    from migsafe.tracker.importing import Imported
    from migsafe.tracker.standing import Status
    from migsafe.tracker.upgrade import Upgraded


def status(config: Config | None = None, *, environment: str | None = None, everything: bool = False) -> Status:
    """How everything stands: environments, changes and their phases; what is due, and what blocks.

    Args:
        environment: only this one; all when None.
        everything: also changes that are over everywhere.

    Raises:
        UnknownNameError: when nobody knows the environment.
        TrackerRefusedError: when there is no tracker, or it may not be used.
        TrackerAwayError: when it cannot be reached.
    """
    from migsafe.bookkeeping.overview import read_status

    return read_status(config or Config(), environment=environment, everything=everything)


def history(
    config: Config | None = None, *, since: datetime | None = None, environment: str | None = None
) -> tuple[Event, ...]:
    """What was recorded, the oldest first.

    Args:
        since: only from then on; with its zone.
        environment: only of this one; all when None.

    Raises:
        UnknownNameError: when nobody knows the environment.
        TrackerRefusedError: when there is no tracker, or it may not be used.
        TrackerAwayError: when it cannot be reached.
    """
    from migsafe.bookkeeping.documents import read_history

    return read_history(config or Config(), since=since, environment=environment)


def guard(
    release: str, config: Config | None = None, *, environment: str | None = None, target: str | None = None
) -> Verdict:
    """Whether a release works on a database as it is now, by what the tracker knows.

    Args:
        environment: the only one that the tracker knows when None.
        target: the only one of the environment when None.

    Raises:
        UnknownNameError: when nobody knows the place, or there are several.
        TrackerRefusedError: when there is no tracker, or it may not be used.
        TrackerAwayError: when it cannot be reached; the release should start nevertheless.
    """
    from migsafe.bookkeeping.overview import guard_release

    return guard_release(release, config or Config(), environment=environment, target=target)


def export_state(config: Config | None = None) -> Exported:
    """What the tracker knows as a document, sealed; with an HMAC where `state_key` is set.

    Raises:
        TrackerRefusedError: when there is no tracker, or it may not be used.
        TrackerAwayError: when it cannot be reached.
    """
    from migsafe.bookkeeping.documents import export_state as export

    return export(config or Config())


def import_state(
    file: str | Path,
    config: Config | None = None,
    *,
    prefer: Literal["tracker", "file"] | None = None,
    reason: str | None = None,
    by: str | None = None,
) -> Imported:
    """Take a document over into the tracker; all of it, or nothing.

    Args:
        prefer: who is believed where both know something, and not the same; that is refused when None.
        by: who says so; the CI's user, else the login, when None.

    Raises:
        StateError: when it is no such document, or not the one that was sealed.
        TrackerRefusedError: when the tracker knows something otherwise, and nobody says who is believed.
    """
    from migsafe.bookkeeping.author import author
    from migsafe.bookkeeping.documents import take_over_state

    return take_over_state(Path(file), author(by), config or Config(), prefer=prefer, reason=reason)


def tracker_place(config: Config | None = None) -> str:
    """Where the tracker is, as people may see it; nothing is connected.

    Raises:
        UsageError: when the configuration names no place, or one with a password.
    """
    from migsafe.bookkeeping.place import tracker_address

    return tracker_address(config or Config()).shown


def tracker_upgrade(config: Config | None = None, *, environment: str | None = None, by: str | None = None) -> Upgraded:
    """Make the tracker, or bring its tables to the version that this migsafe needs.

    Args:
        environment: the only one that this tracker is about: a copy of it is refused elsewhere.
        by: who says so; the CI's user, else the login, when None.

    Raises:
        TrackerRefusedError: when it is of a newer migsafe, or the tables may not or should not be made there.
        TrackerAwayError: when it cannot be reached.
    """
    from migsafe.bookkeeping.author import author
    from migsafe.bookkeeping.place import tracker_address
    from migsafe.tracker.upgrade import upgrade_tracker

    return upgrade_tracker(tracker_address(config or Config()), author(by), environment=environment)


def tracker_check(config: Config | None = None, *, anchor: str | None = None) -> Checked:
    """Prove the chain of events, and see who could write a whole one anew.

    Args:
        anchor: a hash of it that was kept elsewhere.

    Raises:
        TrackerBrokenError: when it is not the one that was written.
        TrackerAwayError: when the tracker cannot be reached.
    """
    from migsafe.bookkeeping.documents import check_tracker

    return check_tracker(config or Config(), anchor=anchor)


def tracker_rebind(
    config: Config | None = None, *, reason: str, environment: str | None = None, by: str | None = None
) -> tuple[str | None, str | None]:
    """Say that the tracker belongs to the database in which it stands now; which one it was, and which it is.

    Args:
        environment: the one that it is about from now on; as it was when None.
        by: who says so; the CI's user, else the login, when None.

    Raises:
        TrackerRefusedError: when there is no tracker, or it may not be written.
        TrackerAwayError: when it cannot be reached.
    """
    from migsafe.bookkeeping.author import author
    from migsafe.bookkeeping.place import tracker_address
    from migsafe.tracker.upgrade import rebind_tracker

    address = tracker_address(config or Config())
    return rebind_tracker(address, author(by), reason=reason, environment=environment)


def tracker_roles(
    config: Config | None = None,
    *,
    owner: str = "migsafe_owner",
    runner: str = "migsafe_runner",
    approver: str = "migsafe_approver",
    reader: str = "migsafe_reader",
    schema: str = "migsafe",
) -> str:
    """The SQL by which a DBA gives each role what it needs in a tracker in Postgres; nothing is connected, or run.

    Args:
        owner: whom the tables belong to; nobody logs in as this role.
        runner: whoever records and runs steps.
        approver: whoever decides on contract plans.
        reader: whoever asks.
        schema: in which the tables stand.

    Raises:
        UsageError: when the tracker is a file, two of the roles are the same, or one is no name for a role.
    """
    from migsafe.bookkeeping.place import refuse_file
    from migsafe.tracker.roles import Roles, roles_sql

    refuse_file(config or Config())
    return roles_sql(Roles(owner=owner, runner=runner, approver=approver, reader=reader), schema)
