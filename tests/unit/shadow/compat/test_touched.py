"""What a migration touches, and the queries that name some of it."""

from __future__ import annotations

import pytest

from migsafe.shadow.compat.query import Origin, Query
from migsafe.shadow.compat.touched import Touched, bare_name, concerns, spread, touched_by
from migsafe.shadow.snapshot import ObjectKey, Snapshot

USERS = ObjectKey("relation", "public.users")
INDEX = ObjectKey("index", "public.users_name_idx")
BASE: Snapshot = {
    USERS: {"kind": "r"},
    ObjectKey("column", "public.users", "id"): {"type": "integer"},
    INDEX: {"table": 'public."Users"', "valid": True},
}


@pytest.mark.parametrize(
    ("added", "touched"),
    [
        ({}, frozenset()),
        ({ObjectKey("column", "public.users", "name"): {}}, {"users"}),
        ({ObjectKey("column", "public.users", "id"): {"type": "bigint"}}, {"users"}),
        ({ObjectKey("relation", 'app."Odd.Name"'): {}}, {"Odd.Name"}),
        ({ObjectKey("constraint", "public.users", "pk"): {}}, {"users"}),
        ({ObjectKey("constraint", "public.email", "check"): {}}, None),
        ({ObjectKey("trigger", "public.users", "t"): {}}, {"users"}),
        ({INDEX: {"table": 'public."Users"', "valid": False}}, {"Users"}),
        ({ObjectKey("index", "public.i"): {"table": "public.t"}}, {"t"}),
        ({ObjectKey("publication", "p"): {}, ObjectKey("event_trigger", "e"): {}}, frozenset()),
        ({ObjectKey("function", "public.f()"): {}}, None),
        ({ObjectKey("type", "public.mood"): {}}, None),
        ({ObjectKey("schema", "app"): {}}, None),
        ({ObjectKey("extension", "citext"): {}}, None),
        ({ObjectKey("of a kind to come", "x"): {}}, None),
    ],
)
def test_differences(added: Snapshot, touched: Touched) -> None:
    assert touched_by(BASE, {**BASE, **added}) == touched
    if not set(added) & set(BASE):
        assert touched_by({**BASE, **added}, BASE) == touched


@pytest.mark.parametrize(
    ("name", "bare"),
    [("users", "users"), ("a.users", "users"), ('"A.b"."C""d"', 'C"d'), ('a."x.y"', "x.y"), ("", "")],
)
def test_bare_names(name: str, bare: str) -> None:
    assert bare_name(name) == bare


@pytest.mark.parametrize(
    ("links", "functions", "spreads"),
    [
        ([("v", "users"), ("w", "v"), ("other", "orders")], {}, {"users", "v", "w"}),
        ([("audited", "log")], {"log": "insert into USERS"}, {"users", "log", "audited"}),
        ([("audited", "log")], {"log": "insert into orders"}, {"users"}),
        ([("audited", "log")], {"log": None}, {"users", "log", "audited"}),
        ([("*", "f")], {"f": "select from users"}, None),
        ([], {"g": "select f()", "f": "select from users"}, {"users", "f", "g"}),
    ],
)
def test_spreading(links: list[tuple[str, str]], functions: dict[str, str | None], spreads: Touched) -> None:
    assert spread(frozenset({"users"}), links, functions) == spreads


def test_nothing_and_everything_do_not_spread() -> None:
    assert spread(frozenset(), [("a", "b")], {"f": None}) == frozenset()
    assert spread(None, [], {}) is None


@pytest.mark.parametrize(
    ("sql", "names", "concerned"),
    [
        ("select 1 from users", {"users"}, True),
        ("select 1 from USERS", {"users"}, True),
        ('select 1 from "us""ers"', {'us"ers'}, True),
        (r'select 1 from U&"\0075sers"', {"users"}, True),
        ("select 1 from my_users", {"users"}, True),
        ("select 1 from orders", {"users"}, False),
        ("select 1 from orders", set(), False),
        ("select 1 from orders", None, True),
    ],
)
def test_concerned_queries(sql: str, names: set[str] | None, concerned: bool) -> None:
    touched = None if names is None else frozenset(names)
    assert concerns(Query(sql, Origin.FILE), touched) is concerned


def test_another_reading_of_a_query_counts_too() -> None:
    assert concerns(Query("select $1", Origin.FILE, alternatives=("select :users",)), frozenset({"users"}))
