"""One coordinator at a time for the rollouts of an environment: a lease in the tracker, and its number as a fence."""

from __future__ import annotations

import hashlib
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

from migsafe.errors import EnvironmentFailedError
from migsafe.runner.leased import LeasedTurn
from migsafe.runner.turn import Waiting, process_is_gone, wait_for
from migsafe.tracker.errors import TrackerAwayError
from migsafe.tracker.lease import Holder, Lease, Rollouts, break_lease, take_lease

if TYPE_CHECKING:
    from migsafe.tracker.facts import Author
    from migsafe.tracker.opening import Tracker


class RolloutTurnLostError(EnvironmentFailedError):
    """Somebody else has taken the rollout over."""


class RolloutTurnUnsureError(TrackerAwayError):
    """Nobody could be asked whose turn it is, for so long that somebody else may have taken it."""


class RolloutTurn(LeasedTurn):
    """The turn on an environment's rollouts. Made by `take_rollout_turn`."""

    def __init__(self, tracker: Tracker, author: Author, lease: Lease) -> None:
        super().__init__(None, tracker, author, lease)

    def check(self) -> None:
        """Make sure that it is still ours; before every order that leads forward.

        Raises:
            RolloutTurnLostError: when it is not.
            RolloutTurnUnsureError: when nobody could tell for too long.
        """
        self.check_ours()
        if (why := self._heart.trouble) is not None:
            raise RolloutTurnUnsureError(why)

    def check_ours(self) -> None:
        """The same, where a tracker that cannot be asked is no reason to stop: while the code is watched.

        Raises:
            RolloutTurnLostError: when somebody else has taken it.
        """
        if (why := self._heart.loss) is not None:
            raise RolloutTurnLostError(
                f"{self.lease.where}: {why}; nothing more is moved",
                hint="migsafe deploy status says how it stands; migsafe deploy resume goes on",
            )

    @property
    def is_heard(self) -> bool:
        """The tracker has answered when it was asked last, a few seconds ago."""
        return self._heart.is_heard

    def call(self) -> None:
        """Ask the tracker whether it is still ours, and wait for no answer: see `has_answered`."""
        self._heart.call()

    @property
    def has_answered(self) -> bool:
        """The tracker can be written again, and has said since it was called that the turn is ours."""
        return self._heart.has_answered


def take_rollout_turn(
    tracker: Tracker, environment: str, author: Author, purpose: str, *, waiting: Waiting | None = None
) -> RolloutTurn:
    """Take the turn, or wait for it; how things stand must be read again after this.

    Raises:
        LeaseHeldError: when somebody else has it, for longer than one may wait.
        UnknownNameError: when the tracker does not know the environment.
        EnvironmentFailedError: when the tracker cannot be reached.
    """

    def attempt() -> Lease:
        with tracker.writing(author) as store:
            holder = Holder(actor=author.actor, purpose=purpose, host=_this_place(), pid=os.getpid())
            return take_lease(store, Rollouts(environment), holder, is_gone=holder_is_gone)

    return RolloutTurn(tracker, author, wait_for(attempt, waiting or Waiting()))


def break_rollout_turn(tracker: Tracker, environment: str, author: Author, reason: str) -> Lease:
    """Take it away from whoever has it, who finds that out before anything more is moved.

    Raises:
        LeaseHeldError: when its holder writes in this moment.
        TrackerRefusedError: when nobody has it.
    """
    with tracker.writing(author) as store:
        return break_lease(store, Rollouts(environment), reason)


def holder_is_gone(lease: Lease) -> bool:
    """Whether its process has ended; only its own place can tell.

    No lock stands behind this lease, so that a place must never be taken for another one.
    """
    return "#" in lease.holder.host and lease.holder.host == _this_place() and process_is_gone(lease.holder.pid)


def _this_place() -> str:
    """The machine by name, with a mark of its present run and of this container: two containers may share a name.

    Without such a mark, where the system has none, nobody is ever known to be gone before the silence says so.
    """
    name = socket.gethostname()
    try:
        parts = Path("/proc/sys/kernel/random/boot_id").read_text(), str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return name
    return f"{name}#{hashlib.sha256(''.join(parts).encode()).hexdigest()[:8]}"
