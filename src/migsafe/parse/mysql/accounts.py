"""GRANT and REVOKE (MySQL 8.4 manual, 15.7.1.6 and 15.7.1.8)."""

from __future__ import annotations

from migsafe.model.names import QualifiedName
from migsafe.model.operation import Grant, ObjectKind, Operation, OtherStatement, Revoke
from migsafe.parse.mysql.cursor import MySqlCursor

_KINDS = {"TABLE": ObjectKind.TABLE, "FUNCTION": ObjectKind.FUNCTION, "PROCEDURE": ObjectKind.PROCEDURE}


def read_grant(cursor: MySqlCursor) -> list[Operation]:
    """GRANT privileges ON object TO accounts, GRANT role TO accounts, behind the word GRANT."""
    return _read(cursor, Grant, "TO")


def read_revoke(cursor: MySqlCursor) -> list[Operation]:
    """REVOKE privileges ON object FROM accounts, REVOKE role FROM accounts, behind the word REVOKE."""
    cursor.take("IF", "EXISTS")
    return _read(cursor, Revoke, "FROM")


def _read(cursor: MySqlCursor, operation: type[Grant | Revoke], before_accounts: str) -> list[Operation]:
    privileges = tuple(_privileges(cursor, before_accounts))
    if not cursor.take("ON"):
        cursor.expect(before_accounts)
        cursor.rest()
        verb = "grant" if operation is Grant else "revoke"
        return [OtherStatement(span=cursor.span_from(0), command=f"{verb} role")]
    word = cursor.take_any(*_KINDS)
    tables, schemas = _level(cursor)
    cursor.expect(before_accounts)
    roles = [cursor.account()]
    while cursor.take(","):
        roles.append(cursor.account())
    cursor.rest()
    kind = _KINDS[word or "TABLE"]
    on = tables if kind is ObjectKind.TABLE else ()
    span = cursor.span_from(0)
    return [operation(span=span, privileges=privileges, kind=kind, on=on, all_in_schemas=schemas, roles=tuple(roles))]


def _privileges(cursor: MySqlCursor, before_accounts: str) -> list[str]:
    found = []
    while not cursor.at_end and not cursor.sees("ON") and not cursor.sees(before_accounts):
        part = cursor.until(lambda: cursor.sees("ON") or cursor.sees(before_accounts))
        found.append(part.source.lower())
        cursor.take(",")
    if not found:
        cursor.stuck("a privilege")
    return found


def _level(cursor: MySqlCursor) -> tuple[tuple[QualifiedName, ...], tuple[str, ...]]:
    """What stands behind ON: `*`, `*.*`, `db.*`, `table`, `db.table`."""
    if cursor.take("*"):
        if cursor.take("."):
            cursor.expect("*")
        return (), ()
    name = cursor.cased_identifier()
    if not cursor.take("."):
        return (QualifiedName(name),), ()
    if cursor.take("*"):
        return (), (name,)
    return (QualifiedName(cursor.cased_identifier(), name),), ()
