"""The table of steps."""

from __future__ import annotations

from migsafe.plan.explain import explain
from plan_workloads import CASES


def test_every_step_says_all_that_a_person_signs() -> None:
    plan = CASES["type, lossy"].plan()
    text = explain(plan)
    assert text.startswith("the-change: change-type of prices.price, prices.exact\n")
    for number, step in enumerate(plan.steps, 1):
        assert f"\n{number}. {step.phase}" in text
    for label in ("what", "runs beside", "lock", "before", "verify", "way back", "no return from", "waits"):
        assert f"\n   {label:15}" in text
    assert "\n   waits          14 days after the step before\n" in text
    assert "\n   no return from its values are dropped\n" in text
    assert "\nIn between:\n  - " in text
    assert "\nTo be accepted:\n  - " in text


def test_no_line_is_too_long() -> None:
    for case in CASES.values():
        assert max(map(len, explain(case.plan()).splitlines())) <= 110
