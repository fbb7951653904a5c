from __future__ import annotations

from migsafe.shadow.lite.written import WrittenTable, read_table


def test_facts_that_no_pragma_tells() -> None:
    facts = read_table(
        "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT COLLATE NOCASE CHECK (a <> ''),"
        " b INT REFERENCES p DEFERRABLE INITIALLY DEFERRED, c INT AS (b+1) STORED, CHECK (b > 0)) STRICT"
    )
    assert facts == WrittenTable(
        collations={"a": "nocase"},
        numbered=frozenset({"id"}),
        generated={"c": "b + 1"},
        checks=("b > 0", "a <> ''"),
        deferred=frozenset({("b",)}),
        options=("STRICT",),
    )


def test_options_in_any_order_and_case() -> None:
    assert read_table("create table t (a int primary key) strict, without  rowid").options == (
        "STRICT",
        "WITHOUT ROWID",
    )


def test_a_column_of_that_name_is_no_option() -> None:
    assert read_table("create table t (strict int)").options == ()


def test_what_nobody_understands_is_said() -> None:
    assert not read_table("create table t (a int) with a new option").understood
