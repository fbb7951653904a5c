"""How long a step must last so that enough requests are seen. Pure arithmetic, printed with the plan.

At 20 requests a second a candidate with 5 % sees one each second: 100 of them take 100 seconds, whatever was planned.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from migsafe.deploy.words import Counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """One step of a plan.

    Attributes:
        weight: the candidate's share of the traffic in per cent.
        planned_s: how long the step is to be watched, in seconds.
        needed_s: how long it takes on average until the candidate has seen enough; None where it never does.
        min_requests: what is enough.
    """

    weight: int
    planned_s: float
    needed_s: float | None
    min_requests: int

    @property
    def is_enough(self) -> bool:
        """Whether the step is long enough."""
        return self.needed_s is not None and self.needed_s <= self.planned_s

    @property
    def text(self) -> str:
        """One line for the plan."""
        wanted = f"{self.min_requests:,} requests at {self.weight} %"
        if self.needed_s is None:
            return f"{wanted} never come without traffic"
        take = f"{wanted} take about {spell_seconds(self.needed_s)}"
        return take if self.is_enough else f"{take}, and the step lasts {spell_seconds(self.planned_s)}"


def needed_seconds(min_requests: int, requests_per_second: float, weight: int) -> float | None:
    """How long it takes on average until a side has seen so many requests; None where it never does.

    Args:
        requests_per_second: of both sides together.
        weight: the side's share in per cent.
    """
    if min_requests <= 0:
        return 0.0
    per_second = requests_per_second * weight / 100
    return min_requests / per_second if per_second > 0 else None


def pace_steps(
    weights: Iterable[int], step_s: float, *, min_requests: int, requests_per_second: float
) -> tuple[Pace, ...]:
    """Each step of a canary, and whether it is long enough.

    Args:
        step_s: how long each is watched, in seconds.
    """
    return tuple(
        Pace(
            weight=weight,
            planned_s=step_s,
            needed_s=needed_seconds(min_requests, requests_per_second, weight),
            min_requests=min_requests,
        )
        for weight in weights
    )


def requests_per_second(grown: Iterable[Counts], seconds: float) -> float:
    """What all sides have answered in a time, as a rate; 0 where no time has passed.

    Args:
        grown: what each side has done in that time.
    """
    return sum(counts.requests for counts in grown) / seconds if seconds > 0 else 0.0


def spell_seconds(seconds: float) -> str:
    """`45 s`, `1 min 40 s`, `2 h 5 min`; rounded up."""
    whole = ceil(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3_600:
        return _two(whole // 60, "min", whole % 60, "s")
    whole = ceil(whole / 60) * 60
    return _two(whole // 3_600, "h", whole % 3_600 // 60, "min")


def _two(large: int, unit: str, small: int, smaller: str) -> str:
    return f"{large} {unit} {small} {smaller}" if small else f"{large} {unit}"
