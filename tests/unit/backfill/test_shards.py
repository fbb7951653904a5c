"""Ranges of a key."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from migsafe.backfill.shards import ranges


def test_without_a_cut_there_is_one() -> None:
    assert list(ranges(("1",), ("9",), ())) == [(("1",), ("9",), None)]


def test_a_cut_belongs_to_the_range_that_it_ends() -> None:
    assert list(ranges(("1",), ("9",), (("4",), ("6",)))) == [
        (("1",), ("4",), None),
        (("4",), ("6",), ("4",)),
        (("6",), ("9",), ("6",)),
    ]


def test_cuts_at_the_ends_are_none() -> None:
    assert list(ranges(("1",), ("9",), (("1",), ("9",)))) == [(("1",), ("9",), None)]
    assert list(ranges(("1",), ("1",), (("1",),))) == [(("1",), ("1",), None)]


@given(st.sets(st.integers(0, 200), min_size=1), st.data())
def test_every_key_is_in_exactly_one(keys: set[int], data: st.DataObject) -> None:
    ordered = sorted(keys)
    cuts = sorted(data.draw(st.sets(st.sampled_from(ordered), max_size=8)))
    found = list(ranges((str(ordered[0]),), (str(ordered[-1]),), [(str(cut),) for cut in cuts]))
    for key in ordered:
        homes = [
            1
            for low, high, behind in found
            if int(low[0]) <= key <= int(high[0]) and (behind is None or key > int(behind[0]))
        ]
        assert homes == [1], key
