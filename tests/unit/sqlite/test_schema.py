from __future__ import annotations

import pytest

from lite_scripts import database
from migsafe.sqlite.connection import StatementRefusedError
from migsafe.sqlite.schema import Column, ForeignKey, Part, Schema, read_schema


def schema_of(sql: str) -> Schema:
    with database(sql) as made:
        return read_schema(made)


def test_an_empty_database() -> None:
    assert schema_of("") == Schema()


def test_columns() -> None:
    (table,) = schema_of(
        "create table t (id integer primary key, a varchar(3) not null default 'x', b, c int as (id + 1))"
    ).tables
    assert table.columns == (
        Column("id", "INTEGER", False, None, 1, ""),
        Column("a", "varchar(3)", True, "'x'", 0, ""),
        Column("b", "", False, None, 0, ""),
        Column("c", "INT", False, None, 0, "virtual"),
    )
    assert table.primary_key == ("id",)


def test_keys_in_their_own_order_and_not_in_that_of_the_columns() -> None:
    (table,) = schema_of("create table t (a int, b int, c int, primary key (c, a), unique (b, a), unique (b))").tables
    assert table.primary_key == ("c", "a")
    assert sorted(table.unique) == [("b",), ("b", "a")]


def test_an_index_of_its_own_is_no_unique_constraint() -> None:
    schema = schema_of("create table t (a int); create unique index i on t (a) where a > 1")
    assert schema.tables[0].unique == ()
    assert schema.indexes == (Part("i", "t", "CREATE UNIQUE INDEX i on t (a) where a > 1"),)


def test_foreign_keys() -> None:
    schema = schema_of(
        "create table p (a int, b int, primary key (a, b));"
        "create table c (x int references p on delete cascade, y int, z int,"
        " foreign key (y, z) references p (a, b) on update set null)"
    )
    assert sorted(schema.tables[1].foreign_keys) == [
        ForeignKey(("x",), "p", (), "NO ACTION", "CASCADE"),
        ForeignKey(("y", "z"), "p", ("a", "b"), "SET NULL", "NO ACTION"),
    ]


def test_views_and_triggers() -> None:
    schema = schema_of(
        "create table t (a int); create view v as select a from t;"
        "create trigger r after insert on t begin select 1; end"
    )
    assert [view.name for view in schema.views] == ["v"]
    assert [(trigger.name, trigger.table) for trigger in schema.triggers] == [("r", "t")]


def test_a_broken_view_is_read_as_any_other() -> None:
    schema = schema_of("create table t (a int); create view v as select a from t; drop table t")
    assert [view.name for view in schema.views] == ["v"]


def test_sqlites_own_tables_are_left_out() -> None:
    schema = schema_of("create table t (id integer primary key autoincrement); analyze")
    assert [table.name for table in schema.tables] == ["t"]


def test_a_virtual_table_hides_those_that_it_keeps() -> None:
    try:
        schema = schema_of("create virtual table f using fts5 (body); create table f_own (a int)")
    except StatementRefusedError as error:
        pytest.skip(f"this SQLite was built without it: {error.message}")
    assert [(table.name, table.virtual) for table in schema.tables] == [("f", True), ("f_own", False)]
