"""CREATE TABLE (MySQL 8.4 manual, 15.1.20; MariaDB documentation, "CREATE TABLE")."""

from __future__ import annotations

from dataclasses import dataclass, field

from migsafe.model.names import QualifiedName
from migsafe.model.operation import (
    ColumnDefinition,
    Constraint,
    CreateIndex,
    CreateTable,
    DropTable,
    LikeClause,
    Operation,
    PartitionKey,
)
from migsafe.model.script import Span
from migsafe.parse.mysql.columns import PlacedColumn, read_column
from migsafe.parse.mysql.cursor import MySqlCursor
from migsafe.parse.mysql.keys import IndexDefinition, Key, as_constraint, read_key, sees_key
from migsafe.parse.mysql.options import read_partitioning, take_option
from migsafe.parse.queries import read_query


@dataclass(slots=True)
class _Draft:
    columns: list[ColumnDefinition] = field(default_factory=list)
    constraints: list[Constraint] = field(default_factory=list)
    indexes: list[tuple[Span, IndexDefinition]] = field(default_factory=list)
    like: LikeClause | None = None
    partition_by: PartitionKey | None = None
    query: str | None = None
    reads: tuple[QualifiedName, ...] = ()


def read_create_table(cursor: MySqlCursor) -> list[Operation]:
    """CREATE [OR REPLACE] [TEMPORARY] TABLE …, behind the word CREATE.

    Returns:
        The table; an index for each key in it that is no constraint; for OR REPLACE the old table's end before all.
    """
    or_replace = cursor.take("OR", "REPLACE")
    temporary = cursor.take("TEMPORARY")
    cursor.expect("TABLE")
    if_not_exists = cursor.take("IF", "NOT", "EXISTS")
    table = cursor.qualified_name()
    draft = _Draft()
    _read_body(cursor, draft)
    span = cursor.span_from(0)
    create = CreateTable(
        span=span,
        table=table,
        columns=tuple(draft.columns),
        constraints=tuple(draft.constraints),
        if_not_exists=if_not_exists,
        temporary=temporary,
        partition_by=draft.partition_by,
        likes=(draft.like,) if draft.like else (),
        query=draft.query,
        reads=draft.reads,
    )
    before: list[Operation] = [DropTable(span=span, table=table, if_exists=True)] if or_replace else []
    return [*before, create, *(as_operation(table, *index, if_not_exists) for index in draft.indexes)]


def as_operation(table: QualifiedName, span: Span, index: IndexDefinition, if_not_exists: bool = False) -> CreateIndex:
    """The index as an operation of its own."""
    return CreateIndex(
        span=span,
        table=table,
        name=index.name,
        elements=index.elements,
        unique=index.unique,
        method=index.method,
        if_not_exists=index.if_not_exists or if_not_exists,
    )


def read_element(cursor: MySqlCursor) -> PlacedColumn | Key | None:
    """A column, key or constraint in the parentheses; None for MariaDB's PERIOD FOR."""
    if cursor.take("PERIOD", "FOR"):
        cursor.identifier()
        cursor.group()
        return None
    return read_key(cursor) if sees_key(cursor) else read_column(cursor)


def _read_body(cursor: MySqlCursor, draft: _Draft) -> None:
    if cursor.take("LIKE"):
        draft.like = LikeClause(cursor.qualified_name())
        return
    if cursor.sees("(", "LIKE"):
        inside = cursor.group()
        inside.expect("LIKE")
        draft.like = LikeClause(inside.qualified_name())
        inside.finish()
        return
    if cursor.word() == "(" and cursor.word(1) not in ("SELECT", "WITH", "("):
        _read_elements(cursor.group(), draft)
    _read_options(cursor, draft)
    _read_query(cursor, draft)


def _read_elements(cursor: MySqlCursor, draft: _Draft) -> None:
    while True:
        start = cursor.at
        element = read_element(cursor)
        if isinstance(element, PlacedColumn):
            draft.columns.append(element.definition)
        elif isinstance(element, IndexDefinition):
            unique = as_constraint(element)
            if isinstance(unique, IndexDefinition):
                draft.indexes.append((cursor.span_from(start), unique))
            else:
                draft.constraints.append(unique)
        elif element is not None:
            draft.constraints.append(element)
        if not cursor.take(","):
            break
    cursor.finish()


def _read_options(cursor: MySqlCursor, draft: _Draft) -> None:
    while take_option(cursor):
        cursor.take(",")
    if cursor.sees("PARTITION", "BY"):
        draft.partition_by = read_partitioning(cursor)


def _read_query(cursor: MySqlCursor, draft: _Draft) -> None:
    if cursor.at_end:
        return
    cursor.take_any("IGNORE", "REPLACE")
    cursor.take("AS")
    if not cursor.sees_any(("SELECT", "WITH", "TABLE", "VALUES", "(")):
        cursor.stuck("an option of the table or a query")
    query = cursor.rest()
    draft.query = query.source
    draft.reads = read_query(query).reads
