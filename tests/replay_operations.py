"""Operations written by hand in one line each, for tests of the replay."""

from __future__ import annotations

from typing import Any

from migsafe.model import operation as ops
from migsafe.model.names import QualifiedName
from migsafe.model.script import Span

SPAN = Span(0, 1)


def name(text: str) -> QualifiedName:
    """`schema.name` or `name`."""
    schema, _, bare = text.rpartition(".")
    return QualifiedName(bare, schema or None)


def do(kind: type, /, **facts: Any) -> Any:
    """An operation of a class; `table`, `view` and their like may be given as text."""
    places = ("table", "view", "index", "partition", "parent", "sequence", "type", "domain", "partition_of")
    for place in places:
        if isinstance(facts.get(place), str):
            facts[place] = name(facts[place])
    return kind(span=SPAN, **facts)


def column(spelling: str, **facts: Any) -> ops.ColumnDefinition:
    """A column from `name type [not null]`; the type is one word or has underscores for spaces."""
    words = spelling.split()
    data_type = ops.DataType(words[1].replace("_", " ")) if len(words) > 1 else None
    return ops.ColumnDefinition(name=words[0], type=data_type, not_null="not" in words, **facts)


def create(table: str, *columns: ops.ColumnDefinition | str, constraints: tuple[Any, ...] = (), **facts: Any) -> Any:
    """CREATE TABLE."""
    built = tuple(column(one) if isinstance(one, str) else one for one in columns)
    return do(ops.CreateTable, table=table, columns=built, constraints=constraints, **facts)


def add(table: str, constraint: Any, **facts: Any) -> Any:
    """ADD CONSTRAINT."""
    return do(ops.AddConstraint, table=table, constraint=constraint, **facts)


def index(table: str, *columns: str, called: str | None = None, **facts: Any) -> Any:
    """CREATE INDEX on plain columns."""
    elements = tuple(ops.IndexElement(column=one) for one in columns)
    return do(ops.CreateIndex, table=table, name=called, elements=elements, **facts)


def primary_key(*columns: str, called: str | None = None, **facts: Any) -> ops.PrimaryKey:
    """PRIMARY KEY."""
    return ops.PrimaryKey(name=called, columns=columns, **facts)


def unique(*columns: str, called: str | None = None, **facts: Any) -> ops.UniqueConstraint:
    """UNIQUE."""
    return ops.UniqueConstraint(name=called, columns=columns, **facts)


def check(*columns: str, called: str | None = None, proves: tuple[str, ...] = (), **facts: Any) -> ops.CheckConstraint:
    """CHECK of an expression that reads some columns."""
    expression = ops.Expression("…", columns=columns, proves_not_null=frozenset(proves))
    return ops.CheckConstraint(name=called, expression=expression, **facts)


def foreign_key(columns: str, table: str, *referenced: str, called: str | None = None, **facts: Any) -> ops.ForeignKey:
    """FOREIGN KEY of comma-separated columns."""
    return ops.ForeignKey(
        name=called,
        columns=tuple(columns.split(",")),
        referenced_table=name(table),
        referenced_columns=referenced,
        **facts,
    )
