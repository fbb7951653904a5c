"""Whether a statement has happened, asked of the catalogues of the server: for what no transaction can vouch for.

A process that is killed in the midst of CREATE INDEX CONCURRENTLY knows nothing of what became of it: the server may
have built the index, left an invalid one, or be at work still. What is answered here is what a person would look up.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from migsafe.model.operation import (
    AddEnumValue,
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
    RefreshMaterializedView,
    Reindex,
    VacuumTable,
)
from migsafe.postgres import probing
from migsafe.runner.probe_answers import NO_TRACE, Answer, Probe, done, invalid, missing, unknown
from migsafe.runner.probe_indexes import probe_create_index
from migsafe.runner.probe_replay import probe_piece, probe_transactional

if TYPE_CHECKING:
    from migsafe.model.statement import Statement
    from migsafe.postgres.connection import Session

__all__ = ["Answer", "Probe", "probe_piece", "probe_statement", "probe_transactional"]


def probe_statement(session: Session, statement: Statement) -> Probe:
    """Whether a statement that runs outside of a transaction has happened; of several parts, the first that has not.

    Args:
        session: on the target, with the search path of the statement.

    Raises:
        StatementFailedError: when the server refuses a query.
    """
    found = unknown(NO_TRACE)
    for operation in statement.operations:
        found = _probe(session, operation, statement.text)
        if found.answer is not Answer.DONE:
            break
    return found


def _probe(session: Session, operation: BaseOperation, text: str) -> Probe:
    if isinstance(operation, OtherStatement):
        return _other(session, operation, text)
    find = _PROBES.get(type(operation))
    if find is None:
        return unknown(NO_TRACE)
    return find(session, operation)


# -- indexes


def _drop_index(session: Session, operation: DropIndex) -> Probe:
    found = probing.find_relation(session, operation.index)
    if found is None:
        return done(f"there is no index {operation.index}")
    index = probing.find_index(session, found.oid)
    if index is None:
        return unknown(f"{operation.index} is no index: something else has that name")
    if index.valid:
        return missing(f"the index {operation.index} is there, and valid")
    if (pid := probing.find_worker(session, [index.table_oid])) is not None:
        return unknown(f"process {pid} may still be dropping {operation.index}", pid)
    return invalid(f"the index {operation.index} is half dropped: it is there, and invalid", index.drop)


def _reindex(session: Session, operation: Reindex) -> Probe:
    """A rebuilt index looks like the one before it: only what was left of a rebuild can be seen."""
    if not operation.concurrently:
        return missing("a rebuild does no harm when it happens again")
    tables = None
    if operation.kind in {"index", "table"}:
        found = probing.find_relation(session, operation.target) if operation.target is not None else None
        if found is None:
            return unknown(f"there is no {operation.kind} {operation.target} to rebuild")
        tables = probing.tables_under(session, found.oid)
        if (pid := probing.find_worker(session, tables)) is not None:
            return unknown(f"process {pid} may still be rebuilding {operation.target}", pid)
    schema = operation.target.name if operation.kind == "schema" and operation.target is not None else None
    rests = probing.rests_of_reindex(session, tables, schema)
    if not rests:
        return missing("nothing is left of a rebuild, and another one does no harm")
    names = ", ".join(f"{rest.schema}.{rest.name}" for rest in rests)
    return invalid(f"a rebuild that did not end has left {names}", *(rest.drop for rest in rests))


# -- partitions


def _detach_partition(session: Session, operation: DetachPartition) -> Probe:
    parent = probing.find_relation(session, operation.table)
    partition = probing.find_relation(session, operation.partition)
    if parent is None or partition is None:
        gone = operation.table if parent is None else operation.partition
        return unknown(f"there is no table {gone}")
    attached = probing.attachment(session, parent.oid, partition.oid)
    if attached is None:
        return done(f"{operation.partition} is no partition of {operation.table}")
    pending, finalize = attached
    if not pending:
        return missing(f"{operation.partition} is a partition of {operation.table}")
    if (pid := probing.find_detacher(session)) is not None:
        return unknown(f"process {pid} may still be detaching {operation.partition}", pid)
    return invalid(f"{operation.partition} is half detached from {operation.table}", finalize)


# -- values, databases, and the rest


def _add_enum_value(session: Session, operation: AddEnumValue) -> Probe:
    values = probing.enum_values(session, operation.type)
    if values is None:
        return unknown(f"there is no enum {operation.type}")
    if operation.value in values:
        return done(f"{operation.type} has the value '{operation.value}'")
    return missing(f"{operation.type} has no value '{operation.value}'")


def _create_database(session: Session, operation: CreateDatabase) -> Probe:
    found = probing.find_database(session, operation.database)
    if found is None:
        return missing(f"there is no database {operation.database}")
    half_dropped, _ = found
    if half_dropped:
        return unknown(f"the database {operation.database} is a half dropped one; drop it to the end first")
    return done(f"the database {operation.database} is there")


def _drop_database(session: Session, operation: DropDatabase) -> Probe:
    found = probing.find_database(session, operation.database)
    if found is None:
        return done(f"there is no database {operation.database}")
    half_dropped, drop = found
    if half_dropped:
        return invalid(f"the database {operation.database} is half dropped, and lets nobody in", drop)
    return missing(f"the database {operation.database} is there")


def _drop_tablespace(session: Session, operation: DropTablespace) -> Probe:
    if probing.has_tablespace(session, operation.tablespace):
        return missing(f"the tablespace {operation.tablespace} is there")
    return done(f"there is no tablespace {operation.tablespace}")


def _drop_object(session: Session, operation: DropObject) -> Probe:
    if operation.kind is not ObjectKind.SUBSCRIPTION:
        return unknown(NO_TRACE)
    if probing.has_subscription(session, operation.name):
        return missing(f"the subscription {operation.name} is there")
    return done(f"there is no subscription {operation.name}; its publisher may have kept a slot")


def _harmless(what: str) -> Callable[[Session, Any], Probe]:
    def say(session: Session, operation: BaseOperation) -> Probe:
        return missing(f"{what} does no harm when it happens again")

    return say


def _server_setting(session: Session, operation: AlterServerSetting) -> Probe:
    return missing(f"setting {operation.parameter} to the same value again does no harm")


_PROBES: dict[type[BaseOperation], Callable[[Session, Any], Probe]] = {
    CreateIndex: probe_create_index,
    DropIndex: _drop_index,
    Reindex: _reindex,
    DetachPartition: _detach_partition,
    AddEnumValue: _add_enum_value,
    CreateDatabase: _create_database,
    DropDatabase: _drop_database,
    DropTablespace: _drop_tablespace,
    DropObject: _drop_object,
    AlterServerSetting: _server_setting,
    RefreshMaterializedView: _harmless("REFRESH"),
    VacuumTable: _harmless("VACUUM"),
    ClusterTable: _harmless("CLUSTER"),
}

_MAKES = {"create tablespace": probing.has_tablespace, "create subscription": probing.has_subscription}
_NAMED = re.compile(r"\s*create\s+\w+\s+(?:\"(?P<quoted>(?:[^\"]|\"\")+)\"|(?P<plain>[\w$]+))", re.IGNORECASE)


def _other(session: Session, operation: OtherStatement, text: str) -> Probe:
    """Statements of which the operation has no more than the first words: the name is read from the text."""
    has, named = _MAKES.get(operation.command), _NAMED.match(text)
    if has is None or named is None:
        return unknown(NO_TRACE)
    name = named["quoted"].replace('""', '"') if named["quoted"] else named["plain"].lower()
    kind = operation.command.removeprefix("create ")
    return done(f"the {kind} {name} is there") if has(session, name) else missing(f"there is no {kind} {name}")
