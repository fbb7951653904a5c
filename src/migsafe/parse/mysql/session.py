"""SET, transactions and prepared statements (MySQL 8.4 manual, 15.3, 15.5, 15.7.6)."""

from __future__ import annotations

from migsafe.model.operation import (
    AlterServerSetting,
    OpaqueCode,
    Operation,
    OtherStatement,
    RunCode,
    SetParameter,
    TransactionControl,
)
from migsafe.parse.cursor import STRING
from migsafe.parse.mysql.cursor import MySqlCursor

_SCOPES = ("GLOBAL", "SESSION", "LOCAL", "PERSIST", "PERSIST_ONLY")
_SERVER_SCOPES = ("GLOBAL", "PERSIST", "PERSIST_ONLY")


def read_set(cursor: MySqlCursor) -> list[Operation]:
    """SET name = value, …, behind the word SET."""
    if cursor.sees_any(_SCOPES) and cursor.word(1) == "TRANSACTION":
        cursor.at += 1
    if cursor.take("TRANSACTION"):
        cursor.rest()
        return [TransactionControl(span=cursor.span_from(0), action="set transaction")]
    if cursor.sees("ROLE") or cursor.sees("DEFAULT", "ROLE") or cursor.sees("PASSWORD") or cursor.sees("RESOURCE"):
        words = cursor.word().lower()
        cursor.rest()
        return [OtherStatement(span=cursor.span_from(0), command=f"set {words}")]
    return list(cursor.listed(lambda: _assignment(cursor)))


def _assignment(cursor: MySqlCursor) -> Operation:
    start = cursor.at
    if cursor.take("NAMES"):
        values = [cursor.next().text]
        if cursor.take("COLLATE"):
            values.append(cursor.next().text)
        return SetParameter(span=cursor.span_from(start), name="names", values=tuple(values))
    if cursor.take("CHARACTER", "SET") or cursor.take("CHARSET"):
        return SetParameter(span=cursor.span_from(start), name="character set", values=(cursor.next().text,))
    scope = cursor.take_any(*_SCOPES) or ""
    scope, name = _variable(cursor, scope)
    cursor.expect_any("=", ":=")
    value = cursor.until(lambda: False).source
    span = cursor.span_from(start)
    if scope in _SERVER_SCOPES:
        return AlterServerSetting(span=span, scope="system", parameter=name)
    return SetParameter(span=span, name=name, values=() if value.upper() == "DEFAULT" else (_unquoted(value),))


def _variable(cursor: MySqlCursor, scope: str) -> tuple[str, str]:
    """The scope and the lower-case name of `name`, `@user_variable`, `@@global.name` or `NEW.column`."""
    token = cursor.next()
    name = token.text.lower()
    while cursor.take("."):
        name += f".{cursor.identifier()}"
    if name.startswith("@@"):
        prefix, dot, rest = name[2:].partition(".")
        return (prefix.upper(), rest) if dot and prefix.upper() in _SCOPES else (scope, name[2:])
    if not name.startswith("@") and token.text and cursor.tokens[cursor.at - 1].kind == STRING:
        cursor.stuck("a variable")
    return scope, name


def _unquoted(value: str) -> str:
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
    return value[1:-1] if quoted and value[0] not in value[1:-1] else value


def read_begin(cursor: MySqlCursor) -> list[Operation]:
    """BEGIN [WORK], or MariaDB's BEGIN NOT ATOMIC … END, behind the word BEGIN."""
    if cursor.take("NOT", "ATOMIC"):
        body = cursor.rest()
        span = cursor.span_from(0)
        opaque = (OpaqueCode(body.part(body.at, body.stop).span, "a block of statements and conditions"),)
        return [RunCode(span=span, form="do", body=body.source, opaque=opaque, conditional=True)]
    cursor.take("WORK")
    return [TransactionControl(span=cursor.span_from(0), action="begin")]


def read_start(cursor: MySqlCursor) -> list[Operation]:
    """START TRANSACTION …, or START REPLICA …, behind the word START."""
    if not cursor.take("TRANSACTION"):
        cursor.expect_any("REPLICA", "SLAVE", "GROUP_REPLICATION")
        cursor.rest()
        return [OtherStatement(span=cursor.span_from(0), command="start replica")]
    while not cursor.at_end:
        if not (
            cursor.take("WITH", "CONSISTENT", "SNAPSHOT") or cursor.take("READ", "ONLY") or cursor.take("READ", "WRITE")
        ):
            cursor.stuck("a characteristic of the transaction")
        cursor.take(",")
    return [TransactionControl(span=cursor.span_from(0), action="begin")]


def read_commit(cursor: MySqlCursor) -> list[Operation]:
    """COMMIT [WORK] [AND [NO] CHAIN] [[NO] RELEASE], behind the word COMMIT."""
    cursor.take("WORK")
    return [TransactionControl(span=cursor.span_from(0), action="commit", chain=_chain(cursor))]


def read_rollback(cursor: MySqlCursor) -> list[Operation]:
    """ROLLBACK [WORK] [TO [SAVEPOINT] name | AND [NO] CHAIN] [[NO] RELEASE], behind the word ROLLBACK."""
    cursor.take("WORK")
    if cursor.take("TO"):
        cursor.take("SAVEPOINT")
        name = cursor.identifier()
        return [TransactionControl(span=cursor.span_from(0), action="rollback to", name=name)]
    return [TransactionControl(span=cursor.span_from(0), action="rollback", chain=_chain(cursor))]


def _chain(cursor: MySqlCursor) -> bool:
    chain = cursor.take("AND", "CHAIN")
    cursor.take("AND", "NO", "CHAIN")
    if not cursor.take("NO", "RELEASE"):
        cursor.take("RELEASE")
    return chain


def read_savepoint(cursor: MySqlCursor) -> list[Operation]:
    """SAVEPOINT name, behind that first word."""
    name = cursor.identifier()
    return [TransactionControl(span=cursor.span_from(0), action="savepoint", name=name)]


def read_release(cursor: MySqlCursor) -> list[Operation]:
    """RELEASE SAVEPOINT name, behind the word RELEASE."""
    cursor.expect("SAVEPOINT")
    name = cursor.identifier()
    return [TransactionControl(span=cursor.span_from(0), action="release", name=name)]


def read_call(cursor: MySqlCursor) -> list[Operation]:
    """CALL name [(…)], behind the word CALL: what the procedure does is not in this script."""
    name = cursor.routine_name()
    if cursor.word() == "(":
        cursor.group()
    return [_run(cursor, "call", f"runs procedure {name}")]


def read_prepare(cursor: MySqlCursor) -> list[Operation]:
    """PREPARE name FROM 'text' | @variable, behind the word PREPARE: runs nothing yet."""
    cursor.identifier()
    cursor.expect("FROM")
    cursor.rest()
    return [OtherStatement(span=cursor.span_from(0), command="prepare")]


def read_execute(cursor: MySqlCursor) -> list[Operation]:
    """EXECUTE name [USING …], or MariaDB's EXECUTE IMMEDIATE, behind the word EXECUTE."""
    cursor.take("IMMEDIATE")
    cursor.rest()
    return [_run(cursor, "execute", "runs SQL that is put together at run time")]


def _run(cursor: MySqlCursor, form: str, reason: str) -> RunCode:
    span = cursor.span_from(0)
    body = cursor.text[slice(*span)]
    return RunCode(
        span=span, form="call" if form == "call" else "execute", body=body, opaque=(OpaqueCode(span, reason),)
    )
