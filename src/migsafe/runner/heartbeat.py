"""The life of a turn: says to the tracker that it goes on, and finds out when it is not certain any more."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from migsafe.errors import EnvironmentFailedError, MigsafeError
from migsafe.preflight.words import duration
from migsafe.tracker.lease import BEAT, DEAD_AFTER, Lease, beat

if TYPE_CHECKING:
    from migsafe.postgres.connection import Session
    from migsafe.tracker.opening import Tracker


#: Seconds until the next beat, after one that nobody has heard.
_SOON = 1.0


class Heart(threading.Thread):
    """Beats in the tracker, and looks whether the guardian is there."""

    def __init__(self, guardian: Session | None, tracker: Tracker, lease: Lease, every: float = BEAT) -> None:
        """
        Args:
            guardian: holds the lock in the database; None where the turn is about no database.
        """
        super().__init__(name=f"heartbeat of {lease.where}", daemon=True)
        self._guardian = guardian
        self._tracker = tracker
        self._lease = lease
        self._every = every
        self._woken = threading.Event()
        self._stopped = False
        self._heard = time.monotonic()
        self._called = self._heard
        self._is_heard = True
        self._why: str | None = None

    @property
    def trouble(self) -> str | None:
        """Why it is not certain any more whose turn it is; None while it is."""
        if self._why is None and time.monotonic() - self._heard >= DEAD_AFTER - 2 * BEAT:
            silence = time.monotonic() - self._heard
            return f"the tracker could not be told for {duration(silence)} that this run lives"
        return self._why

    @property
    def loss(self) -> str | None:
        """Why the turn is not ours any more, where that is certain; None where it is not, or nobody could be asked."""
        return self._why

    def call(self) -> None:
        """Beat now; nobody waits for the answer where the heart has a thread of its own."""
        self._called = time.monotonic()
        if self.is_alive():
            self._woken.set()
        else:
            self._beat()

    @property
    def is_heard(self) -> bool:
        """The tracker has heard its last beat: who asks it something now will hardly wait in vain."""
        return self._is_heard

    @property
    def has_answered(self) -> bool:
        """The tracker has heard it since it was called: it can be written, and the turn is ours."""
        return self._why is None and self._heard >= self._called

    def run(self) -> None:
        """Until it is stopped. With the guardian gone it goes on to beat: the step that runs must not look dead."""
        while True:
            self._woken.wait(self._every if self._is_heard else min(self._every, _SOON))
            self._woken.clear()
            if self._stopped:
                return
            self._beat()
            self._look()

    def stop(self) -> None:
        """Beat no more; returns when nothing is under way."""
        self._stopped = True
        self._woken.set()
        if self.is_alive() and threading.current_thread() is not self:
            self.join()

    def _beat(self) -> None:
        """A tracker is busy or away for a moment; `trouble` counts the seconds."""
        try:
            if beat(self._tracker, self._lease):
                self._heard = time.monotonic()
            else:
                self._why = self._why or "the lease was taken over or broken"
        except MigsafeError:
            self._is_heard = False
        else:
            self._is_heard = True

    def _look(self) -> None:
        if self._guardian is None:
            return
        try:
            self._guardian.query("select 1")
        except EnvironmentFailedError as error:
            self._why = self._why or f"the session that held the lock of this run is gone ({error.message})"
