"""Where a key stands between two others."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migsafe.backfill.keyspace import share


@pytest.mark.parametrize(
    ("low", "high", "place", "expected"),
    [
        (("1",), ("1001",), ("251",), 0.25),
        (("-10",), ("10",), ("0",), 0.5),
        (("1.5",), ("2.5",), ("2.25",), 0.75),
        (("2026-01-01",), ("2026-01-11",), ("2026-01-02",), 0.1),
        (("2026-01-01 00:00:00+00",), ("2026-01-01 10:00:00.5+00",), ("2026-01-01 10:00:00.5+00",), 1.0),
        (
            ("00000000-0000-0000-0000-000000000000",),
            ("80000000-0000-0000-0000-000000000000",),
            ("40000000-0000-0000-0000-000000000000",),
            0.5,
        ),
        (("7", "1"), ("7", "11"), ("7", "6"), 0.5),
        (("1", "z"), ("5", "a"), ("2", "q"), 0.25),
        (("7",), ("7",), ("7",), 1.0),
        (("1",), ("9",), ("12",), 1.0),
    ],
)
def test_keys_that_are_numbers(
    low: tuple[str, ...], high: tuple[str, ...], place: tuple[str, ...], expected: float
) -> None:
    assert share(low, high, place) == pytest.approx(expected)


@pytest.mark.parametrize("key", ["anna", "NaN", "infinity", ""])
def test_keys_that_are_none(key: str) -> None:
    assert share(("1",), ("9",), (key,)) is None
    assert share((key,), ("z",), ("5",)) is None


def test_nothing_is_behind_us_at_the_beginning() -> None:
    assert share(("a",), ("b",), None) == 0.0


@given(st.integers(), st.integers(), st.integers())
def test_it_is_a_share(low: int, high: int, place: int) -> None:
    found = share((str(low),), (str(high),), (str(place),))
    assert found is not None
    assert 0.0 <= found <= 1.0
