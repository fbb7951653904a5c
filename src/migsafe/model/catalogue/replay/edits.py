"""Small edits of frozen objects, and the tables that an operation is about."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TypeVar

from migsafe.model.catalogue.catalogue import Catalogue
from migsafe.model.catalogue.objects import Column, Table
from migsafe.model.names import QualifiedName
from migsafe.model.operation import TableOperation

K = TypeVar("K")
V = TypeVar("V")


def having(mapping: Mapping[K, V], key: K, value: V) -> Mapping[K, V]:
    """The mapping with one entry set; a new key comes last, a known one keeps its place."""
    return MappingProxyType({**mapping, key: value})


def lacking(mapping: Mapping[K, V], keys: Container[K]) -> Mapping[K, V]:
    """The mapping without some keys."""
    return MappingProxyType({key: value for key, value in mapping.items() if key not in keys})


def rekeyed(mapping: Mapping[K, V], old: K, new: K, value: V) -> Mapping[K, V]:
    """The mapping with one key renamed in its place, and its value."""
    return MappingProxyType(
        {(new if key == old else key): (value if key == old else kept) for key, kept in mapping.items()}
    )


def target(catalogue: Catalogue, operation: TableOperation) -> Table | None:
    """The table that an operation changes.

    A table that migsafe has not seen before gets an incomplete entry, so that what the operation says of it is known
    from now on. None when there is nothing to change: IF EXISTS without a table, or a view, index or sequence.
    """
    full = catalogue.resolve(operation.table)
    known = catalogue.tables.get(full)
    if known is not None or operation.if_exists or not full.name or catalogue.exists(full):
        return known
    return put(catalogue, Table(name=full, complete=False))


def put(catalogue: Catalogue, table: Table) -> Table:
    """Put a table, or its new state, into the catalogue."""
    catalogue.tables[table.name] = table
    return table


def put_column(catalogue: Catalogue, table: Table, column: Column) -> Table:
    """Put a column, or its new state, into its table."""
    return put(catalogue, replace(table, columns=having(table.columns, column.name, column)))


def column_of(table: Table, name: str) -> Column | None:
    """The column; in a table that is not wholly known, one of which nothing else is known."""
    known = table.columns.get(name)
    return Column(name=name, type=None) if known is None and not table.complete else known


def family(catalogue: Catalogue, table: QualifiedName, *, only: bool = False) -> Iterator[Table]:
    """A table and, unless ONLY, everything known below it; each as it is when its turn comes."""
    waiting, seen = [table], {table}
    while waiting:
        name = waiting.pop(0)
        if (known := catalogue.tables.get(name)) is None:
            continue
        yield known
        below = () if only else catalogue.children(name)
        waiting.extend(child for child in below if child not in seen)
        seen.update(below)
