"""Keys and indexes inside CREATE TABLE, ALTER TABLE … ADD and CREATE INDEX (MySQL 8.4 manual, 15.1.15, 15.1.20)."""

from __future__ import annotations

from dataclasses import dataclass

from migsafe.model.operation import Constraint, ForeignKey, IndexElement, PrimaryKey, UniqueConstraint
from migsafe.parse.expressions import read_expression
from migsafe.parse.mysql.constraints import read_check, read_column_names, read_references
from migsafe.parse.mysql.cursor import MySqlCursor

_VALUED_OPTIONS = (
    "KEY_BLOCK_SIZE",
    "COMMENT",
    "ENGINE_ATTRIBUTE",
    "SECONDARY_ENGINE_ATTRIBUTE",
    "CLUSTERING",
    "DISTANCE",
    "M",
)
_KEY_WORDS = ("INDEX", "KEY")
_METHODS = ("BTREE", "HASH", "RTREE")
_KINDS = ("FULLTEXT", "SPATIAL", "VECTOR")


@dataclass(frozen=True, slots=True)
class IndexDefinition:
    """An index as MySQL defines it next to columns."""

    name: str | None
    elements: tuple[IndexElement, ...]
    unique: bool = False
    method: str | None = None
    if_not_exists: bool = False


Key = IndexDefinition | Constraint


def sees_key(cursor: MySqlCursor) -> bool:
    """Whether a key, index or constraint comes next, and no column."""
    if cursor.sees("CHECK"):
        return cursor.word(1) == "("
    if cursor.sees("VECTOR"):
        return cursor.word(1) in _KEY_WORDS
    return cursor.sees_any(("CONSTRAINT", "PRIMARY", "UNIQUE", "INDEX", "KEY", "FOREIGN", "FULLTEXT", "SPATIAL"))


def read_key(cursor: MySqlCursor) -> Key:
    """[CONSTRAINT [name]] PRIMARY KEY, UNIQUE, FOREIGN KEY or CHECK, or an index.

    A UNIQUE is a constraint when CONSTRAINT stands before it and all its parts are plain columns, else a unique index:
    MySQL knows no difference.
    """
    constraint = cursor.take("CONSTRAINT")
    name = _constraint_name(cursor) if constraint else None
    if cursor.sees("CHECK"):
        return read_check(cursor, name)
    if cursor.take("FOREIGN", "KEY"):
        return _foreign_key(cursor, name)
    if cursor.take("PRIMARY", "KEY"):
        return _primary_key(cursor, name)
    if cursor.sees("UNIQUE"):
        index = _index(cursor, name)
        return as_constraint(index) if constraint else index
    if constraint:
        cursor.stuck("PRIMARY KEY, UNIQUE, FOREIGN KEY or CHECK")
    return _index(cursor, None)


def _constraint_name(cursor: MySqlCursor) -> str | None:
    if cursor.sees_any(("PRIMARY", "UNIQUE", "FOREIGN", "CHECK")):
        return None
    cursor.take("IF", "NOT", "EXISTS")
    return cursor.identifier()


def as_constraint(index: IndexDefinition) -> Key:
    """A unique index over plain columns as the constraint that it is; any other index as it stands."""
    columns = tuple(element.column for element in index.elements if element.column is not None)
    whole_columns = len(columns) == len(index.elements) and not any(element.prefix_length for element in index.elements)
    if not index.unique or not whole_columns:
        return index
    return UniqueConstraint(name=index.name, columns=columns)


def _foreign_key(cursor: MySqlCursor, name: str | None) -> ForeignKey:
    cursor.take("IF", "NOT", "EXISTS")
    index_name = cursor.identifier() if cursor.word() != "(" else None
    columns = read_column_names(cursor)
    return read_references(cursor, name or index_name, columns)


def _primary_key(cursor: MySqlCursor, name: str | None) -> PrimaryKey:
    _take_method(cursor)
    if cursor.word() != "(":
        cursor.identifier()
        _take_method(cursor)
    elements = read_elements(cursor)
    read_index_options(cursor)
    columns = tuple(element.column for element in elements if element.column is not None)
    return PrimaryKey(name=name, columns=columns)


def _index(cursor: MySqlCursor, constraint_name: str | None) -> IndexDefinition:
    unique = cursor.take("UNIQUE")
    kind = None if unique else cursor.take_any(*_KINDS)
    if not cursor.take_any(*_KEY_WORDS) and not unique and kind is None:
        cursor.stuck("a key")
    if_not_exists = cursor.take("IF", "NOT", "EXISTS")
    name = None
    method = _take_method(cursor)
    if cursor.word() != "(":
        name = cursor.identifier()
        method = _take_method(cursor) or method
    elements = read_elements(cursor)
    method = read_index_options(cursor) or method
    return IndexDefinition(name or constraint_name, elements, unique, kind.lower() if kind else method, if_not_exists)


def _take_method(cursor: MySqlCursor) -> str | None:
    """USING method, or TYPE method; an index may be called `type`."""
    if cursor.sees("TYPE") and cursor.word(1) not in _METHODS:
        return None
    return cursor.identifier() if cursor.take_any("USING", "TYPE") else None


def read_elements(cursor: MySqlCursor) -> tuple[IndexElement, ...]:
    """`(a, b(10) DESC, (lower(c)))`."""
    inside = cursor.group()
    elements = tuple(inside.listed(lambda: _element(inside)))
    inside.finish()
    return elements


def _element(cursor: MySqlCursor) -> IndexElement:
    if cursor.word() == "(":
        expression = read_expression(cursor.group())
        return IndexElement(expression=expression, descending=_descending(cursor))
    column = cursor.identifier()
    prefix = _prefix_length(cursor) if cursor.word() == "(" else None
    return IndexElement(column=column, prefix_length=prefix, descending=_descending(cursor))


def _prefix_length(cursor: MySqlCursor) -> int:
    inside = cursor.group()
    length = inside.source
    if not (length.isascii() and length.isdigit()):
        inside.stuck("the length of a prefix")
    return int(length[:18])


def _descending(cursor: MySqlCursor) -> bool:
    return cursor.take_any("ASC", "DESC") == "DESC"


def read_index_options(cursor: MySqlCursor) -> str | None:
    """Options behind the parts of an index; returns the method where USING names it."""
    method = None
    while True:
        if found := _take_method(cursor):
            method = found
        elif cursor.sees_any(_VALUED_OPTIONS):
            cursor.at += 1
            cursor.option_value()
        elif cursor.take("WITH", "PARSER"):
            cursor.identifier()
        elif not (cursor.take_any("VISIBLE", "INVISIBLE", "IGNORED") or cursor.take("NOT", "IGNORED")):
            return method
