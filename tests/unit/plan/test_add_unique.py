"""UNIQUE beside code that writes."""

from __future__ import annotations

import pytest

from migsafe.plan.migrations import migrations_of
from migsafe.plan.recipe import PlanRefusedError
from plan_projects import plan_of

_SQL = """
CREATE TABLE users (id bigint PRIMARY KEY, email text, team int, code text UNIQUE);
CREATE TABLE parts (id bigint, email text) PARTITION BY RANGE (id);
"""


def test_no_timeout_around_concurrently() -> None:
    build, add = migrations_of(plan_of(_SQL, "add-unique", table="users", column=("email", "team")))
    assert build.up == ("CREATE UNIQUE INDEX CONCURRENTLY users_email_team_key ON users (email, team);",)
    assert not build.transaction
    assert any("lock_timeout" in statement for statement in add.up)


def test_the_way_back_of_the_constraint_leaves_the_index() -> None:
    build, add = plan_of(_SQL, "add-unique", table="users", column=("email",)).steps
    assert add.backward == ("ALTER TABLE users DROP CONSTRAINT IF EXISTS users_email_key;", *build.forward)
    assert not add.backward_transaction


def test_one_null_at_most() -> None:
    plan = plan_of(_SQL, "add-unique", table="users", column=("email",), nulls_not_distinct=True)
    assert plan.steps[0].forward[0].endswith("(email) NULLS NOT DISTINCT;")
    assert "IS NOT NULL" not in plan.steps[0].before[0].sql


@pytest.mark.parametrize(
    ("table", "columns", "message"),
    [
        ("users", (), "no column is said"),
        ("parts", ("email",), "parts is partitioned"),
        ("users", ("code",), "users has a constraint users_code_key on these columns already"),
        ("users", ("nothing",), "the migrations build no column nothing"),
    ],
)
def test_refusals(table: str, columns: tuple[str, ...], message: str) -> None:
    with pytest.raises(PlanRefusedError, match=message):
        plan_of(_SQL, "add-unique", table=table, column=columns)
