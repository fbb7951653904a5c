"""Which tracker a command means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.errors import UsageError
from migsafe.tracker import opening
from migsafe.tracker.address import DEFAULT, TrackerAddress, read_address

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from migsafe.config import Config


def tracker_address(config: Config) -> TrackerAddress:
    """Where the tracker is: what the option says, else the configuration, else a file below the current folder.

    Raises:
        UsageError: when that is no place, or holds a password.
    """
    return read_address(config.tracker or DEFAULT)


def open_tracker(
    config: Config, environment: str | None = None, *, clock: Callable[[], datetime] | None = None
) -> opening.Tracker:
    """The tracker that a configuration means; nothing is connected yet.

    Args:
        environment: the one that the command is about.
        clock: when it is; the machine's when None.
    """
    return opening.Tracker(tracker_address(config), environment, clock or opening.now)


def refuse_file(config: Config) -> None:
    """Refuse a tracker that is said to be in a file, where what is asked for is of a Postgres.

    Raises:
        UsageError: when it is.
    """
    if config.tracker is not None and (file := tracker_address(config).file) is not None:
        raise UsageError(
            f"the tracker {file} is a file, which knows no roles: whoever may write it may write all of it",
            hint="migsafe tracker check --anchor shows what was written anew; a tracker in Postgres can prevent it",
        )
