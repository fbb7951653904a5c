"""What CREATE and DROP TABLE and the table-wide settings leave behind."""

from __future__ import annotations

from dataclasses import replace

from migsafe.model.catalogue.catalogue import Catalogue
from migsafe.model.catalogue.objects import Column, Table
from migsafe.model.catalogue.replay.columns import build_column, column_constraints
from migsafe.model.catalogue.replay.constraints import constrain_all
from migsafe.model.catalogue.replay.copies import copy_like, copy_parent
from migsafe.model.catalogue.replay.edits import put, put_column, target
from migsafe.model.catalogue.replay.partitions import join_parent
from migsafe.model.catalogue.replay.removals import forget_table, forget_view
from migsafe.model.names import QualifiedName
from migsafe.model.operation import (
    ColumnDefinition,
    CreateTable,
    DropTable,
    SetLogged,
    SetReplicaIdentity,
    SetRowSecurity,
)


def create_table(catalogue: Catalogue, operation: CreateTable) -> None:
    """CREATE TABLE in all its forms: plain, PARTITION OF, INHERITS, LIKE, AS."""
    name = catalogue.creation_name(operation.table, temporary=operation.temporary)
    parents = _parents(catalogue, operation)
    if name in parents or not _is_free(catalogue, name, operation):
        return
    table = Table(
        name=name,
        complete=operation.query is None,
        temporary=operation.temporary,
        unlogged=operation.unlogged,
        foreign=operation.foreign,
        partition_by=operation.partition_by,
        inherits=parents if operation.partition_of is None else (),
    )
    put(catalogue, table)
    for parent in parents:
        copy_parent(catalogue, name, parent)
    for like in operation.likes:
        copy_like(catalogue, name, like)
    for definition in operation.columns:
        define_column(catalogue, name, definition)
    written = [constraint for column in operation.columns for constraint in column_constraints(catalogue, column)]
    constrain_all(catalogue, name, (*written, *operation.constraints))
    if operation.partition_of is not None:
        join_parent(catalogue, parents[0], name, operation.bound)


def _is_free(catalogue: Catalogue, name: QualifiedName, operation: CreateTable) -> bool:
    """Whether CREATE TABLE makes a table: not over a known one, but over one of which only hearsay is known."""
    known = catalogue.tables.get(name)
    if known is None:
        return name not in catalogue.views and name not in catalogue.indexes and name not in catalogue.sequences
    if known.complete or operation.if_not_exists:
        return False
    forget_table(catalogue, name, cascade=False)
    return True


def _parents(catalogue: Catalogue, operation: CreateTable) -> tuple[QualifiedName, ...]:
    above = operation.inherits if operation.partition_of is None else (operation.partition_of,)
    return tuple(catalogue.resolve(parent) for parent in above)


def define_column(catalogue: Catalogue, name: QualifiedName, definition: ColumnDefinition) -> None:
    """Give a new table a column; one that it has from a parent already is merged with it."""
    table = catalogue.tables[name]
    column = build_column(catalogue, name, definition)
    inherited = table.columns.get(definition.name)
    put_column(catalogue, table, column if inherited is None else _merged(inherited, column))


def _merged(inherited: Column, column: Column) -> Column:
    return replace(
        inherited,
        type=column.type or inherited.type,
        nullable=inherited.nullable and column.nullable,
        default=column.default or inherited.default,
        generated=column.generated or inherited.generated,
    )


def drop_table(catalogue: Catalogue, operation: DropTable) -> None:
    """DROP TABLE."""
    name = catalogue.resolve(operation.table)
    if name in catalogue.views:
        forget_view(catalogue, name, cascade=operation.cascade)
    else:
        forget_table(catalogue, name, cascade=operation.cascade)


def set_logged(catalogue: Catalogue, operation: SetLogged) -> None:
    """SET LOGGED or UNLOGGED."""
    table = target(catalogue, operation)
    if table is not None:
        put(catalogue, replace(table, unlogged=not operation.logged))


def set_replica_identity(catalogue: Catalogue, operation: SetReplicaIdentity) -> None:
    """REPLICA IDENTITY."""
    table = target(catalogue, operation)
    if table is not None:
        put(catalogue, replace(table, replica_identity=operation.identity))


def set_row_security(catalogue: Catalogue, operation: SetRowSecurity) -> None:
    """ENABLE, DISABLE, FORCE and NO FORCE ROW LEVEL SECURITY."""
    table = target(catalogue, operation)
    if table is None:
        return
    if operation.action in ("enable", "disable"):
        put(catalogue, replace(table, row_security=operation.action == "enable"))
    else:
        put(catalogue, replace(table, force_row_security=operation.action == "force"))
