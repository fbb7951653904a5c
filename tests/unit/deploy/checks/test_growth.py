"""Counters that grow, begin anew and go missing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from check_cases import counts
from migsafe.deploy.checks.growth import Growth, grown
from migsafe.deploy.words import Counts

steps = st.lists(st.builds(counts, st.integers(1, 100), st.integers(0, 50), st.integers(0, 50)), max_size=8)


def test_only_what_has_come_since_the_beginning_counts() -> None:
    growth = Growth({"stable": counts(1000, 7, 3)})
    assert growth.read({"stable": counts(1100, 9, 3)}) == {"stable": counts(100, 2, 0)}
    assert growth.read({"stable": counts(1100, 9, 3)}) == {"stable": counts(100, 2, 0)}


def test_a_side_that_was_not_there_begins_at_nothing() -> None:
    growth = Growth({"stable": counts(1000)})
    assert growth.read({"candidate": counts(5, 1)}) == {"candidate": counts(5, 1)}


def test_a_side_that_goes_missing_keeps_what_it_has() -> None:
    growth = Growth({"stable": counts(0), "candidate": counts(0)})
    growth.read({"candidate": counts(5)})
    assert growth.read({"stable": counts(7)}) == {"candidate": counts(5), "stable": counts(7)}


def test_a_decrease_of_any_counter_is_a_new_beginning_of_all() -> None:
    assert grown(counts(1000, 7, 3), counts(1200, 2, 3)) == counts(1200, 2, 3)
    assert grown(counts(1000, 7, 3), counts(1200, 7, 1)) == counts(1200, 7, 1)
    assert grown(counts(1000, 7, 3), counts(1000, 7, 3)) == counts(0)


def test_what_was_counted_before_a_new_beginning_is_not_lost() -> None:
    growth = Growth({"candidate": counts(1000)})
    growth.read({"candidate": counts(1050, 4)})
    assert growth.read({"candidate": counts(10, 1)}) == {"candidate": counts(60, 5)}


@given(steps, st.integers(0, 8))
def test_new_beginnings_right_after_a_reading_lose_nothing(parts: list[Counts], begins_anew_at: int) -> None:
    """Read after each part, the sum is that of the parts, whether the counter begins anew in between or not."""
    growth = Growth({"candidate": counts(0)})
    found, at = {"candidate": counts(0)}, counts(0)
    for number, part in enumerate(parts):
        if number == begins_anew_at and part.requests < at.requests:
            at = counts(0)
        at = counts(at.requests + part.requests, at.errors + part.errors, at.hidden + part.hidden)
        found = dict(growth.read({"candidate": at}))
    assert found["candidate"] == counts(
        sum(one.requests for one in parts), sum(one.errors for one in parts), sum(one.hidden for one in parts)
    )
