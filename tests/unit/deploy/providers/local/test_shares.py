"""Weights of single servers, from shares of the traffic."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migsafe.deploy.providers.local.settings import MOST_REPLICAS
from migsafe.deploy.providers.local.shares import HEAVIEST, instances_for, share_of, weights_for

_SIDE = st.integers(1, MOST_REPLICAS)
_SHARE = st.integers(0, 100)


def _real(share: int, candidates: int, stables: int) -> float:
    one, other = weights_for(share, candidates, stables)
    return 100 * one * candidates / (one * candidates + other * stables)


@given(_SHARE, _SIDE)
def test_a_share_is_exact_where_both_sides_have_as_many(share: int, servers: int) -> None:
    assert _real(share, servers, servers) == pytest.approx(share)


@given(_SHARE, st.integers(1, MOST_REPLICAS // 2), st.integers(0, MOST_REPLICAS // 2))
def test_a_share_is_within_half_a_point_up_to_twice_as_many(share: int, fewer: int, more: int) -> None:
    others = fewer + min(fewer, more)
    assert _real(share, fewer, others) == pytest.approx(share, abs=0.5)
    assert _real(share, others, fewer) == pytest.approx(share, abs=0.5)


@given(st.integers(1, 99), _SIDE, _SIDE)
def test_nobody_who_is_to_have_traffic_gets_a_weight_of_nothing(share: int, candidates: int, stables: int) -> None:
    assert all(1 <= weight <= HEAVIEST for weight in weights_for(share, candidates, stables))


@pytest.mark.parametrize(
    ("share", "candidates", "stables", "weights"),
    [
        (5, 1, 1, (1, 19)),
        (5, 3, 3, (1, 19)),
        (20, 2, 4, (1, 2)),
        (50, 2, 1, (1, 2)),
        (0, 2, 2, (0, 1)),
        (100, 2, 3, (1, 0)),
        (100, 2, 0, (1, 0)),
        (20, 3, 4, (1, 3)),
        (5, 3, 4, (4, 57)),
        (3, 5, 7, (11, 254)),
    ],
)
def test_weights_are_as_small_as_they_can_be(
    share: int, candidates: int, stables: int, weights: tuple[int, int]
) -> None:
    assert weights_for(share, candidates, stables) == weights


@pytest.mark.parametrize(
    ("candidate", "stable", "share"),
    [(0, 0, 0), (0, 5, 0), (5, 0, 100), (1, 19, 5), (1, 999, 1), (999, 1, 99), (1, 2, 33), (2, 1, 67)],
)
def test_who_has_any_traffic_is_never_rounded_away(candidate: int, stable: int, share: int) -> None:
    assert share_of(candidate, stable) == share


@given(st.integers(1, 99), _SIDE)
def test_a_share_that_was_set_is_the_share_that_is_shown(share: int, servers: int) -> None:
    one, other = weights_for(share, servers, servers)
    assert share_of(one * servers, other * servers) == share


@given(_SIDE)
def test_every_number_of_instances_has_a_share(replicas: int) -> None:
    for number in range(replicas + 1):
        assert instances_for(round(100 * number / replicas), replicas) == number


@pytest.mark.parametrize(("share", "replicas"), [(5, 4), (50, 1), (20, 3), (32, 3)])
def test_a_share_that_no_number_of_instances_is_has_none(share: int, replicas: int) -> None:
    assert instances_for(share, replicas) is None
