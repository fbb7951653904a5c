"""Upserts: which unique key an INSERT … ON CONFLICT needs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from migsafe.model.names import QualifiedName
from migsafe.model.operation import (
    AddConstraint,
    CreateIndex,
    DropConstraint,
    DropIndex,
    Insert,
    Operation,
    PrimaryKey,
    UniqueConstraint,
)
from migsafe.rules.context import Context
from migsafe.rules.knowledge.constraints import known_constraint


@dataclass(frozen=True, slots=True)
class BrokenUpsert:
    """An INSERT … ON CONFLICT that has no unique key any more.

    Attributes:
        by: who says it: a later statement of the migration, a function, an earlier statement, or nobody that migsafe
            has seen.
        functions: those that say it.
    """

    table: QualifiedName
    columns: tuple[str, ...]
    by: Literal["later statement", "function", "earlier statement", "nobody seen"]
    functions: tuple[QualifiedName, ...] = ()


def broken_upsert(operation: DropIndex | DropConstraint, ctx: Context) -> BrokenUpsert | None:
    """The upsert that fails once an operation has dropped its key; None when no such key goes, or another one stays."""
    key = _dropped_key(operation, ctx)
    if key is None or ctx.is_new(key[0]):
        return None
    table, columns = key
    name = operation.index.name if isinstance(operation, DropIndex) else operation.name
    made = any(_makes_key(later, table, columns, ctx) for later in ctx.later(operation))
    if made or _has_successor(name, table, columns, ctx):
        return None
    if _upserts(ctx.later(operation), table, columns, ctx):
        return BrokenUpsert(table, columns, "later statement")
    functions = tuple(_upserting_functions(table, columns, ctx))
    if functions:
        return BrokenUpsert(table, columns, "function", functions)
    seen = _upserts(ctx.earlier, table, columns, ctx)
    return BrokenUpsert(table, columns, "earlier statement" if seen else "nobody seen")


def _dropped_key(operation: DropIndex | DropConstraint, ctx: Context) -> tuple[QualifiedName, tuple[str, ...]] | None:
    """The table and the columns of the unique key that goes; None when none goes that an upsert could infer."""
    if isinstance(operation, DropIndex):
        index = ctx.catalogue.index(operation.index)
        if index is None or not index.unique or len(index.columns) != len(index.elements):
            return None
        return index.table, index.columns
    constraint = known_constraint(operation.table, operation.name, ctx)
    definition = constraint.definition if constraint is not None else None
    if not isinstance(definition, UniqueConstraint | PrimaryKey):
        return None
    return ctx.catalogue.resolve(operation.table), definition.columns


def _upserts(
    operations: Iterable[Operation], table: QualifiedName, columns: Iterable[str], ctx: Context
) -> list[Insert]:
    """The INSERT … ON CONFLICT (columns) on a table among operations."""
    key = frozenset(columns)
    return [
        operation
        for operation in operations
        if isinstance(operation, Insert)
        and frozenset(operation.conflict_columns) == key
        and ctx.catalogue.resolve(operation.table) == table
    ]


def _upserting_functions(table: QualifiedName, columns: Iterable[str], ctx: Context) -> list[QualifiedName]:
    """Functions whose body speaks of ON CONFLICT, the table and all of the columns."""
    words = {"conflict", table.name, *columns}
    return [
        name
        for name, overloads in ctx.catalogue.functions.items()
        if any(words <= function.references for function in overloads)
    ]


def _has_successor(dropped: str | None, table: QualifiedName, columns: Iterable[str], ctx: Context) -> bool:
    """Whether another unique index over the same columns is there already; the order of columns does not matter."""
    key = frozenset(columns)
    return any(
        index.unique
        and index.valid
        and index.where is None
        and index.name.name != dropped
        and index.constraint != dropped
        and frozenset(index.columns) == key
        and len(index.elements) == len(index.columns)
        for index in ctx.catalogue.indexes_of(table)
    )


def _makes_key(operation: Operation, table: QualifiedName, columns: Iterable[str], ctx: Context) -> bool:
    """Whether an operation makes a unique key over the columns."""
    key = frozenset(columns)
    match operation:
        case CreateIndex(unique=True, where=None):
            found = operation.columns
        case AddConstraint(constraint=UniqueConstraint() | PrimaryKey() as constraint):
            found = constraint.columns or _columns_of_index(constraint.using_index, operation.table, ctx)
        case _:
            return False
    return frozenset(found) == key and ctx.catalogue.resolve(operation.table) == table


def _columns_of_index(name: str | None, table: QualifiedName, ctx: Context) -> tuple[str, ...]:
    index = ctx.catalogue.index(QualifiedName(name, table.schema)) if name is not None else None
    return index.columns if index is not None else ()
