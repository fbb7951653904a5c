"""The verdict, and the order of reasons."""

from __future__ import annotations

from dataclasses import replace

import pytest

from migsafe.preflight.checks import judge
from migsafe.preflight.report import Culprit, PreflightReport, Reason, Weight, heaviest_first
from preflight_cases import NOW, case, live, touching

REPORT = PreflightReport(database="shop", role="app", version="18.6", at=NOW)


def reason(weight: Weight, age: float | None = None, *, passing: bool = True) -> Reason:
    culprits = () if age is None else (Culprit(pid=1, age=age),)
    return Reason(check=f"{weight}-{age}", weight=weight, text="x", passing=passing, culprits=culprits)


@pytest.mark.parametrize(
    ("weights", "verdict", "code"),
    [
        ([], "go", 0),
        ([Weight.WARNING, Weight.NOTE], "go", 0),
        ([Weight.WARNING, Weight.UNKNOWN], "unknown", 5),
        ([Weight.UNKNOWN, Weight.NO_GO], "no-go", 4),
    ],
)
def test_the_heaviest_reason_decides(weights: list[Weight], verdict: str, code: int) -> None:
    report = replace(REPORT, reasons=tuple(map(reason, weights)))
    assert (report.verdict.value, report.verdict.exit_code) == (verdict, code)


def test_heaviest_first_and_then_the_oldest() -> None:
    young, old = reason(Weight.NO_GO, 1.0), reason(Weight.NO_GO, 9.0)
    note, unknown = reason(Weight.NOTE, 900.0), reason(Weight.UNKNOWN)
    assert heaviest_first([note, unknown, young, old]) == (old, young, unknown, note)


def test_waiting_makes_sense_only_where_all_that_is_in_the_way_may_pass() -> None:
    stays, passes = reason(Weight.UNKNOWN, passing=False), reason(Weight.NO_GO)
    assert replace(REPORT, reasons=(passes, reason(Weight.NOTE, passing=False))).may_pass
    assert not replace(REPORT, reasons=(passes, stays)).may_pass


def test_a_quiet_server_has_nothing_to_say() -> None:
    assert judge(case()) == []
    assert judge(case(live(), touching())) == []
