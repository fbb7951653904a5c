"""SQLite itself is the judge: after each fixture script, its tables are those that the operations tell of."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from migsafe.model.dialect import Dialect
from migsafe.model.operation import (
    AddColumn,
    ColumnDefinition,
    CreateIndex,
    CreateTable,
    CreateTrigger,
    CreateView,
    DropColumn,
    DropIndex,
    DropTable,
    DropTrigger,
    DropView,
    Operation,
    PrimaryKey,
    RenameColumn,
    RenameTable,
    Unreadable,
)
from migsafe.model.statement import Statement
from migsafe.parse.sqlite import read
from operation_words import FIXTURES, script_of

FILES = [path for path in sorted((FIXTURES / "sqlite").glob("*.sql")) if path.stem != "unreadable"]
#: Type without modifiers, and NOT NULL; the columns of a primary key need not say that.
Columns = dict[str, tuple[str, bool]]


@dataclass
class Told:
    """What the operations say there is: columns with type and NOT NULL, and who has which index."""

    tables: dict[str, Columns] = field(default_factory=dict)
    keys: dict[str, set[str]] = field(default_factory=dict)
    indexes: dict[str, str] = field(default_factory=dict)
    others: set[str] = field(default_factory=set)

    def apply(self, operation: Operation) -> None:
        match operation:
            case CreateTable(foreign=False, query=None):
                self.tables[operation.table.name] = {column.name: _column(column) for column in operation.columns}
                self.keys[operation.table.name] = _key(operation)
            case AddColumn():
                self.tables[operation.table.name][operation.definition.name] = _column(operation.definition)
            case DropColumn():
                del self.tables[operation.table.name][operation.column]
            case RenameColumn():
                columns = self.tables[operation.table.name]
                self.tables[operation.table.name] = {
                    operation.new_name if name == operation.column else name: said for name, said in columns.items()
                }
            case RenameTable():
                self.tables[operation.new_name.name] = self.tables.pop(operation.table.name)
                self.keys[operation.new_name.name] = self.keys.pop(operation.table.name)
            case DropTable():
                self.tables.pop(operation.table.name, None)
                self.keys.pop(operation.table.name, None)
            case CreateIndex(name=str(name)):
                self.indexes[name] = operation.table.name
            case DropIndex():
                self.indexes.pop(operation.index.name, None)
            case CreateView(view=name) | DropView(view=name):
                self.others ^= {name.name} if isinstance(operation, CreateView) or name.name in self.others else set()
            case CreateTrigger(name=str(name)) | DropTrigger(name=str(name)):
                self.others ^= {name} if isinstance(operation, CreateTrigger) or name in self.others else set()
            case _:
                pass


def _column(column: ColumnDefinition) -> tuple[str, bool]:
    return str(column.type or "").partition("(")[0], column.not_null


def _key(create: CreateTable) -> set[str]:
    inline = [constraint for column in create.columns for constraint in column.constraints]
    return {
        column
        for constraint in (*inline, *create.constraints)
        if isinstance(constraint, PrimaryKey)
        for column in constraint.columns
    }


def _database_says(connection: sqlite3.Connection, tables: set[str]) -> dict[str, Columns]:
    return {
        table: {
            row[1].lower(): (
                row[2].lower().partition("(")[0].removesuffix(" generated always"),
                bool(row[3]) and not row[5],
            )
            for row in connection.execute("SELECT * FROM pragma_table_xinfo(?)", [table])
        }
        for table in tables
    }


def _keys_in_database(connection: sqlite3.Connection, tables: set[str]) -> dict[str, set[str]]:
    query = "SELECT lower(name) FROM pragma_table_xinfo(?) WHERE pk > 0"
    return {table: {name for (name,) in connection.execute(query, [table])} for table in tables}


def _names(connection: sqlite3.Connection, kinds: str) -> set[str]:
    query = (
        "SELECT lower(name) FROM (SELECT * FROM sqlite_master UNION ALL SELECT * FROM sqlite_temp_master) "
        "WHERE instr(?, type) AND sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
    )
    return {name for (name,) in connection.execute(query, [kinds])}


def _execute(connection: sqlite3.Connection, statement: Statement) -> None:
    try:
        connection.execute(statement.text).fetchall()
    except sqlite3.OperationalError as error:
        if "no such module" not in str(error):
            raise


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_sqlite_agrees_after_every_statement(path: Path) -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("PRAGMA foreign_keys = OFF")
    told = Told()
    for statement in read(script_of(path.read_text(encoding="utf-8"), Dialect.SQLITE)).statements:
        try:
            _execute(connection, statement)
        except sqlite3.IntegrityError:
            continue
        for operation in statement.operations:
            told.apply(operation)
        assert told.tables == _database_says(connection, set(told.tables)), statement.text
        assert set(told.indexes) == _names(connection, "index"), statement.text
        assert told.others == _names(connection, "view, trigger"), statement.text
        assert set(told.tables) <= _names(connection, "table"), statement.text
    assert {table: key & set(told.tables[table]) for table, key in told.keys.items()} == _keys_in_database(
        connection, set(told.keys)
    )
    connection.close()


REFUSED = script_of((FIXTURES / "sqlite" / "unreadable.sql").read_text(encoding="utf-8"), Dialect.SQLITE)


@pytest.mark.parametrize("statement", read(REFUSED).statements, ids=lambda statement: statement.text[:40])
def test_sqlite_refuses_what_is_unreadable(statement: Statement) -> None:
    assert all(isinstance(operation, Unreadable) for operation in statement.operations)
    connection = sqlite3.connect(":memory:")
    connection.executescript("CREATE TABLE t (a, b, c); CREATE TABLE a (id); CREATE TABLE b (id)")
    with pytest.raises(sqlite3.OperationalError, match=r"syntax error|incomplete input|unknown table option"):
        connection.execute(statement.text)
    connection.close()
