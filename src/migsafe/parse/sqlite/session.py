"""PRAGMA, transactions, ATTACH, VACUUM and their like (sqlite.org, "PRAGMA Statements", "Transaction")."""

from __future__ import annotations

from migsafe.model.names import QualifiedName
from migsafe.model.operation import (
    Analyze,
    Operation,
    OtherStatement,
    Reindex,
    SetParameter,
    TransactionControl,
    VacuumTable,
)
from migsafe.parse.sqlite.cursor import SqliteCursor


def read_pragma(cursor: SqliteCursor) -> list[Operation]:
    """PRAGMA [schema.]name [= value | (value)], behind the word PRAGMA; without a value it only asks."""
    name = cursor.qualified_name()
    values: tuple[str, ...] = ()
    if cursor.take("="):
        values = (_value(cursor),)
    elif cursor.word() == "(":
        inside = cursor.group()
        values = (_value(inside),)
        inside.finish()
    return [SetParameter(span=cursor.span_from(0), name=name.name, values=values, pragma=True)]


def _value(cursor: SqliteCursor) -> str:
    sign = cursor.take_any("+", "-") or ""
    return sign + cursor.next().text


def read_begin(cursor: SqliteCursor) -> list[Operation]:
    """BEGIN [DEFERRED | IMMEDIATE | EXCLUSIVE] [TRANSACTION [name]], behind the word BEGIN."""
    cursor.take_any("DEFERRED", "IMMEDIATE", "EXCLUSIVE", "CONCURRENT")
    _transaction(cursor)
    return [TransactionControl(span=cursor.span_from(0), action="begin")]


def read_commit(cursor: SqliteCursor) -> list[Operation]:
    """COMMIT or END [TRANSACTION [name]], behind that first word."""
    _transaction(cursor)
    return [TransactionControl(span=cursor.span_from(0), action="commit")]


def read_rollback(cursor: SqliteCursor) -> list[Operation]:
    """ROLLBACK [TRANSACTION [name]] [TO [SAVEPOINT] name], behind the word ROLLBACK."""
    if cursor.take("TRANSACTION") and not cursor.at_end and cursor.word() != "TO":
        cursor.identifier()
    if not cursor.take("TO"):
        return [TransactionControl(span=cursor.span_from(0), action="rollback")]
    cursor.take("SAVEPOINT")
    name = cursor.identifier()
    return [TransactionControl(span=cursor.span_from(0), action="rollback to", name=name)]


def _transaction(cursor: SqliteCursor) -> None:
    if cursor.take("TRANSACTION") and not cursor.at_end:
        cursor.identifier()


def read_savepoint(cursor: SqliteCursor) -> list[Operation]:
    """SAVEPOINT name, behind that first word."""
    name = cursor.identifier()
    return [TransactionControl(span=cursor.span_from(0), action="savepoint", name=name)]


def read_release(cursor: SqliteCursor) -> list[Operation]:
    """RELEASE [SAVEPOINT] name, behind the word RELEASE."""
    cursor.take("SAVEPOINT")
    name = cursor.identifier()
    return [TransactionControl(span=cursor.span_from(0), action="release", name=name)]


def read_attach(cursor: SqliteCursor) -> list[Operation]:
    """ATTACH [DATABASE] expression AS name, behind the word ATTACH."""
    cursor.take("DATABASE")
    cursor.until(lambda: cursor.sees("AS"))
    cursor.expect("AS")
    cursor.identifier()
    return [OtherStatement(span=cursor.span_from(0), command="attach")]


def read_detach(cursor: SqliteCursor) -> list[Operation]:
    """DETACH [DATABASE] name, behind the word DETACH."""
    cursor.take("DATABASE")
    cursor.identifier()
    return [OtherStatement(span=cursor.span_from(0), command="detach")]


def read_vacuum(cursor: SqliteCursor) -> list[Operation]:
    """VACUUM [schema] [INTO expression], behind the word VACUUM: writes the whole file anew."""
    if not cursor.at_end and cursor.word() != "INTO":
        cursor.identifier()
    if cursor.take("INTO"):
        cursor.until(lambda: False)
        return [OtherStatement(span=cursor.span_from(0), command="vacuum into")]
    return [VacuumTable(span=cursor.span_from(0), table=None, full=True)]


def read_reindex(cursor: SqliteCursor) -> list[Operation]:
    """REINDEX [collation | table | index], behind the word REINDEX; which of them it is, only a database tells."""
    target: QualifiedName | None = None if cursor.at_end else cursor.qualified_name()
    return [Reindex(span=cursor.span_from(0), kind="index" if target else "system", target=target)]


def read_analyze(cursor: SqliteCursor) -> list[Operation]:
    """ANALYZE [schema | table | index], behind the word ANALYZE."""
    table = None if cursor.at_end else cursor.qualified_name()
    return [Analyze(span=cursor.span_from(0), table=table)]
