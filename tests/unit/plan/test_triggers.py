"""The sync trigger: its form, and where it is refused."""

from __future__ import annotations

import pytest

from migsafe.model.phase import Phase
from migsafe.plan.recipe import PlanRefusedError
from migsafe.plan.triggers import trigger_name
from plan_projects import plan_of

_TABLE = "CREATE TABLE users (id int PRIMARY KEY, name text, email text);"


def _function(body: str, name: str = "f") -> str:
    return f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} RETURN NEW; END $$;"


def _trigger(name: str = "t", function: str = "f") -> str:
    return f"CREATE TRIGGER {name} BEFORE INSERT OR UPDATE ON users FOR EACH ROW EXECUTE FUNCTION {function}();"


def _rename(sql: str, **arguments: object) -> str:
    plan = plan_of(sql, "rename-column", **{"column": "users.name", "to": "full_name", **arguments})
    return "\n".join(plan.of_phase(Phase.EXPAND)[0].forward)


def test_its_form() -> None:
    made = _rename(_TABLE)
    assert "CREATE TRIGGER zzz_migsafe_the_change_full_name BEFORE INSERT OR UPDATE ON users\n" in made
    assert "SET search_path = pg_catalog, public\n" in made
    assert "current_setting('migsafe.backfill', true) = 'on'" in made
    assert "ADD COLUMN full_name text;" in made


def test_two_changes_have_two_names() -> None:
    assert trigger_name("users-a", "name") != trigger_name("users-b", "name")
    assert len(trigger_name("x" * 60, "y" * 60)) == 63


def test_the_function_stands_beside_its_table() -> None:
    made = _rename(
        "CREATE SCHEMA app; CREATE TABLE app.users (id int PRIMARY KEY, name text);", column="app.users.name"
    )
    assert "CREATE OR REPLACE FUNCTION app.zzz_migsafe_the_change_full_name()" in made
    assert "SET search_path = pg_catalog, app\n" in made


def test_a_trigger_that_has_nothing_to_do_with_it_is_fine() -> None:
    assert _rename(_TABLE + _function("NEW.email := lower(NEW.email);") + _trigger())


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        (_function("NEW.name := 'x';") + _trigger(), "the BEFORE trigger t on users uses name"),
        (_function("NEW.full_name := 'x';") + _trigger(), "the BEFORE trigger t on users uses full_name"),
        (_function("") + _trigger("zzzz"), "the BEFORE trigger zzzz on users would fire after the sync trigger"),
        (_trigger(function="elsewhere"), "the migrations do not show what the BEFORE trigger t on users does"),
        (
            _function("NEW.name := 'x';", "g") + _trigger("zzz_migsafe_other_name", "g"),
            "another change is open on users: its trigger zzz_migsafe_other_name keeps name in step",
        ),
    ],
)
def test_other_triggers_that_stand_in_the_way(sql: str, message: str) -> None:
    with pytest.raises(PlanRefusedError) as caught:
        _rename(_TABLE + sql)
    assert caught.value.message == message


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (
            "CREATE TABLE users (id int PRIMARY KEY, email text, name text GENERATED ALWAYS AS (email) STORED);",
            "users.name is a generated column, which no trigger can keep in step",
        ),
        (
            "CREATE TABLE users (id int PRIMARY KEY, name int GENERATED ALWAYS AS IDENTITY);",
            "users.name is an identity column, which no trigger can keep in step",
        ),
        (
            "CREATE TABLE users (id int, name text) PARTITION BY LIST (lower(name));",
            "users.name is in the partition key, which no trigger can keep in step",
        ),
    ],
)
def test_columns_that_no_trigger_may_write(table: str, message: str) -> None:
    with pytest.raises(PlanRefusedError) as caught:
        _rename(table)
    assert caught.value.message == message


def test_a_partition_key_with_a_name_that_has_the_columns_in_it_is_another_one() -> None:
    sql = (
        "CREATE TABLE users (id int, name text, name_key int, PRIMARY KEY (id, name_key)) PARTITION BY LIST (name_key);"
    )
    assert _rename(sql)


def test_both_ways_are_expressions_over_the_other_side() -> None:
    plan = plan_of(
        _TABLE,
        "split-column",
        table="users",
        old=("name",),
        new=("first text", "last text"),
        up=("last=split_part(name, ' ', 2)", "first=split_part(name, ' ', 1)"),
        down=("name=concat_ws(' ', first, last)",),
    )
    made = "\n".join(plan.of_phase(Phase.EXPAND)[0].forward)
    assert "SELECT (split_part(name, ' ', 1)), (split_part(name, ' ', 2))" in made
    assert "INTO NEW.first, NEW.last" in made
    assert "FROM (SELECT NEW.first AS first, NEW.last AS last) AS users" in made
