"""Which steps each kind of change has, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from migsafe.errors import MigsafeError, UsageError
from migsafe.model.phase import Phase
from migsafe.plan import RECIPES
from migsafe.plan.recipe import PlanRefusedError
from plan_projects import plan_of

_TABLE = """
CREATE TABLE users (
    id int PRIMARY KEY, name text, code varchar(50), legacy text NOT NULL, made timestamptz NOT NULL DEFAULT now()
);
"""


def _names(kind: str, sql: str = _TABLE, **arguments: Any) -> list[str]:
    return [step.name for step in plan_of(sql, kind, **arguments).steps]


@pytest.mark.parametrize(
    ("kind", "arguments", "names"),
    [
        (
            "rename-column",
            {"column": "users.name", "to": "full_name"},
            ["add-full_name", "backfill-full_name", "analyze-full_name", "quarantine-name", "purge-name"],
        ),
        ("change-type", {"column": "users.code", "type": "varchar(100)"}, ["widen-code", "analyze-code"]),
        (
            "change-type",
            {"column": "users.code", "type": "integer"},
            ["add-code_new", "backfill-code_new", "analyze-code_new", "quarantine-code", "purge-code"],
        ),
        (
            "set-not-null",
            {"column": "users.name", "fill": "''", "default": "''"},
            ["default-name", "fill-name", "require-name", "validate-name", "not-null-name", "tidy-name"],
        ),
        ("set-not-null", {"column": "users.name"}, ["require-name", "validate-name", "not-null-name", "tidy-name"]),
        ("drop-column", {"column": "users.name"}, ["quarantine-name", "purge-name"]),
        ("drop-column", {"column": "users.made"}, ["quarantine-made", "purge-made"]),
        ("drop-column", {"column": "users.legacy"}, ["relax-legacy", "quarantine-legacy", "purge-legacy"]),
        ("add-column", {"column": "users.plan", "type": "text"}, ["add-plan"]),
        ("add-column", {"column": "users.at", "type": "timestamptz", "default": "now()", "required": True}, ["add-at"]),
        (
            "add-column",
            {"column": "users.token", "type": "uuid", "default": "gen_random_uuid()"},
            ["add-token", "fill-token", "analyze-token"],
        ),
    ],
)
def test_steps(kind: str, arguments: dict[str, Any], names: list[str]) -> None:
    assert _names(kind, **arguments) == names


@pytest.mark.parametrize(
    "more",
    [
        "ALTER TABLE users ADD CHECK (code <> '');",
        "CREATE INDEX ON users (code) WHERE code <> '';",
        "CREATE INDEX ON users (lower(code));",
        "CREATE VIEW codes AS SELECT code FROM users;",
    ],
)
def test_a_change_of_type_that_only_looks_free(more: str) -> None:
    assert _names("change-type", _TABLE + more, column="users.code", type="varchar(100)")[0] == "add-code_new"
    assert (
        _names("change-type", _TABLE + more.replace("code", "name"), column="users.code", type="text")[0]
        == "widen-code"
    )


@pytest.mark.parametrize(
    ("kind", "arguments", "message"),
    [
        ("change-type", {"column": "users.name", "type": "text"}, "users.name has the type text already"),
        ("set-not-null", {"column": "users.legacy"}, "users.legacy is NOT NULL already"),
        ("rename-column", {"column": "users.name", "to": "code"}, "users has a column code already"),
        (
            "add-column",
            {"column": "users.plan", "type": "text", "required": True},
            "old code does not name users.plan, so a NOT NULL without a default would refuse its rows",
        ),
        (
            "add-column",
            {"column": "users.plan", "type": "text UNIQUE"},
            "users.plan gets its keys and checks in changes of their own",
        ),
        (
            "add-column",
            {"column": "users.n", "type": "int GENERATED ALWAYS AS IDENTITY"},
            "users.n would rewrite users while nobody may read it",
        ),
        (
            "add-column",
            {"column": "users.loud", "type": "text GENERATED ALWAYS AS (upper(name)) STORED"},
            "users.loud would rewrite users while nobody may read it",
        ),
        ("drop-column", {"column": "users.id"}, "users.id is in the primary key, and a table has only one"),
    ],
)
def test_refusals(kind: str, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(PlanRefusedError) as caught:
        plan_of(_TABLE, kind, **arguments)
    assert caught.value.message == message


def test_a_column_of_an_open_change_is_not_dropped() -> None:
    expand = plan_of(_TABLE, "rename-column", column="users.name", to="full_name").of_phase(Phase.EXPAND)[0]
    sql = "\n".join((_TABLE, *(text for text in expand.forward if "opaque-code" not in text)))
    for column in ("name", "full_name"):
        with pytest.raises(PlanRefusedError, match=f"another change is open on users: .* keeps {column} in step"):
            plan_of(sql, "drop-column", column=f"users.{column}")
    assert plan_of(sql, "drop-column", column="users.code").steps


def _split(**arguments: Any) -> list[str]:
    said = {
        "table": "users",
        "old": ("name",),
        "new": ("first text",),
        "up": ("first=upper(name)",),
        "down": ("name=lower(first)",),
    }
    return _names("split-column", **{**said, **arguments})


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"old": ()}, UsageError, "a split needs --old and --new"),
        ({"up": ()}, UsageError, "--up does not say how first is made of name"),
        ({"up": ("first",)}, UsageError, '--up "first" is no column=expression'),
        ({"up": ("first=name", "first=name")}, UsageError, "--up says twice what first is made of"),
        ({"up": ("first=name", "last=name")}, UsageError, "--up is about last, which is not among first"),
        ({"up": ("first=code",)}, PlanRefusedError, '"code" reads code'),
        ({"up": ("first=name || random()",)}, PlanRefusedError, '"name || random()" gives another value every time'),
        ({"up": ("first=upper(",)}, UsageError, '"upper(" is no expression'),
        ({"up": ("first=name; DROP TABLE users",)}, UsageError, '"name; DROP TABLE users" is no expression'),
        ({"up": ("first=name, ADD COLUMN x int",)}, UsageError, '"name, ADD COLUMN x int" is no expression'),
        ({"up": ("first=name) + (1",)}, UsageError, '"name) + (1" is no expression'),
        ({"new": ("first",)}, UsageError, '"first" is no definition of a column'),
        ({"new": ("first text DEFAULT 'x'",)}, PlanRefusedError, "first cannot have a DEFAULT before the contract"),
        ({"new": ("first text NOT NULL",)}, PlanRefusedError, "first can only have a type now"),
        ({"required": ("last",)}, UsageError, "--required last is no new column"),
    ],
)
def test_a_split_that_cannot_be(arguments: dict[str, Any], error: type[MigsafeError], message: str) -> None:
    assert _split()
    with pytest.raises(error) as caught:
        _split(**arguments)
    assert caught.value.message.startswith(message)


def test_who_writes_both_ways_is_proved_unless_it_is_said_to_lose_something() -> None:
    def proofs(**more: object) -> list[str]:
        plan = plan_of(_TABLE, "change-type", column="users.code", type="integer", **more)
        return [check.name for check in plan.of_phase(Phase.MIGRATE)[0].before]

    assert "the way there and back changes no value of code" in proofs()
    assert "the way there and back changes no value of code" not in proofs(lossy=True)


def test_a_backfill_never_looks_at_rows_that_have_a_value() -> None:
    plan = plan_of(_TABLE, "change-type", column="users.code", type="integer", lossy=True)
    (backfill,) = (step.backfill for step in plan.steps if step.backfill is not None)
    assert backfill.needs_work == "code_new IS NULL AND (code::integer) IS NOT NULL"


def test_rows_come_before_their_rule() -> None:
    names = _names("set-not-null", column="users.name", fill="''")
    assert names.index("fill-name") < names.index("require-name") < names.index("validate-name")


@pytest.mark.parametrize(
    ("sql", "promise"),
    [
        (
            "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;"
            "CREATE TRIGGER audit AFTER UPDATE ON users FOR EACH ROW EXECUTE FUNCTION f();",
            "the backfill fires audit for every row of users that it writes",
        ),
        (
            "CREATE PUBLICATION p FOR TABLE users;",
            "the backfill sends every row of users that it writes to the subscribers of p",
        ),
    ],
)
def test_what_a_backfill_sets_off_must_be_accepted(sql: str, promise: str) -> None:
    arguments = {"column": "users.name", "to": "full_name", "subscribers_ready": True}
    assert promise in plan_of(_TABLE + sql, "rename-column", **arguments).promises
    assert promise not in plan_of(_TABLE, "rename-column", **arguments).promises


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        ("rename-column", {"column": "users.name", "to": "full_name"}),
        ("change-type", {"column": "users.code", "type": "varchar(100)"}),
        ("change-type", {"column": "users.code", "type": "integer"}),
        ("drop-column", {"column": "users.name"}),
        ("add-column", {"column": "users.plan", "type": "text"}),
    ],
)
def test_subscribers_come_first(kind: str, arguments: dict[str, Any]) -> None:
    sql = _TABLE + "CREATE PUBLICATION p FOR ALL TABLES;"
    with pytest.raises(PlanRefusedError, match="users is published by p"):
        plan_of(sql, kind, **arguments)
    assert any("subscribers" in promise for promise in plan_of(sql, kind, **arguments, subscribers_ready=True).promises)


def test_who_uses_a_column_is_told() -> None:
    plan = plan_of(_TABLE + "CREATE VIEW v AS SELECT name FROM users;", "drop-column", column="users.name")
    assert "before the contract: let view v do without it" in plan.code


def test_indexes_that_go_with_a_column_must_be_accepted() -> None:
    plan = plan_of(_TABLE + "CREATE INDEX both ON users (code, name);", "drop-column", column="users.name")
    assert plan.promises == ("both go with users.name, whatever other columns they have",)


def test_every_recipe_speaks_of_itself() -> None:
    for kind, recipe in RECIPES.items():
        assert recipe.summary.endswith("."), kind
        assert recipe.examples, kind
        for argument in recipe.parameters():
            assert argument.help[-1] in ".…", (kind, argument.name)
