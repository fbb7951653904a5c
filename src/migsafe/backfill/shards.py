"""A table's key in contiguous ranges, so that several workers can go over it and one can go on where it was."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from migsafe.tracker.backfills import Shard

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from migsafe.backfill.ground import Ground, Leaf
    from migsafe.postgres.connection import Session
    from migsafe.postgres.keyset import Key

#: Shards for each worker: who is ready early takes another one.
_EACH = 4
#: Rows that are looked at to find where to cut.
_SAMPLE = 20_000


def cut(session: Session, ground: Ground, workers: int, digest: str) -> tuple[Shard, ...]:
    """The ranges as they are now: the end is fixed, and rows that come behind it are written by those who write them.

    Args:
        workers: how many will work; one needs no cuts.
        digest: of what is written.
    """
    ranges = [(leaf.name, *each) for leaf in ground.leaves for each in _of_leaf(session, ground, leaf, workers)]
    return tuple(
        Shard(number=n, table=table, low=low, high=high, place=behind, digest=digest)
        for n, (table, low, high, behind) in enumerate(ranges)
    )


def _of_leaf(session: Session, ground: Ground, leaf: Leaf, workers: int) -> Iterator[tuple[Key, Key, Key | None]]:
    keyset = ground.keyset(leaf.name)
    ends = keyset.ends(session)
    if ends is None:
        return
    parts = _parts(leaf, ground, workers)
    cuts = keyset.cuts(session, parts, min(100.0, 100 * _SAMPLE / max(leaf.rows, 1))) if parts > 1 else ()
    yield from ranges(*ends, cuts)


def _parts(leaf: Leaf, ground: Ground, workers: int) -> int:
    if workers == 1:
        return 1
    return max(round(_EACH * workers * leaf.rows / max(ground.rows, 1)), 1)


def ranges(low: Key, high: Key, cuts: Sequence[Key]) -> Iterator[tuple[Key, Key, Key | None]]:
    """Ranges that meet at cuts, which belong to the one that they end: low, high, and what is behind it already.

    Args:
        cuts: in the order of the key, between its ends.
    """
    inner = [cut for cut in cuts if cut not in {low, high}]
    for number, (start, end) in enumerate(pairwise([low, *inner, high]) if inner else [(low, high)]):
        yield start, end, start if number else None
