"""The actions of ALTER TABLE on one column."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.model.operation import (
    AddColumn,
    AlterColumnType,
    AlterGenerated,
    AlterIdentity,
    DropColumn,
    DropDefault,
    DropNotNull,
    Operation,
    SetColumnOption,
    SetDefault,
    SetNotNull,
)
from migsafe.parse.cursor import NUMBER, Cursor
from migsafe.parse.expressions import read_expression
from migsafe.parse.postgres.columns import read_column, take_identity_kind
from migsafe.parse.postgres.options import parameter_names, skip_sequence_options
from migsafe.parse.postgres.types import read_type

if TYPE_CHECKING:
    from migsafe.parse.postgres.alter_table import Target


def add(cursor: Cursor, target: Target, start: int) -> Operation:
    """ADD [COLUMN]."""
    cursor.take("COLUMN")
    missing_only = cursor.take("IF", "NOT", "EXISTS")
    definition = read_column(cursor)
    return AddColumn(**target.fields(cursor.span_from(start)), definition=definition, if_not_exists=missing_only)


def drop(cursor: Cursor, target: Target, start: int) -> Operation:
    """DROP [COLUMN]."""
    cursor.take("COLUMN")
    missing_ok = cursor.take("IF", "EXISTS")
    column = cursor.identifier()
    cascade = cursor.take_any("CASCADE", "RESTRICT") == "CASCADE"
    return DropColumn(
        **target.fields(cursor.span_from(start)), column=column, if_column_exists=missing_ok, cascade=cascade
    )


def alter(cursor: Cursor, target: Target, start: int) -> Operation:
    """ALTER [COLUMN], by name, or by number on an index."""
    cursor.take("COLUMN")
    column = cursor.next().text if cursor.kind() == NUMBER else cursor.identifier()
    word = cursor.word()
    if cursor.take("SET", "DATA", "TYPE") or cursor.take("TYPE"):
        return _type(cursor, target, start, column)
    if cursor.take("SET", "DEFAULT"):
        return _default(cursor, target, start, column)
    if cursor.take("ADD", "GENERATED"):
        return _add_identity(cursor, target, start, column)
    if word == "DROP":
        return _drop_property(cursor, target, start, column)
    if word in ("SET", "RESTART", "RESET", "OPTIONS"):
        return _set_property(cursor, target, start, column)
    return cursor.stuck("what to change of the column")


def _type(cursor: Cursor, target: Target, start: int, column: str) -> Operation:
    data_type = read_type(cursor)
    collation = str(cursor.qualified_name()) if cursor.take("COLLATE") else None
    using = read_expression(cursor.until(lambda: False)) if cursor.take("USING") else None
    return AlterColumnType(
        **target.fields(cursor.span_from(start)), column=column, type=data_type, using=using, collation=collation
    )


def _default(cursor: Cursor, target: Target, start: int, column: str) -> Operation:
    default = read_expression(cursor.until(lambda: False))
    fields = target.fields(cursor.span_from(start))
    if default.null:
        return DropDefault(**fields, column=column)
    return SetDefault(**fields, column=column, default=default)


def _add_identity(cursor: Cursor, target: Target, start: int, column: str) -> Operation:
    identity = take_identity_kind(cursor)
    cursor.expect("AS", "IDENTITY")
    if cursor.word() == "(":
        skip_sequence_options(cursor.group())
    return AlterIdentity(**target.fields(cursor.span_from(start)), column=column, action="add", identity=identity)


def _drop_property(cursor: Cursor, target: Target, start: int, column: str) -> Operation:
    cursor.expect("DROP")
    what = cursor.expect_any("DEFAULT", "NOT", "EXPRESSION", "IDENTITY")
    if what == "NOT":
        cursor.expect("NULL")
    missing_ok = what in ("EXPRESSION", "IDENTITY") and cursor.take("IF", "EXISTS")
    fields = target.fields(cursor.span_from(start))
    if what == "DEFAULT":
        return DropDefault(**fields, column=column)
    if what == "NOT":
        return DropNotNull(**fields, column=column)
    if what == "EXPRESSION":
        return AlterGenerated(**fields, column=column, expression=None)
    return AlterIdentity(**fields, column=column, action="drop", if_identity_exists=missing_ok)


def _set_property(cursor: Cursor, target: Target, start: int, column: str) -> Operation:
    if cursor.take("SET", "NOT", "NULL"):
        return SetNotNull(**target.fields(cursor.span_from(start)), column=column)
    if cursor.take("SET", "EXPRESSION", "AS"):
        expression = read_expression(cursor.group())
        return AlterGenerated(**target.fields(cursor.span_from(start)), column=column, expression=expression)
    if cursor.sees("SET", "STATISTICS") or cursor.sees("SET", "STORAGE") or cursor.sees("SET", "COMPRESSION"):
        cursor.expect("SET")
        option = cursor.next().text.lower()
        cursor.until(lambda: False)
    elif cursor.take("OPTIONS"):
        cursor.group()
        option = "options"
    elif cursor.word(1) == "(" and cursor.take_any("SET", "RESET"):
        option = ", ".join(parameter_names(cursor))
    else:
        return _set_identity(cursor, target, start, column)
    return SetColumnOption(**target.fields(cursor.span_from(start)), column=column, option=option)


def _set_identity(cursor: Cursor, target: Target, start: int, column: str) -> Operation:
    """`SET GENERATED ALWAYS`, `SET INCREMENT BY 2`, `RESTART WITH 1`, any number of them."""
    identity = None
    while not cursor.at_end and cursor.word() != ",":
        if cursor.take("SET", "GENERATED"):
            identity = take_identity_kind(cursor)
            continue
        if not cursor.take("SET") and cursor.word() != "RESTART":
            cursor.stuck("SET or RESTART")
        skip_sequence_options(cursor.until(lambda: cursor.word() in ("SET", "RESTART")))
    return AlterIdentity(
        **target.fields(cursor.span_from(start)),
        column=column,
        action="set" if identity else "options",
        identity=identity,
    )
