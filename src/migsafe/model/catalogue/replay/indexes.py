"""What CREATE, DROP and ATTACH of indexes leave behind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from migsafe.model.catalogue import naming
from migsafe.model.catalogue.catalogue import Catalogue
from migsafe.model.catalogue.links import PART_OF
from migsafe.model.catalogue.objects import Index, Table
from migsafe.model.catalogue.replay.edits import having, lacking, put
from migsafe.model.catalogue.replay.removals import forget_index
from migsafe.model.dialect import Dialect
from migsafe.model.names import QualifiedName
from migsafe.model.operation import AttachIndexPartition, CreateIndex, DropIndex


def create_index(catalogue: Catalogue, operation: CreateIndex) -> None:
    """CREATE INDEX: on a partitioned table also on every partition, unless ONLY."""
    table = catalogue.resolve(operation.table)
    name = operation.name or _made_up_name(catalogue, table, operation)
    owner = catalogue.tables.get(table)
    partitioned = owner is not None and owner.partition_by is not None
    index = Index(
        name=catalogue.index_key(table, name),
        table=table,
        elements=operation.elements,
        unique=operation.unique,
        method=operation.method or "btree",
        include=operation.include,
        where=operation.where,
        valid=not (partitioned and operation.only),
        nulls_not_distinct=operation.nulls_not_distinct,
    )
    if _name_taken(catalogue, index.name):
        return
    catalogue.indexes[index.name] = index
    if owner is not None and not operation.only:
        spread_index(catalogue, index, owner)


def _made_up_name(catalogue: Catalogue, table: QualifiedName, operation: CreateIndex) -> str:
    columns = naming.index_column_names(operation.elements, operation.include)
    if catalogue.dialect is Dialect.MYSQL:
        return naming.mysql_index_name(catalogue, table, operation.columns)
    return naming.choose_relation_name(catalogue, table, naming.join_columns(columns), "idx")


def _name_taken(catalogue: Catalogue, name: QualifiedName) -> bool:
    """Whether CREATE INDEX meets something of that name: a relation; in MySQL only another index of the table."""
    if catalogue.dialect is Dialect.MYSQL:
        return name in catalogue.indexes
    return (
        name in catalogue.tables or name in catalogue.views or name in catalogue.indexes or name in catalogue.sequences
    )


def spread_index(catalogue: Catalogue, index: Index, table: Table) -> None:
    """Give every partition of a partitioned table its part of an index: one that it has, or a new one."""
    for name in table.partitions:
        partition = catalogue.tables.get(name)
        if partition is not None:
            add_index_part(catalogue, index, partition)


def add_index_part(catalogue: Catalogue, index: Index, partition: Table) -> None:
    """Attach a matching index of a partition to a partitioned index, or make one (`DefineIndex`)."""
    part = next(_matching(catalogue, index, partition), None)
    if part is None:
        part = _new_part(catalogue, index, partition)
    catalogue.indexes[part.name] = replace(part, parent=index.name)
    if partition.partitions:
        spread_index(catalogue, catalogue.indexes[part.name], partition)


def _matching(catalogue: Catalogue, index: Index, partition: Table) -> Iterator[Index]:
    """Indexes of a partition that can become part of a partitioned index (`CompareIndexInfo`)."""
    for candidate in catalogue.indexes_of(partition.name):
        same = all(
            getattr(candidate, fact) == getattr(index, fact)
            for fact in ("elements", "unique", "method", "include", "where", "nulls_not_distinct")
        )
        constrained = index.constraint is None or candidate.constraint is not None
        if same and constrained and candidate.parent is None and candidate.valid and _kind_fits(index, candidate):
            yield candidate


def _kind_fits(index: Index, candidate: Index) -> bool:
    return index.constraint is None or index.primary == candidate.primary


def _new_part(catalogue: Catalogue, index: Index, partition: Table) -> Index:
    columns = naming.join_columns(naming.index_column_names(index.elements, index.include))
    label = "pkey" if index.primary else "idx" if index.constraint is None else "key" if index.unique else "excl"
    constraint = index.constraint is not None
    middle = None if index.primary else columns
    name = naming.choose_relation_name(catalogue, partition.name, middle, label, constraint=constraint)
    if index.constraint is not None:
        _copy_constraint(catalogue, index, partition, name)
    part = replace(
        index,
        name=catalogue.index_key(partition.name, name),
        table=partition.name,
        constraint=name if constraint else None,
        valid=True,
        parent=None,
    )
    catalogue.indexes[part.name] = part
    return part


def _copy_constraint(catalogue: Catalogue, index: Index, partition: Table, name: str) -> None:
    owner = catalogue.tables.get(index.table)
    constraint = owner.constraints.get(index.constraint or "") if owner is not None else None
    if constraint is not None:
        copy = replace(constraint, name=name, index=name, inherited=True)
        put(catalogue, replace(partition, constraints=having(partition.constraints, name, copy)))


def drop_index(catalogue: Catalogue, operation: DropIndex) -> None:
    """DROP INDEX; Postgres refuses the index of a constraint, in MySQL the constraint goes with it."""
    index = _find(catalogue, operation)
    if index is None or index.parent is not None:
        return
    if index.constraint is not None:
        table = catalogue.tables.get(index.table)
        if catalogue.dialect is not Dialect.MYSQL or table is None:
            return
        put(catalogue, replace(table, constraints=lacking(table.constraints, (index.constraint,))))
    forget_index(catalogue, index)


def _find(catalogue: Catalogue, operation: DropIndex) -> Index | None:
    if operation.table is not None and catalogue.dialect is Dialect.MYSQL:
        key = catalogue.index_key(catalogue.resolve(operation.table), operation.index.name)
        return catalogue.indexes.get(key)
    return catalogue.index(operation.index)


def attach_index_partition(catalogue: Catalogue, operation: AttachIndexPartition) -> None:
    """ALTER INDEX … ATTACH PARTITION; the last one makes the partitioned index valid."""
    index, part = catalogue.index(operation.index), catalogue.index(operation.partition)
    if index is None or part is None or part.parent is not None or index.name == part.name:
        return
    catalogue.indexes[part.name] = replace(part, parent=index.name)
    validate_partitioned(catalogue, index)


def validate_partitioned(catalogue: Catalogue, index: Index) -> None:
    """Mark a partitioned index valid once every partition has a valid part of it (`validatePartitionedIndex`)."""
    table = catalogue.tables.get(index.table)
    if index.valid or table is None:
        return
    parts = [catalogue.indexes[name] for name in catalogue.indexes.linked(PART_OF, index.name)]
    if frozenset(table.partitions) <= {part.table for part in parts if part.valid}:
        catalogue.indexes[index.name] = replace(index, valid=True)
        above = catalogue.indexes.get(index.parent) if index.parent is not None else None
        if above is not None:
            validate_partitioned(catalogue, above)
