"""One worker: takes a shard after the other, and goes along each, batch by batch."""

from __future__ import annotations

import random
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from migsafe.backfill import pace as steps
from migsafe.backfill.failures import Failure, judge
from migsafe.backfill.task import BackfillFailedError
from migsafe.errors import MigsafeError
from migsafe.postgres.connection import StatementFailedError
from migsafe.tracker.backfills import LostShardError, ShardState
from migsafe.tracker.errors import TrackerBusyError

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from migsafe.backfill.bench import Bench
    from migsafe.backfill.pace import Speed
    from migsafe.backfill.tally import Tally
    from migsafe.backfill.task import Options
    from migsafe.postgres.keyset import Key
    from migsafe.tracker.backfills import Shard

_BEAT_S = 5.0
_LOOK_S = 0.2
_RESUMES = "what is written stays written; started again, it goes on from there"


class Gate:
    """Whether the workers may go on: set by whoever looks at the servers, read by the workers."""

    def __init__(self) -> None:
        self.reason: str | None = "nobody has looked at the server yet"


@dataclass(frozen=True, slots=True)
class Hands:
    """What a worker works with.

    Attributes:
        open_bench: a new session.
        stop: set when it should come to an order end.
        sleep: waits for so many seconds, or until `stop` is set.
        clock: seconds from any beginning.
        chance: a number between 0 and 1.
    """

    open_bench: Callable[[], Bench]
    stop: threading.Event
    sleep: Callable[[float], object]
    clock: Callable[[], float]
    chance: Callable[[], float] = random.random


class Worker:
    """Works until nothing is left, it is stopped, or it fails.

    Attributes:
        error: why it failed; None where it did not.
        took: whether it ever had a shard.
    """

    def __init__(self, hands: Hands, options: Options, gate: Gate, tally: Tally) -> None:
        self._hands, self._options, self._gate, self._tally = hands, options, gate, tally
        self._bench: Bench | None = None
        self._speed: Speed | None = None
        self.error: MigsafeError | None = None
        self.took = False

    @property
    def backend_pid(self) -> int | None:
        """The server's process that works for it."""
        return None if self._bench is None else self._bench.backend_pid

    def cancel(self) -> None:
        """Cut off the statement that it runs, from another thread."""
        if self._bench is not None:
            with suppress(MigsafeError):
                self._bench.session.cancel()

    def run(self) -> None:
        """Work; what stops it is kept in `error`."""
        try:
            self._work()
        except MigsafeError as error:
            self.error = error
        finally:
            if self._bench is not None:
                self._bench.close()

    def _work(self) -> None:
        lost, patience = 0, self._hands.clock() + self._options.patience_s
        while not self._hands.stop.is_set():
            try:
                self._bench = self._bench or self._hands.open_bench()
                shard = self._bench.claim()
                if shard is not None:
                    self.took, lost = True, 0
                    self._fill(self._bench, shard)
                elif self.took or self._tally.all_done or self._hands.clock() > patience:
                    return
                else:
                    self._hands.sleep(_LOOK_S)
            except MigsafeError as error:
                if not self._is_gone:
                    raise
                lost = self._connect_again(lost + 1, error)

    @property
    def _is_gone(self) -> bool:
        """Whether the connection is gone, after it was there."""
        return self.took if self._bench is None else self._bench.lost

    def _connect_again(self, times: int, error: MigsafeError) -> int:
        """The server has restarted, or somebody has ended the session: a new one goes on from the kept place."""
        seconds = steps.wait_s(times, self._hands.chance())
        if self._bench is not None:
            self._bench.close()
            self._bench = None
        if seconds is None:
            raise BackfillFailedError(f"the connection was lost {times} times: {error.message}", hint=_RESUMES)
        self._hands.sleep(seconds)
        return times

    def _fill(self, bench: Bench, shard: Shard) -> None:
        """Go along a shard to its end.

        Raises:
            MigsafeError: when it cannot go on; the connection may be gone.
        """
        try:
            finished = self._go_along(bench, shard)
        except LostShardError:
            raise
        except MigsafeError as error:
            if bench.lost:
                raise
            with suppress(MigsafeError):  # the reason itself is what a person needs to hear
                bench.leave(shard, ShardState.FAILED, error.message)
            raise
        bench.leave(shard, ShardState.DONE if finished else ShardState.WAITING)
        if finished:
            self._tally.close(shard.number)

    def _go_along(self, bench: Bench, shard: Shard) -> bool:
        pace = self._options.pace
        speed, place = self._speed or steps.begin(pace, shard.batch_rows), shard.place
        while not self._hands.stop.is_set():
            if self._gate.reason is not None:
                self._hold(bench, shard)
                continue
            try:
                batch = bench.write(shard, place, speed.rows)
            except TrackerBusyError:
                speed = self._again(speed, "the tracker is being written by somebody else")
                continue
            except StatementFailedError as error:
                if bench.lost:
                    raise
                if self._hands.stop.is_set():  # cut off by whoever stops us
                    break
                speed, place = self._recover(bench, shard, speed, place, error)
                continue
            if batch is None:
                self._speed = speed  # the next shard is of the same rows
                return True
            place = batch.last
            self._tally.add(shard.number, batch)
            speed = steps.after(speed, pace, batch.seen, batch.took_ms)
            self._hands.sleep(steps.rest_s(pace, batch.took_ms))
        return False

    def _recover(
        self, bench: Bench, shard: Shard, speed: Speed, place: Key | None, error: StatementFailedError
    ) -> tuple[Speed, Key | None]:
        rows = bench.stretch_rows
        match judge(error.sqlstate, rows):
            case Failure.PASSES:
                return self._again(speed, error.message), place
            case Failure.OF_A_ROW if rows > 1:
                return steps.narrowed(speed, rows), place
            case Failure.OF_A_ROW:
                return speed, self._set_aside(bench, shard, place, error)
            case _:
                raise BackfillFailedError(f"a batch fails: {error.message}", hint=error.hint or _RESUMES)

    def _again(self, speed: Speed, why: str) -> Speed:
        slower = steps.halved(speed)
        seconds = steps.wait_s(slower.failures, self._hands.chance())
        if seconds is None:
            raise BackfillFailedError(f"a batch has failed {slower.failures} times: {why}", hint=_RESUMES)
        self._hands.sleep(seconds)
        return slower

    def _set_aside(self, bench: Bench, shard: Shard, place: Key | None, error: StatementFailedError) -> Key:
        if not self._tally.take_bad(self._options.max_bad_rows):
            behind = "at the beginning" if place is None else f"behind {', '.join(place)}"
            raise BackfillFailedError(
                f"the row {behind} cannot be written: {error.message}",
                hint="mend it and start again, or let --max-bad-rows set it aside",
            )
        key = bench.set_aside(shard, place, error.sqlstate, error.message)
        self._tally.pass_over(shard.number, key)
        return key

    def _hold(self, bench: Bench, shard: Shard) -> None:
        """Wait until the gate opens, and say now and then that somebody lives."""
        beat = self._hands.clock()
        bench.beat(shard, self._gate.reason)
        while self._gate.reason is not None and not self._hands.stop.is_set():
            self._hands.sleep(_LOOK_S)
            if self._hands.clock() - beat > _BEAT_S:
                beat = self._hands.clock()
                bench.beat(shard, self._gate.reason)
