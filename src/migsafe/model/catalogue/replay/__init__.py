"""Replay: what each operation leaves behind in the catalogue.

It believes the history: an operation ran, unless the catalogue shows that it cannot have changed anything. Where an
operation makes no sense it changes nothing; nothing here raises.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from migsafe.model import operation as ops
from migsafe.model.catalogue.catalogue import Catalogue
from migsafe.model.catalogue.replay import (
    code,
    columns,
    constraints,
    indexes,
    moves,
    objects,
    partitions,
    privileges,
    tables,
    types,
    views,
)
from migsafe.model.dialect import Dialect
from migsafe.model.operation import BaseOperation, Operation, RunCode

__all__ = ["HANDLERS", "LEAVES_NOTHING", "apply", "replay"]


def apply(catalogue: Catalogue, operation: Operation) -> None:
    """Change a catalogue as an operation changes the database.

    Args:
        catalogue: changed in place; forks of it, and what it was forked from, stay as they are.
        operation: one that the database has accepted. One that it would have refused changes nothing where the
            catalogue shows so, and never raises.
    """
    handler = HANDLERS.get(type(operation))
    if handler is not None:
        handler(catalogue, operation)


def replay(operations: Iterable[Operation], dialect: Dialect = Dialect.POSTGRES) -> Catalogue:
    """The catalogue that operations leave behind in an empty database, in their order."""
    catalogue = Catalogue(dialect)
    for operation in operations:
        apply(catalogue, operation)
    return catalogue


def _run_code(catalogue: Catalogue, operation: RunCode) -> None:
    """DO and CALL: what was read inside, as if every branch ran."""
    for inner in operation.operations:
        apply(catalogue, inner)


#: What leaves something behind, and how. Each function takes the operation of its key.
HANDLERS: Mapping[type[BaseOperation], Callable[[Catalogue, Any], None]] = {
    ops.AddColumn: columns.add_column,
    ops.AddConstraint: constraints.add_constraint,
    ops.AddEnumValue: types.add_enum_value,
    ops.AlterColumnType: columns.alter_column_type,
    ops.AlterConstraint: constraints.alter_constraint,
    ops.AlterDefaultPrivileges: privileges.alter_default_privileges,
    ops.AlterDomain: types.alter_domain,
    ops.AlterFunction: code.alter_function,
    ops.AlterGenerated: columns.alter_generated,
    ops.AlterIdentity: columns.alter_identity,
    ops.AlterInheritance: partitions.alter_inheritance,
    ops.AlterPolicy: code.alter_policy,
    ops.AlterSequence: objects.alter_sequence,
    ops.AttachIndexPartition: indexes.attach_index_partition,
    ops.AttachPartition: partitions.attach_partition,
    ops.CreateDomain: types.create_domain,
    ops.CreateEnum: types.create_enum,
    ops.CreateExtension: objects.create_extension,
    ops.CreateFunction: code.create_function,
    ops.CreateIndex: indexes.create_index,
    ops.CreatePolicy: code.create_policy,
    ops.CreatePublication: objects.create_publication,
    ops.CreateSchema: objects.create_schema,
    ops.CreateSequence: objects.create_sequence,
    ops.CreateTable: tables.create_table,
    ops.CreateTrigger: code.create_trigger,
    ops.CreateView: views.create_view,
    ops.DetachPartition: partitions.detach_partition,
    ops.DropColumn: columns.drop_column,
    ops.DropConstraint: constraints.drop_constraint,
    ops.DropDefault: columns.drop_default,
    ops.DropExtension: objects.drop_extension,
    ops.DropFunction: code.drop_function,
    ops.DropIndex: indexes.drop_index,
    ops.DropNotNull: columns.drop_not_null,
    ops.DropObject: objects.drop_object,
    ops.DropPolicy: code.drop_policy,
    ops.DropSchema: objects.drop_schema,
    ops.DropSequence: objects.drop_sequence,
    ops.DropTable: tables.drop_table,
    ops.DropTrigger: code.drop_trigger,
    ops.DropType: types.drop_type,
    ops.DropView: views.drop_view,
    ops.Grant: privileges.grant,
    ops.RenameColumn: columns.rename_column,
    ops.RenameConstraint: constraints.rename_constraint,
    ops.RenameEnumValue: types.rename_enum_value,
    ops.RenameObject: objects.rename_object,
    ops.RenameTable: moves.rename_table,
    ops.RunCode: _run_code,
    ops.SetDefault: columns.set_default,
    ops.SetLogged: tables.set_logged,
    ops.SetNotNull: columns.set_not_null,
    ops.SetParameter: objects.set_parameter,
    ops.SetReplicaIdentity: tables.set_replica_identity,
    ops.SetRowSecurity: tables.set_row_security,
    ops.SetSchema: objects.set_schema,
    ops.ToggleTrigger: code.toggle_trigger,
    ops.TransactionControl: objects.transaction_control,
    ops.ValidateConstraint: constraints.validate_constraint,
}

#: What changes rows, privileges, settings or storage, or objects of which the catalogue keeps nothing.
LEAVES_NOTHING: frozenset[type[BaseOperation]] = frozenset(
    (
        ops.AlterCompositeType,
        ops.AlterExtension,
        ops.AlterRole,
        ops.AlterServerSetting,
        ops.AlterTableOther,
        ops.Analyze,
        ops.ClusterTable,
        ops.CopyRows,
        ops.CreateDatabase,
        ops.CreateRule,
        ops.CreateType,
        ops.Delete,
        ops.DropDatabase,
        ops.DropTablespace,
        ops.Insert,
        ops.LockTable,
        ops.Merge,
        ops.OtherStatement,
        ops.PsqlCommand,
        ops.Query,
        ops.RefreshMaterializedView,
        ops.Reindex,
        ops.Revoke,
        ops.SetAccessMethod,
        ops.SetColumnOption,
        ops.SetStorageParameters,
        ops.SetTablespace,
        ops.TruncateTable,
        ops.Unreadable,
        ops.Update,
        ops.VacuumTable,
    )
)
