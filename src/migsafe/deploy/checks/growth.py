"""How much counters have grown since a window began. Pure, but for what it remembers.

A counter that is smaller than before has begun anew: its proxy was started again, or another version took the side.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.deploy.words import Counts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migsafe.deploy.words import Side

NOTHING = Counts(requests=0, errors=0)


class Growth:
    """The counters of both sides, from the first reading on."""

    def __init__(self, first: Mapping[Side, Counts]) -> None:
        """
        Args:
            first: where the counters stand; a side that is not in it has not answered anything yet.
        """
        self._last = dict(first)
        self._grown: dict[Side, Counts] = {}

    def read(self, now: Mapping[Side, Counts]) -> Mapping[Side, Counts]:
        """What each side has done from the first reading until now; only sides that have been read.

        Args:
            now: where the counters stand. A side that is missing keeps what it has.
        """
        for side, counts in now.items():
            step = grown(self._last.get(side, NOTHING), counts)
            self._grown[side] = added(self._grown.get(side, NOTHING), step)
            self._last[side] = counts
        return dict(self._grown)


def grown(before: Counts, now: Counts) -> Counts:
    """What has come between two readings: all of the later one, where any counter is smaller than it was."""
    if now.requests < before.requests or now.errors < before.errors or now.hidden < before.hidden:
        return now
    return Counts(
        requests=now.requests - before.requests, errors=now.errors - before.errors, hidden=now.hidden - before.hidden
    )


def added(one: Counts, other: Counts) -> Counts:
    """Both together."""
    return Counts(
        requests=one.requests + other.requests, errors=one.errors + other.errors, hidden=one.hidden + other.hidden
    )
