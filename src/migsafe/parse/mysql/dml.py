"""Rows in MySQL: modifiers, multi-table UPDATE and DELETE, INSERT … SET (MySQL 8.4 manual, 15.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from migsafe.model.names import QualifiedName
from migsafe.model.operation import Delete, Expression, Insert, Operation, Update
from migsafe.model.script import Span
from migsafe.parse.cursor import Cursor
from migsafe.parse.dml import HEADS, read_condition, read_dml
from migsafe.parse.mysql.cursor import MySqlCursor
from migsafe.parse.queries import is_bounded, string_constants, tables_of

ROW_HEADS = HEADS
_MODIFIERS = frozenset({"LOW_PRIORITY", "HIGH_PRIORITY", "DELAYED", "QUICK", "IGNORE"})
_NO_TABLES = _MODIFIERS | {"DUAL"}
_ENDS_CONDITION = frozenset({"ORDER", "LIMIT", "RETURNING"})
_JOINS = frozenset({"JOIN", "STRAIGHT_JOIN"})


@dataclass(frozen=True, slots=True)
class _Condition:
    """What WHERE and LIMIT say; the fields are those of `Update`."""

    where: Expression | None = None
    tautology: bool = False
    bounded: bool = False
    compared: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Reference:
    """A table that a statement names, and what it calls it."""

    table: QualifiedName
    alias: str


def read_rows(cursor: MySqlCursor) -> list[Operation]:
    """SELECT, INSERT, REPLACE, UPDATE, DELETE, or WITH before one of them; the whole statement."""
    whole = cursor.part(cursor.at, cursor.stop)
    span = whole.span
    if cursor.take_any("INSERT", "REPLACE"):
        return [_insert(cursor, whole, span)]
    if cursor.take("UPDATE"):
        return list(_update(cursor, whole, span))
    if cursor.take("DELETE"):
        return list(_delete(cursor, whole, span))
    return read_dml(cursor, span)


def _skip_modifiers(cursor: MySqlCursor) -> None:
    while cursor.word() in _MODIFIERS:
        cursor.at += 1


# -- INSERT and REPLACE ----------------------------------------------------------------------------------------------


def _insert(cursor: MySqlCursor, whole: MySqlCursor, span: Span) -> Insert:
    replaces = whole.word() == "REPLACE"
    _skip_modifiers(cursor)
    cursor.take("INTO")
    table = cursor.qualified_name()
    _partitions(cursor)
    columns: tuple[str, ...] = ()
    if cursor.word() == "(" and cursor.word(1) not in ("SELECT", "WITH", "VALUES", "TABLE", "("):
        columns = _column_names(cursor.group())
    word = cursor.word()
    if word not in ("VALUES", "VALUE", "SET", "SELECT", "WITH", "TABLE", "("):
        cursor.stuck("VALUES, SET or a query")
    rows = word in ("VALUES", "VALUE", "SET")
    body = cursor.until(lambda: cursor.sees("ON", "DUPLICATE") or cursor.sees("RETURNING"), commas=False)
    _check_brackets(body)
    if word == "SET":
        columns = _assigned_names(body)
    updates = cursor.take("ON", "DUPLICATE")
    if updates:
        cursor.expect("KEY", "UPDATE")
        cursor.until(lambda: cursor.sees("RETURNING"), commas=False)
    if cursor.take("RETURNING"):
        cursor.until(lambda: False, commas=False)
    return Insert(
        span=span,
        table=table,
        columns=columns,
        source="values" if rows else "query",
        reads=() if rows and not _has_query(whole) else _others(whole, [table]),
        bounded=not rows and is_bounded(body),
        literals=string_constants(whole),
        on_conflict=updates or replaces or "IGNORE" in whole.words[whole.at : whole.at + 3],
    )


def _has_query(cursor: Cursor) -> bool:
    return "SELECT" in cursor.words[cursor.at : cursor.stop]


def _column_names(cursor: MySqlCursor) -> tuple[str, ...]:
    names = tuple(_last_part(item) for item in cursor.items())
    cursor.finish()
    return names


def _assigned_names(body: MySqlCursor) -> tuple[str, ...]:
    body.expect("SET")
    return tuple(column for _, column in _assignments(body))


def _last_part(cursor: MySqlCursor) -> str:
    name = cursor.qualified_name().name.lower()
    cursor.finish()
    return name


def _check_brackets(body: Cursor) -> None:
    probe = body.part(body.at, body.stop)
    while not probe.at_end:
        if probe.word() == "(":
            probe.group()
        else:
            probe.at += 1


# -- UPDATE and DELETE -----------------------------------------------------------------------------------------------


def _update(cursor: MySqlCursor, whole: MySqlCursor, span: Span) -> list[Update]:
    """One operation for each table that it assigns columns of."""
    _skip_modifiers(cursor)
    references = _references(cursor.until(lambda: cursor.sees("SET"), commas=False))
    cursor.expect("SET")
    part = cursor.until(lambda: cursor.word() == "WHERE" or cursor.word() in _ENDS_CONDITION, commas=False)
    assigned: dict[QualifiedName, list[str]] = {}
    for qualifier, column in _assignments(part):
        assigned.setdefault(_resolve(references, qualifier), []).append(column)
    condition = _condition(cursor)
    others = _others(whole, list(assigned), references)
    return [
        Update(
            span=span,
            table=table,
            columns=tuple(columns),
            where=condition.where,
            tautology=condition.tautology,
            bounded=condition.bounded,
            compared=condition.compared,
            reads=others,
            literals=string_constants(whole),
        )
        for table, columns in assigned.items()
    ]


def _delete(cursor: MySqlCursor, whole: MySqlCursor, span: Span) -> list[Delete]:
    """`DELETE FROM t …`, `DELETE t, u FROM …`, `DELETE FROM t, u USING …`: one operation for each table."""
    _skip_modifiers(cursor)
    if cursor.take("FROM"):
        first = cursor.until(
            lambda: cursor.word() in ("USING", "WHERE") or cursor.word() in _ENDS_CONDITION, commas=False
        )
        references = _references(first.part(first.at, first.stop))
        tables = [reference.table for reference in references]
        if cursor.take("USING"):
            references = _references(_sources(cursor))
            tables = _named(first, references)
    else:
        first = cursor.until(lambda: cursor.sees("FROM"), commas=False)
        cursor.expect("FROM")
        references = _references(_sources(cursor))
        tables = _named(first, references)
    condition = _condition(cursor)
    others = _others(whole, tables, references)
    return [
        Delete(
            span=span,
            table=table,
            where=condition.where,
            tautology=condition.tautology,
            bounded=condition.bounded,
            compared=condition.compared,
            reads=others,
            literals=string_constants(whole),
        )
        for table in tables
    ]


def _sources(cursor: MySqlCursor) -> MySqlCursor:
    return cursor.until(lambda: cursor.word() == "WHERE" or cursor.word() in _ENDS_CONDITION, commas=False)


def _named(cursor: MySqlCursor, references: list[_Reference]) -> list[QualifiedName]:
    """The tables of `t, u.*`, which may be called by their aliases."""
    tables = []
    for item in cursor.items():
        name = item.cased_identifier()
        schema = None
        while item.take("."):
            if not item.take("*"):
                schema, name = name, item.cased_identifier()
        item.finish()
        tables.append(QualifiedName(name, schema) if schema else _resolve(references, name))
    return tables


def _references(cursor: MySqlCursor) -> list[_Reference]:
    """The tables of `a AS x JOIN b ON …, c`, derived tables left out."""
    found = []
    expected = True
    while not cursor.at_end:
        if expected and cursor.sees_name() and not cursor.sees("LATERAL"):
            found.append(_reference(cursor))
            expected = False
        elif cursor.word() == "(":
            inside = cursor.group()
            if expected and inside.word() != "SELECT":
                found += _references(inside)
            expected = False
        else:
            expected = cursor.next().word in (*_JOINS, ",")
    if not found:
        cursor.stuck("a table")
    return found


def _reference(cursor: MySqlCursor) -> _Reference:
    table = cursor.qualified_name()
    _partitions(cursor)
    alias = table.name
    if cursor.take("AS") or (cursor.sees_name() and not cursor.sees_any(_AFTER_TABLE)):
        alias = cursor.cased_identifier()
    return _Reference(table, alias)


_AFTER_TABLE = frozenset(
    {"INNER", "LEFT", "RIGHT", "CROSS", "NATURAL", "ON", "USING", "USE", "FORCE", "IGNORE", *_JOINS}
)


def _resolve(references: list[_Reference], qualifier: str) -> QualifiedName:
    """The table that a name stands for; the first one where it stands for none."""
    if not qualifier:
        return references[0].table
    lower = qualifier.lower()
    found = next((reference.table for reference in references if reference.alias.lower() == lower), None)
    return found or QualifiedName(qualifier)


def _assignments(cursor: MySqlCursor) -> list[tuple[str, str]]:
    """The qualifier and the column of each assignment."""
    found = []
    for item in cursor.items():
        name = item.qualified_name()
        item.expect_any("=", ":=")
        if item.at_end:
            item.stuck("a value")
        found.append((name.schema or "", name.name.lower()))
    return found


def _condition(cursor: MySqlCursor) -> _Condition:
    condition = _Condition()
    if cursor.take("WHERE"):
        read = read_condition(cursor.until(lambda: cursor.word() in _ENDS_CONDITION, commas=False))
        condition = _Condition(read.where, read.tautology, read.bounded, read.compared)
    if cursor.word() in _ENDS_CONDITION:
        limited = "LIMIT" in cursor.words[cursor.at : cursor.stop]
        cursor.until(lambda: False, commas=False)
        condition = replace(condition, bounded=condition.bounded or limited)
    cursor.finish()
    return condition


def _partitions(cursor: MySqlCursor) -> None:
    if cursor.sees("PARTITION", "("):
        cursor.at += 1
        cursor.group()


def _others(
    whole: Cursor, targets: list[QualifiedName], references: Sequence[_Reference] = ()
) -> tuple[QualifiedName, ...]:
    """The tables that it only reads; an alias and a modifier, which sqlglot may take for tables, are none."""
    aliases = {reference.alias.lower() for reference in references if reference.alias != reference.table.name}
    named = [reference.table for reference in references] + list(tables_of(whole))
    return tuple(
        table
        for table in dict.fromkeys(named)
        if table not in targets and table.name.lower() not in aliases and table.name.upper() not in _NO_TABLES
    )
