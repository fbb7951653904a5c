"""One coordinator at a time for the rollouts of an environment: a lease in the tracker, and its number as a fence."""

from __future__ import annotations

import hashlib
import os
import socket
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Self

from migsafe.errors import EnvironmentFailedError, MigsafeError
from migsafe.runner.heartbeat import Heart
from migsafe.runner.turn import Waiting, process_is_gone, wait_for
from migsafe.tracker.lease import Holder, Lease, Rollouts, break_lease, check_fence, release_lease, take_lease

if TYPE_CHECKING:
    from migsafe.tracker.facts import Author
    from migsafe.tracker.ledger import Ledger
    from migsafe.tracker.opening import Tracker


class RolloutTurnLostError(EnvironmentFailedError):
    """Somebody else has taken the rollout over, or nobody could be asked for too long."""


class RolloutTurn:
    """The turn on an environment's rollouts; a context manager that gives it back. Made by `take_rollout_turn`."""

    def __init__(self, tracker: Tracker, author: Author, lease: Lease) -> None:
        self.lease = lease
        self._tracker = tracker
        self._author = author
        self._heart = Heart(None, tracker, lease)

    def __enter__(self) -> Self:
        self._heart.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def fence(self) -> int:
        """The number of this turn: greater than that of any before it."""
        return self.lease.fence

    def close(self) -> None:
        """Give it back; twice is fine. With the tracker away it ends by its silence."""
        self._heart.stop()
        with suppress(MigsafeError), self._tracker.writing(self._author) as store:
            release_lease(store, self.lease)

    def check(self) -> None:
        """Make sure that it is still ours; before every order, and while the code is watched.

        Raises:
            RolloutTurnLostError: when it is not, or nobody could tell for too long.
        """
        self._refuse(self._heart.trouble)

    def check_ours(self) -> None:
        """The same, where a tracker that cannot be asked is no reason to stop.

        Raises:
            RolloutTurnLostError: when somebody else has taken it.
        """
        self._refuse(self._heart.loss)

    def _refuse(self, why: str | None) -> None:
        if why is not None:
            raise RolloutTurnLostError(
                f"{self.lease.where}: {why}; nothing more is moved",
                hint="migsafe deploy status says how it stands; migsafe deploy resume goes on",
            )

    def check_fence(self, ledger: Ledger) -> None:
        """The same inside of a transaction that says what is done next, which keeps it ours until that ends.

        Raises:
            LeaseLostError: when it is not ours any more; nothing of that transaction may stay.
        """
        check_fence(ledger, self.lease)


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
