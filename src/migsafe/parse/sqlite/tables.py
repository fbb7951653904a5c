"""CREATE TABLE, ALTER TABLE and CREATE INDEX (sqlite.org, "SQL As Understood By SQLite")."""

from __future__ import annotations

from migsafe.model.operation import (
    AddColumn,
    AddConstraint,
    ColumnDefinition,
    Constraint,
    CreateIndex,
    CreateTable,
    DropColumn,
    DropConstraint,
    DropNotNull,
    Operation,
    RenameColumn,
    RenameTable,
    SetNotNull,
)
from migsafe.parse.expressions import read_expression
from migsafe.parse.queries import read_query
from migsafe.parse.sqlite.columns import (
    read_column,
    read_element,
    read_table_constraint,
    sees_table_constraint,
    with_auto_increment,
)
from migsafe.parse.sqlite.cursor import SqliteCursor


def read_create_table(cursor: SqliteCursor, *, temporary: bool) -> list[Operation]:
    """CREATE [TEMP] TABLE, behind the word TABLE."""
    if_not_exists = cursor.take("IF", "NOT", "EXISTS")
    table = cursor.qualified_name()
    if cursor.take("AS"):
        facts = read_query(cursor.rest())
        return [
            CreateTable(
                span=cursor.span_from(0), table=table, if_not_exists=if_not_exists, temporary=temporary,
                query=facts.text, reads=facts.reads,
            )
        ]  # fmt: skip
    columns, constraints = _elements(cursor.group())
    _options(cursor)
    return [
        CreateTable(
            span=cursor.span_from(0), table=table, columns=tuple(columns), constraints=tuple(constraints),
            if_not_exists=if_not_exists, temporary=temporary,
        )
    ]  # fmt: skip


def _elements(cursor: SqliteCursor) -> tuple[list[ColumnDefinition], list[Constraint]]:
    columns: list[ColumnDefinition] = []
    constraints: list[Constraint] = []
    while True:
        if columns and sees_table_constraint(cursor):
            constraint, auto_increment = read_table_constraint(cursor)
            constraints.append(constraint)
            if auto_increment:
                columns = with_auto_increment(columns, getattr(constraint, "columns", ("",))[0])
        else:
            columns.append(read_column(cursor))
        # SQLite takes constraints without a comma between them.
        if not cursor.take(",") and not sees_table_constraint(cursor):
            break
    cursor.finish()
    return columns, constraints


def _options(cursor: SqliteCursor) -> None:
    """WITHOUT ROWID, STRICT, in any order."""
    while not cursor.at_end:
        if not (cursor.take("WITHOUT", "ROWID") or cursor.take("STRICT")):
            cursor.stuck("WITHOUT ROWID or STRICT")
        if not cursor.take(","):
            return


def read_create_virtual_table(cursor: SqliteCursor) -> list[Operation]:
    """CREATE VIRTUAL TABLE [IF NOT EXISTS] name USING module (…), behind those first three words.

    What columns it has, the module decides.
    """
    if_not_exists = cursor.take("IF", "NOT", "EXISTS")
    table = cursor.qualified_name()
    cursor.expect("USING")
    cursor.identifier()
    if cursor.word() == "(":
        cursor.group()
    return [CreateTable(span=cursor.span_from(0), table=table, if_not_exists=if_not_exists, foreign=True)]


def read_create_index(cursor: SqliteCursor, *, unique: bool) -> list[Operation]:
    """CREATE [UNIQUE] INDEX, behind the word INDEX."""
    if_not_exists = cursor.take("IF", "NOT", "EXISTS")
    name = cursor.qualified_name()
    cursor.expect("ON")
    table = cursor.qualified_name()
    inside = cursor.group()
    elements = inside.listed(lambda: read_element(inside))
    inside.finish()
    where = read_expression(cursor.rest()) if cursor.take("WHERE") and not cursor.at_end else None
    return [
        CreateIndex(
            span=cursor.span_from(0), table=table, name=name.name, elements=tuple(elements), unique=unique,
            if_not_exists=if_not_exists, where=where,
        )
    ]  # fmt: skip


def read_alter_table(cursor: SqliteCursor) -> list[Operation]:
    """ALTER TABLE name RENAME | ADD | DROP | ALTER …, behind those first two words."""
    table = cursor.qualified_name()
    start = cursor.at
    word = cursor.expect_any("RENAME", "ADD", "DROP", "ALTER")
    if word == "RENAME":
        if cursor.take("TO"):
            new_table = table.renamed(cursor.identifier())
            return [RenameTable(span=cursor.span_from(start), table=table, new_name=new_table.moved(None))]
        cursor.take("COLUMN")
        column = cursor.identifier()
        cursor.expect("TO")
        new_name = cursor.identifier()
        return [RenameColumn(span=cursor.span_from(start), table=table, column=column, new_name=new_name)]
    if word == "ADD":
        if sees_table_constraint(cursor):
            constraint, _ = read_table_constraint(cursor)
            return [AddConstraint(span=cursor.span_from(start), table=table, constraint=constraint)]
        cursor.take("COLUMN")
        definition = read_column(cursor)
        return [AddColumn(span=cursor.span_from(start), table=table, definition=definition)]
    if word == "DROP":
        if cursor.take("CONSTRAINT"):
            name = cursor.identifier()
            return [DropConstraint(span=cursor.span_from(start), table=table, name=name)]
        cursor.take("COLUMN")
        column = cursor.identifier()
        return [DropColumn(span=cursor.span_from(start), table=table, column=column)]
    cursor.take("COLUMN")
    column = cursor.identifier()
    nullability = SetNotNull if cursor.expect_any("SET", "DROP") == "SET" else DropNotNull
    cursor.expect("NOT", "NULL")
    return [nullability(span=cursor.span_from(start), table=table, column=column)]
