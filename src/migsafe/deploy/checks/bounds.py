"""The verdict on one measured number: a latency, a lag, a rate that another system has worked out. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isnan
from typing import TYPE_CHECKING

from migsafe.deploy.checks.judging import Judgement
from migsafe.deploy.verdict import Result

if TYPE_CHECKING:
    from migsafe.deploy.tables import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What a number may be; None does not ask.

    Attributes:
        max: at most this.
        min: at least this.
        equals: exactly this.
        max_delta: the candidate's number is at most this much more than the stable version's.
    """

    max: float | None = None
    min: float | None = None
    equals: float | None = None
    max_delta: float | None = None

    def fault_of(self, value: float) -> str | None:
        """Which bound a number breaks, without its neighbour's number; None where it keeps them all."""
        if self.max is not None and value > self.max:
            return f"more than {spell(self.max)}"
        if self.min is not None and value < self.min:
            return f"less than {spell(self.min)}"
        if self.equals is not None and value != self.equals:
            return f"not {spell(self.equals)}"
        return None


def read_bounds(table: Table) -> Bounds:
    """The keys `max`, `min` and `equals` of a check that measures a number.

    Raises:
        ConfigurationError: when one is no number, or all are missing.
    """
    bounds = Bounds(
        max=table.number("max", None, at_least=-inf),
        min=table.number("min", None, at_least=-inf),
        equals=table.number("equals", None, at_least=-inf),
    )
    if bounds == Bounds():
        raise table.error(None, "it has no max, min or equals", "say what is wrong: max = 0.02")
    if bounds.max is not None and bounds.min is not None and bounds.min > bounds.max:
        raise table.error("min", "more than max: nothing can pass")
    return bounds


def judge_number(
    value: float | None, bounds: Bounds, *, stable: float | None = None, compares: bool = False
) -> Judgement:
    """The verdict on a number.

    Args:
        value: the candidate's; None or NaN where there is no data, which is not 0.
        stable: the stable version's, as `value`.
        compares: somebody has asked for the stable version's number, so that a pass needs it.
    """
    if value is None or isnan(value):
        return Judgement(Result.INCONCLUSIVE, "no data")
    if not compares:
        return _alone(value, bounds)
    if stable is None or isnan(stable):
        judged = _alone(value, bounds)
        held = Result.INCONCLUSIVE if judged.result is Result.PASS else judged.result
        return Judgement(held, f"{judged.text}; no data of the stable version")
    return _compared(value, stable, bounds)


def _alone(value: float, bounds: Bounds) -> Judgement:
    fault = bounds.fault_of(value)
    return Judgement(Result.FAIL, f"{spell(value)}: {fault}") if fault else Judgement(Result.PASS, spell(value))


def _compared(value: float, stable: float, bounds: Bounds) -> Judgement:
    figures = f"candidate {spell(value)}, stable {spell(stable)}"
    is_stable_bad = bounds.fault_of(stable) is not None
    if bounds.max_delta is not None:
        # Of an outage, which both sides have, nobody knows how much chance moves a number: twice as bad is no chance.
        delta = max(bounds.max_delta, abs(stable)) if is_stable_bad else bounds.max_delta
        if value - stable > delta:
            return Judgement(Result.FAIL, f"{figures}: more than {spell(delta)} above the stable version")
    if is_stable_bad:
        return Judgement(Result.INCONCLUSIVE, f"{figures}: the stable version is {bounds.fault_of(stable)} itself")
    fault = bounds.fault_of(value)
    return Judgement(Result.FAIL, f"{figures}: {fault}") if fault else Judgement(Result.PASS, figures)


def spell(value: float) -> str:
    """A number as people write it."""
    return f"{value:.6g}"
