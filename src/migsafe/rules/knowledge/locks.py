"""Which table locks a statement takes in Postgres.

Every entry was observed in `pg_locks` on PostgreSQL 18.6, and is the same on 14 to 17 (GRANT excepted: it takes
ACCESS SHARE since 18). The manual's pages: "Explicit Locking" (13.3), ALTER TABLE, CREATE INDEX, ALTER DOMAIN.
`tests/integration/rules` holds each claim against a server.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from migsafe.model.catalogue import Catalogue, Table
from migsafe.model.locks import LockClaim, LockMode
from migsafe.model.names import QualifiedName
from migsafe.model.operation import (
    AddColumn,
    AddConstraint,
    AlterColumnType,
    AlterConstraint,
    AlterDomain,
    AlterGenerated,
    AlterIdentity,
    AlterInheritance,
    AlterPolicy,
    AlterTableOther,
    Analyze,
    AttachPartition,
    BaseOperation,
    ClusterTable,
    Constraint,
    CopyRows,
    CreateIndex,
    CreatePolicy,
    CreateRule,
    CreateTable,
    CreateTrigger,
    CreateView,
    Delete,
    DetachPartition,
    DropColumn,
    DropConstraint,
    DropDefault,
    DropIndex,
    DropNotNull,
    DropPolicy,
    DropSchema,
    DropTable,
    DropTrigger,
    DropType,
    DropView,
    ForeignKey,
    Insert,
    LockTable,
    Merge,
    OtherStatement,
    RefreshMaterializedView,
    Reindex,
    RenameColumn,
    RenameConstraint,
    RenameObject,
    RenameTable,
    SetAccessMethod,
    SetColumnOption,
    SetDefault,
    SetLogged,
    SetNotNull,
    SetReplicaIdentity,
    SetRowSecurity,
    SetSchema,
    SetStorageParameters,
    SetTablespace,
    ToggleTrigger,
    TruncateTable,
    Update,
    VacuumTable,
    ValidateConstraint,
)
from migsafe.model.operation.values import ObjectKind

Lock = tuple[QualifiedName, LockMode]

_AEX = LockMode.ACCESS_EXCLUSIVE
_SRE = LockMode.SHARE_ROW_EXCLUSIVE
_SUE = LockMode.SHARE_UPDATE_EXCLUSIVE

#: Operations that lock their own table, and nothing else, always in the same mode.
_OWN_TABLE: dict[type[BaseOperation], LockMode] = {
    AlterGenerated: _AEX,
    AlterIdentity: _AEX,
    CreatePolicy: _AEX,
    AlterPolicy: _AEX,
    DropPolicy: _AEX,
    CreateRule: _AEX,
    CreateTrigger: _SRE,
    DropTrigger: _AEX,
    DropDefault: _AEX,
    DropNotNull: _AEX,
    RenameColumn: _AEX,
    RenameConstraint: _AEX,
    RenameTable: _AEX,
    SetAccessMethod: _AEX,
    SetDefault: _AEX,
    SetLogged: _AEX,
    SetNotNull: _AEX,
    SetReplicaIdentity: _AEX,
    SetRowSecurity: _AEX,
    ToggleTrigger: _SRE,
    Insert: LockMode.ROW_EXCLUSIVE,
    Update: LockMode.ROW_EXCLUSIVE,
    Delete: LockMode.ROW_EXCLUSIVE,
    Merge: LockMode.ROW_EXCLUSIVE,
}

#: Storage parameters that need no more than SHARE UPDATE EXCLUSIVE (manual, ALTER TABLE, "SET (storage_parameter)").
_LIGHT_PARAMETER_PREFIXES = (
    "fillfactor", "autovacuum_", "toast.autovacuum_", "parallel_workers", "toast_tuple_target", "vacuum_",
    "toast.vacuum_", "log_autovacuum", "toast.log_autovacuum", "fastupdate", "gin_pending_list_limit",
    "pages_per_range", "autosummarize", "deduplicate_items", "buffering",
)  # fmt: skip

_LIGHT_COLUMN_OPTIONS = ("statistics", "n_distinct", "set statistics", "(n_distinct", "(n_distinct_inherited")

#: Other ALTER TABLE actions, by their leading words.
_OTHER_ACTIONS: dict[str, LockMode] = {
    "cluster on": _SUE,
    "set without cluster": _SUE,
    "attach partition": _SUE,
}


def locks(operation: BaseOperation, catalogue: Catalogue) -> tuple[LockClaim, ...]:
    """The locks that Postgres takes for an operation on relations that exist before it, strongest first per relation.

    Args:
        operation: any operation; those inside of a DO block are asked one by one.
        catalogue: what exists before it; a table that it does not know is locked like any other.

    Returns:
        One claim per relation, in the order in which a person would name them.
    """
    strongest: dict[QualifiedName, LockMode] = {}
    for name, mode in _locks(operation, catalogue):
        full = catalogue.resolve(name)
        if full not in strongest or strongest[full] < mode:
            strongest[full] = mode
    return tuple(LockClaim(name, mode) for name, mode in strongest.items())


def _locks(operation: BaseOperation, catalogue: Catalogue) -> Iterator[Lock]:
    own = _OWN_TABLE.get(type(operation))
    if own is not None:
        yield from _with_partitions(operation.table, own, operation, catalogue)  # type: ignore[attr-defined]  # all of _OWN_TABLE have it
        return
    special = _SPECIAL.get(type(operation))
    if special is not None:
        yield from special(operation, catalogue)


def _with_partitions(
    table: QualifiedName, mode: LockMode, operation: BaseOperation, catalogue: Catalogue
) -> Iterator[Lock]:
    """A table, and its partitions and children unless the statement says ONLY."""
    yield table, mode
    if not getattr(operation, "only", False):
        for below in _below(table, catalogue):
            yield below, mode


def _below(table: QualifiedName, catalogue: Catalogue) -> Iterator[QualifiedName]:
    found = catalogue.table(table)
    for partition in found.partitions if found else ():
        yield partition
        yield from _below(partition, catalogue)


def _foreign_keys(constraints: tuple[Constraint, ...]) -> Iterator[ForeignKey]:
    return (constraint for constraint in constraints if isinstance(constraint, ForeignKey))


def _create_table(op: CreateTable, catalogue: Catalogue) -> Iterator[Lock]:
    if op.if_not_exists and catalogue.table(op.table) is not None:
        return
    for constraints in (op.constraints, *(column.constraints for column in op.columns)):
        for key in _foreign_keys(constraints):
            if key.referenced_table != op.table:
                yield key.referenced_table, _SRE
    if op.partition_of is not None:
        yield op.partition_of, _AEX
        parent = catalogue.table(op.partition_of)
        if parent is not None:
            if parent.default_partition is not None:
                yield parent.default_partition, _AEX
            for target in sorted(catalogue.referenced_by(parent), key=str):
                yield target, _SRE
    for parent_name in op.inherits:
        yield parent_name, _SUE
    for like in op.likes:
        yield like.table, LockMode.ACCESS_SHARE
    for read in op.reads:
        yield read, LockMode.ACCESS_SHARE


def _add_column(op: AddColumn, catalogue: Catalogue) -> Iterator[Lock]:
    yield from _with_partitions(op.table, _AEX, op, catalogue)
    for key in _foreign_keys(op.definition.constraints):
        if key.referenced_table != op.table:
            yield key.referenced_table, _SRE


def _alter_column_type(op: AlterColumnType, catalogue: Catalogue) -> Iterator[Lock]:
    """A foreign key on the column is made again, which locks the other side too (observed on 18.6)."""
    yield from _with_partitions(op.table, _AEX, op, catalogue)
    yield from _other_sides(op, catalogue, references=True)


def _other_sides(op: AlterColumnType | DropColumn, catalogue: Catalogue, *, references: bool) -> Iterator[Lock]:
    """The other sides of the foreign keys on a column; those of keys that reference it only with `references`."""
    table = catalogue.table(op.table)
    if table is None:
        return
    for constraint in table.constraints.values():
        if isinstance(constraint.definition, ForeignKey) and op.column in constraint.definition.columns:
            yield constraint.definition.referenced_table, _AEX
    for other in catalogue.referencing(op.table) if references else ():
        for key in _foreign_keys(tuple(constraint.definition for constraint in other.constraints.values())):
            if catalogue.resolve(key.referenced_table) == table.name and op.column in _referenced(key, table):
                yield other.name, _AEX


def _referenced(key: ForeignKey, table: Table) -> tuple[str, ...]:
    if key.referenced_columns:
        return key.referenced_columns
    primary = next(
        (c.definition for c in table.constraints.values() if type(c.definition).__name__ == "PrimaryKey"), None
    )
    return getattr(primary, "columns", ())


def _add_constraint(op: AddConstraint, catalogue: Catalogue) -> Iterator[Lock]:
    if isinstance(op.constraint, ForeignKey):
        yield from _with_partitions(op.table, _SRE, op, catalogue)
        if op.constraint.referenced_table != op.table:
            yield op.constraint.referenced_table, _SRE
        return
    yield from _with_partitions(op.table, _AEX, op, catalogue)


def _drop_constraint(op: DropConstraint, catalogue: Catalogue) -> Iterator[Lock]:
    yield from _with_partitions(op.table, _AEX, op, catalogue)
    key = _known_foreign_key(op.table, op.name, catalogue)
    if key is not None and catalogue.resolve(key.referenced_table) != catalogue.resolve(op.table):
        yield key.referenced_table, _AEX


def _validate_constraint(op: ValidateConstraint, catalogue: Catalogue) -> Iterator[Lock]:
    yield from _with_partitions(op.table, _SUE, op, catalogue)
    key = _known_foreign_key(op.table, op.name, catalogue)
    if key is not None and catalogue.resolve(key.referenced_table) != catalogue.resolve(op.table):
        yield key.referenced_table, LockMode.ROW_SHARE


def _alter_constraint(op: AlterConstraint, catalogue: Catalogue) -> Iterator[Lock]:
    key = _known_foreign_key(op.table, op.name, catalogue)
    yield op.table, _SRE if key is not None and op.enforced is None else _AEX
    if key is not None and catalogue.resolve(key.referenced_table) != catalogue.resolve(op.table):
        yield key.referenced_table, _SRE


def _known_foreign_key(table: QualifiedName, name: str | None, catalogue: Catalogue) -> ForeignKey | None:
    found = catalogue.table(table)
    constraint = found.constraints.get(name or "") if found else None
    definition = constraint.definition if constraint else None
    return definition if isinstance(definition, ForeignKey) else None


def _drop_table(op: DropTable, catalogue: Catalogue) -> Iterator[Lock]:
    found = catalogue.table(op.table)
    if found is None and op.if_exists:
        return
    yield from _with_partitions(op.table, _AEX, op, catalogue)
    if found is None:
        return
    if found.partition_of is not None:
        yield found.partition_of, _AEX
        parent = catalogue.table(found.partition_of)
        default = parent.default_partition if parent is not None else None
        if default is not None and default != found.name:
            yield default, _AEX
    for target in sorted(catalogue.referenced_by(found), key=str):
        if target != found.name:
            yield target, _AEX
    if op.cascade:
        for other in catalogue.referencing(op.table):
            yield other.name, _AEX
        for view in catalogue.views_on(op.table):
            yield view.name, _AEX


def _truncate(op: TruncateTable, catalogue: Catalogue) -> Iterator[Lock]:
    yield from _with_partitions(op.table, _AEX, op, catalogue)
    if op.cascade:
        for other in sorted(_referencing_at_any_distance(op.table, catalogue)):
            yield other, _AEX


def _referencing_at_any_distance(table: QualifiedName, catalogue: Catalogue) -> set[QualifiedName]:
    found: set[QualifiedName] = set()
    waiting = [catalogue.resolve(table)]
    while waiting:
        new = {other.name for other in catalogue.referencing(waiting.pop())} - found
        found |= new
        waiting.extend(new)
    return found


def _drop_column(op: DropColumn, catalogue: Catalogue) -> Iterator[Lock]:
    """Its foreign keys go with it, which locks their other side; CASCADE takes the views that use it, too."""
    yield from _with_partitions(op.table, _AEX, op, catalogue)
    table = catalogue.resolve(op.table)
    yield from _other_sides(op, catalogue, references=op.cascade)
    for view in catalogue.views_on(op.table) if op.cascade else ():
        if (table, op.column) in view.uses or (None, op.column) in view.uses:
            yield view.name, _AEX


def _drop_type(op: DropType, catalogue: Catalogue) -> Iterator[Lock]:
    """CASCADE drops the columns of that type."""
    if op.cascade:
        for table in _tables_using(op.type, catalogue):
            yield table.name, _AEX


def _drop_schema(op: DropSchema, catalogue: Catalogue) -> Iterator[Lock]:
    if op.cascade:
        for relation in (*catalogue.tables, *catalogue.views):
            if relation.schema == op.schema:
                yield relation, _AEX


def _rename_object(op: RenameObject, catalogue: Catalogue) -> Iterator[Lock]:
    if op.kind in {ObjectKind.VIEW, ObjectKind.MATERIALIZED_VIEW}:
        yield op.name, _AEX


def _tables_using(type_name: QualifiedName, catalogue: Catalogue) -> Iterator[Table]:
    """Tables with a column of a type or domain."""
    full = catalogue.resolve(type_name)
    for table in catalogue.tables.values():
        types = (column.type for column in table.columns.values() if column.type is not None)
        if any(
            one.name == full.name and catalogue.resolve(QualifiedName(one.name, one.schema)) == full for one in types
        ):
            yield table


def _create_index(op: CreateIndex, catalogue: Catalogue) -> Iterator[Lock]:
    mode = _SUE if op.concurrently else LockMode.SHARE
    yield from _with_partitions(op.table, mode, op, catalogue)


def _drop_index(op: DropIndex, catalogue: Catalogue) -> Iterator[Lock]:
    index = catalogue.index(op.index)
    if index is not None:
        yield from _with_partitions(index.table, _SUE if op.concurrently else _AEX, op, catalogue)


def _reindex(op: Reindex, catalogue: Catalogue) -> Iterator[Lock]:
    mode = _SUE if op.concurrently else LockMode.SHARE
    if op.target is None:
        return
    if op.kind == "table":
        yield op.target, mode
    elif op.kind == "index":
        index = catalogue.index(op.target)
        if index is not None:
            yield index.table, mode


def _attach_partition(op: AttachPartition, catalogue: Catalogue) -> Iterator[Lock]:
    yield op.table, _SUE
    yield op.partition, _AEX
    parent = catalogue.table(op.table)
    if parent is not None and parent.default_partition is not None:
        yield parent.default_partition, _AEX


def _detach_partition(op: DetachPartition, catalogue: Catalogue) -> Iterator[Lock]:
    """CONCURRENTLY spares the parent; its second half still takes the partition for an instant (observed on 18.6)."""
    spared = op.concurrently or op.finalize
    yield op.table, _SUE if spared else _AEX
    yield op.partition, _AEX
    parent = catalogue.table(op.table)
    if parent is not None and parent.default_partition is not None and not spared:
        yield parent.default_partition, _AEX


def _inheritance(op: AlterInheritance, catalogue: Catalogue) -> Iterator[Lock]:
    yield op.table, _AEX
    yield op.parent, _SUE


def _storage_parameters(op: SetStorageParameters, catalogue: Catalogue) -> Iterator[Lock]:
    light = all(name.startswith(_LIGHT_PARAMETER_PREFIXES) for name in op.parameters)
    if not op.of_index:
        yield op.table, _SUE if light else _AEX


def _column_option(op: SetColumnOption, catalogue: Catalogue) -> Iterator[Lock]:
    light = op.option.startswith(_LIGHT_COLUMN_OPTIONS)
    yield from _with_partitions(op.table, _SUE if light else _AEX, op, catalogue)


def _tablespace(op: SetTablespace, catalogue: Catalogue) -> Iterator[Lock]:
    if op.all_in_tablespace:
        return
    if op.of_index:
        index = catalogue.index(op.table)
        if index is not None:
            yield index.table, LockMode.ACCESS_SHARE
        return
    yield op.table, _AEX


def _other_action(op: AlterTableOther, catalogue: Catalogue) -> Iterator[Lock]:
    yield op.table, _OTHER_ACTIONS.get(op.action, _AEX)


def _refresh(op: RefreshMaterializedView, catalogue: Catalogue) -> Iterator[Lock]:
    yield op.view, LockMode.EXCLUSIVE if op.concurrently else _AEX
    view = catalogue.view(op.view)
    for read in view.reads if view else ():
        yield read, LockMode.ACCESS_SHARE


def _create_view(op: CreateView, catalogue: Catalogue) -> Iterator[Lock]:
    if op.or_replace and catalogue.view(op.view) is not None:
        yield op.view, _AEX
    for read in op.reads:
        yield read, LockMode.ACCESS_SHARE


def _drop_view(op: DropView, catalogue: Catalogue) -> Iterator[Lock]:
    if op.if_exists and catalogue.view(op.view) is None:
        return
    yield op.view, _AEX


def _alter_domain(op: AlterDomain, catalogue: Catalogue) -> Iterator[Lock]:
    """Checking existing values locks every table that uses the domain; NOT VALID locks none (observed on 18.6)."""
    checks_rows = op.action in {"set not null", "validate constraint"} or (
        op.action == "add constraint" and op.constraint is not None and not op.constraint.not_valid
    )
    if not checks_rows:
        return
    for table in _tables_using(op.domain, catalogue):
        yield table.name, _SUE if op.action == "validate constraint" else LockMode.SHARE


def _set_schema(op: SetSchema, catalogue: Catalogue) -> Iterator[Lock]:
    if op.kind in {ObjectKind.TABLE, ObjectKind.VIEW, ObjectKind.MATERIALIZED_VIEW, ObjectKind.FOREIGN_TABLE}:
        yield op.name, _AEX


def _cluster(op: ClusterTable, catalogue: Catalogue) -> Iterator[Lock]:
    if op.table is not None:
        yield op.table, _AEX


def _vacuum(op: VacuumTable, catalogue: Catalogue) -> Iterator[Lock]:
    if op.table is not None:
        yield op.table, _AEX if op.full else _SUE


def _analyze(op: Analyze, catalogue: Catalogue) -> Iterator[Lock]:
    if op.table is not None:
        yield op.table, _SUE


def _copy(op: CopyRows, catalogue: Catalogue) -> Iterator[Lock]:
    if op.table is not None:
        yield op.table, LockMode.ROW_EXCLUSIVE if op.into_table else LockMode.ACCESS_SHARE


def _lock_table(op: LockTable, catalogue: Catalogue) -> Iterator[Lock]:
    yield from _with_partitions(op.table, op.mode, op, catalogue)


def _other_statement(op: OtherStatement, catalogue: Catalogue) -> Iterator[Lock]:
    if op.table is not None and op.command.startswith(("comment on", "create statistics")):
        yield op.table, _SUE


_SPECIAL: dict[type[BaseOperation], Callable[..., Iterator[Lock]]] = {
    CreateTable: _create_table,
    AddColumn: _add_column,
    AlterColumnType: _alter_column_type,
    AddConstraint: _add_constraint,
    DropConstraint: _drop_constraint,
    ValidateConstraint: _validate_constraint,
    AlterConstraint: _alter_constraint,
    DropTable: _drop_table,
    DropColumn: _drop_column,
    DropType: _drop_type,
    DropSchema: _drop_schema,
    RenameObject: _rename_object,
    TruncateTable: _truncate,
    CreateIndex: _create_index,
    DropIndex: _drop_index,
    Reindex: _reindex,
    AttachPartition: _attach_partition,
    DetachPartition: _detach_partition,
    AlterInheritance: _inheritance,
    SetStorageParameters: _storage_parameters,
    SetColumnOption: _column_option,
    SetTablespace: _tablespace,
    AlterTableOther: _other_action,
    RefreshMaterializedView: _refresh,
    CreateView: _create_view,
    DropView: _drop_view,
    AlterDomain: _alter_domain,
    SetSchema: _set_schema,
    ClusterTable: _cluster,
    VacuumTable: _vacuum,
    Analyze: _analyze,
    CopyRows: _copy,
    LockTable: _lock_table,
    OtherStatement: _other_statement,
}
