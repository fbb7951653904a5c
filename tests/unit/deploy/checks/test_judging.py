"""The verdict on counted answers: each hit with the near miss beside it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from check_cases import counts, table
from migsafe.deploy.checks.judging import RateLimits, judge_alone, judge_rates, percent, rate_of, read_rate_limits
from migsafe.deploy.verdict import Result
from migsafe.deploy.words import Counts
from migsafe.errors import ConfigurationError

PASS, FAIL, UNKNOWN = Result.PASS, Result.FAIL, Result.INCONCLUSIVE
LIMITS = RateLimits(max_error_rate=0.02, max_delta=0.01, min_requests=100)
GOOD = counts(10_000)
ORDER = [PASS, UNKNOWN, FAIL]


@pytest.mark.parametrize(
    ("candidate", "stable", "expected"),
    [
        (counts(1000, 10), GOOD, PASS),  # 1 %, at the delta
        (counts(1000, 11), GOOD, FAIL),  # above it
        (counts(1000, 20), counts(10_000, 100), PASS),  # 2 %, at the cap and at the delta
        (counts(1000, 21), counts(10_000, 150), FAIL),  # above the cap, although within the delta
        (counts(100), counts(100), PASS),
        (counts(99), counts(10_000), UNKNOWN),
        (counts(0), counts(10_000), UNKNOWN),
        (counts(1000), counts(0), UNKNOWN),  # nothing to compare with, at 5 %
        (counts(1000, 15), counts(99), PASS),  # the stable version has too few to be compared: the cap alone
        (counts(1000, 21), counts(99), FAIL),
        (None, GOOD, UNKNOWN),
        (counts(1000), None, UNKNOWN),
    ],
)
def test_a_candidate_keeps_the_cap_and_is_not_worse_than_the_stable_version(
    candidate: Counts | None, stable: Counts | None, expected: Result
) -> None:
    assert judge_rates(candidate, stable, LIMITS, weight=5, over=True).result is expected


def test_with_all_the_traffic_there_is_nothing_to_compare_with() -> None:
    assert judge_rates(counts(1000, 20), counts(0), LIMITS, weight=100, over=True).result is PASS
    assert judge_rates(counts(1000, 21), counts(0), LIMITS, weight=100, over=True).result is FAIL


def test_who_asks_for_no_comparison_needs_no_stable_version() -> None:
    alone = replace(LIMITS, max_delta=None)
    assert judge_rates(counts(1000, 20), counts(0), alone, weight=5, over=True).result is PASS
    assert judge_rates(counts(1000, 21), GOOD, alone, weight=5, over=True).result is FAIL


def test_hidden_failures_count_against_the_candidate() -> None:
    """A killed instance: clients have seen nothing, for the proxy has asked another one."""
    killed = counts(100, 0, hidden=100)
    assert judge_rates(killed, GOOD, LIMITS, weight=50, over=False).result is FAIL
    assert judge_rates(counts(0, 0, hidden=1130), GOOD, LIMITS, weight=50, over=False).result is FAIL
    assert judge_rates(counts(1000, 0, hidden=5), GOOD, LIMITS, weight=50, over=True).result is PASS


@pytest.mark.parametrize(
    ("candidate", "stable", "expected"),
    [
        (counts(100, 95), counts(1900, 1750), UNKNOWN),  # 95 % and 92 %: an outage
        (counts(100, 100), counts(1900, 1900), UNKNOWN),
        (counts(1000), counts(1900, 1750), UNKNOWN),  # the candidate is well, and nobody goes on in an outage
        (counts(100, 60), counts(1900, 50), FAIL),  # 60 % and 2.6 %: that is no outage
        (counts(100, 60), counts(1900, 38), FAIL),  # 60 % and 2.0 %: the stable version is within its cap
        (counts(100, 5), counts(1900, 50), UNKNOWN),  # 5 % and 2.6 %: may be chance
        (counts(10_000, 500), counts(190_000, 5_000), FAIL),  # the same rates of many: no chance any more
    ],
)
def test_an_outage_of_both_is_not_blamed_on_the_candidate(candidate: Counts, stable: Counts, expected: Result) -> None:
    assert judge_rates(candidate, stable, LIMITS, weight=5, over=True).result is expected


def test_a_window_ends_early_only_when_enough_was_seen() -> None:
    assert judge_rates(counts(99, 99), GOOD, LIMITS, weight=5, over=False).result is UNKNOWN
    assert judge_rates(counts(100, 3), GOOD, LIMITS, weight=5, over=False).result is FAIL


def test_a_window_that_is_over_fails_for_what_the_missing_requests_could_not_heal() -> None:
    assert judge_rates(counts(10, 3), GOOD, LIMITS, weight=5, over=True).result is FAIL  # 3 of 100 at best
    assert judge_rates(counts(10, 1), GOOD, LIMITS, weight=5, over=True).result is UNKNOWN  # 1 of 100 may be well


def test_the_text_has_the_figures() -> None:
    text = judge_rates(counts(340, 12), counts(6460, 3), LIMITS, weight=5, over=True).text
    assert text == (
        "candidate 12 of 340 failed (3.5 %), at most 2.0 %; stable 3 of 6,460 failed (0.046 %): more than 2.0 %"
    )
    few = judge_rates(counts(40), counts(6460), LIMITS, weight=5, over=True).text
    assert few.endswith("40 of 100 requests seen")
    alone = judge_rates(counts(400), counts(60), LIMITS, weight=5, over=True).text
    assert alone.endswith("stable not compared (60 requests)")


@pytest.mark.parametrize(
    ("stable", "expected"),
    [(counts(100, 2), PASS), (counts(100, 3), FAIL), (counts(99, 0), UNKNOWN), (None, UNKNOWN)],
)
def test_the_stable_version_alone_has_only_the_cap(stable: Counts | None, expected: Result) -> None:
    judged = judge_alone(stable, LIMITS, over=True)
    assert judged.result is expected
    assert "compared" not in judged.text


@pytest.mark.parametrize(("share", "text"), [(0, "0.0 %"), (0.00046, "0.046 %"), (0.02, "2.0 %"), (1, "100.0 %")])
def test_a_share_never_looks_like_nothing(share: float, text: str) -> None:
    assert percent(share) == text


def test_the_keys_of_the_limits() -> None:
    assert read_rate_limits(table()) == RateLimits()
    assert read_rate_limits(table(max_error_rate=0.1, max_delta=0, min_requests=7)) == RateLimits(
        max_error_rate=0.1, max_delta=0.0, min_requests=7
    )
    for wrong in ({"max_error_rate": 2}, {"min_requests": 0}, {"max_delta": "1%"}):
        with pytest.raises(ConfigurationError, match=next(iter(wrong))):
            read_rate_limits(table(**wrong))


sides = st.integers(0, 5_000).flatmap(
    lambda requests: st.builds(counts, st.just(requests), st.integers(0, requests), st.integers(0, 2_000))
)
limits = st.builds(
    RateLimits,
    max_error_rate=st.floats(0, 1),
    max_delta=st.none() | st.floats(0, 1),
    min_requests=st.integers(1, 500),
)
weights = st.integers(1, 100)


@given(sides, sides, limits, weights, st.booleans())
def test_more_errors_never_make_it_better(
    candidate: Counts, stable: Counts, allowed: RateLimits, weight: int, over: bool
) -> None:
    assume(candidate.errors < candidate.requests)
    worse = replace(candidate, errors=candidate.errors + 1)
    before = judge_rates(candidate, stable, allowed, weight=weight, over=over).result
    after = judge_rates(worse, stable, allowed, weight=weight, over=over).result
    assert ORDER.index(after) >= ORDER.index(before)


@given(sides, sides, limits, weights, st.booleans(), st.integers(1, 50))
def test_hidden_failures_never_heal_a_failure(
    candidate: Counts, stable: Counts, allowed: RateLimits, weight: int, over: bool, more: int
) -> None:
    worse = replace(candidate, hidden=candidate.hidden + more)
    if judge_rates(candidate, stable, allowed, weight=weight, over=over).result is FAIL:
        assert judge_rates(worse, stable, allowed, weight=weight, over=over).result is FAIL


@given(sides, sides, limits, weights, st.booleans())
def test_nothing_passes_without_enough_requests(
    candidate: Counts, stable: Counts, allowed: RateLimits, weight: int, over: bool
) -> None:
    if judge_rates(candidate, stable, allowed, weight=weight, over=over).result is PASS:
        assert rate_of(candidate).seen >= allowed.min_requests
        assert rate_of(candidate).share <= allowed.max_error_rate


@given(sides, sides, limits, weights)
def test_what_fails_early_fails_at_the_end(candidate: Counts, stable: Counts, allowed: RateLimits, weight: int) -> None:
    early = judge_rates(candidate, stable, allowed, weight=weight, over=False).result
    late = judge_rates(candidate, stable, allowed, weight=weight, over=True).result
    assert early is not FAIL or late is FAIL
    if early is FAIL:
        assert rate_of(candidate).seen >= allowed.min_requests


@given(sides, limits, st.integers(1, 99), st.booleans())
def test_a_candidate_that_does_what_the_stable_version_does_is_never_worse(
    both: Counts, allowed: RateLimits, weight: int, over: bool
) -> None:
    """Whatever happens to both alike is no reason to blame one of them."""
    assume(allowed.max_delta is not None and rate_of(both).seen >= allowed.min_requests)
    assert judge_rates(both, both, allowed, weight=weight, over=over).result is not FAIL
