"""A full and a sparse generated row in each table that scripts name, so that what fails on rows only shows itself."""

from __future__ import annotations

import re
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any

from migsafe.mysql.connection import StatementRefusedError
from migsafe.mysql.schema import read_schema
from migsafe.shadow.maria.snapshot import default_of
from migsafe.shadow.seeding import Seeding
from migsafe.shadow.values import Allowed, ColumnFacts, read_checks, value_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from migsafe.mysql.connection import Session
    from migsafe.mysql.schema import Row, Schema

_Values = dict[str, str | int]

_WORD = re.compile(r"[\w$]+")
_QUOTED = re.compile(r"'((?:[^']|'')*)'")
_ONE_OF = re.compile(r"([\w$]+) in \(([^()]*)\)", re.IGNORECASE)
_EQUALS = re.compile(r"(?<![<>=!])=\s*('(?:[^']|'')*')")
_IS_JSON = re.compile(r"json_valid\(([\w$]+)\)", re.IGNORECASE)

#: MySQL's types in the words of Postgres, whose values are made up.
_KINDS = {
    "tinyint": "int2",
    "smallint": "int2",
    "mediumint": "int4",
    "int": "int4",
    "bigint": "int8",
    "decimal": "numeric",
    "float": "float4",
    "double": "float8",
    "bit": "int2",
    "date": "date",
    "time": "time",
    "datetime": "timestamp",
    "timestamp": "timestamp",
    "json": "json",
    "uuid": "uuid",
    "inet4": "inet",
}
_YEAR = "2020"
_SMALL = frozenset({"tinyint", "bit"})
_TEXTS = frozenset({"char", "varchar", "tinytext", "text", "mediumtext", "longtext"})
_BYTES = frozenset({"binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"})


def seed(session: Session, sql: str) -> Seeding:
    """Put rows into the tables whose names stand in a text, and into those that they refer to, parents first.

    A table that takes no row is counted, and is never a failure.

    Args:
        session: on the schema, in autocommit.
        sql: the scripts that will run.
    """
    assert session.schema is not None
    schema = read_schema(session, session.schema)
    parents = _parents(schema)
    words = {word.lower() for word in _WORD.findall(sql)}
    named = {table for table in parents if table.lower() in words}
    counts = {}
    for table in _parents_first(_with_parents(named, parents), parents):
        counts[table] = sum(_insert(session, table, row) for row in _Maker(session, schema, table).rows())
    filled = {name: count for name, count in counts.items() if count}
    return Seeding(filled, tuple(sorted(counts.keys() - filled.keys())))


def _parents(schema: Schema) -> dict[str, set[str]]:
    """The tables that each table refers to."""
    found: dict[str, set[str]] = {
        table["TABLE_NAME"]: set() for table in schema.tables if table["TABLE_TYPE"] not in {"VIEW", "SEQUENCE"}
    }
    for row in schema.key_columns:
        if row["REFERENCED_TABLE_NAME"] in found:
            found[row["TABLE_NAME"]].add(row["REFERENCED_TABLE_NAME"])
    return found


def _with_parents(named: set[str], parents: Mapping[str, set[str]]) -> set[str]:
    found: set[str] = set()
    waiting = set(named)
    while waiting:
        table = waiting.pop()
        found.add(table)
        waiting |= parents[table] - found
    return found


def _parents_first(tables: set[str], parents: Mapping[str, set[str]]) -> list[str]:
    graph = {table: sorted(parents[table] - {table}) for table in sorted(tables)}
    try:
        return list(TopologicalSorter(graph).static_order())
    except CycleError:
        # Tables that refer to each other: where the columns take NULL, any order is good enough.
        return sorted(tables)


class _Maker:
    """Makes the rows of one table."""

    def __init__(self, session: Session, schema: Schema, table: str) -> None:
        self._session = session
        self._columns = [row for row in schema.columns if row["TABLE_NAME"] == table]
        keys = (row for row in schema.key_columns if row["TABLE_NAME"] == table)
        self._keys: dict[str, list[dict[str, Any]]] = {}
        for key in keys:
            self._keys.setdefault(key["CONSTRAINT_NAME"], []).append(key)
        clauses = [
            row["CHECK_CLAUSE"].replace("`", "") for row in schema.checks if row.get("TABLE_NAME") in {table, None}
        ]
        self._json = {name for clause in clauses for name in _IS_JSON.findall(clause)}
        self._allowed = _allowed(clauses)

    def rows(self) -> Iterable[_Values]:
        """One with a value in every column, and one with as little as the table takes."""
        return (self._row(1, sparse=False), self._row(2, sparse=True))

    def _row(self, number: int, *, sparse: bool) -> _Values:
        referring = {key["COLUMN_NAME"] for keys in self._keys.values() for key in keys}
        row: _Values = {}
        for column in self._columns:
            facts = _facts(column, is_json=column["COLUMN_NAME"] in self._json)
            if facts.generated or facts.numbered or facts.name in referring or (sparse and not facts.required):
                continue
            value = _value(column, facts, number, self._allowed.get(facts.name.lower(), Allowed()))
            if value is not None:
                row[facts.name] = value
        required = {column["COLUMN_NAME"] for column in self._columns if _facts(column).required}
        for keys in self._keys.values():
            if not sparse or required & {key["COLUMN_NAME"] for key in keys}:
                row.update(self._looked_up(keys, number))
        return row

    def _looked_up(self, keys: list[dict[str, Any]], number: int) -> _Values:
        """The values of one row of the parent, another one for another row as far as it has so many."""
        names = {f"c{place}": key["REFERENCED_COLUMN_NAME"] for place, key in enumerate(keys)}
        listed = ", ".join(f"{{{place}}}" for place in names)
        # Places of names of our own, and nothing else, are put together here.
        sql = f"select {listed} from {{parent}} limit 2"  # noqa: S608  # only places of names are put together
        found = self._session.query(sql, parent=keys[0]["REFERENCED_TABLE_NAME"], **names)
        if not found:
            return {}
        return dict(zip((key["COLUMN_NAME"] for key in keys), found[(number - 1) % len(found)], strict=True))


def _facts(column: Row, *, is_json: bool = False) -> ColumnFacts:
    kind, declared, extra = str(column["DATA_TYPE"]), str(column["COLUMN_TYPE"]), str(column["EXTRA"])
    numbered = "auto_increment" in extra
    made_of = "text" if kind in _TEXTS | _BYTES else _KINDS.get(kind, kind)
    needs_value = column["IS_NULLABLE"] == "NO" and default_of(column) is None
    limit = column["CHARACTER_MAXIMUM_LENGTH"]
    return ColumnFacts(
        column["COLUMN_NAME"],
        required=needs_value and not numbered,
        numbered=numbered,
        identity="",
        generated=bool(column.get("GENERATION_EXPRESSION")) or "row start" in extra.lower(),
        type="json" if is_json else made_of,
        limit=int(limit) if limit is not None and kind in _TEXTS | _BYTES else None,
        labels=tuple(label.replace("''", "'") for label in _QUOTED.findall(declared))
        if kind in {"enum", "set"}
        else (),
    )


def _value(column: Row, facts: ColumnFacts, number: int, allowed: Allowed) -> str | int | None:
    if allowed.values or facts.labels:
        return value_for(facts, number, allowed)
    if column["DATA_TYPE"] == "year":
        return _YEAR
    # As many as a column of one byte, or of one bit, holds.
    return number % 2 if column["DATA_TYPE"] in _SMALL else value_for(facts, number, allowed)


def _allowed(clauses: Iterable[str]) -> dict[str, Allowed]:
    """What CHECKs of simple forms leave, by column in lower case."""
    spelt = (_EQUALS.sub(r"= \1::", _ONE_OF.sub(r"\1 = ANY (ARRAY[\2])", clause.lower())) for clause in clauses)
    return read_checks(spelt)


def _insert(session: Session, table: str, row: Mapping[str, object]) -> bool:
    names = {f"c{place}": column for place, column in enumerate(row)}
    listed = ", ".join(f"{{{place}}}" for place in names)
    values = ", ".join(["%s"] * len(row))
    try:
        # Places of names and values of our own, and nothing else, are put together here.
        sql = f"insert into {{table}} ({listed}) values ({values})"  # noqa: S608  # only places are put together
        session.query(sql, list(row.values()), table=table, **names)
    except StatementRefusedError:
        return False
    return True
