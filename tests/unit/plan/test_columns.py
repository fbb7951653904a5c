"""Steps that recipes share."""

from __future__ import annotations

from migsafe.plan.columns import (
    column_exists,
    no_row,
    nobody_depends_on,
    not_null_steps,
    purge_columns_step,
    quarantine_columns_step,
    safely_not_null,
)
from migsafe.plan.targets import TableTarget, find_table
from migsafe.plan.wording import NEW_ONLY, quarantined
from plan_projects import catalogue_of


def _on(name: str = "users") -> TableTarget:
    return find_table(name, catalogue_of(f"CREATE TABLE {name} (id int PRIMARY KEY, name text);"))


def test_a_check_stops_at_the_first_row() -> None:
    assert no_row("x", _on(), "name IS NULL").sql.endswith("(SELECT FROM users WHERE name IS NULL LIMIT 1) AS found")


def test_names_are_quoted_in_statements_and_not_in_look_ups() -> None:
    check = column_exists(_on('"Users"'), "Odd")
    assert """attrelid = '"Users"'::regclass AND attname = 'Odd'""" in check.sql


def test_not_null_is_four_steps_with_one_statement_each() -> None:
    steps = not_null_steps(_on(), "name", releases=NEW_ONLY)
    assert [step.name for step in steps] == ["require-name", "validate-name", "not-null-name", "tidy-name"]
    assert [len(step.forward) for step in steps] == [1, 1, 1, 1]
    assert {step.releases for step in steps} == {NEW_ONLY}
    assert steps[0].before == steps[1].before
    # Postgres 18 gives this name to the constraint that SET NOT NULL makes.
    assert "users_name_not_null" not in "".join(step.forward[0] for step in steps)


def test_the_way_back_to_not_null_never_scans_under_a_strong_lock() -> None:
    add, validate, set_it, drop = safely_not_null(_on(), "name")
    assert add.endswith("NOT VALID;")
    assert "VALIDATE CONSTRAINT" in validate
    assert set_it.endswith("SET NOT NULL;")
    assert "DROP CONSTRAINT" in drop


def test_several_columns_go_together() -> None:
    quarantine = quarantine_columns_step(_on(), ["id", "name"])
    assert quarantine.forward[:2] == (
        "ALTER TABLE users RENAME COLUMN id TO _migsafe_q_id;",
        "ALTER TABLE users RENAME COLUMN name TO _migsafe_q_name;",
    )
    assert purge_columns_step(_on(), ["id", "name"]).forward == (
        "ALTER TABLE users DROP COLUMN _migsafe_q_id, DROP COLUMN _migsafe_q_name;",
    )


def test_a_long_name_in_quarantine_fits() -> None:
    assert len(quarantined("x" * 63)) == 63


def test_dependents_are_looked_for_by_whole_words() -> None:
    assert r"~ '\mname\M'" in nobody_depends_on(_on(), "name")[1].sql
