"""The replay as a whole: complete dispatch, dialects, forks, the search path, operations that make no sense."""

from __future__ import annotations

from typing import get_args

from migsafe.model import operation as ops
from migsafe.model.catalogue.replay import HANDLERS, LEAVES_NOTHING, apply, replay
from migsafe.model.dialect import Dialect
from migsafe.model.operation import Operation
from replay_operations import add, check, column, create, do, index, name, primary_key, unique


def test_every_operation_of_the_union_is_either_handled_or_said_to_leave_nothing() -> None:
    assert set(get_args(Operation)) == set(HANDLERS) | set(LEAVES_NOTHING)
    assert not set(HANDLERS) & set(LEAVES_NOTHING)


def test_a_fork_goes_its_own_way() -> None:
    original = replay([create("t", "a integer", constraints=(primary_key("a"),))])
    fork = original.fork()
    apply(fork, do(ops.DropColumn, table="t", column="a"))
    apply(fork, create("u", "b integer"))
    assert original.column(name("t"), "a") is not None
    assert [str(one.name) for one in original.indexes_of(name("t"))] == ["public.t_pkey"]
    assert original.table(name("u")) is None
    assert fork.column(name("t"), "a") is None
    assert not list(fork.indexes_of(name("t")))


def test_names_go_to_the_first_schema_of_the_search_path() -> None:
    found = replay(
        [do(ops.SetParameter, name="search_path", values=('"$user"', "app, public")), create("t", "a integer")]
    )
    assert name("app.t") in found.tables
    apply(found, do(ops.SetParameter, name="search_path"))
    apply(found, create("t", "a integer"))
    assert set(found.tables) == {name("app.t"), name("public.t")}


def test_set_local_search_path_ends_with_the_transaction() -> None:
    found = replay([do(ops.SetParameter, name="search_path", values=("app",), local=True), create("t", "a integer")])
    apply(found, do(ops.TransactionControl, action="commit"))
    apply(found, create("u", "a integer"))
    assert set(found.tables) == {name("app.t"), name("public.u")}


def test_an_empty_search_path_still_gives_every_key_a_schema() -> None:
    found = replay([do(ops.SetParameter, name="search_path", values=("",)), create("t", "a integer")])
    assert all(key.schema for key in found.tables)


def test_a_temporary_table_hides_the_other_of_its_name() -> None:
    found = replay([create("t", "a integer"), create("t", "b integer", temporary=True)])
    shown = found.table(name("t"))
    assert shown is not None
    assert shown.temporary
    apply(found, do(ops.DropTable, table="t"))
    assert list(found.tables) == [name("public.t")]


def test_code_runs_its_operations_in_order() -> None:
    found = replay([do(ops.RunCode, form="do", operations=(create("t", "a integer"), index("t", "a")))])
    assert name("public.t_a_idx") in found.indexes


def test_if_not_exists_over_a_known_table_changes_nothing() -> None:
    found = replay([create("t", "a integer"), create("t", "b integer", if_not_exists=True), create("t", "c integer")])
    assert list(found.tables[name("public.t")].columns) == ["a"]


def test_facts_about_a_table_never_seen_are_kept() -> None:
    found = replay(
        [
            add("t", check("a", called="a_set", proves=("a",), not_valid=True)),
            do(ops.ValidateConstraint, table="t", name="a_set"),
            do(ops.AlterColumnType, table="t", column="a", type=ops.DataType("bigint")),
        ]
    )
    table = found.tables[name("public.t")]
    assert not table.complete
    assert table.constraints["a_set"].validated
    assert table.columns["a"].type == ops.DataType("bigint")


def test_if_exists_on_a_table_never_seen_makes_no_table() -> None:
    found = replay([do(ops.AddColumn, table="t", if_exists=True, definition=column("a integer"))])
    assert not found.tables


def test_a_known_creation_replaces_hearsay_but_if_not_exists_does_not() -> None:
    hearsay = do(ops.SetNotNull, table="t", column="a")
    assert not replay([hearsay, create("t", "b integer", if_not_exists=True)]).tables[name("public.t")].complete
    assert replay([hearsay, create("t", "b integer")]).tables[name("public.t")].complete


def test_mysql_names_and_its_indexes_belong_to_tables() -> None:
    found = replay(
        [
            create("t", "a int", "b int", constraints=(primary_key("a"), unique("b"), unique("b", "a"))),
            create("u", "b int", constraints=(unique("b"),)),
            add("u", ops.ForeignKey(columns=("c",), referenced_table=name("t"), referenced_columns=("a",))),
            do(ops.DropIndex, index="b", table="t"),
        ],
        Dialect.MYSQL,
    )
    assert {one.name.name for one in found.indexes_of(name("t"))} == {"PRIMARY", "b_2"}
    assert {one.name.name for one in found.indexes_of(name("u"))} == {"b", "c"}
    assert list(found.tables[name("u")].constraints) == ["b", "u_ibfk_1"]
    assert list(found.tables[name("t")].constraints) == ["PRIMARY", "b_2"]
    apply(found, do(ops.DropConstraint, table="t", name=None))
    assert list(found.tables[name("t")].constraints) == ["b_2"]


def test_mysql_takes_a_dropped_column_out_of_an_index() -> None:
    found = replay(
        [create("t", "a int", "b int"), index("t", "a", "b", called="i"), do(ops.DropColumn, table="t", column="a")],
        Dialect.MYSQL,
    )
    assert [one.columns for one in found.indexes_of(name("t"))] == [("b",)]


def test_sqlite_row_id_has_no_index_and_other_keys_allow_null() -> None:
    row_id = column("id INTEGER", constraints=(primary_key("id"),))
    text_key = column("k TEXT", constraints=(primary_key("k"),))
    found = replay([create("t", row_id), create("u", text_key)], Dialect.SQLITE)
    assert not list(found.indexes_of(name("t")))
    assert not found.tables[name("t")].columns["id"].nullable
    assert [str(one.name) for one in found.indexes_of(name("u"))] == ["sqlite_autoindex_u_1"]
    assert found.tables[name("u")].columns["k"].nullable


def test_sqlite_move_and_copy_keeps_constraints_of_the_same_name() -> None:
    """Constraints are named per table, and their indexes by SQLite: https://www.sqlite.org/lang_altertable.html, 7."""
    key = unique("a", called="u")
    found = replay(
        [
            create("t", "a int", constraints=(key,)),
            create("tmp", "a int", "b int", constraints=(key,)),
            do(ops.DropTable, table="t"),
            do(ops.RenameTable, table="tmp", new_name=name("t")),
        ],
        Dialect.SQLITE,
    )
    table = found.tables[name("t")]
    assert list(table.constraints) == ["u"]
    assert [(one.columns, one.constraint) for one in found.indexes_of(name("t"))] == [(("a",), "u")]
