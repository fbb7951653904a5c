"""The verdict on counted answers. Pure: counts and limits in, pass, fail or inconclusive out.

The candidate must keep under a cap of its own, and must not be worse than the stable version in the same window.
Failures that a proxy hid by asking another instance count like those that a client has seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, NamedTuple

from migsafe.deploy.verdict import Result

if TYPE_CHECKING:
    from migsafe.deploy.tables import Table
    from migsafe.deploy.words import Counts

#: How far above the stable version a candidate must be, in standard deviations of chance, to be blamed while the stable
#: version is bad itself.
_BEYOND_CHANCE = 3.0


class Judgement(NamedTuple):
    """A verdict that does not know its check yet; the text has the figures, in one line."""

    result: Result
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimits:
    """What is allowed; rates from 0 to 1.

    Attributes:
        max_error_rate: the cap.
        max_delta: how much more than the stable version's rate the candidate's may be; None does not compare.
        min_requests: how many each side must have answered before its rate says anything.
    """

    max_error_rate: float = 0.02
    max_delta: float | None = 0.01
    min_requests: int = 100


def read_rate_limits(table: Table) -> RateLimits:
    """The keys `max_error_rate`, `max_delta` and `min_requests` of a check that counts answers.

    Raises:
        ConfigurationError: when one is no rate, or no number.
    """
    usual = RateLimits()
    return RateLimits(
        max_error_rate=table.share("max_error_rate", usual.max_error_rate),
        max_delta=table.share("max_delta", usual.max_delta),
        min_requests=table.whole("min_requests", usual.min_requests, at_least=1),
    )


class Rate(NamedTuple):
    """What one side has done in a window.

    Attributes:
        bad: failures that a client has seen, and hidden ones.
        seen: requests that reached the side: answered, or failed and hidden.
    """

    bad: int
    seen: int

    @property
    def share(self) -> float:
        """The error rate, from 0 to 1; 0 where nothing was seen."""
        return self.bad / self.seen if self.seen else 0.0

    def share_of(self, least: int) -> float:
        """The rate if all requests that are missing to `least` had been good: it cannot become better than that."""
        return self.bad / max(self.seen, least, 1)


def rate_of(counts: Counts) -> Rate:
    """What a side has done: one that fails so early that it answers nothing has still been asked.

    A hidden failure was answered by another instance, so it is in no side's `requests`.
    """
    return Rate(counts.errors + counts.hidden, max(counts.requests, counts.errors) + counts.hidden)


def judge_rates(
    candidate: Counts | None, stable: Counts | None, limits: RateLimits, *, weight: int, over: bool
) -> Judgement:
    """The verdict on a window in which a candidate has traffic.

    Args:
        candidate: what it has done in the window; None where nobody knows.
        stable: the same of the stable version.
        weight: the candidate's share of the traffic in per cent.
        over: the window has lasted as long as it was to. Before that a failure needs `min_requests`; after it, one
            that the missing requests could not heal is enough.
    """
    if candidate is None:
        return Judgement(Result.INCONCLUSIVE, "no counts of the candidate")
    found, other = rate_of(candidate), rate_of(stable) if stable is not None else Rate(0, 0)
    compared = other if limits.max_delta is not None and other.seen >= limits.min_requests else None
    result, why = _compare(found, compared, limits, over=over)
    if result is Result.PASS and limits.max_delta is not None and other.seen == 0 and weight < 100:
        result, why = Result.INCONCLUSIVE, "the stable version has answered nothing to compare with"
    return Judgement(result, _text("candidate", found, other, compared, limits, why))


def judge_alone(stable: Counts | None, limits: RateLimits, *, over: bool) -> Judgement:
    """The verdict on a window in which only the stable version has traffic: the cap alone.

    Args:
        stable: what it has done in the window; None where nobody knows.
        over: as of `judge_rates`.
    """
    if stable is None:
        return Judgement(Result.INCONCLUSIVE, "no counts of the stable version")
    found = rate_of(stable)
    result, why = _compare(found, None, limits, over=over)
    return Judgement(result, _text("stable", found, None, None, limits, why))


def _compare(found: Rate, stable: Rate | None, limits: RateLimits, *, over: bool) -> tuple[Result, str]:
    """The rule; `stable` is None where there is nothing to compare with."""
    is_enough = found.seen >= limits.min_requests
    if is_enough or over:
        failed = _failure(found.share_of(limits.min_requests), found.seen, stable, limits)
        if failed is not None:
            return failed
    if not is_enough:
        return Result.INCONCLUSIVE, f"{found.seen:,} of {limits.min_requests:,} requests seen"
    return Result.PASS, ""


def _failure(share: float, seen: int, stable: Rate | None, limits: RateLimits) -> tuple[Result, str] | None:
    """What is wrong with a rate; None where nothing is.

    Both sides bad is an outage, which is nobody's fault and no reason to go on. The candidate is blamed even then
    when it is worse than chance explains: the spread is that of a side which fails as often as the stable one does.
    """
    cap, delta = limits.max_error_rate, limits.max_delta
    if stable is None or delta is None:
        return (Result.FAIL, f"more than {percent(cap)}") if share > cap else None
    if stable.share > cap:
        spread = sqrt(stable.share * (1 - stable.share) * (1 / max(seen, 1) + 1 / stable.seen))
        if share > stable.share + max(delta, _BEYOND_CHANCE * spread):
            return Result.FAIL, "much worse than the stable version, which is bad itself"
        return Result.INCONCLUSIVE, f"the stable version is above {percent(cap)} itself, so it is not the candidate"
    if share > cap:
        return Result.FAIL, f"more than {percent(cap)}"
    return (
        (Result.FAIL, f"more than {percent(delta)} above the stable version") if share > stable.share + delta else None
    )


def _text(side: str, found: Rate, other: Rate | None, compared: Rate | None, limits: RateLimits, why: str) -> str:
    pieces = [f"{side} {_figures(found)}, at most {percent(limits.max_error_rate)}"]
    if compared is not None:
        pieces.append(f"stable {_figures(compared)}")
    elif other is not None and limits.max_delta is not None:
        pieces.append(f"stable not compared ({other.seen:,} requests)")
    return "; ".join(pieces) + (f": {why}" if why else "")


def _figures(rate: Rate) -> str:
    return f"{rate.bad:,} of {rate.seen:,} failed ({percent(rate.share)})"


def percent(share: float) -> str:
    """A share as people write it, with as many places as it takes not to look like nothing."""
    value = share * 100
    places = 1 if value >= 0.1 or value == 0 else 3
    return f"{value:.{places}f} %"
