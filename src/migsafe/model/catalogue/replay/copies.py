"""What a new table copies from another: LIKE, INHERITS, PARTITION OF."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from migsafe.model.catalogue import naming
from migsafe.model.catalogue.catalogue import Catalogue
from migsafe.model.catalogue.objects import Column, Index, Table
from migsafe.model.catalogue.replay.columns import own_sequence
from migsafe.model.catalogue.replay.constraints import constrain
from migsafe.model.catalogue.replay.edits import having, put, put_column
from migsafe.model.names import QualifiedName
from migsafe.model.operation import CheckConstraint, ForeignKey, LikeClause, NotNullConstraint, PrimaryKey


def copy_parent(catalogue: Catalogue, name: QualifiedName, parent: QualifiedName) -> None:
    """Give a new table the columns and checks of a parent; a partition has its identity too (since Postgres 17)."""
    table, above = catalogue.tables[name], catalogue.tables.get(parent)
    if above is None:
        put(catalogue, replace(table, complete=False))
        return
    columns = dict(table.columns)
    for column in above.columns.values():
        identity = column.identity if above.partition_by is not None else None
        columns.setdefault(column.name, replace(column, inherited=True, identity=identity))
    table = replace(table, columns=MappingProxyType(columns), complete=table.complete and above.complete)
    put(catalogue, inherit_constraints(table, above))


def inherit_constraints(table: Table, parent: Table, *, foreign_keys: bool = False) -> Table:
    """The table with the constraints that a parent hands down under the same name."""
    kinds = (CheckConstraint, NotNullConstraint, *((ForeignKey,) if foreign_keys else ()))
    constraints = dict(table.constraints)
    for name, constraint in parent.constraints.items():
        if isinstance(constraint.definition, kinds) and not constraint.definition.no_inherit:
            constraints[name] = replace(constraints.get(name, constraint), inherited=True)
    return replace(table, constraints=MappingProxyType(constraints))


def copy_like(catalogue: Catalogue, name: QualifiedName, like: LikeClause) -> None:
    """LIKE: columns with type and NOT NULL, and what INCLUDING says (Postgres manual, CREATE TABLE)."""
    source, table = catalogue.table(like.table), catalogue.tables[name]
    if source is None:
        put(catalogue, replace(table, complete=False))
        return
    for column in source.columns.values():
        table = put_column(catalogue, table, _copied_column(catalogue, name, column, like))
    put(catalogue, replace(table, complete=table.complete and source.complete))
    if _includes(like, "CONSTRAINTS"):
        _copy_checks(catalogue, name, source)
    if _includes(like, "INDEXES"):
        _copy_indexes(catalogue, name, source)


def _includes(like: LikeClause, word: str) -> bool:
    return "ALL" in like.including or word in like.including


def _copied_column(catalogue: Catalogue, table: QualifiedName, column: Column, like: LikeClause) -> Column:
    identity = column.identity if _includes(like, "IDENTITY") else None
    if identity is not None:
        own_sequence(catalogue, table, column.name, column.type.name if column.type is not None else "bigint")
    return replace(
        column,
        default=column.default if _includes(like, "DEFAULTS") else None,
        generated=column.generated if _includes(like, "GENERATED") else None,
        identity=identity,
        inherited=False,
    )


def _copy_checks(catalogue: Catalogue, name: QualifiedName, source: Table) -> None:
    """Checks keep their names (`expandTableLikeClause`)."""
    table = catalogue.tables[name]
    for constraint in source.constraints.values():
        if isinstance(constraint.definition, CheckConstraint | NotNullConstraint):
            copied = replace(constraint, inherited=False, validated=constraint.definition.enforced)
            table = replace(table, constraints=having(table.constraints, constraint.name, copied))
    put(catalogue, table)


def _copy_indexes(catalogue: Catalogue, name: QualifiedName, source: Table) -> None:
    """Indexes and keys get made-up names of their own (`generateClonedIndexStmt`)."""
    for index in sorted(catalogue.indexes_of(source.name), key=lambda index: not index.primary):
        constraint = source.constraints.get(index.constraint or "")
        if constraint is None:
            _copy_index(catalogue, name, index)
        else:
            constrain(catalogue, name, replace(constraint.definition, name=None))
    row_ids = (kept.definition for kept in source.constraints.values() if kept.index is None)
    for definition in row_ids:
        if isinstance(definition, PrimaryKey):
            constrain(catalogue, name, replace(definition, name=None))


def _copy_index(catalogue: Catalogue, table: QualifiedName, index: Index) -> None:
    columns = naming.index_column_names(index.elements, index.include)
    made_up = naming.choose_relation_name(catalogue, table, naming.join_columns(columns), "idx")
    key = catalogue.index_key(table, made_up)
    catalogue.indexes[key] = replace(index, name=key, table=table, parent=None, valid=True)
