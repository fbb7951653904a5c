"""Columns that move into another table."""

from __future__ import annotations

from typing import Any

import pytest

from migsafe.errors import MigsafeError, UsageError
from migsafe.plan.recipe import PlanRefusedError
from plan_projects import plan_of

_SQL = """
CREATE TABLE accounts (id serial PRIMARY KEY, address text COLLATE "C", vat text NOT NULL UNIQUE, must text NOT NULL);
CREATE TABLE extras (account_id int PRIMARY KEY, theme text NOT NULL DEFAULT 'dark', n int, vat text);
CREATE TABLE strict (account_id int PRIMARY KEY, theme text NOT NULL);
"""


def _plan(sql: str = _SQL, column: str = "accounts.address", to: str = "addresses", **more: Any):  # type: ignore[no-untyped-def]  # what plan_of gives
    return plan_of(sql, "move-column", column=column, to=to, **more)


def test_a_table_is_made_with_the_types_of_both() -> None:
    step = _plan().steps[0]
    assert step.forward[0] == (
        "CREATE TABLE addresses (\n"
        "    accounts_id integer PRIMARY KEY REFERENCES accounts (id) ON UPDATE CASCADE ON DELETE CASCADE,\n"
        '    address text COLLATE "C"\n'
        ");"
    )


def test_a_column_is_added_to_a_table_that_is_there() -> None:
    step = _plan(to="extras", key="account_id").steps[0]
    assert step.forward == ('ALTER TABLE extras ADD COLUMN address text COLLATE "C";',)


def test_new_code_may_leave_out_what_was_required() -> None:
    names = [step.name for step in _plan(column="accounts.must").steps]
    assert names == ["make-addresses", "relax-must", "sync-must", "backfill-must", "quarantine-must", "purge-must"]
    assert "must text NOT NULL" in _plan(column="accounts.must").steps[0].forward[0]


def test_turns_are_a_promise() -> None:
    assert any("take turns" in promise for promise in _plan().promises)
    plan = _plan(without_turns=True)
    assert any("40P01" in promise for promise in plan.promises)
    assert not any("LOCK TABLE" in statement for step in plan.steps for statement in step.forward)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"to": "a.b.c"}, UsageError, "no bare name"),
        ({"column": "accounts.id"}, PlanRefusedError, "accounts.id is the key of its table"),
        ({"column": "accounts.vat"}, PlanRefusedError, "the constraint accounts_vat_key is about accounts.vat"),
        ({"to": "extras", "key": "n"}, PlanRefusedError, "extras.n is not unique"),
        ({"to": "extras", "key": "account_id", "as_column": "vat"}, PlanRefusedError, "has a column vat already"),
        ({"to": "strict", "key": "account_id"}, PlanRefusedError, "strict.theme is NOT NULL without a default"),
        ({"sql": _SQL + "ALTER TABLE accounts ENABLE ROW LEVEL SECURITY;"}, PlanRefusedError, "row security"),
        ({"sql": _SQL + "CREATE PUBLICATION p FOR ALL TABLES;"}, PlanRefusedError, "is published by p"),
    ],
)
def test_refusals(arguments: dict[str, Any], error: type[MigsafeError], message: str) -> None:
    with pytest.raises(error, match=message):
        _plan(**arguments)
