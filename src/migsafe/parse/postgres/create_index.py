"""CREATE INDEX."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.model.operation import CreateIndex, Operation
from migsafe.parse.expressions import read_expression
from migsafe.parse.postgres.alter_table import read_relation
from migsafe.parse.postgres.columns import read_columns, take_nulls_not_distinct
from migsafe.parse.postgres.index_elements import read_elements

if TYPE_CHECKING:
    from migsafe.model.script import Span
    from migsafe.parse.cursor import Cursor


def create_index(cursor: Cursor, span: Span) -> list[Operation]:
    """Read all that stands behind CREATE, from UNIQUE or INDEX on."""
    unique = cursor.take("UNIQUE")
    cursor.expect("INDEX")
    concurrently = cursor.take("CONCURRENTLY")
    if_not_exists = cursor.take("IF", "NOT", "EXISTS")
    name = None if cursor.word() == "ON" else cursor.identifier()
    cursor.expect("ON")
    only, table = read_relation(cursor)
    method = cursor.identifier() if cursor.take("USING") else None
    elements = read_elements(cursor)
    include = read_columns(cursor) if cursor.take("INCLUDE") else ()
    nulls_not_distinct = take_nulls_not_distinct(cursor)
    if cursor.take("WITH"):
        cursor.group()
    if cursor.take("TABLESPACE"):
        cursor.identifier()
    where = read_expression(cursor.rest()) if cursor.take("WHERE") else None
    return [
        CreateIndex(
            span=span,
            table=table,
            only=only,
            name=name,
            elements=elements,
            unique=unique,
            concurrently=concurrently,
            if_not_exists=if_not_exists,
            method=method,
            include=include,
            where=where,
            nulls_not_distinct=nulls_not_distinct,
        )
    ]
