"""Values of enums."""

from __future__ import annotations

from typing import Any

import pytest

from migsafe.errors import MigsafeError, UsageError
from migsafe.plan.recipe import PlanRefusedError
from plan_projects import plan_of

_SQL = """
CREATE TYPE status AS ENUM ('new', 'paid', 'it''s lost');
CREATE TABLE orders (id bigint PRIMARY KEY, status status NOT NULL DEFAULT 'new', many status[], note text);
"""
_REMOVE = {"remove": "paid", "replace_by": "new", "new_column": "state"}


def _plan(sql: str = _SQL, column: str = "orders.status", **arguments: Any):  # type: ignore[no-untyped-def]  # what plan_of gives
    return plan_of(sql, "change-enum", column=column, **arguments)


def test_a_value_is_added_for_good() -> None:
    (step,) = _plan(add="sent", before="paid").steps
    assert step.forward == ("ALTER TYPE status ADD VALUE IF NOT EXISTS 'sent' BEFORE 'paid';",)
    assert step.back == "impossible"
    assert step.no_way_back is not None


def test_a_value_is_removed_by_way_of_another_type() -> None:
    plan = _plan(**_REMOVE)
    assert plan.steps[0].forward == ("CREATE TYPE status_state AS ENUM ('new', 'it''s lost');",)
    backfill = next(step.backfill for step in plan.steps if step.backfill)
    assert backfill.assignments == (
        ("state", "(CASE status::text WHEN 'paid' THEN 'new' ELSE status::text END)::status_state"),
    )
    assert plan.promises[0] == "rows with 'paid' count as 'new' for new code"


def test_a_value_is_renamed_both_ways() -> None:
    plan = _plan(rename="it's lost", to="gone", new_column="state", text=True)
    assert "restrict-state" in [step.name for step in plan.steps]
    trigger = next(one for one in plan.steps[0].forward if one.startswith("CREATE OR REPLACE FUNCTION"))
    assert "WHEN 'it''s lost' THEN 'gone'" in trigger
    assert "WHEN 'gone' THEN 'it''s lost'" in trigger


def test_a_default_that_goes_becomes_its_replacement() -> None:
    plan = _plan(remove="new", replace_by="paid", new_column="state")
    moved = next(step for step in plan.steps if step.name == "quarantine-status")
    assert any("SET DEFAULT 'paid'::status_state" in statement for statement in moved.forward)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({}, UsageError, "say one of --add, --remove and --rename"),
        ({"add": "x", "remove": "new"}, UsageError, "say one of"),
        ({"add": "paid"}, PlanRefusedError, "has the value 'paid' already"),
        ({"add": "x", "before": "y"}, PlanRefusedError, "has no value 'y'"),
        ({"remove": "paid", "replace_by": "new"}, UsageError, "new code needs a column of its own"),
        ({"remove": "paid", "new_column": "state"}, UsageError, "what becomes of 'paid' is not said"),
        ({**_REMOVE, "remove": "none"}, PlanRefusedError, "has no value 'none'"),
        ({**_REMOVE, "replace_by": "none"}, PlanRefusedError, "has no value 'none'"),
        ({"rename": "paid", "to": "new", "new_column": "s"}, PlanRefusedError, "has a value 'new' already"),
        ({"column": "orders.note", "add": "x"}, PlanRefusedError, "orders.note is text, which is no enum"),
        ({"column": "orders.many", "add": "x"}, PlanRefusedError, "which is no enum"),
    ],
)
def test_refusals(arguments: dict[str, Any], error: type[MigsafeError], message: str) -> None:
    with pytest.raises(error, match=message):
        _plan(**arguments)


@pytest.mark.parametrize(
    "more",
    [
        "CREATE INDEX paid ON orders (id) WHERE status = 'paid';",
        "ALTER TABLE orders ADD CHECK (status <> 'paid' OR note IS NOT NULL);",
    ],
)
def test_conditions_that_name_the_value(more: str) -> None:
    with pytest.raises(PlanRefusedError, match="names 'paid'"):
        _plan(_SQL + more, **_REMOVE)
    assert _plan(_SQL + more.replace("'paid'", "'new'"), **_REMOVE).steps
