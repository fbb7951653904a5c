"""What a person names, found or refused."""

from __future__ import annotations

import pytest

from migsafe.errors import ExitCode, UsageError
from migsafe.plan.recipe import PlanRefusedError
from migsafe.plan.targets import before_triggers, find_column, find_table, key_of, new_column_name
from plan_projects import catalogue_of

_SQL = """
CREATE TABLE users (id int PRIMARY KEY, name text, "Odd" text);
CREATE SCHEMA app;
CREATE TABLE app.users (id int NOT NULL, code int NOT NULL, email text UNIQUE, UNIQUE (id, code));
CREATE TABLE log (at int);
CREATE TEMPORARY TABLE scratch (id int);
"""


def test_a_table_is_written_as_the_person_wrote_it() -> None:
    catalogue = catalogue_of(_SQL)
    assert str(find_table("users", catalogue).name) == "users"
    assert str(find_table("app.users", catalogue).name) == "app.users"
    assert find_table("users", catalogue).schema == "public"


def test_a_column_keeps_its_quotes() -> None:
    assert str(find_column('users."Odd"', catalogue_of(_SQL))) == 'users."Odd"'


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("user.name", 'the migrations build no table "user"', "did you mean users?"),
        ("users.nam", "the migrations build no column nam in users", "did you mean name?"),
        ("app.users.name", "the migrations build no column name in app.users", None),
    ],
)
def test_what_is_not_there(text: str, message: str, hint: str | None) -> None:
    with pytest.raises(PlanRefusedError) as caught:
        find_column(text, catalogue_of(_SQL))
    assert caught.value.message == message
    assert caught.value.exit_code is ExitCode.REFUSED
    assert hint is None or caught.value.hint == hint


@pytest.mark.parametrize("text", ["name", "a.b.c.d", "users.", "users.na me"])
def test_what_is_no_column(text: str) -> None:
    with pytest.raises(UsageError, match="no name of a column"):
        find_column(text, catalogue_of(_SQL))


def test_a_new_name_must_be_new() -> None:
    on = find_table("users", catalogue_of(_SQL))
    assert new_column_name("Full_Name", on) == "full_name"
    with pytest.raises(PlanRefusedError, match="users has a column name already"):
        new_column_name("name", on)
    with pytest.raises(UsageError):
        new_column_name("a.b", on)


@pytest.mark.parametrize(("table", "key"), [("users", ("id",)), ("app.users", ("id", "code"))])
def test_rows_are_walked_by_a_key_without_nulls(table: str, key: tuple[str, ...]) -> None:
    catalogue = catalogue_of(_SQL)
    assert key_of(find_table(table, catalogue), catalogue) == key


def test_rows_without_a_key_are_refused() -> None:
    catalogue = catalogue_of(_SQL)
    with pytest.raises(PlanRefusedError, match="no primary key"):
        key_of(find_table("log", catalogue), catalogue)


def test_triggers_that_fire_before_a_row_is_written() -> None:
    function = "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;"
    made = "".join(
        f"CREATE TRIGGER {name} {timing} ON t {each} EXECUTE FUNCTION f();"
        for name, timing, each in (
            ("b", "BEFORE INSERT", "FOR EACH ROW"),
            ("a", "BEFORE UPDATE", "FOR EACH ROW"),
            ("c", "AFTER UPDATE", "FOR EACH ROW"),
            ("d", "BEFORE UPDATE", "FOR EACH STATEMENT"),
        )
    )
    on = find_table("t", catalogue_of(f"CREATE TABLE t (id int); {function} {made}"))
    assert [trigger.name for trigger in before_triggers(on)] == ["a", "b"]
