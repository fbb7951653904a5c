"""Tables that get another name."""

from __future__ import annotations

from typing import Any

import pytest

from migsafe.errors import MigsafeError, UsageError
from migsafe.plan.recipe import PlanRefusedError
from plan_projects import plan_of

_SQL = "CREATE TABLE clients (id bigint PRIMARY KEY); CREATE TABLE taken (id int);"
_SECURED = _SQL + "ALTER TABLE clients ENABLE ROW LEVEL SECURITY;"


def _plan(sql: str = _SQL, to: str = "customers", **more: Any):  # type: ignore[no-untyped-def]  # what plan_of gives
    return plan_of(sql, "rename-table", table="clients", to=to, **more)


def test_the_view_answers_with_the_callers_rights() -> None:
    assert _plan().steps[0].forward[:2] == (
        "ALTER TABLE clients RENAME TO customers;",
        "CREATE VIEW clients WITH (security_invoker = true) AS SELECT * FROM customers;",
    )


@pytest.mark.parametrize("more", [{"server_major": 14}, {"owner_rights": True}])
def test_a_view_with_its_owners_rights_is_for_tables_without_policies(more: dict[str, Any]) -> None:
    step = _plan(**more).steps[0]
    assert step.forward[1] == "CREATE VIEW clients AS SELECT * FROM customers;"
    assert any("has no row security" in check.name for check in step.before)
    with pytest.raises(PlanRefusedError, match="clients has row security"):
        _plan(_SECURED, **more)
    assert _plan(_SECURED)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"to": "app.customers"}, UsageError, "no bare name"),
        ({"to": "taken"}, PlanRefusedError, "taken exists already"),
        ({"sql": _SQL + "CREATE PUBLICATION p FOR TABLE clients;"}, PlanRefusedError, "clients is published by p"),
    ],
)
def test_refusals(arguments: dict[str, Any], error: type[MigsafeError], message: str) -> None:
    with pytest.raises(error, match=message):
        _plan(**arguments)
