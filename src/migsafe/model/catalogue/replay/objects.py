"""What operations on schemas, sequences, extensions, publications and the session leave behind."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from migsafe.model.catalogue.catalogue import TEMPORARY_SCHEMA, Catalogue
from migsafe.model.catalogue.objects import Sequence
from migsafe.model.catalogue.replay.code import move_function, rename_policy, rename_trigger
from migsafe.model.catalogue.replay.edits import put_column
from migsafe.model.catalogue.replay.moves import move_relation, move_schema, rename_index
from migsafe.model.catalogue.replay.removals import forget_table, forget_view
from migsafe.model.catalogue.replay.types import forget_type, move_type
from migsafe.model.dialect import Dialect
from migsafe.model.names import QualifiedName
from migsafe.model.operation import (
    AlterSequence,
    CreateExtension,
    CreatePublication,
    CreateSchema,
    CreateSequence,
    DropExtension,
    DropObject,
    DropSchema,
    DropSequence,
    ObjectKind,
    RenameObject,
    SetParameter,
    SetSchema,
    TransactionControl,
)

_ROUTINES = frozenset((ObjectKind.FUNCTION, ObjectKind.PROCEDURE, ObjectKind.ROUTINE, ObjectKind.AGGREGATE))
_TYPES = frozenset((ObjectKind.TYPE, ObjectKind.DOMAIN))
_RELATIONS = frozenset(
    (
        ObjectKind.TABLE,
        ObjectKind.FOREIGN_TABLE,
        ObjectKind.VIEW,
        ObjectKind.MATERIALIZED_VIEW,
        ObjectKind.SEQUENCE,
    )
)

#: Parts of a search path that CREATE never uses: a schema named like the user, and the system's own.
_NO_HOME = frozenset(("$user", "pg_catalog", TEMPORARY_SCHEMA, ""))


def create_schema(catalogue: Catalogue, operation: CreateSchema) -> None:
    """CREATE SCHEMA."""
    catalogue.schemas.add(operation.schema)


def drop_schema(catalogue: Catalogue, operation: DropSchema) -> None:
    """DROP SCHEMA; CASCADE takes everything in it, and what elsewhere depends on that."""
    catalogue.schemas.discard(operation.schema)
    if not operation.cascade:
        return
    for view in _within(catalogue.views, operation.schema):
        forget_view(catalogue, view, cascade=True)
    for table in _within(catalogue.tables, operation.schema):
        forget_table(catalogue, table, cascade=True)
    for data_type in (*_within(catalogue.enums, operation.schema), *_within(catalogue.domains, operation.schema)):
        forget_type(catalogue, data_type, cascade=True)
    for sequence in _within(catalogue.sequences, operation.schema):
        _forget_sequence(catalogue, sequence)
    for function in _within(catalogue.functions, operation.schema):
        del catalogue.functions[function]
    # What is left are indexes of tables that migsafe has not seen made. In MySQL an index's own schema is its table.
    left = [name for name, index in catalogue.indexes.items() if index.table.schema == operation.schema]
    for name in left:
        del catalogue.indexes[name]


def _within(shelf: Iterable[QualifiedName], schema: str) -> list[QualifiedName]:
    return [name for name in shelf if name.schema == schema]


def create_sequence(catalogue: Catalogue, operation: CreateSequence) -> None:
    """CREATE SEQUENCE."""
    name = catalogue.creation_name(operation.sequence, temporary=operation.temporary)
    if catalogue.exists(name):
        return
    data_type = operation.type.name if operation.type is not None else "bigint"
    catalogue.sequences[name] = Sequence(name=name, type=data_type, owned_by=_owner(catalogue, operation.owned_by))


def _owner(catalogue: Catalogue, owned_by: tuple[QualifiedName, str] | None) -> tuple[QualifiedName, str] | None:
    return None if owned_by is None else (catalogue.resolve(owned_by[0]), owned_by[1])


def alter_sequence(catalogue: Catalogue, operation: AlterSequence) -> None:
    """ALTER SEQUENCE: its type and owner."""
    sequence = catalogue.sequences.get(catalogue.resolve(operation.sequence))
    if sequence is None:
        return
    if operation.type is not None:
        sequence = replace(sequence, type=operation.type.name)
    if operation.owned_by is not None or operation.disowned:
        sequence = replace(sequence, owned_by=_owner(catalogue, operation.owned_by))
    catalogue.sequences[sequence.name] = sequence


def drop_sequence(catalogue: Catalogue, operation: DropSequence) -> None:
    """DROP SEQUENCE; the default of the column that owns it goes with it."""
    _forget_sequence(catalogue, catalogue.resolve(operation.sequence))


def _forget_sequence(catalogue: Catalogue, name: QualifiedName) -> None:
    sequence = catalogue.sequences.pop(name, None)
    table = catalogue.tables.get(sequence.owned_by[0]) if sequence is not None and sequence.owned_by else None
    if sequence is None or table is None or sequence.owned_by is None:
        return
    column = table.columns.get(sequence.owned_by[1])
    if column is not None and column.default is not None and column.default.nextval_of is not None:
        put_column(catalogue, table, replace(column, default=None))


def create_extension(catalogue: Catalogue, operation: CreateExtension) -> None:
    """CREATE EXTENSION: that it is there, not what it brings."""
    catalogue.extensions.add(operation.extension)


def drop_extension(catalogue: Catalogue, operation: DropExtension) -> None:
    """DROP EXTENSION."""
    catalogue.extensions.discard(operation.extension)


def create_publication(catalogue: Catalogue, operation: CreatePublication) -> None:
    """CREATE PUBLICATION: None stands for all tables."""
    if operation.publication not in catalogue.publications:
        tables = frozenset(catalogue.resolve(table) for table in operation.tables)
        catalogue.publications[operation.publication] = None if operation.all_tables else tables


def drop_object(catalogue: Catalogue, operation: DropObject) -> None:
    """DROP of other kinds: publications are all that the catalogue keeps of them."""
    if operation.kind is ObjectKind.PUBLICATION:
        catalogue.publications.pop(operation.name, None)


def rename_object(catalogue: Catalogue, operation: RenameObject) -> None:
    """RENAME TO of anything that has a name."""
    kind, new = operation.kind, operation.new_name
    table = catalogue.table(operation.table) if operation.table is not None else None
    full = catalogue.resolve(operation.name)
    if kind in _RELATIONS:
        move_relation(catalogue, full, full.renamed(new))
    elif kind is ObjectKind.INDEX:
        _rename_index(catalogue, operation)
    elif kind in _TYPES:
        move_type(catalogue, full, full.renamed(new))
    elif kind in _ROUTINES:
        function = catalogue.resolve_function(operation.name)
        move_function(catalogue, function, function.renamed(new))
    elif kind is ObjectKind.SCHEMA:
        _rename_schema(catalogue, operation.name.name, new)
    elif kind is ObjectKind.TRIGGER and table is not None:
        rename_trigger(catalogue, table, operation.name.name, new)
    elif kind is ObjectKind.POLICY and table is not None:
        rename_policy(catalogue, table, operation.name.name, new)
    elif kind is ObjectKind.PUBLICATION and new not in catalogue.publications:
        _rename_publication(catalogue, operation.name.name, new)


def _rename_index(catalogue: Catalogue, operation: RenameObject) -> None:
    index = catalogue.index(operation.name)
    if operation.table is not None and catalogue.dialect is Dialect.MYSQL:
        key = catalogue.index_key(catalogue.resolve(operation.table), operation.name.name)
        index = catalogue.indexes.get(key)
    if index is not None and not catalogue.exists(index.name.renamed(operation.new_name)):
        rename_index(catalogue, index, operation.new_name)
    elif index is None:
        # ALTER INDEX also renames tables, views and sequences.
        full = catalogue.resolve(operation.name)
        move_relation(catalogue, full, full.renamed(operation.new_name))


def _rename_publication(catalogue: Catalogue, old: str, new: str) -> None:
    if old in catalogue.publications:
        catalogue.publications[new] = catalogue.publications.pop(old)


def _rename_schema(catalogue: Catalogue, old: str, new: str) -> None:
    if new in catalogue.schemas:
        return
    if old in catalogue.schemas:
        catalogue.schemas.discard(old)
        catalogue.schemas.add(new)
    move_schema(catalogue, old, new)
    for data_type in (*_within(catalogue.enums, old), *_within(catalogue.domains, old)):
        move_type(catalogue, data_type, data_type.moved(new))
    for function in _within(catalogue.functions, old):
        move_function(catalogue, function, function.moved(new))


def set_schema(catalogue: Catalogue, operation: SetSchema) -> None:
    """SET SCHEMA of a relation, type or function."""
    full = catalogue.resolve(operation.name)
    if operation.kind in _RELATIONS:
        move_relation(catalogue, full, full.moved(operation.schema))
    elif operation.kind in _TYPES:
        move_type(catalogue, full, full.moved(operation.schema))
    elif operation.kind in _ROUTINES:
        function = catalogue.resolve_function(operation.name)
        move_function(catalogue, function, function.moved(operation.schema))


def set_parameter(catalogue: Catalogue, operation: SetParameter) -> None:
    """SET search_path, and what resets it; other parameters leave the catalogue alone."""
    if catalogue.dialect is not Dialect.POSTGRES or operation.pragma or operation.name not in ("search_path", "*"):
        return
    parts = (part.strip() for value in operation.values for part in value.split(","))
    schemas = tuple(part for part in (_unquoted(part) for part in parts) if part not in _NO_HOME)
    reset = operation.name == "*" or not operation.values
    catalogue.set_search_path(None if reset else schemas, local=operation.local)


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"') if len(name) > 1 and name[0] == name[-1] == '"' else name


def transaction_control(catalogue: Catalogue, operation: TransactionControl) -> None:
    """The end of a transaction ends what SET LOCAL said; undoing its operations is for who forked the catalogue."""
    if operation.action in ("commit", "rollback", "prepare"):
        catalogue.end_transaction()
