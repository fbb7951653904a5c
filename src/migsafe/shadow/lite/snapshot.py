"""A SQLite schema in the words of the shared snapshot, so that the shared differences and verdicts speak of it.

Names of constraints are left out: nothing in SQLite refers to one.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from migsafe.shadow.differences import differences_between as shared_differences
from migsafe.shadow.lite.spelling import behind_head, spelt, spelt_default
from migsafe.shadow.lite.written import read_table
from migsafe.shadow.snapshot import Difference, ObjectKey
from migsafe.sqlite.schema import read_schema

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from migsafe.shadow.lite.written import WrittenTable
    from migsafe.shadow.snapshot import Snapshot
    from migsafe.sqlite.connection import Database
    from migsafe.sqlite.schema import Column, ForeignKey, Part, Schema, Table

_Facts = dict[str, object]

_TYPE, _DECLARED = "type", "declared type"
_UNIQUE = re.compile(r"\s*CREATE\s+UNIQUE\b", re.IGNORECASE)

#: In this order (sqlite.org/datatype3.html, 3.1 "Determination Of Column Affinity").
_AFFINITIES = (
    (("INT",), "INTEGER"),
    (("CHAR", "CLOB", "TEXT"), "TEXT"),
    (("BLOB",), "BLOB"),
    (("REAL", "FLOA", "DOUB"), "REAL"),
)


def take_snapshot(database: Database) -> Snapshot:
    """Read everything of a database."""
    return snapshot_of(read_schema(database))


def snapshot_of(schema: Schema) -> Snapshot:
    """A schema as facts by object."""
    found: dict[ObjectKey, Mapping[str, object]] = {}
    for table in schema.tables:
        found.update(_table(table, schema))
    for view in schema.views:
        found[ObjectKey("relation", view.name)] = {"kind": "v", "definition": spelt(view.sql)}
    for index in schema.indexes:
        found[ObjectKey("index", index.name)] = {"table": index.table, "definition": _index(index)}
    for trigger in schema.triggers:
        found[ObjectKey("trigger", trigger.table, trigger.name)] = {"definition": spelt(trigger.sql)}
    return found


def differences_between(before: Snapshot, after: Snapshot) -> tuple[Difference, ...]:
    """As the shared differences; a type of another affinity is said once, as it was declared."""
    found = shared_differences(before, after)
    declared = {one.key: one for one in found if one.fact == _DECLARED}
    other_affinity = {one.key for one in found if one.fact == _TYPE}
    return tuple(
        replace(declared[one.key], fact=_TYPE) if one.fact == _TYPE else one
        for one in found
        if not (one.fact == _DECLARED and one.key in other_affinity)
    )


@cache
def affinity(declared: str) -> str:
    """What a declared type makes of values."""
    if not declared:
        return "BLOB"
    return next((name for words, name in _AFFINITIES if any(word in declared.upper() for word in words)), "NUMERIC")


def _table(table: Table, schema: Schema) -> Iterator[tuple[ObjectKey, _Facts]]:
    if table.virtual:
        yield ObjectKey("relation", table.name), {"kind": "virtual", "definition": spelt(table.sql)}
        return
    written = read_table(table.sql)
    facts: _Facts = {"kind": "r", "column_order": [column.name for column in table.columns]}
    facts["table option"] = ", ".join(written.options)
    if not written.understood:
        # Nothing of it is passed over, even what nobody could read.
        facts["definition"] = spelt(table.sql)
    yield ObjectKey("relation", table.name), facts
    for column in table.columns:
        yield ObjectKey("column", table.name, column.name), _column(column, written)
    yield from _constraints(table, written, schema)


def _column(column: Column, written: WrittenTable) -> _Facts:
    name = column.name.lower()
    generated = f"{written.generated.get(name, '')} {column.generated}".strip() if column.generated else ""
    return {
        _TYPE: affinity(column.type),
        _DECLARED: column.type.upper(),
        "not_null": column.not_null,
        "default": spelt_default(column.default),
        "generated": generated,
        "collation": written.collations.get(name, "binary"),
        "autoincrement": name in written.numbered,
    }


def _constraints(table: Table, written: WrittenTable, schema: Schema) -> Iterator[tuple[ObjectKey, _Facts]]:
    if table.primary_key:
        yield _constraint(table, "p", _listed(table.name, table.primary_key))
    for columns in table.unique:
        yield _constraint(table, "u", _listed(table.name, columns))
    for expression in written.checks:
        yield _constraint(table, "c", expression)
    for key in table.foreign_keys:
        yield _foreign_key(table, key, written, schema)


def _constraint(table: Table, kind: str, part: str, definition: str = "") -> tuple[ObjectKey, _Facts]:
    return ObjectKey("constraint", table.name, part), {"kind": kind, "definition": definition or part}


def _foreign_key(
    table: Table, key: ForeignKey, written: WrittenTable, schema: Schema
) -> tuple[ObjectKey, dict[str, object]]:
    parent = next((one for one in schema.tables if one.name.lower() == key.parent.lower()), None)
    name = parent.name if parent is not None else key.parent
    columns = key.parent_columns or (parent.primary_key if parent is not None else ())
    deferred = tuple(column.lower() for column in key.columns) in written.deferred
    parts = [
        f"FOREIGN KEY ({', '.join(key.columns)}) REFERENCES {_listed(name, columns)}",
        f"ON DELETE {key.on_delete}" if key.on_delete != "NO ACTION" else "",
        f"ON UPDATE {key.on_update}" if key.on_update != "NO ACTION" else "",
        "DEFERRABLE INITIALLY DEFERRED" if deferred else "",
    ]
    return _constraint(table, "f", f"{_listed(table.name, key.columns)} to {name}", " ".join(filter(None, parts)))


def _listed(table: str, columns: tuple[str, ...]) -> str:
    return f"{table}({', '.join(columns)})"


def _index(index: Part) -> str:
    unique = "UNIQUE " if _UNIQUE.match(index.sql) else ""
    return f"CREATE {unique}INDEX {index.name} ON {index.table} {behind_head(index.sql)}"
