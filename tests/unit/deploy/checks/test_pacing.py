"""How long a step must last."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from check_cases import counts
from migsafe.deploy.checks.pacing import needed_seconds, pace_steps, requests_per_second, spell_seconds


def test_five_per_cent_of_twenty_a_second_is_one_a_second() -> None:
    assert needed_seconds(100, 20, 5) == 100
    assert needed_seconds(100, 20, 100) == 5


@pytest.mark.parametrize(("rate", "weight"), [(0, 5), (20, 0)])
def test_without_traffic_it_never_comes(rate: float, weight: int) -> None:
    assert needed_seconds(100, rate, weight) is None
    assert needed_seconds(0, rate, weight) == 0


def test_the_steps_of_a_plan() -> None:
    paces = pace_steps([5, 20, 100], 60, min_requests=100, requests_per_second=20)
    assert [pace.is_enough for pace in paces] == [False, True, True]
    assert [pace.text for pace in paces] == [
        "100 requests at 5 % take about 1 min 40 s, and the step lasts 1 min",
        "100 requests at 20 % take about 25 s",
        "100 requests at 100 % take about 5 s",
    ]
    (silent,) = pace_steps([5], 60, min_requests=100, requests_per_second=0)
    assert not silent.is_enough
    assert silent.text == "100 requests at 5 % never come without traffic"


@given(st.integers(1, 10_000), st.floats(0.1, 10_000), st.integers(1, 100))
def test_in_that_time_they_come(least: int, rate: float, weight: int) -> None:
    seconds = needed_seconds(least, rate, weight)
    assert seconds is not None
    assert seconds * rate * weight / 100 == pytest.approx(least)


def test_the_rate_of_what_was_counted() -> None:
    assert requests_per_second([counts(190), counts(10)], 10) == 20
    assert requests_per_second([counts(190)], 0) == 0


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (0.2, "1 s"),
        (59.1, "1 min"),
        (100, "1 min 40 s"),
        (3599.5, "1 h"),
        (7500, "2 h 5 min"),
        (86400, "24 h"),
    ],
)
def test_a_time_for_people(seconds: float, text: str) -> None:
    assert spell_seconds(seconds) == text
