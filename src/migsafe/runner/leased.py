"""A lease that is ours, and the heart that keeps it so: what a turn on a database and one on a rollout share."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Self

from migsafe.errors import MigsafeError
from migsafe.runner.heartbeat import Heart
from migsafe.tracker.lease import Lease, check_fence, release_lease

if TYPE_CHECKING:
    from migsafe.postgres.connection import Session
    from migsafe.tracker.facts import Author
    from migsafe.tracker.ledger import Ledger
    from migsafe.tracker.opening import Tracker


class LeasedTurn:
    """A context manager that gives it back.

    Attributes:
        lease: as it was taken; its `fence` goes into every row that is written under it.
    """

    def __init__(self, guardian: Session | None, tracker: Tracker, author: Author, lease: Lease) -> None:
        """
        Args:
            guardian: holds the lock in the database; None where the turn is about no database.
            tracker: opened anew for each heartbeat, so by its address, wherever it stands.
        """
        self.lease = lease
        self._tracker = tracker
        self._author = author
        self._heart = Heart(guardian, tracker, lease)

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
        """Give it back; twice is fine. A tracker that is away is no error here: the lease ends by its silence."""
        self._heart.stop()
        with suppress(MigsafeError), self._tracker.writing(self._author) as store:
            release_lease(store, self.lease)

    def check_fence(self, ledger: Ledger) -> None:
        """Make sure that it is ours, inside of a transaction that says what is done; it stays so until that ends.

        Args:
            ledger: on the connection of that transaction where the tracker is beside; else in a transaction of the
                tracker's that stays open until the target's has committed.

        Raises:
            LeaseLostError: when the turn is not ours; the transaction must be rolled back.
        """
        check_fence(ledger, self.lease)
