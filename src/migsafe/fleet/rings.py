"""Ring after ring, and within a ring several databases at once; one that fails does not hold up the others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import TYPE_CHECKING, Generic, TypeVar

from migsafe.errors import MigsafeError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migsafe.fleet.roster import FleetTarget, Ring, Roster

T = TypeVar("T")

#: What is done to one database.
Work = Callable[["FleetTarget"], T]

#: Seconds after which a wait looks up: not every platform lets a signal interrupt one.
_LOOK_UP = 0.5


@dataclass(frozen=True, slots=True)
class Settled(Generic[T]):
    """What became of one database.

    Attributes:
        value: what the work gave; None where it did not come to its end.
        error: why not.
    """

    ring: str
    target: str
    value: T | None = None
    error: MigsafeError | None = None


def go_round(
    roster: Roster,
    work: Work[T],
    failed: Callable[[T], bool],
    *,
    stop: Event,
    stop_on_failure: bool = False,
    go_on: bool = False,
) -> Iterator[Settled[T]]:
    """Do something to every database; each is given as soon as it is settled.

    A ring begins when the one before it is through; where that had a failure, it does not. The work is done in threads
    that a process does not wait for when it ends, and nor does whoever takes no more of what is given.

    Args:
        failed: whether what came out counts as a failure.
        stop: set it, and nothing new is begun.
        stop_on_failure: a failure ends its ring: what is under way comes to its end.
        go_on: the next ring begins all the same.

    Raises:
        Exception: what the work raised and is no `MigsafeError`, once all that was under way has come to its end.
        KeyboardInterrupt: at once.
    """
    for ring in roster.rings:
        had_failure = False
        round_ = _Round(ring, work, stop)
        for settled in round_.run():
            bad = settled.error is not None or (settled.value is not None and failed(settled.value))
            had_failure = had_failure or bad
            round_.is_over = round_.is_over or (bad and stop_on_failure)
            yield settled
        if stop.is_set() or (had_failure and not go_on):
            return


class _Round(Generic[T]):
    """One ring.

    Attributes:
        is_over: nothing new is begun in it.
    """

    def __init__(self, ring: Ring, work: Work[T], stop: Event) -> None:
        self.is_over = False
        self._ring = ring
        self._work = work
        self._stop = stop
        self._left = list(reversed(ring.targets))
        self._under_way = 0
        self._done: SimpleQueue[Settled[T] | BaseException] = SimpleQueue()

    def run(self) -> Iterator[Settled[T]]:
        """Each database as soon as it is settled."""
        try:
            self._begin()
            while self._under_way:
                yield self._take()
                self._begin()
        except (KeyboardInterrupt, GeneratorExit):  # somebody does not want to wait
            self._stop.set()
            raise
        except BaseException:
            self._stop.set()
            while self._under_way:
                self._next()
            raise

    def _begin(self) -> None:
        while self._left and self._under_way < self._ring.concurrency and not (self.is_over or self._stop.is_set()):
            target = self._left.pop()
            name = f"{self._ring.name}: {target.name}"
            Thread(target=self._do, args=(target,), name=name, daemon=True).start()
            self._under_way += 1

    def _do(self, target: FleetTarget) -> None:
        try:
            self._done.put(Settled(self._ring.name, target.name, self._work(target)))
        except MigsafeError as error:
            self._done.put(Settled(self._ring.name, target.name, error=error))
        except BaseException as error:  # it is raised again where it is waited for
            self._done.put(error)

    def _take(self) -> Settled[T]:
        settled = self._next()
        if isinstance(settled, BaseException):
            raise settled
        return settled

    def _next(self) -> Settled[T] | BaseException:
        while True:
            try:
                settled = self._done.get(timeout=_LOOK_UP)
            except Empty:
                continue
            self._under_way -= 1
            return settled
