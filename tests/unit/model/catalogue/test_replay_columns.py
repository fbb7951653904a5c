"""Columns: what comes with them, and what goes or follows."""

from __future__ import annotations

import pytest

from migsafe.model import operation as ops
from migsafe.model.catalogue.replay import apply, replay
from replay_operations import add, check, column, create, do, foreign_key, index, name, primary_key, unique

T = name("public.t")


@pytest.mark.parametrize(
    ("word", "stored"), [("serial", "integer"), ("bigserial", "bigint"), ("smallserial", "smallint")]
)
def test_serial_is_an_integer_with_a_default_and_a_sequence(word: str, stored: str) -> None:
    found = replay([create("t", f"id {word}")])
    made = found.tables[T].columns["id"]
    assert (made.type, made.nullable) == (ops.DataType(stored), False)
    assert made.default is not None
    assert made.default.nextval_of == name("public.t_id_seq")
    assert found.sequences[name("public.t_id_seq")].owned_by == (T, "id")


def test_an_array_of_serial_is_no_serial() -> None:
    strange = ops.ColumnDefinition(name="id", type=ops.DataType("serial", dimensions=1))
    assert not replay([create("t", strange)]).sequences


def test_identity_owns_a_sequence_that_goes_with_it() -> None:
    found = replay([create("t", column("id bigint", identity="always"))])
    assert not found.tables[T].columns["id"].nullable
    assert found.sequences[name("public.t_id_seq")].type == "bigint"
    apply(found, do(ops.AlterIdentity, table="t", column="id", action="drop"))
    assert not found.sequences
    assert not found.tables[T].columns["id"].nullable


def test_add_column_brings_its_constraints() -> None:
    written = (unique("c"), check("c"), foreign_key("c", "u"))
    found = replay(
        [
            create("u", column("id integer", constraints=(primary_key("id"),))),
            create("t", "a integer"),
            do(ops.AddColumn, table="t", definition=column("c integer not", constraints=written)),
        ]
    )
    table = found.tables[T]
    assert set(table.constraints) == {"t_c_key", "t_c_check", "t_c_fkey"}
    key = table.constraints["t_c_fkey"].definition
    assert isinstance(key, ops.ForeignKey)
    assert (key.referenced_table, key.referenced_columns) == (name("public.u"), ("id",))
    assert [one.name for one in found.referencing(name("u"))] == [T]


def test_add_column_that_exists_changes_nothing() -> None:
    again = do(ops.AddColumn, table="t", definition=column("a text", constraints=(unique("a"),)), if_not_exists=True)
    found = replay([create("t", "a integer"), again])
    assert found.tables[T].columns["a"].type == ops.DataType("integer")
    assert not found.indexes


def test_default_null_is_no_default() -> None:
    null = ops.Expression("NULL", literal=True, null=True)
    found = replay([create("t", column("a integer", default=null))])
    assert found.tables[T].columns["a"].default is None


def test_drop_column_takes_all_that_speaks_of_it_and_nothing_else() -> None:
    found = replay(
        [
            create("t", "id serial", "a integer", "b integer", constraints=(primary_key("id"), unique("a", "b"))),
            add("t", check("a", "b")),
            add("t", check("b")),
            index("t", "b", include=("a",)),
            index("t", "b"),
            index("t", "b", called="partial", where=ops.Expression("a > 0", columns=("a",))),
            create("u", "x integer", constraints=(foreign_key("x,x", "t", "a", "b"),)),
            do(ops.DropColumn, table="t", column="a"),
        ]
    )
    assert set(found.tables[T].constraints) == {"t_pkey", "t_b_check"}
    assert {one.name.name for one in found.indexes_of(T)} == {"t_pkey", "t_b_idx"}
    assert not found.tables[name("public.u")].constraints
    assert set(found.sequences) == {name("public.t_id_seq")}
    apply(found, do(ops.DropColumn, table="t", column="id"))
    assert not found.sequences
    assert list(found.tables[T].columns) == ["b"]


def _with_views() -> list[ops.Operation]:
    return [
        create("t", "a integer", "b integer"),
        do(ops.CreateView, view="va", query="", reads=(name("t"),), uses=(ops.ColumnUse("a"),)),
        do(ops.CreateView, view="vb", query="", reads=(name("t"),), uses=(ops.ColumnUse("b"),)),
        do(ops.CreateView, view="over", query="", reads=(name("va"),), star=True),
        do(ops.CreateView, view="star", query="", reads=(name("t"),), star=True),
        do(ops.AddColumn, table="t", definition=column("c integer")),
    ]


def test_drop_column_cascade_takes_the_views_that_use_it() -> None:
    found = replay([*_with_views(), do(ops.DropColumn, table="t", column="a", cascade=True)])
    assert set(found.views) == {name("public.vb")}


def test_a_star_view_does_not_use_columns_that_came_later() -> None:
    found = replay([*_with_views(), do(ops.DropColumn, table="t", column="c", cascade=True)])
    assert len(found.views) == 4


def test_rename_column_is_followed_everywhere() -> None:
    found = replay(
        [
            create("t", "id serial", "a integer", constraints=(primary_key("id"),)),
            create("u", "x integer", constraints=(foreign_key("x", "t", "id"),)),
            add("t", check("id", called="c", proves=("id",))),
            do(ops.CreateView, view="v", query="", reads=(name("t"),), uses=(ops.ColumnUse("id"),)),
            do(ops.RenameColumn, table="t", column="id", new_name="key"),
        ]
    )
    table = found.tables[T]
    assert list(table.columns) == ["key", "a"]
    assert table.columns["key"].name == "key"
    assert [one.columns for one in found.indexes_of(T)] == [("key",)]
    renamed = table.constraints["c"].definition
    assert isinstance(renamed, ops.CheckConstraint)
    assert renamed.expression.proves_not_null == {"key"}
    pointing = found.tables[name("public.u")].constraints["u_x_fkey"].definition
    assert isinstance(pointing, ops.ForeignKey)
    assert pointing.referenced_columns == ("key",)
    assert found.sequences[name("public.t_id_seq")].owned_by == (T, "key")
    assert found.views[name("public.v")].uses == {(T, "key")}


def test_rename_to_a_name_that_is_taken_changes_nothing() -> None:
    found = replay([create("t", "a integer", "b text"), do(ops.RenameColumn, table="t", column="a", new_name="b")])
    assert list(found.tables[T].columns) == ["a", "b"]


def test_not_null_comes_and_goes_but_a_key_keeps_it() -> None:
    found = replay([create("t", "a integer", "b integer", constraints=(primary_key("a"),))])
    for one in ("a", "b"):
        apply(found, do(ops.SetNotNull, table="t", column=one))
        apply(found, do(ops.DropNotNull, table="t", column=one))
    assert [one.nullable for one in found.tables[T].columns.values()] == [False, True]


def test_dropping_a_column_of_an_unknown_table_forgets_what_was_heard_of_it() -> None:
    found = replay([index("t", "a"), do(ops.DropColumn, table="t", column="a")])
    assert not found.indexes
    found = replay([index("t", "a"), add("t", check("a")), do(ops.DropColumn, table="t", column="a")])
    assert not found.indexes
    assert not found.tables[T].constraints
