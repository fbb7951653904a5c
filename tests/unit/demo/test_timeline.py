"""The timeline in numbers, and in parts."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migsafe.demo.timeline import Bucket, LockLook, Timeline, figures, gathered


def test_errors_of_the_broken_version_are_counted_apart() -> None:
    buckets = [
        Bucket(at=1.0, good={"v1": 10, "v2": 5}, failed={"v1": 1}, slowest=0.2, gap=0.1),
        Bucket(at=2.0, good={"v2": 8, "v3": 2}, failed={"v3": 3}, lost=1, stale=2, slowest=0.1, gap=0.3),
        Bucket(at=4.5, failed={"v3": 1}),
        Bucket(at=5.0, good={"v2": 9}),
    ]
    found = figures(Timeline(seconds=5.0, buckets=buckets, back_ms=40.0))
    assert (found.requests, found.failed, found.spiked, found.stale) == (40, 2, 4, 2)
    assert (found.gap, found.slowest, found.spike, found.back_ms) == (0.3, 0.2, 2.5, 40.0)


def test_a_story_in_which_nothing_was_seen_has_zeros() -> None:
    found = figures(Timeline(seconds=1.0, buckets=()))
    assert (found.requests, found.failed, found.spike, found.longest_wait, found.back_ms) == (0, 0, 0.0, 0.0, None)


def test_the_longest_wait_is_that_of_all_looks() -> None:
    looks = [LockLook(at=0.1), LockLook(at=0.2, waiting=2, longest=0.045, exclusive=True), LockLook(at=0.3)]
    assert figures(Timeline(seconds=1.0, buckets=(), looks=looks)).longest_wait == 0.045


def test_versions_are_those_that_answered_in_any_way() -> None:
    buckets = [Bucket(at=1.0, failed={"v3": 1}), Bucket(at=2.0, good={"v1": 1})]
    assert Timeline(seconds=2.0, buckets=buckets).versions == ("v1", "v3")


_BUCKETS = st.lists(
    st.builds(
        Bucket,
        at=st.floats(0, 100, allow_nan=False),
        good=st.dictionaries(st.sampled_from(["v1", "v2"]), st.integers(0, 50)),
        failed=st.dictionaries(st.sampled_from(["v1", "v3"]), st.integers(0, 50)),
        lost=st.integers(0, 5),
        slowest=st.floats(0, 2),
    )
)


@given(_BUCKETS, st.floats(0.5, 100), st.integers(1, 300))
def test_nothing_is_lost_when_parts_are_gathered(buckets: list[Bucket], seconds: float, parts: int) -> None:
    found = gathered(buckets, seconds, parts)
    assert len(found) == parts
    assert sum(one.answered for one in found) == sum(one.answered for one in buckets)
    assert sum(one.lost for one in found) == sum(one.lost for one in buckets)
    assert max((one.slowest for one in found), default=0.0) == max((one.slowest for one in buckets), default=0.0)


@pytest.mark.parametrize(("at", "part"), [(0.0, 0), (0.99, 0), (1.0, 1), (3.99, 3), (4.0, 3), (7.0, 3)])
def test_a_bucket_is_in_the_part_in_which_it_ended(at: float, part: int) -> None:
    found = gathered([Bucket(at=at, good={"v1": 1})], 4.0, 4)
    assert [one.good for one in found] == [Counter({"v1": 1}) if number == part else {} for number in range(4)]
