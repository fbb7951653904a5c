"""Takes messages out of the outbox and sends them: at least once, in the background, without ever being waited for.

A message is written to the outbox with the state that it tells of. So a coordinator that is killed has told nobody yet,
and the next one does.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from migsafe.deploy.notify.sink import DELIVERED, Sent
from migsafe.errors import MigsafeError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from migsafe.deploy.notify.sink import Sink

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 2.0, 600.0
#: After so many tries, a day or so, a message is given up.
MOST_ATTEMPTS = 150
_AT_ONCE = 50
#: How often the outbox is looked into for what is due again, in seconds.
GLANCE_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A message that one receiver has not got yet.

    Attributes:
        id: of the row.
        channel: the receiver's name.
        document: what is sent.
        attempts: how often it was tried before.
    """

    id: str
    channel: str
    document: Mapping[str, Any]
    attempts: int


class Outbox(Protocol):
    """Where messages wait. Used from the one thread of a `Delivery`; may raise when its store is away."""

    def due(self, now: datetime, limit: int) -> Sequence[Row]:
        """Undelivered rows whose time has come, the oldest first; none that was given up."""

    def mark_delivered(self, row_id: str) -> None:
        """The receiver has it."""

    def mark_failed(self, row_id: str, next_at: datetime | None, error: str) -> None:
        """One more attempt was made in vain; to be tried again then, or never where None."""


class Delivery:
    """Sends in a thread of its own. Its methods never raise for a receiver or for the outbox."""

    def __init__(
        self,
        outbox: Outbox,
        sinks: Sequence[Sink],
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        glance_s: float = GLANCE_S,
    ) -> None:
        """
        Args:
            glance_s: how often the outbox is looked into without a `wake`, in seconds.
        """
        self._outbox = outbox
        self._sinks = {sink.name: sink for sink in sinks}
        self._now = now
        self._glance_s = glance_s
        self._news = threading.Condition()
        self._wanted = 0
        self._finished = 0
        self._ends = False
        self._has_rest = False
        self._arrived: set[str] = set()
        self._trouble = ""
        self._thread: threading.Thread | None = None

    @property
    def trouble(self) -> str:
        """The last thing that went wrong, in one line; empty where all went well. For a warning at the end."""
        return self._trouble

    def start(self) -> None:
        """Begin to send, with what an earlier process has left."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="notifications", daemon=True)
            self._thread.start()
            self.wake()

    def wake(self) -> None:
        """Something was put into the outbox. Comes back at once."""
        with self._news:
            self._wanted += 1
            self._news.notify_all()

    def flush(self, timeout_s: float) -> bool:
        """Wait until all that is due was tried, and no longer than so many seconds.

        Returns:
            Whether nothing that is due is left; what is left is sent by the next process that starts.
        """
        self.start()
        self.wake()
        until = time.monotonic() + timeout_s
        with self._news:
            goal = self._wanted
            while self._finished < goal and (left := until - time.monotonic()) > 0:
                self._news.wait(left)
            return self._finished >= goal and not self._has_rest

    def close(self) -> None:
        """Send nothing any more; what is being sent is not waited for."""
        with self._news:
            self._ends = True
            self._news.notify_all()

    def _work(self) -> None:
        while True:
            with self._news:
                if not self._ends and self._finished >= self._wanted:
                    self._news.wait(self._glance_s)
                if self._ends:
                    return
                goal = self._wanted
            has_rest = self._round()
            with self._news:
                self._finished, self._has_rest = goal, has_rest
                self._news.notify_all()

    def _round(self) -> bool:
        """Try all that is due once; whether anything of it is left."""
        has_rest = False
        away: dict[str, Sent] = {}
        try:
            while rows := self._outbox.due(self._now(), _AT_ONCE):
                for row in rows:
                    if self._ends:
                        return True
                    has_rest |= not self._deliver(row, away)
        except Exception as error:  # the outbox's fault, whatever it is, is never the deployment's
            self._trouble = error.message if isinstance(error, MigsafeError) else type(error).__name__
            return True
        return has_rest

    def _deliver(self, row: Row, away: dict[str, Sent]) -> bool:
        """Send one row; whether nothing is left to do for it.

        Args:
            away: receivers that have failed in this round: one that hangs is asked once, and not for every row.
        """
        sent = DELIVERED if row.id in self._arrived else away.get(row.channel) or self._send(row)
        if sent.result == "delivered":
            self._arrived.add(row.id)  # an outbox that can be read and not written shows it again at each glance
            self._outbox.mark_delivered(row.id)
            self._arrived.discard(row.id)
            return True
        self._trouble = f"{row.channel}: {sent.why}"
        if sent.result == "refused" or row.attempts + 1 >= MOST_ATTEMPTS:
            self._outbox.mark_failed(row.id, None, sent.why)
            return True
        away[row.channel] = sent
        wait_s = max(pause_s(row.attempts), sent.wait_s or 0.0)
        self._outbox.mark_failed(row.id, self._now() + timedelta(seconds=wait_s), sent.why)
        return False

    def _send(self, row: Row) -> Sent:
        sink = self._sinks.get(row.channel)
        if sink is None:
            # It may be another deploy.toml's, whose next command knows it: to give it up here would lose it.
            return Sent(result="retry", why="this deploy.toml has no [[notify]] of that name")
        try:
            return sink.send(row.document)
        except Exception as error:  # a fault of one receiver's code must not keep the others from their messages
            return Sent(result="retry", why=type(error).__name__)


def pause_s(attempts: int) -> float:
    """How long to wait after one more try in vain: twice as long each time, ten minutes at most.

    Args:
        attempts: how many were made before that one.
    """
    return float(min(_FIRST_PAUSE_S * 2 ** min(attempts, 30), _LONGEST_PAUSE_S))
