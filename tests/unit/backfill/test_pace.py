"""How many rows the next batch has."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migsafe.backfill.pace import Pace, Speed, after, begin, halved, narrowed, rest_s, wait_s
from migsafe.errors import UsageError

PACE = Pace()


def run(*took_ms: float, pace: Pace = PACE) -> list[int]:
    """The rows of batches that take so long."""
    speed, rows = begin(pace), []
    for one in took_ms:
        rows.append(speed.rows)
        speed = after(speed, pace, speed.rows, one)
    return [*rows, speed.rows]


def test_a_quick_one_grows_by_two_and_not_above_the_most() -> None:
    assert run(10, 10, 10, 10, 10) == [1_000, 2_000, 4_000, 8_000, 10_000, 10_000]


def test_a_slow_one_shrinks_towards_the_target() -> None:
    assert run(300) == [1_000, 666]


def test_one_that_is_much_too_slow_is_halved_at_once() -> None:
    assert run(50, 900) == [1_000, 2_000, 1_000]
    assert run(50, 900, 500)[3] <= 500
    assert run(50, 399)[2] > 1_000, "the mean follows what is only slow"


def test_it_does_not_shrink_below_the_least() -> None:
    assert run(60_000, 60_000, 60_000) == [1_000, 100, 100, 100]
    assert run(60_000, 60_000, pace=Pace(least=100, most=50)) == [50, 50, 50], "nor rise above the most"


def test_the_newest_speed_has_a_weight_of_three_tenths() -> None:
    speed = after(Speed(1_000, per_ms=10.0), PACE, 1_000, 200)
    assert speed.per_ms == pytest.approx(10 + 0.3 * (5 - 10))


def test_it_comes_to_the_target() -> None:
    speed = begin(PACE)
    for _ in range(20):
        speed = after(speed, PACE, speed.rows, speed.rows / 12.5)
    assert speed.rows == pytest.approx(2_500, rel=0.01)


@given(st.lists(st.floats(0, 100_000), max_size=30), st.integers(1, 20_000), st.integers(1, 20_000))
def test_the_bounds_hold_whatever_happens(took_ms: list[float], least: int, most: int) -> None:
    pace = Pace(least=least, most=most)
    rows = run(*took_ms, pace=pace)
    assert all(1 <= one <= most for one in rows)
    assert all(later <= 2 * one for one, later in pairwise(rows))


def test_a_failure_halves_and_a_success_forgets_it() -> None:
    speed = halved(halved(Speed(1_000, per_ms=8.0)))
    assert (speed.rows, speed.per_ms, speed.failures) == (250, 2.0, 2)
    assert halved(Speed(1)).rows == 1
    assert after(speed, PACE, 250, 100).failures == 0


def test_narrowing_comes_to_one_row() -> None:
    speed, tries = Speed(10_000), 0
    while speed.rows > 1:
        speed, tries = narrowed(speed, speed.rows), tries + 1
    assert tries == 13
    assert narrowed(Speed(1_000), 3).rows == 1, "half of the rows that there were"


@pytest.mark.parametrize(("failures", "least", "most"), [(1, 0.5, 1.0), (3, 2.0, 4.0), (5, 8.0, 16.0)])
def test_waits_grow_and_chance_cuts_them(failures: int, least: float, most: float) -> None:
    assert wait_s(failures, 0.0) == least
    assert wait_s(failures, 1.0) == most


def test_five_tries_again_are_enough() -> None:
    assert wait_s(6, 0.5) is None


def test_rest_and_caps() -> None:
    assert rest_s(PACE, 250) == 0.25
    assert rest_s(Pace(nice=0.0), 250) == 0
    assert (PACE.lock_ms, PACE.cap_ms) == (200, 2_000)
    assert Pace(target_ms=1_000).cap_ms == 5_000


@pytest.mark.parametrize("values", [{"target_ms": 0}, {"most": 0}, {"least": 0}, {"nice": -1.0}])
def test_what_is_no_pace(values: dict[str, int]) -> None:
    with pytest.raises(UsageError):
        Pace(**values)


def test_a_resumed_one_begins_where_it_was() -> None:
    assert begin(PACE, 4_000).rows == 4_000
    assert begin(Pace(most=500), 4_000).rows == 500
