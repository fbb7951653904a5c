"""Statements that Postgres refuses inside a transaction block (SQLSTATE 25001).

Source: PreventInTransactionBlock() in PostgreSQL 18.6's utility.c, indexcmds.c, tablecmds.c, dbcommands.c; each checked
on a server by `tests/integration/rules/test_transaction_block.py`.
"""

from __future__ import annotations

from migsafe.model.operation import (
    AlterServerSetting,
    BaseOperation,
    ClusterTable,
    CreateDatabase,
    CreateIndex,
    DetachPartition,
    DropDatabase,
    DropIndex,
    DropObject,
    DropTablespace,
    ObjectKind,
    OtherStatement,
    Reindex,
    VacuumTable,
)

_ALWAYS_REFUSED: dict[type[BaseOperation], str] = {
    VacuumTable: "VACUUM",
    CreateDatabase: "CREATE DATABASE",
    DropDatabase: "DROP DATABASE",
    DropTablespace: "DROP TABLESPACE",
}
_OTHER_COMMANDS = ("create tablespace", "create subscription")


def refused_in_transaction(operation: BaseOperation) -> str | None:
    """The words of the statement that cannot run in a transaction block, or None when it can."""
    match operation:
        case CreateIndex(concurrently=True):
            return "CREATE INDEX CONCURRENTLY"
        case DropIndex(concurrently=True):
            return "DROP INDEX CONCURRENTLY"
        case Reindex(concurrently=True):
            return "REINDEX CONCURRENTLY"
        case Reindex(kind="schema" | "database" | "system"):
            return f"REINDEX {operation.kind.upper()}"
        case DetachPartition(concurrently=True):
            return "ALTER TABLE … DETACH PARTITION CONCURRENTLY"
        case ClusterTable(table=None):
            return "CLUSTER of all tables"
        case AlterServerSetting(scope="system"):
            return "ALTER SYSTEM"
        case DropObject(kind=ObjectKind.SUBSCRIPTION):
            return "DROP SUBSCRIPTION"
        case OtherStatement(command=command) if command.startswith(_OTHER_COMMANDS):
            return command.upper()
        case _:
            return _ALWAYS_REFUSED.get(type(operation))
