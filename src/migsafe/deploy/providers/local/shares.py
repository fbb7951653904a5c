"""Shares of the traffic, as weights of single servers and back. Pure."""

from __future__ import annotations

from math import gcd

#: What HAProxy takes.
HEAVIEST = 256


def weights_for(share: int, candidates: int, stables: int) -> tuple[int, int]:
    """The weight of each server of either side, so that the candidate's side has its share.

    Args:
        share: of the candidate's side, in per cent.
        candidates: how many servers it has.
        stables: how many the other side has.

    Returns:
        Of one candidate and of one stable server. Exact where both sides have as many servers, and else as near as
        whole numbers up to 256 come: within half a point where neither has more than twice as many. They are as small
        as they can be, because after a change HAProxy takes as many requests as their sum to come to the new shares.
    """
    one, other = share * max(1, stables), (100 - share) * max(1, candidates)
    common = gcd(one, other)
    one, other = one // common, other // common
    return (one, other) if max(one, other) <= HEAVIEST else _nearest(one, other)


def _nearest(one: int, other: int) -> tuple[int, int]:
    """Two numbers up to the heaviest, in nearly the same relation; neither is 0, which would be no traffic at all."""
    if one > other:
        second, first = _nearest(other, one)
        return first, second
    pairs = ((max(1, round(heavy * one / other)), heavy) for heavy in range(1, HEAVIEST + 1))
    return min(pairs, key=lambda pair: abs(pair[0] / pair[1] - one / other))


def share_of(candidate: int, stable: int) -> int:
    """The candidate's share in per cent, from the sums of the weights of both sides.

    It is 0 or 100 only where it is wholly so: who has any traffic at all is never rounded away.
    """
    if candidate == 0 or stable == 0:
        return 100 if candidate else 0
    return min(99, max(1, round(100 * candidate / (candidate + stable))))


def instances_for(share: int, replicas: int) -> int | None:
    """How many of so many instances are a share; None where no number of them is, give or take less than one point."""
    near = round(share * replicas / 100)
    return near if abs(100 * near / replicas - share) < 1 else None
