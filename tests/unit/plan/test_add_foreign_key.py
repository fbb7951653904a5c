"""Foreign keys beside code that writes."""

from __future__ import annotations

import pytest

from migsafe.errors import UsageError
from migsafe.plan.recipe import PlanRefusedError
from plan_projects import plan_of

_SQL = """
CREATE TABLE customers (id bigint PRIMARY KEY, code text, email text UNIQUE);
CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint, small int, email text);
CREATE INDEX orders_email_idx ON orders (email, id);
CREATE TABLE parts (id bigint, customer_id bigint) PARTITION BY RANGE (id);
"""


def _plan(column: str = "orders.customer_id", to: str = "customers.id", **more: object):  # type: ignore[no-untyped-def]  # what plan_of gives
    return plan_of(_SQL, "add-foreign-key", column=column, to=to, **more)


def test_index_then_constraint_then_its_validation() -> None:
    steps = _plan(on_delete="cascade").steps
    assert [step.name for step in steps] == [
        "build-orders_customer_id_idx",
        "add-orders_customer_id_fkey",
        "validate-orders_customer_id_fkey",
    ]
    assert steps[1].forward == (
        "ALTER TABLE orders ADD CONSTRAINT orders_customer_id_fkey FOREIGN KEY (customer_id)\n"
        "    REFERENCES customers (id) ON DELETE CASCADE NOT VALID;",
    )


def test_an_index_that_begins_with_the_column_is_enough() -> None:
    steps = _plan("orders.email", "customers.email", name="by_email").steps
    assert [step.name for step in steps] == ["add-by_email", "validate-by_email"]


def test_who_deletes_rows_of_others_is_told() -> None:
    assert "ON DELETE cascade" in _plan(on_delete="cascade").promises[0]
    assert _plan(on_delete="restrict").promises == ()


@pytest.mark.parametrize(
    ("column", "to", "message"),
    [
        ("orders.customer_id", "customers.code", "customers.code is not unique"),
        ("orders.small", "customers.id", "orders.small is integer and customers.id is bigint"),
        ("parts.customer_id", "customers.id", "parts is partitioned"),
    ],
)
def test_refusals(column: str, to: str, message: str) -> None:
    with pytest.raises(PlanRefusedError, match=message):
        _plan(column, to)


def test_partitioned_tables_from_18_on() -> None:
    assert _plan("parts.customer_id", "customers.id", server_major=18).steps[-1].name.startswith("validate-")


def test_an_action_that_there_is_not() -> None:
    with pytest.raises(UsageError, match='there is no "ON DELETE explode"'):
        _plan(on_delete="explode")
