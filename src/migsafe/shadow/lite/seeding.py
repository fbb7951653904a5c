"""A full and a sparse generated row in each table, so that what fails on rows only shows itself."""

from __future__ import annotations

import re
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

from migsafe.shadow.lite.snapshot import affinity
from migsafe.shadow.lite.written import read_table
from migsafe.shadow.seeding import Seeding
from migsafe.shadow.values import Allowed, ColumnFacts, read_checks, value_for
from migsafe.sqlite.connection import StatementRefusedError
from migsafe.sqlite.schema import read_schema

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from migsafe.sqlite.connection import Database
    from migsafe.sqlite.schema import Column, ForeignKey, Table

_Value = str | int | bytes
_Row = dict[str, _Value]

_LENGTH = re.compile(r"\((\d+)\)")
_ONE_OF = re.compile(r"([\w$]+) in \(([^()]*)\)")
_EQUALS = re.compile(r"(?<![<>=!])=\s*('(?:[^']|'')*')")
_IS_JSON = re.compile(r"json_valid\(([\w$]+)\)")

#: The first word in a declared type says which values are made up: the names of Postgres, whose values these are.
_KINDS = (
    ("DATETIME", "timestamp"),
    ("TIMESTAMP", "timestamp"),
    ("DATE", "date"),
    ("TIME", "time"),
    ("UUID", "uuid"),
    ("JSON", "json"),
)
_KINDS_BY_AFFINITY = {"INTEGER": "int4", "REAL": "numeric", "NUMERIC": "numeric"}


def seed(database: Database) -> Seeding:
    """Put rows into all tables, parents first; a table that takes none is counted, and is never a failure."""
    tables = {table.name.lower(): table for table in read_schema(database).tables if not table.virtual}
    counts = {}
    for table in _parents_first(tables):
        rows = (_row(database, table, tables, 1), _row(database, table, tables, 2, only_required=True))
        counts[table.name] = sum(_insert(database, table, row) for row in rows)
    filled = {name: count for name, count in counts.items() if count}
    return Seeding(filled, tuple(sorted(counts.keys() - filled.keys())))


def _parents_first(tables: Mapping[str, Table]) -> list[Table]:
    graph = {
        name: {key.parent.lower() for key in table.foreign_keys} & (tables.keys() - {name})
        for name, table in tables.items()
    }
    try:
        return [tables[name] for name in TopologicalSorter(graph).static_order()]
    except CycleError:
        # Tables that refer to each other: where the columns take NULL, any order is good enough.
        return list(tables.values())


def _row(
    database: Database, table: Table, tables: Mapping[str, Table], number: int, *, only_required: bool = False
) -> _Row:
    allowed = _allowed(table)
    referring = {column for key in table.foreign_keys for column in key.columns}
    row: _Row = {}
    for column in table.columns:
        facts = _facts(column, table, allowed)
        if facts.generated or facts.numbered or column.name in referring or (only_required and not facts.required):
            continue
        value = value_for(facts, number, allowed.get(column.name.lower(), Allowed()))
        if value is not None:
            row[column.name] = value.encode() if affinity(column.type) == "BLOB" and column.type else value
    required = {column.name for column in table.columns if _is_required(column, table)}
    for key in table.foreign_keys:
        if not only_required or required & set(key.columns):
            row.update(_looked_up(database, key, tables.get(key.parent.lower()), number))
    return row


def _facts(column: Column, table: Table, allowed: Mapping[str, Allowed]) -> ColumnFacts:
    declared = column.type.upper()
    length = _LENGTH.search(declared)
    is_json = any(column.name.lower() in _IS_JSON.findall(check) for check in read_table(table.sql).checks)
    known = column.name.lower() in allowed
    return ColumnFacts(
        column.name,
        required=_is_required(column, table),
        numbered=_is_row_number(column, table),
        identity="",
        generated=bool(column.generated),
        type="json" if is_json else _kind(declared),
        limit=int(length[1]) if length and affinity(declared) == "TEXT" else None,
        labels=("1", "0") if "BOOL" in declared and not known else (),
    )


def _kind(declared: str) -> str:
    named = next((kind for word, kind in _KINDS if word in declared), None)
    return named or _KINDS_BY_AFFINITY.get(affinity(declared), "text")


def _is_required(column: Column, table: Table) -> bool:
    """A key of SQLite's takes NULL unless it says NOT NULL, but nobody writes rows without one."""
    needs_value = column.not_null or column.key > 0
    return needs_value and column.default is None and not _is_row_number(column, table)


def _is_row_number(column: Column, table: Table) -> bool:
    """INTEGER PRIMARY KEY gets a number by itself (sqlite.org/lang_createtable.html, "ROWIDs and the INTEGER …")."""
    return table.primary_key == (column.name,) and column.type.upper() == "INTEGER"


def _allowed(table: Table) -> dict[str, Allowed]:
    """What CHECKs of simple forms leave, by column in lower case."""
    checks = read_table(table.sql).checks
    return read_checks(_EQUALS.sub(r"= \1::", _ONE_OF.sub(r"\1 = ANY (ARRAY[\2])", check)) for check in checks)


def _looked_up(database: Database, key: ForeignKey, parent: Table | None, number: int) -> _Row:
    """The values of one row of the parent, another one for another row as far as it has so many."""
    columns = key.parent_columns or (parent.primary_key if parent is not None else ())
    if parent is None or len(columns) != len(key.columns):
        return {}
    names = {f"c{place}": column for place, column in enumerate(columns)}
    listed = ", ".join(f"{{{place}}}" for place in names)
    # Places of names of our own, and nothing else, are put together here.
    sql = f"select {listed} from {{parent}}"  # noqa: S608  # only places of names are put together
    rows = database.query_with_names(sql, names={**names, "parent": parent.name})
    return dict(zip(key.columns, rows[(number - 1) % len(rows)], strict=True)) if rows else {}


def _insert(database: Database, table: Table, row: Mapping[str, _Value]) -> bool:
    names = {f"c{place}": column for place, column in enumerate(row)}
    listed = ", ".join(f"{{{place}}}" for place in names)
    values = f"({listed}) values ({', '.join('?' * len(row))})" if row else "default values"
    return _runs(database, f"insert into {{table}} {values}", list(row.values()), {**names, "table": table.name})


def _runs(database: Database, sql: str, parameters: Sequence[_Value], names: Mapping[str, str]) -> bool:
    try:
        database.query_with_names(sql, parameters, names)
    except StatementRefusedError:
        return False
    return True
