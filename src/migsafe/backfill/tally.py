"""What all workers have done, counted in one place, and how far that is."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING

from migsafe.backfill.keyspace import share
from migsafe.backfill.task import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from migsafe.backfill.bench import Batch
    from migsafe.postgres.keyset import Key
    from migsafe.tracker.backfills import Shard

#: Before so much is done, or so much time has passed, nobody can tell how long the rest takes.
_TELLING_SHARE, _TELLING_S = 0.005, 3.0
_NUMBER = re.compile(r"\b\d[\d.]*\b")


class Tally:
    """Counts; safe for several threads."""

    def __init__(
        self, shards: Sequence[Shard], rows: Mapping[tuple[str, str], int], clock: Callable[[], float]
    ) -> None:
        """
        Args:
            shards: all of them, as they stood when this run began.
            rows: about how many each table has.
            clock: seconds from any beginning.
        """
        self._lock = threading.Lock()
        self._clock = clock
        self._began = clock()
        self._shards = {shard.number: shard for shard in shards}
        self._weights = _weights(shards, rows)
        self._places: dict[int, Key | None] = {shard.number: shard.place for shard in shards}
        self._done = {shard.number for shard in shards if shard.state == "done"}
        self._seen = {shard.number: shard.rows_seen for shard in shards}
        self._written = sum(shard.rows_written for shard in shards)
        self._bad = sum(shard.rows_bad for shard in shards)
        self._batches = sum(shard.batches for shard in shards)
        self._batch_rows = 0
        self._seen_before = sum(self._seen.values())
        self._share_before = self._share()
        self._held_by: str | None = None
        self._held_since: float | None = None
        self._held: dict[str, float] = {}

    def add(self, number: int, batch: Batch) -> None:
        """A batch of a shard was committed."""
        with self._lock:
            self._places[number] = batch.last
            self._seen[number] += batch.seen
            self._written += batch.written
            self._batches += 1
            self._batch_rows = batch.seen

    def take_bad(self, most: int) -> bool:
        """Count one more row that cannot be written; false where that is one too many."""
        with self._lock:
            if self._bad >= most:
                return False
            self._bad += 1
            return True

    def pass_over(self, number: int, place: Key) -> None:
        """A row of a shard was set aside."""
        with self._lock:
            self._places[number] = place
            self._seen[number] += 1

    def close(self, number: int) -> None:
        """A shard has come to its end."""
        with self._lock:
            self._done.add(number)

    def hold(self, reason: str | None) -> None:
        """The workers wait from now on, for another reason, or no more."""
        with self._lock:
            now = self._clock()
            if self._held_by is not None and self._held_since is not None:
                key = _kind(self._held_by)
                self._held[key] = self._held.get(key, 0.0) + now - self._held_since
            self._held_by, self._held_since = reason, now

    @property
    def all_done(self) -> bool:
        """Whether every shard has come to its end."""
        with self._lock:
            return self._done >= self._shards.keys()

    def reasons(self) -> tuple[tuple[str, float], ...]:
        """What was waited for, in seconds, the longest first."""
        with self._lock:
            return tuple(sorted(self._held.items(), key=lambda one: -one[1]))

    def progress(self) -> Progress:
        """How far it has come."""
        with self._lock:
            now = self._clock()
            run_s = now - self._began
            share, seen = self._share(), sum(self._seen.values())
            open_hold = now - self._held_since if self._held_by is not None and self._held_since is not None else 0.0
            return Progress(
                share=share,
                rows_seen=seen,
                rows_written=self._written,
                rows_bad=self._bad,
                batches=self._batches,
                rows_per_s=(seen - self._seen_before) / run_s if run_s > 0 else 0.0,
                left_s=self._left_s(share, run_s),
                held_s=sum(self._held.values()) + open_hold,
                run_s=run_s,
                held_by=self._held_by,
                batch_rows=self._batch_rows,
            )

    def _left_s(self, share: float | None, run_s: float) -> float | None:
        if share is None or self._share_before is None or run_s < _TELLING_S:
            return None
        come = share - self._share_before
        return None if come < _TELLING_SHARE else (1 - share) * run_s / come

    def _share(self) -> float | None:
        """By the keys where they are numbers; else by rows, of which nobody knows exactly how many there are."""
        total = sum(self._weights.values())
        if not self._shards:
            return 1.0
        shares = {number: self._share_of(number) for number in self._shards}
        if total <= 0 or any(one is None for one in shares.values()):
            return None
        return sum(self._weights[number] * (one or 0.0) for number, one in shares.items()) / total

    def _share_of(self, number: int) -> float | None:
        if number in self._done:
            return 1.0
        shard, place = self._shards[number], self._places[number]
        by_key = share(shard.low, shard.high, place)
        if by_key is not None:
            return by_key
        rows = self._weights[number]
        return min(self._seen[number] / rows, 0.99) if rows > 1 else None


def _weights(shards: Sequence[Shard], rows: Mapping[tuple[str, str], int]) -> dict[int, float]:
    """About how many rows each shard has."""
    tables = [shard.table for shard in shards]
    return {shard.number: max(rows.get(shard.table, 0) / tables.count(shard.table), 1.0) for shard in shards}


def _kind(reason: str) -> str:
    """A reason without the numbers that change from one look to the next."""
    return _NUMBER.sub("…", reason)
