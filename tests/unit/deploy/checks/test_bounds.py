"""The verdict on one number."""

from __future__ import annotations

from math import inf, nan

import pytest

from check_cases import table
from migsafe.deploy.checks.bounds import Bounds, judge_number, read_bounds
from migsafe.deploy.verdict import Result
from migsafe.errors import ConfigurationError

PASS, FAIL, UNKNOWN = Result.PASS, Result.FAIL, Result.INCONCLUSIVE
CAPPED = Bounds(max=0.02, max_delta=0.01)


@pytest.mark.parametrize(
    ("value", "bounds", "expected"),
    [
        (0.02, Bounds(max=0.02), PASS),
        (0.0201, Bounds(max=0.02), FAIL),
        (inf, Bounds(max=0.02), FAIL),  # a latency above the last bucket
        (-1, Bounds(max=0.02), PASS),
        (0.99, Bounds(min=0.99), PASS),
        (0.98, Bounds(min=0.99), FAIL),
        (0, Bounds(equals=0), PASS),
        (1, Bounds(equals=0), FAIL),
        (5, Bounds(min=1, max=9), PASS),
        (0, Bounds(min=1, max=9), FAIL),
        (None, Bounds(max=1), UNKNOWN),
        (nan, Bounds(max=1), UNKNOWN),  # 0/0
        (nan, Bounds(min=1), UNKNOWN),
    ],
)
def test_a_number_alone(value: float | None, bounds: Bounds, expected: Result) -> None:
    assert judge_number(value, bounds).result is expected


@pytest.mark.parametrize(
    ("value", "stable", "expected"),
    [
        (0.01, 0.0, PASS),
        (0.011, 0.0, FAIL),
        (0.021, 0.015, FAIL),  # the cap
        (0.015, 0.02, PASS),
        (0.01, None, UNKNOWN),
        (0.01, nan, UNKNOWN),
        (0.021, None, FAIL),
        (0.95, 0.92, UNKNOWN),  # an outage of both
        (0.01, 0.92, UNKNOWN),
        (0.06, 0.025, FAIL),  # more than twice as bad
        (0.05, 0.025, UNKNOWN),
    ],
)
def test_a_number_beside_the_stable_versions(value: float, stable: float | None, expected: Result) -> None:
    assert judge_number(value, CAPPED, stable=stable, compares=True).result is expected


def test_the_text_has_the_figures() -> None:
    assert judge_number(0.03, Bounds(max=0.02)).text == "0.03: more than 0.02"
    assert judge_number(0.5, CAPPED, stable=0.0, compares=True).text == (
        "candidate 0.5, stable 0: more than 0.01 above the stable version"
    )


def test_the_keys() -> None:
    assert read_bounds(table(max=1, min=-2.5)) == Bounds(max=1.0, min=-2.5)
    with pytest.raises(ConfigurationError, match="no max, min or equals"):
        read_bounds(table())
    with pytest.raises(ConfigurationError, match="nothing can pass"):
        read_bounds(table(max=1, min=2))
