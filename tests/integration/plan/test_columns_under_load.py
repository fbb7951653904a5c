"""Columns change while old and new code write: nothing fails, nothing disagrees, and the way back is one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from plan_driver import Driver, assert_round_trip
from plan_workloads import CASES

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import MakeDatabase
    from migsafe.model.plan import PlanStep
    from plan_workloads import Case

_TRANSACTIONS = 200


@pytest.fixture(params=CASES.values(), ids=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    return request.param


@pytest.mark.long
def test_the_whole_plan(case: Case, make_database: MakeDatabase) -> None:
    outcome = case.driver(make_database).whole(_TRANSACTIONS)
    outcome.assert_clean()
    assert outcome.total >= _TRANSACTIONS


@pytest.mark.long
def test_the_way_back_of_the_contract(case: Case, make_database: MakeDatabase) -> None:
    if not case.exact or not any(step.part for step in case.plan().steps):
        pytest.skip("there is no exact way back")
    case.driver(make_database).there_and_back(_TRANSACTIONS).assert_clean()


def test_there_and_back_and_there_again(case: Case, make_database: MakeDatabase) -> None:
    assert_round_trip(case.driver(make_database), returns=case.returns)


def _without_trigger(step: PlanStep) -> PlanStep:
    return replace(step, forward=tuple(text for text in step.forward if not text.startswith("CREATE TRIGGER")))


def _overwriting(step: PlanStep) -> PlanStep:
    if step.backfill is None:
        return step
    return replace(step, backfill=replace(step.backfill, needs_work="exact IS DISTINCT FROM price::numeric(12,2)"))


@pytest.mark.parametrize(("name", "broken"), [("rename", _without_trigger), ("type, lossy", _overwriting)])
def test_the_load_finds_a_plan_that_loses_something(
    name: str, broken: Callable[[PlanStep], PlanStep], make_database: MakeDatabase
) -> None:
    case = CASES[name]
    # Up to the backfill, and without checks: the plan's own would stop it before anything is lost.
    steps = [replace(broken(step), before=(), verify=()) for step in case.plan().steps[:2]]
    plan = replace(case.plan(), steps=tuple(steps))
    driver = Driver(make_database(case.workload.setup + case.workload.rows), plan, case.workload)
    assert driver.whole(_TRANSACTIONS).mismatches["after migrate"] > 0
