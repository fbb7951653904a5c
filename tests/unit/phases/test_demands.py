"""Which columns an operation demands a value for, and what fills them where an INSERT does not."""

from __future__ import annotations

import pytest

from migsafe.phases.demands import Filler, filler_of
from phase_stories import tell

_USERS = """
CREATE TABLE users (
  id bigserial PRIMARY KEY, code bigint GENERATED ALWAYS AS IDENTITY, name text, kind text DEFAULT 'x'
);
"""
_FUNCTION = "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {} RETURN NEW; END $$;"
_TRIGGER = "CREATE TRIGGER t {} ON users FOR EACH ROW EXECUTE FUNCTION f();"


def _demands(sql: str) -> list[str]:
    (_, chapter) = tell({"1": _USERS, "2": sql}).chapters
    return [str(subject) for act in chapter.acts for subject in act.demands]


def _filler(sql: str, before: str = "") -> Filler | None:
    (_, chapter) = tell({"1": _USERS + before, "2": sql}).chapters
    act = next(act for act in chapter.acts if act.demands)
    return filler_of(chapter, act, act.demands[0])


@pytest.mark.parametrize(
    ("sql", "columns"),
    [
        ("ALTER TABLE users ALTER name SET NOT NULL", ["name"]),
        ("ALTER TABLE users ADD phone text NOT NULL", ["phone"]),
        ("ALTER TABLE users ADD CONSTRAINT c CHECK (name IS NOT NULL) NOT VALID", ["name"]),
        ("ALTER TABLE users ADD CONSTRAINT c CHECK (name IS NOT NULL AND kind IS NOT NULL)", ["kind", "name"]),
        ("ALTER TABLE users ADD CONSTRAINT c NOT NULL name NOT VALID", ["name"]),
        ("ALTER TABLE users ADD CONSTRAINT c CHECK (name IS NOT NULL OR kind IS NOT NULL)", []),
        ("ALTER TABLE users ADD CONSTRAINT c CHECK (length(name) > 1)", []),
        ("ALTER TABLE users ADD CONSTRAINT c UNIQUE (name)", []),
        ("ALTER TABLE users ADD phone text NOT NULL DEFAULT ''", []),
        ("ALTER TABLE users ADD phone text", []),
        ("ALTER TABLE users ADD n bigserial NOT NULL", []),
        ("ALTER TABLE users ALTER kind DROP DEFAULT", []),
        ("ALTER TABLE users ALTER id DROP DEFAULT", ["id"]),
        ("CREATE TABLE other (name text NOT NULL)", []),
    ],
)
def test_what_is_demanded(sql: str, columns: list[str]) -> None:
    assert _demands(sql) == [f"public.users.{column}" for column in columns]


@pytest.mark.parametrize("column", ["id", "code", "kind"])
def test_a_column_with_a_default_is_filled(column: str) -> None:
    found = _filler(f"ALTER TABLE users ADD CONSTRAINT c CHECK ({column} IS NOT NULL) NOT VALID")
    assert found == Filler(f"{column} has a default", sure=True)


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE users ALTER name SET NOT NULL",
        "ALTER TABLE users ADD phone text NOT NULL",
        "ALTER TABLE users ALTER id DROP DEFAULT",
    ],
)
def test_nothing_fills_the_others(sql: str) -> None:
    assert _filler(sql) is None


def test_a_default_of_null_fills_nothing() -> None:
    assert (
        _filler("ALTER TABLE users ALTER name SET NOT NULL", "ALTER TABLE users ALTER name SET DEFAULT NULL;") is None
    )


def test_a_default_that_the_same_migration_sets_afterwards_fills_it() -> None:
    found = _filler("ALTER TABLE users ADD phone text NOT NULL; ALTER TABLE users ALTER phone SET DEFAULT ''")
    assert found is not None
    assert found.sure


@pytest.mark.parametrize(
    ("body", "when", "sure"),
    [
        ("NEW.name := coalesce(NEW.name, 'x');", "BEFORE INSERT", True),
        ("IF NEW.name IS NULL THEN NEW.name = 'x'; END IF;", "BEFORE INSERT OR UPDATE", True),
        ("SELECT max(id) INTO NEW.name FROM users;", "BEFORE INSERT", True),
        ("NEW.\"name\" := 'x';", "BEFORE INSERT", True),
        ("IF NEW.name IS NULL THEN RAISE EXCEPTION 'no name'; END IF;", "BEFORE INSERT", False),
        ("-- NEW.name := 'x';\n", "BEFORE INSERT", False),
        ("NEW.kind := 'x';", "BEFORE INSERT", None),
        ("NEW.name := 'x';", "BEFORE UPDATE", None),
        ("NEW.name := 'x';", "AFTER INSERT", None),
    ],
)
def test_a_trigger(body: str, when: str, sure: bool | None) -> None:
    found = _filler("ALTER TABLE users ALTER name SET NOT NULL", _FUNCTION.format(body) + _TRIGGER.format(when))
    assert (None if found is None else found.sure) is sure


def test_a_trigger_that_is_off_fills_nothing() -> None:
    before = _FUNCTION.format("NEW.name := 'x';") + _TRIGGER.format("BEFORE INSERT")
    found = _filler("ALTER TABLE users ALTER name SET NOT NULL", before + "ALTER TABLE users DISABLE TRIGGER t;")
    assert found is None


def test_a_trigger_that_the_same_migration_makes_may_fill_it() -> None:
    sql = "ALTER TABLE users ADD phone text NOT NULL;" + _FUNCTION.format("NEW.phone := 'x';")
    found = _filler(sql + _TRIGGER.format("BEFORE INSERT"))
    assert found is not None
    assert not found.sure
