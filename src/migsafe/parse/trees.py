"""The one place where sqlglot's parser is called: for queries, and for expressions that hold one.

Its trees stay inside `parse`: `queries` takes from them what operations need.
"""

from __future__ import annotations

import logging
import re
from functools import cache
from typing import TYPE_CHECKING

from migsafe.model.dialect import Dialect
from migsafe.model.names import truncate_identifier
from migsafe.model.script import Span
from migsafe.parse.cursor import PLACEHOLDER, Cursor
from migsafe.parse.lexer import mask

if TYPE_CHECKING:
    from sqlglot import exp
    from sqlglot.dialects.dialect import Dialect as SqlglotDialect

#: Levels of brackets and CASE. The compiled sqlglot was seen to fall at some thousands, on a stack of eight megabytes.
_DEEPEST = 500
_OPENING = re.compile(r"[(\[{]|\bcase\b", re.IGNORECASE)
_NESTING = re.compile(r"(?P<open>[(\[{]|\bcase\b)|[)\]}]|\bend\b", re.IGNORECASE)


@cache
def _dialect(dialect: Dialect) -> SqlglotDialect:
    from sqlglot.dialects.dialect import Dialect as SqlglotDialect

    # What sqlglot warns of, this package says itself, with a place.
    logging.getLogger("sqlglot").addHandler(logging.NullHandler())
    return SqlglotDialect.get_or_raise(dialect.value)


def parse_tree(cursor: Cursor, before: str = "") -> exp.Expr | None:
    """The tree of what is left of a cursor, or None where sqlglot cannot make one.

    Args:
        before: text to put in front, so that a part of a statement becomes one.
    """
    return parse_text(before + _text(cursor), cursor.dialect)


def parse_text(sql: str, dialect: Dialect) -> exp.Expr | None:
    """The tree of one statement, or None where sqlglot cannot make one."""
    if _is_too_deep(sql):
        return None
    try:
        trees = _dialect(dialect).parse(sql)
    except Exception:
        # Besides its ParseError, sqlglot lets AttributeError, RecursionError and others out on valid statements that
        # it does not know; whatever it is, the caller goes on without a tree.
        return None
    return trees[0] if len(trees) == 1 else None


def _is_too_deep(sql: str) -> bool:
    """Whether a text is nested deeper than anybody writes: the compiled sqlglot ends the process on it (30.30)."""
    if len(_OPENING.findall(sql)) <= _DEEPEST:
        return False
    depth = deepest = 0
    for match in _NESTING.finditer(sql):
        depth = depth + 1 if match["open"] else max(depth - 1, 0)
        deepest = max(deepest, depth)
    return deepest > _DEEPEST


def _text(cursor: Cursor) -> str:
    """The source, with placeholders written as plain words of the same length."""
    base = cursor.span.start
    tokens = cursor.tokens[cursor.at : cursor.stop]
    return mask(
        cursor.source, [Span(token.start - base, token.end - base) for token in tokens if token.kind == PLACEHOLDER]
    )


def folded(identifier: exp.Expr | None, dialect: Dialect) -> str:
    """A name of the tree as the database stores it; SQLite folds all, MySQL keeps the spelling."""
    if identifier is None:
        return ""
    name: str = identifier.name
    if dialect is Dialect.SQLITE:
        return name.lower()
    if dialect is Dialect.MYSQL:
        return name
    return truncate_identifier(name if identifier.args.get("quoted") else name.lower())


def folded_column(identifier: exp.Expr | None, dialect: Dialect) -> str:
    """A column of the tree as the database compares it: MySQL keeps the spelling of tables alone."""
    name = folded(identifier, dialect)
    return name.lower() if dialect is Dialect.MYSQL else name
