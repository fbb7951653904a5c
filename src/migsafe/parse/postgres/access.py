"""Who may do what: GRANT, REVOKE, default privileges, policies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from migsafe.model.operation import (
    AlterDefaultPrivileges,
    CreatePolicy,
    Grant,
    ObjectKind,
    Operation,
    Revoke,
)
from migsafe.parse.expressions import read_expression
from migsafe.parse.postgres.alter_table import take_cascade
from migsafe.parse.postgres.objects import skip_object_name, take_kind

if TYPE_CHECKING:
    from migsafe.model.names import QualifiedName
    from migsafe.model.script import Span
    from migsafe.parse.cursor import Cursor

_ALL_OF = {
    "TABLES": ObjectKind.TABLE,
    "SEQUENCES": ObjectKind.SEQUENCE,
    "FUNCTIONS": ObjectKind.FUNCTION,
    "PROCEDURES": ObjectKind.PROCEDURE,
    "ROUTINES": ObjectKind.ROUTINE,
}
_NAMED = frozenset({ObjectKind.TABLE, ObjectKind.SEQUENCE})


@dataclass(frozen=True, slots=True)
class _Access:
    """What GRANT and REVOKE share."""

    privileges: tuple[str, ...]
    kind: ObjectKind
    on: tuple[QualifiedName, ...]
    schemas: tuple[str, ...]
    roles: tuple[str, ...]


def grant(cursor: Cursor, span: Span) -> list[Operation]:
    """Read all that stands behind GRANT."""
    access = _access(cursor, "TO")
    if cursor.take("WITH"):
        cursor.rest()
    _granted_by(cursor)
    return [
        Grant(
            span=span,
            privileges=access.privileges,
            kind=access.kind,
            on=access.on,
            all_in_schemas=access.schemas,
            roles=access.roles,
        )
    ]


def revoke(cursor: Cursor, span: Span) -> list[Operation]:
    """Read all that stands behind REVOKE."""
    if cursor.word(1) == "OPTION" or cursor.word(2) == "FOR":
        cursor.next()
        cursor.expect("OPTION", "FOR")
    access = _access(cursor, "FROM")
    _granted_by(cursor)
    cascade = take_cascade(cursor)
    return [
        Revoke(
            span=span,
            privileges=access.privileges,
            kind=access.kind,
            on=access.on,
            all_in_schemas=access.schemas,
            roles=access.roles,
            cascade=cascade,
        )
    ]


def _granted_by(cursor: Cursor) -> None:
    if cursor.take("GRANTED", "BY"):
        cursor.identifier()


def _access(cursor: Cursor, direction: str) -> _Access:
    privileges = tuple(dict.fromkeys(cursor.listed(lambda: _privilege(cursor))))
    if not cursor.take("ON"):
        # GRANT role TO role: what is granted are roles.
        cursor.expect(direction)
        return _Access(privileges, ObjectKind.ROLE, (), (), _roles(cursor))
    kind, on, schemas = _objects(cursor)
    cursor.expect(direction)
    return _Access(privileges, kind, on, schemas, _roles(cursor))


def _privilege(cursor: Cursor) -> str:
    words = [cursor.identifier()]
    if words == ["alter"]:
        cursor.expect("SYSTEM")
        words.append("system")
    if words == ["all"] and cursor.take("PRIVILEGES"):
        pass
    if cursor.word() == "(":
        cursor.group()
    return " ".join(words)


def _objects(cursor: Cursor) -> tuple[ObjectKind, tuple[QualifiedName, ...], tuple[str, ...]]:
    if cursor.take("ALL"):
        kind = _ALL_OF[cursor.expect_any(*_ALL_OF)]
        cursor.expect("IN", "SCHEMA")
        return kind, (), tuple(cursor.listed(cursor.identifier))
    if cursor.take("FOREIGN", "SERVER"):
        cursor.listed(cursor.identifier)
        return ObjectKind.SERVER, (), ()
    found = take_kind(cursor) if cursor.word(1) not in (",", "TO", "FROM", ".") else None
    kind, words = found or (ObjectKind.TABLE, "table")
    names = cursor.listed(lambda: skip_object_name(cursor, kind, words))
    return kind, tuple(names) if kind in _NAMED else (), ()


def _roles(cursor: Cursor) -> tuple[str, ...]:
    def role() -> str:
        if cursor.word() == "GROUP" and cursor.word(1) not in (",", ""):
            cursor.expect("GROUP")
        return cursor.identifier()

    return tuple(cursor.listed(role))


def alter_default_privileges(cursor: Cursor, span: Span) -> list[Operation]:
    """Read all that stands behind ALTER DEFAULT PRIVILEGES."""
    schemas: tuple[str, ...] = ()
    while cursor.word() in ("FOR", "IN"):
        if cursor.take("IN", "SCHEMA"):
            schemas = tuple(cursor.listed(cursor.identifier))
        else:
            cursor.expect("FOR")
            cursor.expect_any("ROLE", "USER")
            cursor.listed(cursor.identifier)
    grants = cursor.expect_any("GRANT", "REVOKE") == "GRANT"
    if cursor.take("GRANT", "OPTION", "FOR"):
        pass
    cursor.listed(lambda: _privilege(cursor))
    cursor.expect("ON")
    if cursor.take("LARGE"):
        cursor.expect("OBJECTS")
    else:
        cursor.expect_any(*_ALL_OF, "TYPES", "SCHEMAS")
    cursor.expect("TO" if grants else "FROM")
    _roles(cursor)
    if cursor.take("WITH"):
        cursor.expect("GRANT", "OPTION")
    take_cascade(cursor)
    return [AlterDefaultPrivileges(span=span, grants=grants, schemas=schemas)]


def create_policy(cursor: Cursor, span: Span) -> list[Operation]:
    """Read all that stands behind CREATE POLICY."""
    name = cursor.identifier()
    cursor.expect("ON")
    table = cursor.qualified_name()
    permissive = not cursor.take("AS") or cursor.expect_any("PERMISSIVE", "RESTRICTIVE") == "PERMISSIVE"
    if cursor.take("FOR"):
        cursor.expect_any("ALL", "SELECT", "INSERT", "UPDATE", "DELETE")
    if cursor.take("TO"):
        _roles(cursor)
    columns: list[str] = []
    if cursor.take("USING"):
        columns.extend(read_expression(cursor.group()).columns)
    if cursor.take("WITH", "CHECK"):
        columns.extend(read_expression(cursor.group()).columns)
    return [
        CreatePolicy(span=span, table=table, name=name, permissive=permissive, columns=tuple(dict.fromkeys(columns)))
    ]
