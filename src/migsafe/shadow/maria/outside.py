"""Statements that reach beyond the schema of a migration: a schema of the shadow's own cannot stand in for a server.

On a server that is lent they are never run. What SQL puts together at run time (PREPARE, a procedure) is not seen here:
there, what the shadow's account may do is the fence.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING

from migsafe.model.names import QualifiedName
from migsafe.model.operation import AlterServerSetting, CreateDatabase, DropDatabase, Grant, OtherStatement, Revoke

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migsafe.model.operation import Operation
    from migsafe.model.statement import ReadScript, Statement

#: Schemas that every server has and that are only read.
_READ_ONLY = frozenset({"information_schema", "performance_schema", "sys"})

#: What stays in the session, by the first word, and what stays in the schema.
_OF_SESSION = frozenset(
    {"prepare", "deallocate", "unlock", "show", "describe", "desc", "explain", "help", "handler", "signal", "resignal"}
)
_OF_SCHEMA = frozenset(
    {"create event", "alter event", "optimize table", "check table", "checksum table", "repair table"}
)


def find_outside(read: ReadScript | None) -> tuple[Statement, str] | None:
    """The first statement that reaches beyond the schema, and what it does, in words that follow "it"."""
    for statement in read.statements if read is not None else ():
        for operation in statement.operations:
            reason = _reason(operation)
            if reason is not None:
                return statement, reason
    return None


def _reason(operation: Operation) -> str | None:
    match operation:
        case CreateDatabase() | DropDatabase():
            return "makes or drops whole databases"
        case AlterServerSetting():
            return "sets a variable of the whole server"
        case Grant() | Revoke():
            return "changes privileges of accounts, which belong to the whole server"
        case OtherStatement(command=command) if not _stays_inside(command):
            return f"does something to the whole server, or leaves its schema ({command})"
        case _:
            others = sorted({name.schema for name in _names(operation) if name.schema} - _READ_ONLY)
            return f"names the schema {others[0]}, and runs here in one of another name" if others else None


def _stays_inside(command: str) -> bool:
    return command.split()[0] in _OF_SESSION or command in _OF_SCHEMA


def _names(value: object) -> Iterator[QualifiedName]:
    """All names of relations anywhere in an operation."""
    if isinstance(value, QualifiedName):
        yield value
    elif isinstance(value, tuple | frozenset):
        for one in value:
            yield from _names(one)
    elif is_dataclass(value):
        for field in fields(value):
            yield from _names(getattr(value, field.name))
