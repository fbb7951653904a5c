"""What operations on columns leave behind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from types import MappingProxyType

from migsafe.model.catalogue import naming
from migsafe.model.catalogue.catalogue import Catalogue
from migsafe.model.catalogue.links import OWNED_BY
from migsafe.model.catalogue.objects import Column, Sequence, Table
from migsafe.model.catalogue.replay.constraints import allow_nulls, constrain
from migsafe.model.catalogue.replay.edits import column_of, family, lacking, put, put_column, target
from migsafe.model.catalogue.replay.mentions import (
    rename_in_constraint,
    rename_in_generated,
    rename_in_index,
    rename_referenced,
    renamed_in,
)
from migsafe.model.catalogue.replay.removals import forget_column
from migsafe.model.dialect import Dialect
from migsafe.model.names import QualifiedName, quote_identifier
from migsafe.model.operation import (
    AddColumn,
    AlterColumnType,
    AlterGenerated,
    AlterIdentity,
    ColumnDefinition,
    ColumnOperation,
    Constraint,
    DataType,
    DropColumn,
    DropDefault,
    DropNotNull,
    Expression,
    Generated,
    NotNullConstraint,
    RenameColumn,
    SetDefault,
    SetNotNull,
    UniqueConstraint,
)

_SERIAL_TYPES = {"serial": "integer", "bigserial": "bigint", "smallserial": "smallint"}


def build_column(catalogue: Catalogue, table: QualifiedName, definition: ColumnDefinition) -> Column:
    """The column that a definition makes, its sequence put into the catalogue; constraints are left to the caller."""
    column = Column(
        name=definition.name,
        type=definition.type,
        nullable=not (definition.not_null or definition.identity is not None),
        default=_effective_default(definition.default),
        generated=definition.generated,
        identity=definition.identity,
        collation=definition.collation,
    )
    serial = _serial(catalogue, definition.type)
    if serial is not None:
        default = own_sequence(catalogue, table, definition.name, serial.name)
        return replace(column, type=serial, nullable=False, default=default)
    if definition.identity is not None and definition.type is not None:
        own_sequence(catalogue, table, definition.name, definition.type.name)
    if catalogue.dialect is Dialect.MYSQL and definition.type is not None and definition.type.name == "serial":
        return replace(column, type=DataType("bigint unsigned"), nullable=False)
    return column


def _effective_default(default: Expression | None) -> Expression | None:
    """DEFAULT NULL is no default (`AddRelationNewConstraints`)."""
    return None if default is None or default.null else default


def _serial(catalogue: Catalogue, data_type: DataType | None) -> DataType | None:
    """The type that a serial word stands for."""
    if catalogue.dialect is not Dialect.POSTGRES or data_type is None or data_type.dimensions:
        return None
    return DataType(_SERIAL_TYPES[data_type.name]) if data_type.name in _SERIAL_TYPES else None


def own_sequence(catalogue: Catalogue, table: QualifiedName, column: str, type_name: str) -> Expression:
    """Make the sequence of a serial or identity column, and say how a serial's default uses it."""
    name = QualifiedName(naming.choose_relation_name(catalogue, table, column, "seq"), table.schema)
    catalogue.sequences[name] = Sequence(name=name, type=type_name, owned_by=(table, column))
    return next_value(name)


def next_value(sequence: QualifiedName) -> Expression:
    """`nextval` of a sequence, as a default."""
    text = f"nextval('{quote_identifier(sequence.name)}'::regclass)"
    return Expression(text, functions=("nextval",), nextval_of=sequence)


def add_column(catalogue: Catalogue, operation: AddColumn) -> None:
    """ADD COLUMN, with the constraints that are written at it; the tables below get it too."""
    table = target(catalogue, operation)
    definition = operation.definition
    if table is None or definition.name in table.columns:
        return
    column = build_column(catalogue, table.name, definition)
    put_column(catalogue, table, column)
    for child in _below(catalogue, table, only=operation.only):
        put_column(catalogue, child, child.columns.get(column.name) or replace(column, inherited=True))
    for constraint in column_constraints(catalogue, definition):
        constrain(catalogue, table.name, constraint, only=operation.only)


def column_constraints(catalogue: Catalogue, definition: ColumnDefinition) -> Iterator[Constraint]:
    """The constraints written at a column, those of its type's word included."""
    yield from definition.constraints
    if catalogue.dialect is Dialect.MYSQL and definition.type is not None and definition.type.name == "serial":
        yield UniqueConstraint(columns=(definition.name,))


def _below(catalogue: Catalogue, table: Table, *, only: bool = False) -> tuple[Table, ...]:
    return tuple(member for member in family(catalogue, table.name, only=only) if member.name != table.name)


def _members(catalogue: Catalogue, operation: ColumnOperation) -> Iterator[tuple[Table, Column]]:
    """The column in the operation's table and those below, each as it is when its turn comes."""
    table = target(catalogue, operation)
    for member in tuple(family(catalogue, table.name, only=operation.only)) if table is not None else ():
        column = column_of(member, operation.column)
        if column is not None:
            yield member, column


def drop_column(catalogue: Catalogue, operation: DropColumn) -> None:
    """DROP COLUMN: indexes, constraints and sequences of the column go, with CASCADE also views that use it."""
    table = target(catalogue, operation)
    if table is None:
        return
    for member in tuple(family(catalogue, table.name, only=operation.only)):
        known = member.columns.get(operation.column)
        if member.name == table.name or (known is not None and known.inherited):
            forget_column(catalogue, catalogue.tables[member.name], operation.column, cascade=operation.cascade)


def rename_column(catalogue: Catalogue, operation: RenameColumn) -> None:
    """RENAME COLUMN: everything that speaks of the column follows."""
    full = catalogue.resolve(operation.table)
    if full in catalogue.views:
        _rename_view_column(catalogue, full, operation.column, operation.new_name)
        return
    table = target(catalogue, operation)
    if table is None or operation.new_name in table.columns:
        return
    for member in tuple(family(catalogue, table.name, only=operation.only)):
        if column_of(member, operation.column) is not None and operation.new_name not in member.columns:
            _rename_in_table(catalogue, member, operation.column, operation.new_name)
            _rename_around(catalogue, member.name, operation.column, operation.new_name)


def _rename_in_table(catalogue: Catalogue, table: Table, old: str, new: str) -> None:
    column = column_of(table, old)
    assert column is not None
    columns = {**table.columns, old: column}
    renamed = {
        (new if name == old else name): rename_in_generated(replace(kept, name=new) if name == old else kept, old, new)
        for name, kept in columns.items()
    }
    constraints = {
        name: replace(kept, definition=rename_in_constraint(kept.definition, old, new))
        for name, kept in table.constraints.items()
    }
    policies = {
        name: replace(kept, columns=renamed_in(kept.columns, old, new)) for name, kept in table.policies.items()
    }
    put(
        catalogue,
        replace(
            table,
            columns=MappingProxyType(renamed),
            constraints=MappingProxyType(constraints),
            policies=MappingProxyType(policies),
        ),
    )


def _rename_around(catalogue: Catalogue, table: QualifiedName, old: str, new: str) -> None:
    """Follow a renamed column in indexes, other tables' foreign keys, sequences and views."""
    for index in tuple(catalogue.indexes_of(table)):
        if old in index.mentioned_columns:
            catalogue.indexes[index.name] = rename_in_index(index, old, new)
    for other in (*catalogue.referencing(table), catalogue.tables[table]):
        constraints = {
            name: replace(kept, definition=rename_referenced(kept.definition, table, old, new))
            for name, kept in other.constraints.items()
        }
        put(catalogue, replace(other, constraints=MappingProxyType(constraints)))
    for name in catalogue.sequences.linked(OWNED_BY, table):
        sequence = catalogue.sequences[name]
        if sequence.owned_by == (table, old):
            catalogue.sequences[name] = replace(sequence, owned_by=(table, new))
    for view in tuple(catalogue.views_on(table)):
        if (table, old) in view.uses:
            catalogue.views[view.name] = replace(view, uses=view.uses - {(table, old)} | {(table, new)})
        elif (None, old) in view.uses:
            catalogue.views[view.name] = replace(view, uses=view.uses | {(table, new)})


def _rename_view_column(catalogue: Catalogue, name: QualifiedName, old: str, new: str) -> None:
    view = catalogue.views[name]
    catalogue.views[name] = replace(view, columns=renamed_in(view.columns, old, new))
    for index in tuple(catalogue.indexes_of(name)):
        catalogue.indexes[index.name] = rename_in_index(index, old, new)
    for reader in tuple(catalogue.views_on(name)):
        if (name, old) in reader.uses:
            catalogue.views[reader.name] = replace(reader, uses=reader.uses - {(name, old)} | {(name, new)})


def alter_column_type(catalogue: Catalogue, operation: AlterColumnType) -> None:
    """ALTER COLUMN TYPE: the type, and the collation that goes with it."""
    new = _serial(catalogue, operation.type) or operation.type
    for table, column in _members(catalogue, operation):
        put_column(catalogue, table, replace(column, type=new, collation=operation.collation))


def set_default(catalogue: Catalogue, operation: SetDefault) -> None:
    """SET DEFAULT."""
    for table, column in _members(catalogue, operation):
        put_column(catalogue, table, replace(column, default=_effective_default(operation.default)))


def drop_default(catalogue: Catalogue, operation: DropDefault) -> None:
    """DROP DEFAULT; a serial's sequence stays."""
    for table, column in _members(catalogue, operation):
        put_column(catalogue, table, replace(column, default=None))


def set_not_null(catalogue: Catalogue, operation: SetNotNull) -> None:
    """SET NOT NULL, which also validates a NOT NULL constraint that was not valid (Postgres 18)."""
    for table, column in _members(catalogue, operation):
        state = put_column(catalogue, table, replace(column, nullable=False))
        validated = {
            name: replace(kept, validated=True) if _is_not_null_of(kept.definition, column.name) else kept
            for name, kept in state.constraints.items()
        }
        put(catalogue, replace(state, constraints=MappingProxyType(validated)))


def drop_not_null(catalogue: Catalogue, operation: DropNotNull) -> None:
    """DROP NOT NULL; refused for the columns of a primary key."""
    for table, column in _members(catalogue, operation):
        allow_nulls(catalogue, table, column.name)
        gone = [name for name, kept in table.constraints.items() if _is_not_null_of(kept.definition, column.name)]
        state = catalogue.tables[table.name]
        put(catalogue, replace(state, constraints=lacking(state.constraints, gone)))


def _is_not_null_of(constraint: object, column: str) -> bool:
    return isinstance(constraint, NotNullConstraint) and constraint.column == column


def alter_identity(catalogue: Catalogue, operation: AlterIdentity) -> None:
    """ADD, SET or DROP of an identity; its sequence comes and goes with it."""
    table = target(catalogue, operation)
    column = column_of(table, operation.column) if table is not None else None
    if table is None or column is None:
        return
    if operation.action == "add" and column.identity is None:
        own_sequence(catalogue, table.name, column.name, column.type.name if column.type is not None else "bigint")
        put_column(catalogue, table, replace(column, identity=operation.identity, nullable=False))
    elif operation.action == "set" and operation.identity is not None:
        put_column(catalogue, table, replace(column, identity=operation.identity))
    elif operation.action == "drop" and column.identity is not None:
        _drop_owned_sequence(catalogue, table.name, column.name)
        put_column(catalogue, table, replace(column, identity=None))


def _drop_owned_sequence(catalogue: Catalogue, table: QualifiedName, column: str) -> None:
    for name in catalogue.sequences.linked(OWNED_BY, table):
        if catalogue.sequences[name].owned_by == (table, column):
            del catalogue.sequences[name]


def alter_generated(catalogue: Catalogue, operation: AlterGenerated) -> None:
    """SET EXPRESSION, or DROP EXPRESSION, which leaves a plain column."""
    for table, column in _members(catalogue, operation):
        stored = column.generated.stored if column.generated is not None else True
        generated = None if operation.expression is None else Generated(operation.expression, stored)
        put_column(catalogue, table, replace(column, generated=generated))
