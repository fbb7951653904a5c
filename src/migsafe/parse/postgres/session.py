"""What concerns the session and its transactions, and commands of maintenance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from migsafe.model.locks import LockMode
from migsafe.model.operation import (
    Analyze,
    CopyRows,
    LockTable,
    Operation,
    OtherStatement,
    RefreshMaterializedView,
    Reindex,
    SetParameter,
    TransactionControl,
    VacuumTable,
)
from migsafe.parse.cursor import QUOTED, STRING, WORD, Cursor
from migsafe.parse.postgres.alter_table import read_relation
from migsafe.parse.postgres.columns import read_columns

if TYPE_CHECKING:
    from migsafe.model.names import QualifiedName
    from migsafe.model.script import Span

# -- parameters ------------------------------------------------------------------------------------------------------


def set_parameter(cursor: Cursor, span: Span) -> list[Operation]:
    """Read all that stands behind SET."""
    local = cursor.word(1) not in ("TO", "=") and cursor.take("LOCAL")
    if not local and cursor.word(1) not in ("TO", "=", "AUTHORIZATION"):
        cursor.take("SESSION")
    if cursor.take("CONSTRAINTS"):
        _ = cursor.take("ALL") or cursor.listed(cursor.qualified_name)
        cursor.expect_any("DEFERRED", "IMMEDIATE")
        return [OtherStatement(span=span, command="set constraints")]
    if cursor.take("TRANSACTION") or cursor.take("CHARACTERISTICS", "AS", "TRANSACTION"):
        cursor.rest()
        return [TransactionControl(span=span, action="set transaction")]
    name = _parameter_name(cursor)
    return [SetParameter(span=span, name=name, values=_values(cursor), local=local)]


def _parameter_name(cursor: Cursor) -> str:
    """The name, with the `TO` or `=` behind it; the forms of the standard have names of their own."""
    if cursor.take("TIME", "ZONE"):
        return "timezone"
    if cursor.take("SESSION", "AUTHORIZATION"):
        return "session_authorization"
    standard = {"ROLE": "role", "NAMES": "client_encoding", "SCHEMA": "search_path", "CATALOG": "catalog"}
    if cursor.word(1) not in ("TO", "=") and cursor.word() in standard:
        return standard[cursor.next().word]
    if cursor.take("XML", "OPTION"):
        return "xmloption"
    name = cursor.identifier()
    while cursor.take("."):
        name += "." + cursor.identifier()
    if cursor.sees("FROM", "CURRENT"):
        return name.lower()
    if not cursor.take("="):
        cursor.expect("TO")
    return name.lower()


def _values(cursor: Cursor) -> tuple[str, ...]:
    if cursor.take("DEFAULT") or cursor.take("FROM", "CURRENT"):
        cursor.finish()
        return ()
    if cursor.at_end:
        cursor.stuck("a value")
    values = []
    for item in cursor.items():
        single = item.stop - item.at == 1
        token = item.tokens[item.at]
        if item.kind() == WORD and not single and item.kind(1) not in (STRING, -1) and item.word() != "INTERVAL":
            item.at += 1
            item.stuck("one value")
        values.append(token.text if single and token.kind in (STRING, QUOTED) else item.source)
    return tuple(values)


def reset_parameter(cursor: Cursor, span: Span) -> list[Operation]:
    """Read all that stands behind RESET."""
    if cursor.take("ALL"):
        return [SetParameter(span=span, name="*")]
    if cursor.take("TIME", "ZONE"):
        return [SetParameter(span=span, name="timezone")]
    if cursor.take("SESSION", "AUTHORIZATION"):
        return [SetParameter(span=span, name="session_authorization")]
    if cursor.take("TRANSACTION", "ISOLATION", "LEVEL"):
        return [SetParameter(span=span, name="transaction_isolation")]
    name = cursor.identifier()
    while cursor.take("."):
        name += "." + cursor.identifier()
    return [SetParameter(span=span, name=name.lower())]


def discard(cursor: Cursor, span: Span) -> list[Operation]:
    """Read all that stands behind DISCARD."""
    what = cursor.expect_any("ALL", "PLANS", "SEQUENCES", "TEMP", "TEMPORARY")
    if what == "ALL":
        return [SetParameter(span=span, name="*")]
    return [OtherStatement(span=span, command=f"discard {what.lower()}")]


# -- transactions ----------------------------------------------------------------------------------------------------

_Action = Literal["begin", "commit", "rollback"]
_SAME: dict[str, _Action] = {
    "BEGIN": "begin",
    "START": "begin",
    "COMMIT": "commit",
    "END": "commit",
    "ROLLBACK": "rollback",
    "ABORT": "rollback",
}


def transaction(cursor: Cursor, span: Span) -> list[Operation]:
    """BEGIN, COMMIT, ROLLBACK, SAVEPOINT and their like; the cursor is at the first word."""
    word = cursor.next().word
    if word == "SAVEPOINT":
        return [TransactionControl(span=span, action="savepoint", name=cursor.identifier())]
    if word == "RELEASE":
        cursor.take("SAVEPOINT")
        return [TransactionControl(span=span, action="release", name=cursor.identifier())]
    if word == "PREPARE":
        cursor.expect("TRANSACTION")
        return [TransactionControl(span=span, action="prepare", name=cursor.string())]
    action = _SAME[word]
    if cursor.take("PREPARED"):
        prepared: Literal["commit prepared", "rollback prepared"] = (
            "commit prepared" if action == "commit" else "rollback prepared"
        )
        return [TransactionControl(span=span, action=prepared, name=cursor.string())]
    cursor.take_any("WORK", "TRANSACTION")
    if action == "rollback" and cursor.take("TO"):
        cursor.take("SAVEPOINT")
        return [TransactionControl(span=span, action="rollback to", name=cursor.identifier())]
    if action == "begin":
        _modes(cursor)
        return [TransactionControl(span=span, action=action)]
    chain = cursor.take("AND", "CHAIN")
    cursor.take("AND", "NO", "CHAIN")
    return [TransactionControl(span=span, action=action, chain=chain)]


def _modes(cursor: Cursor) -> None:
    while not cursor.at_end:
        if cursor.take("ISOLATION", "LEVEL"):
            if cursor.take("READ"):
                cursor.expect_any("COMMITTED", "UNCOMMITTED")
            elif not cursor.take("REPEATABLE", "READ"):
                cursor.expect("SERIALIZABLE")
        elif cursor.take("READ"):
            cursor.expect_any("ONLY", "WRITE")
        else:
            cursor.take("NOT")
            cursor.expect("DEFERRABLE")
        cursor.take(",")


def lock_table(cursor: Cursor, span: Span) -> list[Operation]:
    """Read all that stands behind LOCK."""
    cursor.take("TABLE")
    tables = cursor.listed(lambda: read_relation(cursor))
    mode = LockMode.ACCESS_EXCLUSIVE
    if cursor.take("IN"):
        words = cursor.until(lambda: cursor.word() == "MODE").source
        try:
            mode = LockMode.from_sql(words)
        except KeyError:
            cursor.stuck("a lock mode")
        cursor.expect("MODE")
    nowait = cursor.take("NOWAIT")
    return [LockTable(span=span, table=table, only=only, mode=mode, nowait=nowait) for only, table in tables]


# -- maintenance -----------------------------------------------------------------------------------------------------


def _flags(cursor: Cursor) -> frozenset[str]:
    """The names of the options in `(VERBOSE, FULL false)` that are not switched off."""
    if cursor.word() != "(":
        return frozenset()
    on = set()
    for item in cursor.group().items():
        name = item.identifier().upper()
        value = item.next().text.lower() if not item.at_end else "true"
        item.rest()
        if value not in ("false", "off", "0"):
            on.add(name)
    return frozenset(on)


def _table_and_columns(cursor: Cursor) -> tuple[QualifiedName, tuple[str, ...]]:
    _, table = read_relation(cursor)
    return table, read_columns(cursor) if cursor.word() == "(" else ()


def vacuum(cursor: Cursor, span: Span) -> list[Operation]:
    """Read all that stands behind VACUUM."""
    full = "FULL" in _flags(cursor)
    while word := cursor.take_any("FULL", "FREEZE", "VERBOSE", "ANALYZE", "ANALYSE"):
        full = full or word == "FULL"
    if cursor.at_end:
        return [VacuumTable(span=span, table=None, full=full)]
    return [
        VacuumTable(span=span, table=table, full=full) for table, _ in cursor.listed(lambda: _table_and_columns(cursor))
    ]


def analyze(cursor: Cursor, span: Span) -> list[Operation]:
    """Read all that stands behind ANALYZE."""
    _flags(cursor)
    cursor.take("VERBOSE")
    if cursor.at_end:
        return [Analyze(span=span, table=None)]
    tables = cursor.listed(lambda: _table_and_columns(cursor))
    return [Analyze(span=span, table=table, columns=columns) for table, columns in tables]


def reindex(cursor: Cursor, span: Span) -> list[Operation]:
    """Read all that stands behind REINDEX."""
    concurrently = "CONCURRENTLY" in _flags(cursor)
    kinds: dict[str, Literal["index", "table", "schema", "database", "system"]] = {
        "INDEX": "index",
        "TABLE": "table",
        "SCHEMA": "schema",
        "DATABASE": "database",
        "SYSTEM": "system",
    }
    kind = kinds[cursor.expect_any(*kinds)]
    concurrently = cursor.take("CONCURRENTLY") or concurrently
    target = None if cursor.at_end else cursor.qualified_name()
    return [Reindex(span=span, kind=kind, target=target, concurrently=concurrently)]


def refresh(cursor: Cursor, span: Span) -> list[Operation]:
    """Read all that stands behind REFRESH."""
    cursor.expect("MATERIALIZED", "VIEW")
    concurrently = cursor.take("CONCURRENTLY")
    view = cursor.qualified_name()
    with_data = not cursor.take("WITH", "NO", "DATA")
    cursor.take("WITH", "DATA")
    return [RefreshMaterializedView(span=span, view=view, concurrently=concurrently, with_data=with_data)]


def copy(cursor: Cursor, span: Span) -> list[Operation]:
    """Read all that stands behind COPY."""
    cursor.take("BINARY")
    if cursor.word() == "(":
        cursor.group()
        cursor.expect("TO")
        cursor.rest()
        return [CopyRows(span=span, table=None, into_table=False)]
    table = cursor.qualified_name()
    if cursor.word() == "(":
        read_columns(cursor)
    into_table = cursor.expect_any("FROM", "TO") == "FROM"
    if cursor.at_end:
        cursor.stuck("where to copy")
    cursor.rest()
    return [CopyRows(span=span, table=table, into_table=into_table)]
