"""What is left out of a comparison, and what is not."""

from __future__ import annotations

import pytest

from drift_snapshots import Facts, key, snapshot, table
from migsafe.shadow.drift.scope import matches, narrow, relation_of


def kept(objects: dict[str, Facts], *ignore: str) -> set[str]:
    return {str(one) for one in narrow(snapshot(objects), ignore)}


@pytest.mark.parametrize("name", ["public.alembic_version", "app.schema_migrations", 'public."SequelizeMeta"'])
def test_a_tools_table_goes_with_all_its_parts(name: str) -> None:
    parts = {
        f"constraint {name} pk": {"kind": "p"},
        f"index {name}_pk": {"table": name},
        f"trigger {name} t": {},
        "sequence public.some_id_seq": {"owned_by": f"{name}.id"},
    }
    assert kept(table(name, "id") | parts) == set()


@pytest.mark.parametrize("name", ["public.alembic_versions", "public.my_schema_migrations", "alembic_version.users"])
def test_names_that_only_look_like_a_tools(name: str) -> None:
    assert f"relation {name}" in kept(table(name, "id"))


def test_a_tools_schema_goes_with_all_that_is_in_it() -> None:
    objects = {"schema sqitch": {}, "function sqitch.f(text)": {}, "type sqitch.x": {}, **table("sqitch.changes", "id")}
    assert kept(objects) == set()
    assert kept(table("public.sqitch", "id")) != set()


def test_nobodys_ownership_and_privileges_are_compared() -> None:
    objects = {"relation public.t": {"kind": "r", "owner": "app", "privileges": "{app=r/app}"}}
    objects["default_privileges app r"] = {"privileges": "x"}
    assert narrow(snapshot(objects)) == {key("relation public.t"): {"kind": "r"}}


def test_not_null_as_a_constraint_is_the_columns_own() -> None:
    objects = {"constraint public.t t_a_not_null": {"kind": "n"}, "constraint public.t t_check": {"kind": "c"}}
    assert kept(objects) == {"constraint public.t.t_check"}


def test_an_extensions_version_is_the_servers() -> None:
    objects = {"extension hstore": {"version": "1.8", "schema": "public"}}
    assert narrow(snapshot(objects)) == {key("extension hstore"): {"schema": "public"}}


@pytest.mark.parametrize(
    ("pattern", "name", "meant"),
    [
        ("tmp_*", "public.tmp_x", True),
        ("tmp_*", "shop.tmp_x", True),
        ("public.tmp_*", "shop.tmp_x", False),
        ("audit.*", "audit.log", True),
        ("audit.*", "public.audit", False),
        ("audit*", "public.audit_log", True),
        ("Users", 'public."Users"', True),
        ("users", 'public."Users"', False),
        ("a.b", '"a.b"', True),
        ("tmp", "public.tmp_x", False),
    ],
)
def test_patterns(pattern: str, name: str, meant: bool) -> None:
    assert matches(name, [pattern]) is meant


def test_an_ignored_table_goes_with_all_its_parts_and_a_part_alone() -> None:
    objects = {
        **table("public.tmp_a", "id"),
        **table("public.users", "id"),
        "index public.i": {"table": "public.tmp_a"},
    }
    objects["index public.idx_manual"] = {"table": "public.users"}
    objects["function public.tmp_f(integer, text)"] = {}
    assert kept(objects, "tmp_*", "idx_manual") == {"relation public.users", "column public.users.id"}


@pytest.mark.parametrize(
    ("text", "facts", "relation"),
    [
        ("relation public.t", {}, "public.t"),
        ("column public.t a", {}, "public.t"),
        ("index public.i", {"table": "public.t"}, "public.t"),
        ("sequence public.s", {"owned_by": 'public."a.b".id'}, 'public."a.b"'),
        ("sequence public.s", {"owned_by": None}, None),
        ("function public.f()", {}, None),
    ],
)
def test_the_relation_that_an_object_serves(text: str, facts: dict[str, object], relation: str | None) -> None:
    assert relation_of(key(text), facts) == relation
