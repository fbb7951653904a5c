"""A failure that stands alone is held back."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from check_cases import window
from migsafe.deploy.checks.in_a_row import InARow
from migsafe.deploy.verdict import Result, Verdict, Window

PASS, FAIL, UNKNOWN = Result.PASS, Result.FAIL, Result.INCONCLUSIVE


@dataclass
class Scripted:
    results: list[Result]
    name: str = "it"
    done: list[str] = field(default_factory=list)

    def begin(self) -> None:
        self.done.append("begin")

    def judge(self, _: Window) -> Verdict:
        return Verdict(check="it", result=self.results.pop(0), text="so")

    def close(self) -> None:
        self.done.append("close")


@pytest.mark.parametrize(
    ("says", "hears"),
    [
        ([FAIL, FAIL, FAIL], [UNKNOWN, UNKNOWN, FAIL]),
        ([FAIL, FAIL, PASS, FAIL], [UNKNOWN, UNKNOWN, PASS, UNKNOWN]),
        ([FAIL, FAIL, UNKNOWN, FAIL], [UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN]),
        ([PASS], [PASS]),
    ],
)
def test_only_several_failures_in_a_row_end_a_window(says: list[Result], hears: list[Result]) -> None:
    check = InARow(Scripted(list(says)), 3)
    assert [check.judge(window(over=False)).result for _ in says] == hears


def test_at_the_end_of_a_window_one_is_enough() -> None:
    assert InARow(Scripted([FAIL]), 3).judge(window(over=True)).result is FAIL


def test_a_window_forgets_the_one_before_it() -> None:
    inner = Scripted([FAIL, FAIL])
    check = InARow(inner, 2)
    assert check.judge(window(over=False)).text == "so (look 1 of 2 that must fail in a row)"
    check.begin()
    assert check.judge(window(over=False)).result is UNKNOWN
    check.close()
    assert inner.done == ["begin", "close"]
