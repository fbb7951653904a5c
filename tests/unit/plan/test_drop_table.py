"""Tables that nobody uses any more."""

from __future__ import annotations

import pytest

from migsafe.plan.migrations import migrations_of
from migsafe.plan.recipe import PlanRefusedError
from plan_projects import plan_of

_SQL = """
CREATE TABLE customers (id bigint PRIMARY KEY);
CREATE TABLE legacy (id bigint PRIMARY KEY, customer_id bigint REFERENCES customers ON DELETE CASCADE);
CREATE TABLE notes (legacy_id bigint REFERENCES legacy (id));
"""


def test_keys_both_ways_go_first_and_come_back_last() -> None:
    plan = plan_of(_SQL, "drop-table", table="legacy")
    assert [step.name for step in plan.steps] == [
        "drop-notes_legacy_id_fkey",
        "drop-legacy_customer_id_fkey",
        "make-room",
        "quarantine-legacy",
        "purge-legacy",
    ]
    assert plan.steps[1].backward == (
        "ALTER TABLE legacy ADD CONSTRAINT legacy_customer_id_fkey"
        " FOREIGN KEY (customer_id) REFERENCES customers (id) ON DELETE CASCADE NOT VALID;",
        "ALTER TABLE legacy VALIDATE CONSTRAINT legacy_customer_id_fkey;",
    )
    assert plan.steps[-1].hold_days == 35
    assert migrations_of(plan) == ()


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("CREATE VIEW old AS SELECT id FROM legacy;", "the view old reads legacy"),
        ("CREATE TABLE child () INHERITS (legacy);", "legacy has partitions"),
        ("CREATE PUBLICATION p FOR TABLE legacy;", "legacy is published by p"),
    ],
)
def test_refusals(more: str, message: str) -> None:
    with pytest.raises(PlanRefusedError, match=message):
        plan_of(_SQL + more, "drop-table", table="legacy")
    assert plan_of(_SQL + more, "drop-table", table="notes")


def test_a_partition_is_detached_first() -> None:
    sql = "CREATE TABLE all_rows (d date) PARTITION BY RANGE (d); CREATE TABLE part PARTITION OF all_rows DEFAULT;"
    for table, message in (("part", "part is part of another table"), ("all_rows", "all_rows has partitions")):
        with pytest.raises(PlanRefusedError, match=message):
            plan_of(sql, "drop-table", table=table)
