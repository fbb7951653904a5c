"""What ATTACH, DETACH and INHERIT leave behind."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from migsafe.model.catalogue.catalogue import Catalogue
from migsafe.model.catalogue.objects import Table, Trigger
from migsafe.model.catalogue.replay.copies import inherit_constraints
from migsafe.model.catalogue.replay.edits import having, put, target
from migsafe.model.catalogue.replay.indexes import add_index_part
from migsafe.model.catalogue.replay.removals import remove_partition
from migsafe.model.names import QualifiedName
from migsafe.model.operation import (
    AlterInheritance,
    AttachPartition,
    DetachPartition,
    PartitionBound,
    PartitionKey,
)


def join_parent(
    catalogue: Catalogue, parent: QualifiedName, partition: QualifiedName, bound: PartitionBound | None
) -> None:
    """Make a table a partition of another: constraints, indexes and row triggers of the parent come with it."""
    above = catalogue.tables.get(parent)
    table = replace(catalogue.tables[partition], partition_of=parent)
    if above is None:
        unknown = PartitionKey("", "")
        above = Table(name=parent, complete=False, partition_by=unknown)
    text = "DEFAULT" if bound is None or bound.default else bound.text
    above = put(catalogue, replace(above, partitions=having(above.partitions, partition, text)))
    table = inherit_constraints(table, above, foreign_keys=True)
    put(catalogue, replace(table, triggers=MappingProxyType({**table.triggers, **_row_triggers(above)})))
    for index in tuple(catalogue.indexes_of(parent)):
        if index.valid:
            add_index_part(catalogue, index, catalogue.tables[partition])


def _row_triggers(parent: Table) -> dict[str, Trigger]:
    """The triggers that a partition gets from its parent (`CloneRowTriggersToPartition`)."""
    return {name: replace(kept, inherited=True) for name, kept in parent.triggers.items() if kept.row_level}


def attach_partition(catalogue: Catalogue, operation: AttachPartition) -> None:
    """ATTACH PARTITION."""
    parent, partition = catalogue.resolve(operation.table), catalogue.resolve(operation.partition)
    if parent == partition or _is_below(catalogue, parent, partition) or parent in catalogue.indexes:
        return
    table = catalogue.tables.get(partition) or put(catalogue, Table(name=partition, complete=False))
    if table.partition_of is not None or table.inherits:
        return
    put(catalogue, _with_inherited_columns(table, catalogue.tables.get(parent), inherited=True))
    join_parent(catalogue, parent, partition, operation.bound)


def _is_below(catalogue: Catalogue, table: QualifiedName, other: QualifiedName) -> bool:
    """Whether a table is somewhere below another."""
    above: set[QualifiedName] = set()
    waiting = [table]
    while waiting:
        known = catalogue.tables.get(waiting.pop())
        parents = {*known.inherits, *((known.partition_of,) if known.partition_of else ())} if known else set()
        waiting.extend(parents - above)
        above |= parents
    return other in above


def _with_inherited_columns(table: Table, parent: Table | None, *, inherited: bool) -> Table:
    names = parent.columns.keys() if parent is not None else table.columns.keys()
    columns = {
        name: replace(column, inherited=inherited) if name in names else column
        for name, column in table.columns.items()
    }
    return replace(table, columns=MappingProxyType(columns))


def detach_partition(catalogue: Catalogue, operation: DetachPartition) -> None:
    """DETACH PARTITION: what the partition had from its parent becomes its own."""
    parent, partition = catalogue.resolve(operation.table), catalogue.resolve(operation.partition)
    table = catalogue.tables.get(partition)
    if table is None or table.partition_of != parent:
        return
    remove_partition(catalogue, parent, partition)
    free = _with_inherited_columns(table, None, inherited=False)
    constraints = {name: replace(kept, inherited=False) for name, kept in table.constraints.items()}
    triggers = {name: kept for name, kept in table.triggers.items() if not kept.inherited}
    put(
        catalogue,
        replace(
            free,
            partition_of=None,
            constraints=MappingProxyType(constraints),
            triggers=MappingProxyType(triggers),
        ),
    )
    for index in tuple(catalogue.indexes_of(partition)):
        if index.parent is not None:
            catalogue.indexes[index.name] = replace(index, parent=None)


def alter_inheritance(catalogue: Catalogue, operation: AlterInheritance) -> None:
    """INHERIT and NO INHERIT."""
    table = target(catalogue, operation)
    parent = catalogue.resolve(operation.parent)
    if table is None or table.name == parent or table.partition_of is not None:
        return
    if operation.attach and parent not in table.inherits and not _is_below(catalogue, parent, table.name):
        state = _with_inherited_columns(table, catalogue.tables.get(parent), inherited=True)
        above = catalogue.tables.get(parent)
        state = inherit_constraints(state, above) if above is not None else state
        put(catalogue, replace(state, inherits=(*table.inherits, parent)))
    elif not operation.attach and parent in table.inherits:
        rest = tuple(name for name in table.inherits if name != parent)
        state = _with_inherited_columns(table, catalogue.tables.get(parent), inherited=bool(rest))
        constraints = {name: replace(kept, inherited=bool(rest)) for name, kept in state.constraints.items()}
        put(catalogue, replace(state, inherits=rest, constraints=MappingProxyType(constraints)))
