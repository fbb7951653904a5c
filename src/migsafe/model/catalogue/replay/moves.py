"""What RENAME TO and SET SCHEMA of relations leave behind: everything that points at them follows."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from migsafe.model.catalogue.catalogue import Catalogue
from migsafe.model.catalogue.links import OWNED_BY, READS, REFERENCES
from migsafe.model.catalogue.objects import Index, Table, TableConstraint
from migsafe.model.catalogue.replay.columns import next_value
from migsafe.model.catalogue.replay.constraints import rekey_index, rename_member_constraint
from migsafe.model.catalogue.replay.edits import put, put_column, rekeyed
from migsafe.model.dialect import Dialect
from migsafe.model.names import QualifiedName
from migsafe.model.operation import ForeignKey, RenameTable


def rename_table(catalogue: Catalogue, operation: RenameTable) -> None:
    """ALTER TABLE … RENAME TO, which also renames views, indexes and sequences."""
    old = catalogue.resolve(operation.table)
    new = operation.new_name
    moves = new.schema is not None and catalogue.dialect is not Dialect.POSTGRES
    if not operation.if_exists and not catalogue.exists(old):
        # A table that migsafe has not seen made: from now on it is known to exist.
        put(catalogue, Table(name=old, complete=False))
    move_relation(catalogue, old, new if moves else old.renamed(new.name))


def move_relation(catalogue: Catalogue, old: QualifiedName, new: QualifiedName) -> None:
    """Give a table, view, index or sequence another full name, unless something has it."""
    if old == new or catalogue.exists(new):
        return
    if old in catalogue.tables:
        _move_table(catalogue, old, new)
    elif old in catalogue.views:
        _move_view(catalogue, old, new)
    elif old in catalogue.indexes:
        rename_index(catalogue, catalogue.indexes[old], new.name)
    elif old in catalogue.sequences:
        move_sequence(catalogue, old, new)


def _move_table(catalogue: Catalogue, old: QualifiedName, new: QualifiedName) -> None:
    table = catalogue.tables.pop(old)
    put(catalogue, replace(table, name=new))
    for name in (new, *catalogue.tables.linked(REFERENCES, old)):
        _retarget(catalogue, name, old, new)
    _move_indexes(catalogue, old, new)
    for sequence in catalogue.sequences.linked(OWNED_BY, old):
        _follow_owner(catalogue, sequence, old, new)
    _move_family(catalogue, table, new)
    _move_reads(catalogue, old, new)
    for publication, members in catalogue.publications.items():
        if members is not None and old in members:
            catalogue.publications[publication] = members - {old} | {new}


def _retarget(catalogue: Catalogue, name: QualifiedName, old: QualifiedName, new: QualifiedName) -> None:
    """Point a table's foreign keys at a table's new name."""

    def moved(constraint: TableConstraint) -> TableConstraint:
        definition = constraint.definition
        if not isinstance(definition, ForeignKey) or definition.referenced_table != old:
            return constraint
        return replace(constraint, definition=replace(definition, referenced_table=new))

    table = catalogue.tables[name]
    constraints = {key: moved(constraint) for key, constraint in table.constraints.items()}
    put(catalogue, replace(table, constraints=MappingProxyType(constraints)))


def _move_indexes(catalogue: Catalogue, old: QualifiedName, new: QualifiedName) -> None:
    """Indexes belong to the moved table, and live where it lives."""
    for index in tuple(catalogue.indexes_of(old)):
        key = catalogue.index_key(new, index.name.name)
        catalogue.indexes[index.name] = moved = replace(index, table=new)
        if key != index.name:
            rekey_index(catalogue, moved, key, constraint=index.constraint)


def _follow_owner(catalogue: Catalogue, name: QualifiedName, old: QualifiedName, new: QualifiedName) -> None:
    """An owned sequence keeps its name, and goes with its table into another schema."""
    sequence = catalogue.sequences[name]
    column = sequence.owned_by[1] if sequence.owned_by is not None else ""
    catalogue.sequences[name] = replace(sequence, owned_by=(new, column))
    if old.schema != new.schema:
        move_sequence(catalogue, name, name.moved(new.schema))


def _move_family(catalogue: Catalogue, before: Table, new: QualifiedName) -> None:
    """A parent's list of partitions, and what its partitions and children call it."""
    old = before.name
    parent = catalogue.tables.get(before.partition_of) if before.partition_of is not None else None
    if parent is not None and old in parent.partitions:
        partitions = rekeyed(parent.partitions, old, new, parent.partitions[old])
        put(catalogue, replace(parent, partitions=partitions))
    for name in catalogue.children(old):
        child = catalogue.tables[name]
        inherits = tuple(new if above == old else above for above in child.inherits)
        partition_of = new if child.partition_of == old else child.partition_of
        put(catalogue, replace(child, inherits=inherits, partition_of=partition_of))


def _move_view(catalogue: Catalogue, old: QualifiedName, new: QualifiedName) -> None:
    catalogue.views[new] = replace(catalogue.views.pop(old), name=new)
    _move_indexes(catalogue, old, new)
    _move_reads(catalogue, old, new)


def _move_reads(catalogue: Catalogue, old: QualifiedName, new: QualifiedName) -> None:
    for name in catalogue.views.linked(READS, old):
        view = catalogue.views[name]
        uses = frozenset((new if table == old else table, column) for table, column in view.uses)
        catalogue.views[name] = replace(view, reads=view.reads - {old} | {new}, uses=uses)


def rename_index(catalogue: Catalogue, index: Index, new: str) -> None:
    """Give an index another name, and the constraint that owns it (`RenameRelationInternal`)."""
    key = index.name.renamed(new)
    table = catalogue.tables.get(index.table)
    if key in catalogue.indexes:
        return
    constraint = table.constraints.get(index.constraint or "") if table is not None else None
    if table is not None and constraint is not None:
        rename_member_constraint(catalogue, table, constraint, new)
    else:
        rekey_index(catalogue, index, key, constraint=None)


def move_sequence(catalogue: Catalogue, old: QualifiedName, new: QualifiedName) -> None:
    """Give a sequence another full name; the default of the column that owns it follows."""
    if new in catalogue.sequences:
        return
    sequence = replace(catalogue.sequences.pop(old), name=new)
    catalogue.sequences[new] = sequence
    table = catalogue.tables.get(sequence.owned_by[0]) if sequence.owned_by is not None else None
    column = table.columns.get(sequence.owned_by[1]) if table is not None and sequence.owned_by is not None else None
    if table is None or column is None or column.default is None or column.default.nextval_of is None:
        return
    if catalogue.resolve(column.default.nextval_of) in (old, new):
        put_column(catalogue, table, replace(column, default=next_value(new)))


def move_schema(catalogue: Catalogue, old: str, new: str) -> None:
    """ALTER SCHEMA … RENAME TO: everything in it gets the new schema."""
    for shelf in (catalogue.tables, catalogue.views, catalogue.sequences):
        for name in tuple(shelf):
            if name.schema == old and name in shelf:
                move_relation(catalogue, name, name.moved(new))
