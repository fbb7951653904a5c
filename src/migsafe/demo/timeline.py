"""What was seen from the beginning of the story to its end, as values; pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """What people have met in about a tenth of a second. Times are in seconds.

    Attributes:
        at: its end, from the beginning of the story.
        good: version → answers without an error.
        failed: version → answers with one.
        lost: requests that no version has answered.
        stale: good answers that did not know what had been written last.
        slowest: how long the slowest answer took.
        gap: the longest time without a good answer that ended in it.
    """

    at: float
    good: Mapping[str, int] = field(default_factory=dict)
    failed: Mapping[str, int] = field(default_factory=dict)
    lost: int = 0
    stale: int = 0
    slowest: float = 0.0
    gap: float = 0.0

    @property
    def answered(self) -> int:
        """Answers of any kind."""
        return sum(self.good.values()) + sum(self.failed.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class LockLook:
    """One look at the locks of the database. Times are in seconds.

    Attributes:
        waiting: how many sessions waited for one.
        longest: how long the one had waited that waited longest.
        exclusive: somebody had the whole table for themselves (ACCESS EXCLUSIVE).
    """

    at: float
    waiting: int = 0
    longest: float = 0.0
    exclusive: bool = False


class Tone(StrEnum):
    """What a mark, or a part of a lane, is about."""

    SCHEMA = "schema"
    TRAFFIC = "traffic"
    TROUBLE = "trouble"


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment, in seconds from the beginning."""

    at: float
    text: str
    tone: Tone


@dataclass(frozen=True, slots=True)
class Band:
    """A state of the schema, from one moment to another."""

    begin: float
    end: float
    text: str
    moves: bool = False


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event of the tracker."""

    at: float
    actor: str
    kind: str
    subject: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """The story in numbers. Times are in seconds, `back_ms` in milliseconds.

    Attributes:
        failed: answers with an error, and requests without an answer, of all versions but the broken one.
        spiked: answers of the broken version that were errors.
        spike: how long people met the broken version: from its first answer to its last one.
        gap: the longest time without a good answer.
        longest_wait: the longest wait for a lock that was seen.
        back_ms: from the order to send the traffic back until the engine showed it; None where none was given.
    """

    requests: int
    failed: int
    spiked: int
    stale: int
    gap: float
    slowest: float
    spike: float
    longest_wait: float
    back_ms: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """All that was seen.

    Attributes:
        seconds: from the beginning to the end.
        broken: the version that was made to fail.
        why: why the broken version was sent back, in the coordinator's words.
        refusals: why the contract might not run while old code was there.
        waits: what it would still have waited for in production, once old code was gone.
    """

    seconds: float
    buckets: Sequence[Bucket]
    looks: Sequence[LockLook] = ()
    bands: Sequence[Band] = ()
    marks: Sequence[Mark] = ()
    recorded: Sequence[Recorded] = ()
    broken: str = "v3"
    back_ms: float | None = None
    why: str = ""
    refusals: Sequence[str] = ()
    waits: Sequence[str] = ()

    @property
    def versions(self) -> tuple[str, ...]:
        """All that have answered, in their order."""
        return tuple(sorted({name for one in self.buckets for name in (*one.good, *one.failed)}))

    def totals(self) -> tuple[Counter[str], Counter[str]]:
        """Good answers and errors of each version."""
        good: Counter[str] = Counter()
        failed: Counter[str] = Counter()
        for one in self.buckets:
            good.update(one.good)
            failed.update(one.failed)
        return good, failed


def figures(timeline: Timeline) -> Figures:
    """The timeline in numbers."""
    good, failed = timeline.totals()
    lost = sum(one.lost for one in timeline.buckets)
    spiked = failed[timeline.broken]
    seen = [one.at for one in timeline.buckets if timeline.broken in one.good or timeline.broken in one.failed]
    return Figures(
        requests=good.total() + failed.total() + lost,
        failed=failed.total() - spiked + lost,
        spiked=spiked,
        stale=sum(one.stale for one in timeline.buckets),
        gap=_most(one.gap for one in timeline.buckets),
        slowest=_most(one.slowest for one in timeline.buckets),
        spike=seen[-1] - seen[0] if seen else 0.0,
        longest_wait=_most(one.longest for one in timeline.looks),
        back_ms=timeline.back_ms,
    )


def gathered(buckets: Sequence[Bucket], seconds: float, parts: int) -> list[Bucket]:
    """The same in so many parts of equal length; each has the sums, and the worst times, of what ended in it."""
    width = seconds / parts
    piles: list[list[Bucket]] = [[] for _ in range(parts)]
    for one in buckets:
        piles[min(parts - 1, max(0, int(one.at / width)))].append(one)
    return [_together(pile, (number + 1) * width) for number, pile in enumerate(piles)]


def _together(pile: Sequence[Bucket], at: float) -> Bucket:
    good: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    for one in pile:
        good.update(one.good)
        failed.update(one.failed)
    return Bucket(
        at=at,
        good=good,
        failed=failed,
        lost=sum(one.lost for one in pile),
        stale=sum(one.stale for one in pile),
        slowest=_most(one.slowest for one in pile),
        gap=_most(one.gap for one in pile),
    )


def _most(values: Iterable[float]) -> float:
    return max(values, default=0.0)
