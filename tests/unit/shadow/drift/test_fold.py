"""One cause, one item."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drift_snapshots import Facts, key, snapshot, table
from migsafe.shadow.drift.fold import find_drift

Objects = dict[str, Facts]


def told(expected: Objects, found: Objects) -> list[str]:
    drifts = find_drift(snapshot(expected), snapshot(found))
    return [" ".join(filter(None, (drift.kind, str(drift.key), drift.fact))) for drift in drifts]


def index(name: str, on: str, columns: str = "a", *, unique: bool = False) -> Objects:
    kind = "CREATE UNIQUE INDEX" if unique else "CREATE INDEX"
    definition = f"{kind} {name.split('.')[-1]} ON {on} USING btree ({columns})"
    return {f"index {name}": {"table": on, "definition": definition, "valid": True}}


def unique(on: str, name: str) -> Objects:
    constraint = {f"constraint {on} {name}": {"kind": "u", "definition": "UNIQUE (a)", "validated": True}}
    return constraint | index(f"public.{name}", on, unique=True)


TABLE: Objects = table("public.t", "a b")


def test_the_same_is_no_drift() -> None:
    assert told(TABLE | unique("public.t", "k"), TABLE | unique("public.t", "k")) == []


def test_a_table_goes_with_all_that_belongs_to_it() -> None:
    parts: Objects = {"sequence public.t_a_seq": {"owned_by": "public.t.a"}, "trigger public.t g": {}}
    whole = TABLE | unique("public.t", "k") | parts
    assert told(whole, {}) == ["missing relation public.t"]
    assert told({}, whole) == ["extra relation public.t"]


def test_a_table_that_is_only_changed_hides_none_of_its_parts() -> None:
    found = TABLE | {"relation public.t": {"kind": "r", "column_order": ["b", "a"]}}
    found |= {"column public.t a": {"type": "integer", "not_null": False}}
    assert told(TABLE, found) == ["changed column public.t.a type", "changed relation public.t column_order"]


def test_a_column_goes_with_its_sequence() -> None:
    serial: Objects = {"sequence public.t_b_seq": {"owned_by": "public.t.b"}}
    assert told(TABLE | serial, table("public.t", "a")) == ["missing column public.t.b"]


def test_a_column_in_quotes_goes_with_its_sequence() -> None:
    expected = table('public."T"', "a B") | {"sequence public.s": {"owned_by": 'public."T"."B"'}}
    assert told(expected, table('public."T"', "a")) == ['missing column public."T".B']


@pytest.mark.parametrize(
    ("order", "said"),
    [("b a", True), ("b c", False), ("c a b", False), ("b c a", True)],
)
def test_another_order_is_told_only_of_columns_that_both_have(order: str, said: bool) -> None:
    assert ("changed relation public.t column_order" in told(TABLE, table("public.t", order))) is said


def test_a_constraint_goes_with_its_index() -> None:
    assert told(TABLE | unique("public.t", "k"), TABLE) == ["missing constraint public.t.k"]
    assert told(TABLE, TABLE | unique("public.t", "k")) == ["extra constraint public.t.k"]


def test_an_index_of_the_same_name_on_another_table_is_told() -> None:
    expected = TABLE | unique("public.t", "k")
    found = TABLE | {"index public.z": {"table": "public.u", "definition": "x", "valid": True}}
    assert told(expected, found) == ["missing constraint public.t.k", "extra index public.z"]


def test_an_invalid_index_of_a_constraint_is_told() -> None:
    broken = unique("public.t", "k")
    broken["index public.k"] = {**broken["index public.k"], "valid": False}
    assert told(TABLE | unique("public.t", "k"), TABLE | broken) == ["changed index public.k valid"]


def test_another_name_is_one_item() -> None:
    assert told(TABLE | unique("public.t", "k"), TABLE | unique("public.t", "q")) == ["renamed constraint public.t.k"]
    assert told(TABLE | index("public.i", "public.t"), TABLE | index("public.j", "public.t")) == [
        "renamed index public.i"
    ]


@pytest.mark.parametrize(
    "other",
    [index("public.j", "public.t", "b"), index("public.j", "public.u"), index("public.j", "public.t", unique=True)],
    ids=["columns", "table", "unique"],
)
def test_an_index_that_differs_in_more_than_its_name_is_another(other: Objects) -> None:
    assert told(TABLE | index("public.i", "public.t"), TABLE | other) == [
        "missing index public.i",
        "extra index public.j",
    ]


def test_two_alike_of_which_one_is_left() -> None:
    expected = TABLE | index("public.i", "public.t") | index("public.j", "public.t")
    assert told(expected, TABLE | index("public.k", "public.t")) == ["renamed index public.i", "missing index public.j"]


def test_a_views_columns_follow_from_its_definition() -> None:
    expected = table("public.v", "a b", kind="v", definition="SELECT a, b")
    found = table("public.v", "a", kind="v", definition="SELECT a")
    assert told(expected, found) == ["changed relation public.v definition"]


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ("CHECK ((length((a)::text) = 3))", []),
        ("CHECK ((length((a)::character varying(3)) = 3))", []),
        ("CHECK ((length((a)::text) = 4))", ["changed constraint public.t.k definition"]),
    ],
)
def test_casts_that_follow_from_another_type(found: str, said: list[str]) -> None:
    before: Objects = {"constraint public.t k": {"kind": "c", "definition": "CHECK ((length(a) = 3))"}}
    after: Objects = {
        "constraint public.t k": {"kind": "c", "definition": found},
        "column public.t a": {"type": "varchar", "not_null": False},
    }
    assert told(TABLE | before, TABLE | after) == ["changed column public.t.a type", *said]


def test_casts_in_a_table_whose_types_are_the_same_are_told() -> None:
    before: Objects = {"constraint public.t k": {"kind": "c", "definition": "CHECK (a = 'x')"}}
    after: Objects = {"constraint public.t k": {"kind": "c", "definition": "CHECK (a = 'x'::text)"}}
    assert told(TABLE | before, TABLE | after) == ["changed constraint public.t.k definition"]


def test_partitions_are_counted_below_their_table() -> None:
    parent = table("public.p", "a", kind="p")
    partitions: Objects = {}
    for number in range(3):
        partitions |= table(f"public.p{number}", "a", parents=["public.p"], bound=f"FOR VALUES IN ({number})")
    drifts = find_drift(snapshot(parent), snapshot(parent | partitions))
    assert [(drift.kind, str(drift.key), drift.count) for drift in drifts] == [("extra", "partitions public.p", 3)]


def test_partitions_go_with_their_table() -> None:
    partition = table("public.p1", "a", parents=["public.p"], bound="DEFAULT")
    assert told(table("public.p", "a", kind="p") | partition, {}) == [
        "missing relation public.p",
        "missing relation public.p1",
    ]


def test_a_schema_goes_with_all_that_is_in_it() -> None:
    other = {"schema auth": {}, "schema authority": {}, "function auth.f(public.t)": {}, "type auth.e": {}}
    other |= table("auth.users", "id") | index("auth.i", "auth.users") | table("authority.x", "id")
    drifts = find_drift(snapshot(TABLE), snapshot(TABLE | other))
    assert {(str(drift.key), drift.count) for drift in drifts} == {("schema auth", 3), ("schema authority", 1)}


def test_what_is_new_in_a_schema_that_both_have_is_told() -> None:
    both: Objects = {"schema auth": {}}
    assert told(both, both | table("auth.users", "id")) == ["extra relation auth.users"]


def test_a_type_that_one_side_does_not_know_is_no_drift() -> None:
    expected = TABLE | {"column public.t a": {"type": None, "not_null": False}}
    assert told(expected, TABLE) == []


NAMES = st.sampled_from(
    ["relation public.t", "relation public.u", "column public.t a", "index public.i", "type public.e"]
)
FACTS = st.fixed_dictionaries({"table": st.just("public.t"), "definition": st.sampled_from(["x", "y"])})
ANY: st.SearchStrategy[Any] = st.dictionaries(NAMES, FACTS)


@given(ANY)
def test_nothing_differs_from_itself(objects: Objects) -> None:
    assert told(objects, objects) == []


@given(ANY, ANY)
def test_where_snapshots_differ_something_is_told(one: Objects, other: Objects) -> None:
    assert bool(told(one, other)) is (one != other)


@given(ANY, ANY)
def test_what_is_missing_one_way_is_extra_the_other(one: Objects, other: Objects) -> None:
    swapped = {"missing": "extra", "extra": "missing"}
    there = {(drift.kind, drift.key) for drift in find_drift(snapshot(one), snapshot(other))}
    back = {(drift.kind, drift.key) for drift in find_drift(snapshot(other), snapshot(one))}
    assert {(swapped.get(kind, kind), of) for kind, of in there} == back


def test_keys_in_tests_are_keys() -> None:
    assert str(key("column public.t a")) == "column public.t.a"
