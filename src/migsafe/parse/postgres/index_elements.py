"""The keys of an index: columns and expressions, with collation, operator class and order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.model.operation import IndexElement
from migsafe.parse.expressions import read_expression

if TYPE_CHECKING:
    from migsafe.parse.cursor import Cursor


def read_elements(cursor: Cursor, *, excluding: bool = False) -> tuple[IndexElement, ...]:
    """Read `(a DESC, lower(b) text_pattern_ops, …)`; with `excluding`, each ends in `WITH operator`."""
    inside = cursor.group()
    elements = inside.listed(lambda: read_element(inside, excluding=excluding))
    inside.finish()
    return tuple(elements)


def read_element(cursor: Cursor, *, excluding: bool = False) -> IndexElement:
    """Read one key."""
    start = cursor.at
    column = expression = None
    if cursor.word() == "(":
        expression = read_expression(cursor.group())
    else:
        name = cursor.qualified_name()
        if cursor.word() == "(":
            cursor.group()
            expression = read_expression(cursor.part(start, cursor.at))
        elif name.schema is not None:
            cursor.stuck("(")
        else:
            column = name.name
    collation = str(cursor.qualified_name()) if cursor.take("COLLATE") else None
    operator_class = _operator_class(cursor)
    descending = cursor.take("DESC") or (cursor.take("ASC") and False)
    nulls_first = _nulls_first(cursor)
    if excluding:
        cursor.expect("WITH")
        _skip_operator(cursor)
    return IndexElement(column, expression, collation, operator_class, descending, nulls_first)


def _operator_class(cursor: Cursor) -> str | None:
    if not cursor.sees_name() or cursor.sees_any(("ASC", "DESC", "NULLS", "WITH")):
        return None
    name = str(cursor.qualified_name())
    if cursor.word() == "(":
        cursor.group()
    return name


def _nulls_first(cursor: Cursor) -> bool | None:
    if not cursor.take("NULLS"):
        return None
    return cursor.expect_any("FIRST", "LAST") == "FIRST"


def _skip_operator(cursor: Cursor) -> None:
    if cursor.take("OPERATOR"):
        cursor.group()
        return
    cursor.next()
    while not cursor.at_end and cursor.word() != ",":
        cursor.next()
