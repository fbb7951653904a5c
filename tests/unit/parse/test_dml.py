"""Changes of rows: targets, bounds, and what they read."""

from __future__ import annotations

import pytest

from migsafe.model.dialect import Dialect
from migsafe.model.names import QualifiedName
from migsafe.model.operation import CreateTable, Delete, Insert, Merge, Operation, Query, Unreadable, Update
from migsafe.model.script import Direction, Script, SourceText, TransactionRule
from migsafe.parse import read_script


def read(text: str) -> tuple[Operation, ...]:
    script = Script(Direction.UP, text, SourceText("x", text), TransactionRule.NONE, Dialect.POSTGRES)
    return read_script(script).statements[0].operations


def update(text: str) -> Update:
    (operation,) = read(text)
    assert isinstance(operation, Update)
    return operation


@pytest.mark.parametrize(
    ("where", "bounded", "tautology"),
    [
        ("", False, False),
        ("WHERE true", False, True),
        ("WHERE id = 1 OR true", False, True),
        ("WHERE id IN (1, 2)", True, False),
        ("WHERE id BETWEEN 1 AND 1000 AND a IS NULL", True, False),
        ("WHERE a IS NULL", False, False),
        ("WHERE a <> 1", False, False),
        ("WHERE a = b", False, False),
        ("WHERE id IN (SELECT id FROM t LIMIT 10)", True, False),
        ("WHERE CURRENT OF c", True, False),
    ],
)
def test_bounds(where: str, bounded: bool, tautology: bool) -> None:
    operation = update(f"UPDATE t SET a = 1 {where}")
    assert (operation.bounded, operation.tautology) == (bounded, tautology)


@pytest.mark.parametrize(
    ("sql", "bounded"),
    [
        ("WITH b AS (SELECT id FROM t ORDER BY id LIMIT 9) UPDATE t SET a = 1 FROM b WHERE t.id = b.id", [True]),
        ("WITH b AS (SELECT id FROM t) UPDATE t SET a = 1 FROM b WHERE t.id = b.id", [False]),
        ("WITH b AS (SELECT id FROM u LIMIT 9), c AS (SELECT 1) UPDATE t SET a = 1 FROM c", [False]),
        (
            "WITH b AS (SELECT id FROM t LIMIT 9), i AS (INSERT INTO u SELECT id FROM b) DELETE FROM t USING b",
            [True, True],
        ),
        ("UPDATE t SET a = (SELECT x FROM u LIMIT 1)", [False]),
    ],
)
def test_a_limit_of_a_with_bounds_what_names_it(sql: str, bounded: list[bool]) -> None:
    assert [getattr(operation, "bounded", None) for operation in read(sql)] == bounded


def test_an_update_from_other_tables() -> None:
    operation = update("UPDATE s.t x SET a = 'v', (b, c) = (1, 2) FROM u JOIN w ON true WHERE x.id = u.id")
    assert operation.table == QualifiedName("t", "s")
    assert operation.columns == ("a", "b", "c")
    assert set(operation.reads) == {QualifiedName("u"), QualifiedName("w")}
    assert operation.literals == {"v"}


def test_an_insert_of_a_query() -> None:
    (operation,) = read("INSERT INTO t (a) SELECT b FROM u WHERE c = 1 ON CONFLICT (a) DO NOTHING")
    assert isinstance(operation, Insert)
    assert (operation.source, operation.bounded, operation.on_conflict) == ("query", True, True)
    assert (operation.reads, operation.conflict_columns) == ((QualifiedName("u"),), ("a",))


def test_what_a_with_writes_comes_first() -> None:
    deleted, inserted = read("WITH m AS (DELETE FROM t RETURNING *) INSERT INTO u SELECT * FROM m")
    assert isinstance(deleted, Delete)
    assert isinstance(inserted, Insert)


def test_merge_reads_its_source() -> None:
    (operation,) = read("MERGE INTO t USING u ON t.id = u.id WHEN MATCHED THEN DELETE")
    assert isinstance(operation, Merge)
    assert operation.reads == (QualifiedName("u"),)


def test_a_query() -> None:
    (operation,) = read("WITH w AS (SELECT * FROM a) SELECT f(1) FROM w JOIN s.b ON true FOR UPDATE")
    assert isinstance(operation, Query)
    assert set(operation.reads) == {QualifiedName("a"), QualifiedName("b", "s")}
    assert (operation.functions, operation.locks_rows) == (("f",), True)


def test_select_into_creates_a_table() -> None:
    created = read("SELECT * INTO TEMP u FROM t")[0]
    assert isinstance(created, CreateTable)
    assert (created.table.name, created.temporary) == ("u", True)


@pytest.mark.parametrize(
    "text", ["UPDATE t", "DELETE t", "INSERT t VALUES (1)", "UPDATE t SET a = 1 WERE id = 1", "SELECT (1"]
)
def test_what_is_no_statement(text: str) -> None:
    assert isinstance(read(text)[0], Unreadable)
