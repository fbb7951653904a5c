"""What ADD, DROP, VALIDATE, ALTER and RENAME CONSTRAINT leave behind."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from migsafe.model.catalogue import naming
from migsafe.model.catalogue.catalogue import Catalogue
from migsafe.model.catalogue.links import PART_OF
from migsafe.model.catalogue.objects import Index, Table, TableConstraint
from migsafe.model.catalogue.replay.edits import column_of, family, having, put, put_column, rekeyed, target
from migsafe.model.catalogue.replay.indexes import spread_index
from migsafe.model.catalogue.replay.naming_by_dialect import constraint_name
from migsafe.model.catalogue.replay.removals import drop_constraints, drop_dependent_keys
from migsafe.model.dialect import Dialect
from migsafe.model.names import QualifiedName
from migsafe.model.operation import (
    AddConstraint,
    AlterConstraint,
    CheckConstraint,
    Constraint,
    DropConstraint,
    ExclusionConstraint,
    ForeignKey,
    IndexElement,
    NotNullConstraint,
    PrimaryKey,
    RenameConstraint,
    UniqueConstraint,
    ValidateConstraint,
)


def add_constraint(catalogue: Catalogue, operation: AddConstraint) -> None:
    """ADD CONSTRAINT."""
    table = target(catalogue, operation)
    if table is not None:
        constrain(catalogue, table.name, operation.constraint, only=operation.only)


def constrain_all(catalogue: Catalogue, table: QualifiedName, constraints: Iterable[Constraint]) -> None:
    """Give a new table its constraints, in the order in which Postgres makes up their names.

    No row exists yet, so that NOT VALID says nothing (`transformCheckConstraints`).
    """
    distinct = _without_repeated_keys(sorted(constraints, key=_turn))
    for constraint in distinct:
        constrain(catalogue, table, replace(constraint, not_valid=False))


def _turn(constraint: Constraint) -> int:
    match constraint:
        case CheckConstraint() | NotNullConstraint():
            return 0
        case PrimaryKey():
            return 1
        case ForeignKey():
            return 3
        case _:
            return 2


def _without_repeated_keys(constraints: list[Constraint]) -> list[Constraint]:
    """UNIQUE over the columns of another key of the statement is that key; a name passes to the one without."""
    kept: list[Constraint] = []
    for constraint in constraints:
        prior = next((index for index, other in enumerate(kept) if _same_key(other, constraint)), None)
        if prior is None:
            kept.append(constraint)
        elif kept[prior].name is None:
            kept[prior] = replace(kept[prior], name=constraint.name)
    return kept


def _same_key(one: Constraint, other: Constraint) -> bool:
    return (
        isinstance(other, UniqueConstraint)
        and isinstance(one, UniqueConstraint | PrimaryKey)
        and (one.columns, one.include, one.deferrable, one.initially_deferred)
        == (other.columns, other.include, other.deferrable, other.initially_deferred)
        and getattr(one, "nulls_not_distinct", False) == other.nulls_not_distinct
    )


def constrain(catalogue: Catalogue, name: QualifiedName, constraint: Constraint, *, only: bool = False) -> None:
    """Give a table a constraint, with its name, its index, and what the tables below it get of it."""
    table = catalogue.tables[name]
    if constraint.name is not None and constraint.name in table.constraints:
        return
    match constraint:
        case NotNullConstraint():
            _constrain_not_null(catalogue, table, constraint, only=only)
        case CheckConstraint():
            _constrain_check(catalogue, table, constraint, only=only)
        case ForeignKey():
            _constrain_foreign_key(catalogue, table, constraint)
        case UniqueConstraint() | PrimaryKey() if constraint.using_index is not None:
            _constrain_using_index(catalogue, table, constraint, constraint.using_index)
        case _:
            _constrain_key(catalogue, table, constraint)


def _known(name: str, constraint: Constraint, *, index: str | None = None, inherited: bool = False) -> TableConstraint:
    validated = constraint.enforced and not constraint.not_valid
    return TableConstraint(name=name, definition=constraint, validated=validated, index=index, inherited=inherited)


def _record(catalogue: Catalogue, table: Table, constraint: TableConstraint) -> Table:
    return put(catalogue, replace(table, constraints=having(table.constraints, constraint.name, constraint)))


def _constrain_not_null(catalogue: Catalogue, table: Table, constraint: NotNullConstraint, *, only: bool) -> None:
    """NOT NULL: of the column; a constraint of its own where the SQL names it, or must validate it later."""
    name = constraint.name
    if name is None and constraint.not_valid:
        name = naming.choose_constraint_name(catalogue, table.name, constraint.column, "not_null")
    for member in tuple(family(catalogue, table.name, only=only or constraint.no_inherit)):
        column = column_of(member, constraint.column)
        if column is None:
            continue
        state = put_column(catalogue, member, replace(column, nullable=column.nullable and constraint.not_valid))
        if name is not None and name not in member.constraints:
            _record(catalogue, state, _known(name, constraint, inherited=member.name != table.name))


def _constrain_check(catalogue: Catalogue, table: Table, constraint: CheckConstraint, *, only: bool) -> None:
    name = constraint.name or constraint_name(catalogue, table, constraint)
    for member in tuple(family(catalogue, table.name, only=only or constraint.no_inherit)):
        if name not in member.constraints:
            _record(catalogue, member, _known(name, constraint, inherited=member.name != table.name))


def _constrain_foreign_key(catalogue: Catalogue, table: Table, constraint: ForeignKey) -> None:
    """A foreign key; partitions get it under the same name, inheriting tables do not."""
    referenced = catalogue.resolve(constraint.referenced_table)
    columns = constraint.referenced_columns or _primary_key_columns(catalogue, referenced)
    resolved = replace(constraint, referenced_table=referenced, referenced_columns=columns)
    name = constraint.name or constraint_name(catalogue, table, constraint)
    if catalogue.dialect is Dialect.MYSQL:
        _index_foreign_key(catalogue, table, constraint)
    for member in partition_tree(catalogue, table.name):
        if name not in member.constraints:
            _record(catalogue, member, _known(name, resolved, inherited=member.name != table.name))


def _primary_key_columns(catalogue: Catalogue, table: QualifiedName) -> tuple[str, ...]:
    known = catalogue.tables.get(table)
    keys = (constraint.definition for constraint in known.constraints.values()) if known is not None else ()
    return next((key.columns for key in keys if isinstance(key, PrimaryKey)), ())


def _index_foreign_key(catalogue: Catalogue, table: Table, constraint: ForeignKey) -> None:
    """InnoDB makes an index for a foreign key unless one begins with its columns (MySQL 8.4 manual, 15.1.20.5)."""
    wanted = constraint.columns
    if any(index.columns[: len(wanted)] == wanted for index in catalogue.indexes_of(table.name)):
        return
    name = constraint.name or naming.mysql_index_name(catalogue, table.name, wanted)
    key = catalogue.index_key(table.name, name)
    catalogue.indexes.setdefault(key, Index(name=key, table=table.name, elements=_plain(wanted)))


def partition_tree(catalogue: Catalogue, name: QualifiedName) -> tuple[Table, ...]:
    """A table and all partitions below it."""
    return tuple(table for table in family(catalogue, name) if table.name == name or table.partition_of is not None)


def _plain(columns: Iterable[str]) -> tuple[IndexElement, ...]:
    return tuple(IndexElement(column=column) for column in columns)


def _constrain_key(
    catalogue: Catalogue, table: Table, constraint: UniqueConstraint | PrimaryKey | ExclusionConstraint
) -> None:
    """PRIMARY KEY, UNIQUE or EXCLUDE, with the index that it makes."""
    primary = isinstance(constraint, PrimaryKey)
    if primary and any(isinstance(kept.definition, PrimaryKey) for kept in table.constraints.values()):
        return
    name = constraint.name or constraint_name(catalogue, table, constraint)
    if primary and catalogue.dialect is Dialect.MYSQL:
        name = "PRIMARY"
    index = _index_of(catalogue, table, constraint, name)
    if index.name in catalogue.indexes or name in table.constraints:
        return
    if primary:
        table = _forbid_nulls(catalogue, table, constraint)
    if _is_row_id(catalogue, table, constraint):
        _record(catalogue, table, _known(name, constraint))
        return
    owner = _record(catalogue, table, _known(name, constraint, index=index.name.name))
    catalogue.indexes[index.name] = index
    spread_index(catalogue, index, owner)


def _index_of(
    catalogue: Catalogue, table: Table, constraint: UniqueConstraint | PrimaryKey | ExclusionConstraint, name: str
) -> Index:
    # SQLite's index bears a name of its own, whatever the constraint is called (sqlite.org/fileformat2.html, 2.6).
    own_name = naming.sqlite_index_name(catalogue, table.name) if catalogue.dialect is Dialect.SQLITE else name
    index = Index(
        name=catalogue.index_key(table.name, own_name),
        table=table.name,
        elements=(),
        constraint=name,
        primary=isinstance(constraint, PrimaryKey),
    )
    if isinstance(constraint, ExclusionConstraint):
        method = constraint.method or "btree"
        return replace(index, elements=constraint.elements, method=method, where=constraint.where)
    distinct = isinstance(constraint, UniqueConstraint) and constraint.nulls_not_distinct
    return replace(
        index,
        elements=_plain(constraint.columns),
        include=constraint.include,
        unique=True,
        nulls_not_distinct=distinct,
    )


def _is_row_id(catalogue: Catalogue, table: Table, constraint: Constraint) -> bool:
    """SQLite's INTEGER PRIMARY KEY is the table's own key and has no index (sqlite.org/lang_createtable.html)."""
    if catalogue.dialect is not Dialect.SQLITE or not isinstance(constraint, PrimaryKey):
        return False
    column = table.columns.get(constraint.columns[0]) if len(constraint.columns) == 1 else None
    return column is not None and column.type is not None and column.type.name.lower() == "integer"


def _forbid_nulls(catalogue: Catalogue, table: Table, constraint: Constraint) -> Table:
    """A primary key's columns are NOT NULL; in SQLite only the row id's is."""
    if not isinstance(constraint, PrimaryKey):
        return table
    if catalogue.dialect is Dialect.SQLITE and not _is_row_id(catalogue, table, constraint):
        return table
    for member in tuple(family(catalogue, table.name)):
        for name in constraint.columns:
            column = column_of(member, name)
            if column is not None and column.nullable:
                member = put_column(catalogue, member, replace(column, nullable=False))
    return catalogue.tables[table.name]


def _constrain_using_index(
    catalogue: Catalogue, table: Table, constraint: UniqueConstraint | PrimaryKey, using: str
) -> None:
    """UNIQUE or PRIMARY KEY USING INDEX: the index takes the constraint's name, the constraint the index's columns."""
    name = constraint.name or using
    index = catalogue.indexes.get(catalogue.index_key(table.name, using))
    primary = isinstance(constraint, PrimaryKey)
    if index is None:
        _record(catalogue, table, _known(name, constraint))
        return
    key = catalogue.index_key(table.name, name)
    if index.table != table.name or index.constraint is not None or (key != index.name and key in catalogue.indexes):
        return
    definition = replace(constraint, columns=index.columns, include=index.include)
    table = _forbid_nulls(catalogue, table, definition)
    del catalogue.indexes[index.name]
    catalogue.indexes[key] = replace(index, name=key, constraint=name, primary=primary)
    _record(catalogue, table, _known(name, definition, index=name))


def drop_constraint(catalogue: Catalogue, operation: DropConstraint) -> None:
    """DROP CONSTRAINT, on the tables below too; of NOT NULL it takes NOT NULL away."""
    table = catalogue.table(operation.table)
    if table is None:
        return
    name = _primary_key_name(table) if operation.name is None else operation.name
    constraint = table.constraints.get(name or "")
    if name is None or constraint is None:
        _drop_unnamed_not_null(catalogue, table, name)
        return
    if operation.cascade:
        drop_dependent_keys(catalogue, table.name, constraint)
    for member in tuple(family(catalogue, table.name, only=operation.only)):
        kept = member.constraints.get(name)
        if kept is not None and (member.name == table.name or kept.inherited):
            _drop_member(catalogue, member, kept)


def _drop_member(catalogue: Catalogue, member: Table, constraint: TableConstraint) -> None:
    # The indexes that a key owns go with it, and those of partitions with them.
    state = drop_constraints(catalogue, catalogue.tables[member.name], (constraint.name,))
    if isinstance(constraint.definition, NotNullConstraint):
        allow_nulls(catalogue, state, constraint.definition.column)


def _primary_key_name(table: Table) -> str | None:
    return next((name for name, kept in table.constraints.items() if isinstance(kept.definition, PrimaryKey)), None)


def _drop_unnamed_not_null(catalogue: Catalogue, table: Table, name: str | None) -> None:
    """Postgres 18 gives every NOT NULL a name; those that the SQL does not name are kept with the column only."""
    if catalogue.dialect is not Dialect.POSTGRES:
        return
    for column in table.columns:
        if name == naming.make_object_name(table.name.name, column, "not_null"):
            for member in tuple(family(catalogue, table.name)):
                allow_nulls(catalogue, member, column)


def allow_nulls(catalogue: Catalogue, table: Table, name: str) -> None:
    """Take NOT NULL from a column, unless a primary key needs it."""
    column = column_of(table, name)
    keys = (kept.definition for kept in table.constraints.values())
    if column is not None and not any(isinstance(key, PrimaryKey) and name in key.columns for key in keys):
        put_column(catalogue, table, replace(column, nullable=True))


def validate_constraint(catalogue: Catalogue, operation: ValidateConstraint) -> None:
    """VALIDATE CONSTRAINT, on the tables below too."""
    table = catalogue.table(operation.table)
    for member in tuple(family(catalogue, table.name, only=operation.only)) if table is not None else ():
        constraint = member.constraints.get(operation.name)
        if constraint is None or not constraint.definition.enforced:
            continue
        state = _record(catalogue, member, replace(constraint, validated=True))
        if isinstance(constraint.definition, NotNullConstraint):
            column = column_of(state, constraint.definition.column)
            if column is not None:
                put_column(catalogue, state, replace(column, nullable=False))


def alter_constraint(catalogue: Catalogue, operation: AlterConstraint) -> None:
    """ALTER CONSTRAINT: what it says changes; enforcing again checks every row (Postgres 18 manual, ALTER TABLE)."""
    table = catalogue.table(operation.table)
    constraint = table.constraints.get(operation.name) if table is not None else None
    if table is None or constraint is None:
        return
    facts = ("deferrable", "initially_deferred", "enforced")
    said = {fact: value for fact in facts if (value := getattr(operation, fact)) is not None}
    validated = constraint.validated if operation.enforced is None else operation.enforced
    definition = replace(constraint.definition, **said)
    _record(catalogue, table, replace(constraint, definition=definition, validated=validated))


def rename_constraint(catalogue: Catalogue, operation: RenameConstraint) -> None:
    """RENAME CONSTRAINT: its index gets the name too, and the tables below follow."""
    table = catalogue.table(operation.table)
    if table is None or operation.new_name in table.constraints:
        return
    for member in tuple(family(catalogue, table.name)):
        constraint = member.constraints.get(operation.name)
        if constraint is not None and (member.name == table.name or constraint.inherited):
            rename_member_constraint(catalogue, member, constraint, operation.new_name)


def rename_member_constraint(catalogue: Catalogue, table: Table, constraint: TableConstraint, new: str) -> None:
    """Give one table's constraint, and the index that it owns, another name."""
    if new in table.constraints:
        return
    definition = constraint.definition
    if definition.name is not None:
        definition = replace(definition, name=new)
    index = catalogue.indexes.get(catalogue.index_key(table.name, constraint.index)) if constraint.index else None
    key = catalogue.index_key(table.name, new)
    if index is not None and key in catalogue.indexes:
        return
    renamed = replace(constraint, name=new, definition=definition, index=new if index is not None else None)
    put(catalogue, replace(table, constraints=rekeyed(table.constraints, constraint.name, new, renamed)))
    if index is not None:
        rekey_index(catalogue, index, key, constraint=new)


def rekey_index(catalogue: Catalogue, index: Index, key: QualifiedName, *, constraint: str | None) -> None:
    """Give an index another full name; its parts keep pointing at it."""
    parts = catalogue.indexes.linked(PART_OF, index.name)
    del catalogue.indexes[index.name]
    catalogue.indexes[key] = replace(index, name=key, constraint=constraint)
    for part in parts:
        catalogue.indexes[part] = replace(catalogue.indexes[part], parent=key)
