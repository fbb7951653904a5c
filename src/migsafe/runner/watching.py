"""Somebody who looks on while a statement runs: says for whom it waits, and stops it when too many wait for it.

The decision is pure; around it is a thread with a connection of its own, which looks for the first time after a quarter
of a second, so that what is short costs nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from migsafe.errors import EnvironmentFailedError
from migsafe.postgres.connection import Session, StatementFailedError
from migsafe.postgres.watching import (
    Building,
    Waiter,
    blockers_of,
    building_of,
    open_watcher,
    replica_lag,
    waiters_of,
)
from migsafe.preflight.case import session as culprit_of
from migsafe.preflight.text import spell_culprit
from migsafe.preflight.words import counted, duration
from migsafe.runner.execution import PieceFailedError

if TYPE_CHECKING:
    from migsafe.postgres.live_rows import Backend
    from migsafe.runner.pieces import Piece

_FIRST, _EVERY = 0.25, 0.5
#: Seconds between two lines about the same wait.
_SAY_EVERY = 15.0
_CANCELLED, _LOCK_TIMEOUT = "57014", "55P03"


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchLimits:
    """When a statement is cancelled that we ourselves run.

    Attributes:
        waiting: more sessions than this wait for it …
        for_s: … for longer than this, in seconds.
        lag: a standby is further behind than this, in seconds; None where that does not matter.
    """

    waiting: int = 5
    for_s: float = 1.0
    lag: float | None = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What one look has shown.

    Attributes:
        at: seconds, by any clock that does not go back.
        blockers: for whom the statement waits.
        waiters: who waits for it.
        lag: of the slowest standby, in seconds; None where there is none, or it was not asked.
    """

    at: float
    blockers: tuple[Backend, ...] = ()
    waiters: tuple[Waiter, ...] = ()
    building: Building | None = None
    lag: float | None = None


@dataclass(frozen=True, slots=True)
class Vigil:
    """What is known from earlier looks, and why the statement is to be cancelled now, if it is.

    Attributes:
        crowded_since: since when too many wait.
    """

    crowded_since: float | None = None
    cancel: str | None = None


def consider(vigil: Vigil, look: Look, limits: WatchLimits) -> Vigil:
    """Whether a statement may go on; pure."""
    if limits.lag is not None and look.lag is not None and look.lag > limits.lag:
        why = f"a standby is {duration(look.lag)} behind, and {duration(limits.lag)} is the limit"
        return Vigil(vigil.crowded_since, why)
    if len(look.waiters) <= limits.waiting:
        return Vigil()
    since = look.at if vigil.crowded_since is None else vigil.crowded_since
    patient = sum(one.waited >= limits.for_s for one in look.waiters)
    if patient <= limits.waiting and look.at - since < limits.for_s:
        return Vigil(since)
    longest = max(*(one.waited for one in look.waiters), look.at - since)
    crowd = f"{counted(len(look.waiters), 'session waits', 'sessions wait')} behind it, for up to {duration(longest)}"
    return Vigil(since, f"{crowd}, and {limits.waiting} for {duration(limits.for_s)} is the limit")


def spell_look(look: Look) -> str:
    """For whom it waits, or how far it has come, in one line; empty where there is nothing to say."""
    parts = [_spell_building(look.building)] if look.building is not None else []
    if look.blockers:
        parts.append(f"waits for {spell_blockers(look.blockers)}")
    return ", ".join(part for part in parts if part)


def spell_blockers(blockers: Sequence[Backend]) -> str:
    """The first of them by pid and query, and how many more there are."""
    first = blockers[0]
    if first.pid == 0:
        text = "a prepared transaction, see pg_prepared_xacts"
    else:
        culprit = culprit_of(first)
        text = spell_culprit(culprit) + (f": {culprit.query}" if culprit.query else "")
    more = len(blockers) - 1
    return text + (f" (and {more} more)" if more else "")


def _spell_building(building: Building) -> str:
    if building.phase.startswith("waiting") and building.lockers:
        return f"{building.phase} ({building.lockers_done} of {building.lockers} have ended)"
    return building.phase if building.part is None else f"{building.phase}, {building.part:.0%}"


class Watchman:
    """Watches one piece after the other; a context manager that ends its connection."""

    def __init__(
        self,
        dsn: str,
        say: Callable[[str], None],
        limits: WatchLimits | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Args:
            dsn: of the server on which the pieces run.
            say: takes a line for people, from another thread.
            limits: cancel what breaks them; None only looks.
        """
        self._dsn = dsn
        self._say = say
        self._limits = limits
        self._clock = clock
        self._watcher: Session | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the connection; watching opens another one."""
        if self._watcher is not None:
            self._watcher.close()
            self._watcher = None

    @contextmanager
    def watching(self, session: Session, piece: Piece) -> Iterator[None]:
        """Look on while a piece runs on a session.

        Raises:
            PieceFailedError: that of the piece; where this has cancelled it with the reason, and where a lock was not
                to be had with the names of those who had it.
        """
        watch = _Watch(self, session, piece)
        watch.start()
        try:
            yield
        except PieceFailedError as failed:
            watch.stop()
            raise PieceFailedError(failed.statement, watch.explained(failed.error)) from None
        finally:
            watch.stop()

    def look(self, pid: int) -> Look:
        """One look at a session.

        Raises:
            EnvironmentFailedError: when the server does not answer; the next look opens another connection.
        """
        try:
            watcher = self._watcher = self._watcher or open_watcher(self._dsn)
            asks_lag = self._limits is not None and self._limits.lag is not None
            return Look(
                blockers=blockers_of(watcher, pid),
                waiters=waiters_of(watcher, pid),
                building=building_of(watcher, pid),
                lag=replica_lag(watcher) if asks_lag else None,
                at=self._clock(),
            )
        except EnvironmentFailedError:
            self.close()
            raise

    def judge(self, vigil: Vigil, look: Look) -> Vigil:
        """Whether what is watched may go on."""
        return vigil if self._limits is None else consider(vigil, look, self._limits)

    def say(self, line: str) -> None:
        """Tell a person."""
        self._say(line)


class _Watch(threading.Thread):
    """Looks again and again, until the piece has come to its end."""

    def __init__(self, man: Watchman, session: Session, piece: Piece) -> None:
        super().__init__(name="watch", daemon=True)
        self._man = man
        self._session = session
        self._pid = session.backend_pid
        self._piece = piece
        self._over = threading.Event()
        self._vigil = Vigil()
        self._blockers: tuple[Backend, ...] = ()
        self._said: tuple[str, float] | None = None
        self._blind = False

    def run(self) -> None:
        """One look after the other; what cannot be seen is said once, and stops nothing."""
        pause = _FIRST
        while not self._over.wait(pause):
            pause = _EVERY
            try:
                self._look()
            except EnvironmentFailedError as error:
                if not self._blind:
                    self._man.say(f"“{self._piece.title}” runs unwatched: {error.message}")
                self._blind = True

    def stop(self) -> None:
        """Look no more. What was to be cancelled is cancelled when this returns: it must not hit the next statement."""
        self._over.set()
        self.join()

    def explained(self, error: StatementFailedError) -> StatementFailedError:
        """The piece's error, with what was seen."""
        if error.sqlstate == _CANCELLED and self._vigil.cancel is not None:
            return StatementFailedError(
                f"cancelled by migsafe itself: {self._vigil.cancel}",
                sqlstate=error.sqlstate,
                hint="nothing of this transaction is left; run it again when less goes on"
                if not self._piece.alone
                else "migsafe run resume looks at what is left of it",
            )
        if error.sqlstate == _LOCK_TIMEOUT and self._blockers:
            text = f"{error.message}: it waited for {spell_blockers(self._blockers)}"
            return StatementFailedError(text, sqlstate=error.sqlstate, hint=error.hint)
        return error

    def _look(self) -> None:
        look = self._man.look(self._pid)
        self._blockers = look.blockers or self._blockers
        self._vigil = self._man.judge(self._vigil, look)
        if self._vigil.cancel is not None and not self._over.is_set():
            self._man.say(f"“{self._piece.title}” is cancelled: {self._vigil.cancel}")
            self._session.cancel()
            self._over.set()
        elif self._piece.alone:
            self._progress(look)

    def _progress(self, look: Look) -> None:
        """A new line where something else goes on now, and the same again after a while."""
        line = spell_look(look)
        kind = look.building.phase if look.building is not None else str([one.pid for one in look.blockers])
        if line and (self._said is None or self._said[0] != kind or look.at - self._said[1] >= _SAY_EVERY):
            self._said = kind, look.at
            self._man.say(f"“{self._piece.title}”: {line}")
