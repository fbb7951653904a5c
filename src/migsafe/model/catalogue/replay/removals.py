"""What goes when an object goes: its indexes, constraints, owned sequences, and with CASCADE what reads it.

A DROP is believed: the history says that it ran. So what Postgres never leaves without its object (an index, a foreign
key) goes with it even where the SQL lacks the CASCADE that Postgres would ask for.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from migsafe.model.catalogue.catalogue import Catalogue
from migsafe.model.catalogue.links import OWNED_BY, PART_OF, READS
from migsafe.model.catalogue.objects import Index, Table, TableConstraint, View
from migsafe.model.catalogue.replay.edits import lacking, put
from migsafe.model.catalogue.replay.mentions import constraint_columns
from migsafe.model.dialect import Dialect
from migsafe.model.names import QualifiedName
from migsafe.model.operation import ForeignKey, PrimaryKey, UniqueConstraint


def forget_table(catalogue: Catalogue, name: QualifiedName, *, cascade: bool) -> None:
    """Take a table and its partitions out of the catalogue; with CASCADE also inheriting tables and views on it."""
    table = catalogue.tables.pop(name, None)
    for child in catalogue.children(name):
        _forget_child(catalogue, catalogue.tables[child], name, cascade=cascade)
    for index in tuple(catalogue.indexes_of(name)):
        forget_index(catalogue, index)
    for sequence in catalogue.sequences.linked(OWNED_BY, name):
        del catalogue.sequences[sequence]
    for other in tuple(catalogue.referencing(name)):
        drop_foreign_keys(catalogue, other, name)
    if table is not None and table.partition_of is not None:
        remove_partition(catalogue, table.partition_of, name)
    if cascade:
        forget_readers(catalogue, name)
    for publication, members in catalogue.publications.items():
        if members is not None and name in members:
            catalogue.publications[publication] = members - {name}


def _forget_child(catalogue: Catalogue, child: Table, parent: QualifiedName, *, cascade: bool) -> None:
    if cascade or child.partition_of == parent:
        forget_table(catalogue, child.name, cascade=cascade)
    else:
        put(catalogue, replace(child, inherits=tuple(name for name in child.inherits if name != parent)))


def remove_partition(catalogue: Catalogue, parent: QualifiedName, partition: QualifiedName) -> None:
    """Take a partition out of its parent's list."""
    table = catalogue.tables.get(parent)
    if table is not None and partition in table.partitions:
        put(catalogue, replace(table, partitions=lacking(table.partitions, (partition,))))


def forget_view(catalogue: Catalogue, name: QualifiedName, *, cascade: bool) -> None:
    """Take a view and its indexes out of the catalogue; with CASCADE also the views that read it."""
    if catalogue.views.pop(name, None) is None:
        return
    for index in tuple(catalogue.indexes_of(name)):
        forget_index(catalogue, index)
    if cascade:
        forget_readers(catalogue, name)


def forget_readers(catalogue: Catalogue, name: QualifiedName) -> None:
    """Take every view that reads a table or view out of the catalogue."""
    for reader in catalogue.views.linked(READS, name):
        forget_view(catalogue, reader, cascade=True)


def uses_column(catalogue: Catalogue, view: View, table: QualifiedName, column: str) -> bool:
    """Whether a view is known or must be feared to use a column.

    A `*` over a table that was wholly known was written out when the view was made; over another it may be anything.
    """
    if table not in view.reads:
        return False
    if (table, column) in view.uses or (None, column) in view.uses:
        return True
    known = catalogue.tables.get(table)
    return view.star and (known is None or not known.complete)


def forget_index(catalogue: Catalogue, index: Index) -> None:
    """Take an index out of the catalogue, and those of partitions that are attached to it."""
    if catalogue.indexes.pop(index.name, None) is None:
        return
    for part in catalogue.indexes.linked(PART_OF, index.name):
        attached = catalogue.indexes[part]
        forget_index(catalogue, attached)
        _forget_owner(catalogue, attached)


def _forget_owner(catalogue: Catalogue, index: Index) -> None:
    table = catalogue.tables.get(index.table)
    if index.constraint is not None and table is not None:
        put(catalogue, replace(table, constraints=lacking(table.constraints, (index.constraint,))))


def drop_constraints(catalogue: Catalogue, table: Table, names: Collection[str]) -> Table:
    """Take constraints and the indexes that they own out of a table."""
    for name in names:
        constraint = table.constraints.get(name)
        key = catalogue.index_key(table.name, constraint.index) if constraint and constraint.index else None
        if key is not None and key in catalogue.indexes:
            forget_index(catalogue, catalogue.indexes[key])
    return put(catalogue, replace(table, constraints=lacking(table.constraints, names))) if names else table


def drop_foreign_keys(
    catalogue: Catalogue, table: Table, referenced: QualifiedName, columns: frozenset[str] | None = None
) -> Table:
    """Take a table's foreign keys to another out of it: all, or those to any of some columns."""
    gone = [
        name
        for name, constraint in table.constraints.items()
        if isinstance(definition := constraint.definition, ForeignKey)
        and definition.referenced_table == referenced
        and (columns is None or not columns.isdisjoint(definition.referenced_columns))
    ]
    return drop_constraints(catalogue, table, gone)


def drop_dependent_keys(catalogue: Catalogue, table: QualifiedName, constraint: TableConstraint) -> None:
    """Drop the foreign keys that need a unique or primary key: what DROP CONSTRAINT … CASCADE does."""
    definition = constraint.definition
    if not isinstance(definition, UniqueConstraint | PrimaryKey):
        return
    for other in (*catalogue.referencing(table), catalogue.tables[table]):
        gone = [
            name
            for name, kept in other.constraints.items()
            if isinstance(key := kept.definition, ForeignKey)
            and key.referenced_table == table
            and frozenset(key.referenced_columns) == frozenset(definition.columns)
        ]
        drop_constraints(catalogue, other, gone)


def forget_column(catalogue: Catalogue, table: Table, column: str, *, cascade: bool) -> None:
    """Take a column out of a table with everything that cannot be without it."""
    for other in (*catalogue.referencing(table.name), table):
        drop_foreign_keys(catalogue, other, table.name, frozenset((column,)))
    table = catalogue.tables[table.name]
    gone = [name for name, kept in table.constraints.items() if column in constraint_columns(kept.definition)]
    table = drop_constraints(catalogue, table, gone)
    _drop_column_indexes(catalogue, table, column)
    for sequence in catalogue.sequences.linked(OWNED_BY, table.name):
        if catalogue.sequences[sequence].owned_by == (table.name, column):
            del catalogue.sequences[sequence]
    put(catalogue, replace(catalogue.tables[table.name], columns=lacking(table.columns, (column,))))
    if cascade:
        _forget_users_of_column(catalogue, table.name, column)


def _drop_column_indexes(catalogue: Catalogue, table: Table, column: str) -> None:
    for index in tuple(catalogue.indexes_of(table.name)):
        if column not in index.mentioned_columns:
            continue
        rest = tuple(element for element in index.elements if element.column != column)
        # MySQL takes the column out of the index, and drops the index with its last column (8.4 manual, 15.1.9).
        if catalogue.dialect is Dialect.MYSQL and rest:
            catalogue.indexes[index.name] = replace(index, elements=rest)
        else:
            forget_index(catalogue, index)


def _forget_users_of_column(catalogue: Catalogue, name: QualifiedName, column: str) -> None:
    for view in tuple(catalogue.views_on(name)):
        if uses_column(catalogue, view, name, column):
            forget_view(catalogue, view.name, cascade=True)
    table = catalogue.tables[name]
    policies = [policy.name for policy in table.policies.values() if column in policy.columns]
    table = put(catalogue, replace(table, policies=lacking(table.policies, policies)))
    for other in tuple(table.columns.values()):
        if other.generated is not None and column in other.generated.expression.columns:
            forget_column(catalogue, catalogue.tables[name], other.name, cascade=True)
