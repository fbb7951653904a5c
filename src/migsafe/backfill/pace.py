"""How many rows the next batch looks at, and how long to rest after one. Pure.

The mean of the speed follows what happens (a moving average), a batch never grows to more than twice the last one, and
what took too long is tried again with half: a mean alone does not bound a batch, since one checkpoint makes it slow.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from migsafe.errors import UsageError

#: Weight of the newest speed in the mean.
_NEWEST = 0.3
#: Times of the target that are answered at once, by half the rows.
_MUCH_TOO_SLOW = 2
#: Seconds of waiting before each attempt to write a batch again; each is cut by chance to between half and all of it.
_WAITS = (1.0, 2.0, 4.0, 8.0, 16.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """What a backfill may take.

    Attributes:
        target_ms: how long a batch should take, in milliseconds: so long its rows are locked.
        first: rows of the first batch.
        least: rows of a batch that is slow.
        most: rows of a batch that is fast.
        nice: rest after a batch, in parts of the time that it took.
        lock_ms: how long a batch waits for one lock, in milliseconds.
        statement_ms: how long one statement of a batch takes at most, in milliseconds.
    """

    target_ms: int = 200
    first: int = 1_000
    least: int = 100
    most: int = 10_000
    nice: float = 1.0
    lock_ms: int = 200
    statement_ms: int = 2_000

    def __post_init__(self) -> None:
        if self.target_ms < 1 or self.least < 1 or self.most < 1 or self.nice < 0:
            raise UsageError("a batch needs a time and rows above 0")

    @property
    def cap_ms(self) -> int:
        """How long one statement takes at most: a target that somebody has set high is not cut off by the default."""
        return max(self.statement_ms, 5 * self.target_ms)


@dataclass(frozen=True, slots=True)
class Speed:
    """How it goes.

    Attributes:
        rows: of the next batch.
        per_ms: the mean of rows in a millisecond; None before the first batch.
        failures: batches that failed one after the other for a reason that passes.
    """

    rows: int
    per_ms: float | None = None
    failures: int = 0


def begin(pace: Pace, rows: int = 0) -> Speed:
    """The first batch.

    Args:
        rows: of the last batch of a run before; 0 without one.
    """
    return Speed(min(rows or pace.first, pace.most))


def after(speed: Speed, pace: Pace, rows: int, took_ms: float) -> Speed:
    """After a batch that was committed.

    Args:
        rows: how many it has looked at.
        took_ms: how long it took, in milliseconds.
    """
    newest = rows / max(took_ms, 0.1)
    mean = newest if speed.per_ms is None else speed.per_ms + _NEWEST * (newest - speed.per_ms)
    wanted = int(mean * pace.target_ms)
    if took_ms > _MUCH_TOO_SLOW * pace.target_ms:  # the mean would follow too slowly
        wanted, mean = min(wanted, speed.rows // 2), min(mean, newest)
    bounded = min(max(wanted, min(pace.least, pace.most)), pace.most, 2 * speed.rows)
    return Speed(max(bounded, 1), mean)


def halved(speed: Speed) -> Speed:
    """After a batch that failed for a reason that passes: half of it has half as many rows to wait for."""
    slower = None if speed.per_ms is None else speed.per_ms / 2
    return Speed(max(speed.rows // 2, 1), slower, speed.failures + 1)


def narrowed(speed: Speed, rows: int) -> Speed:
    """After a batch that one of its rows made fail: half of the rows that it had, to come to that row in the end."""
    return replace(speed, rows=max(min(speed.rows, rows) // 2, 1))


def wait_s(failures: int, chance: float) -> float | None:
    """Seconds before the next attempt; None when there were enough.

    Args:
        failures: how many attempts have failed.
        chance: between 0 and 1, so that two that stood in each other's way do not meet again.
    """
    if failures > len(_WAITS):
        return None
    return _WAITS[failures - 1] * (0.5 + chance / 2)


def rest_s(pace: Pace, took_ms: float) -> float:
    """Seconds of rest after a batch."""
    return pace.nice * took_ms / 1000
