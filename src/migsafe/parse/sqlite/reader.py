"""A SQLite statement → what it does: its first words choose the reader."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

from migsafe.model.names import QualifiedName
from migsafe.model.operation import (
    CreateTrigger,
    DropIndex,
    DropTable,
    DropTrigger,
    DropView,
    Insert,
    Operation,
    OtherStatement,
)
from migsafe.parse.dml import HEADS, read_dml
from migsafe.parse.sqlite.cursor import SqliteCursor
from migsafe.parse.sqlite.session import (
    read_analyze,
    read_attach,
    read_begin,
    read_commit,
    read_detach,
    read_pragma,
    read_reindex,
    read_release,
    read_rollback,
    read_savepoint,
    read_vacuum,
)
from migsafe.parse.sqlite.tables import (
    read_alter_table,
    read_create_index,
    read_create_table,
    read_create_virtual_table,
)
from migsafe.parse.view_facts import create_view

Reader = Callable[[SqliteCursor], list[Operation]]

_CONFLICT_ACTIONS = frozenset({"ROLLBACK", "ABORT", "FAIL", "IGNORE", "REPLACE"})
_TIMINGS: dict[str, Literal["before", "after"]] = {"BEFORE": "before", "AFTER": "after"}


def read_statement(cursor: SqliteCursor) -> list[Operation]:
    """All that one statement does.

    Raises:
        Stuck: at the first token that is not understood.
    """
    if cursor.word() in HEADS - {"TABLE", "MERGE"}:
        operations = [_with_conflict(part, cursor) for part in read_dml(_without_conflict_action(cursor), cursor.span)]
        cursor.rest()
    else:
        reader = _READERS.get(cursor.word())
        if reader is None:
            cursor.stuck("a statement")
        cursor.at += 1
        operations = reader(cursor)
    cursor.finish()
    return operations


def _with_conflict(operation: Operation, cursor: SqliteCursor) -> Operation:
    """REPLACE, and INSERT with an OR action, do not fail on a row that is there."""
    tolerant = cursor.words[:1] == ["REPLACE"] or cursor.words[:2] == ["INSERT", "OR"]
    return replace(operation, on_conflict=True) if tolerant and isinstance(operation, Insert) else operation


def _without_conflict_action(cursor: SqliteCursor) -> SqliteCursor:
    """The statement without UPDATE's OR action, and without INDEXED BY, which change no fact of an operation."""
    tokens = list(cursor.tokens)
    words = cursor.words
    if words[:2] == ["UPDATE", "OR"] and words[2:3] and words[2] in _CONFLICT_ACTIONS:
        del tokens[1:3]
    for at in range(len(tokens) - 2):
        if [token.word for token in tokens[at : at + 2]] == ["INDEXED", "BY"] and at < 6:
            del tokens[at : at + 3]
            break
        if [token.word for token in tokens[at : at + 2]] == ["NOT", "INDEXED"]:
            del tokens[at : at + 2]
            break
    return SqliteCursor(cursor.text, tokens)


def _create(cursor: SqliteCursor) -> list[Operation]:
    if cursor.take("VIRTUAL", "TABLE"):
        return read_create_virtual_table(cursor)
    if cursor.sees("UNIQUE") or cursor.sees("INDEX"):
        unique = cursor.take("UNIQUE")
        cursor.expect("INDEX")
        return read_create_index(cursor, unique=unique)
    temporary = cursor.take_any("TEMP", "TEMPORARY") is not None
    if cursor.take("TABLE"):
        return read_create_table(cursor, temporary=temporary)
    if cursor.take("VIEW"):
        return _create_view(cursor, temporary)
    cursor.expect("TRIGGER")
    return _create_trigger(cursor)


def _create_view(cursor: SqliteCursor, temporary: bool) -> list[Operation]:
    if_not_exists = cursor.take("IF", "NOT", "EXISTS")
    view = cursor.qualified_name()
    columns: tuple[str, ...] = ()
    if cursor.word() == "(":
        inside = cursor.group()
        columns = tuple(inside.listed(inside.identifier))
        inside.finish()
    cursor.expect("AS")
    if cursor.at_end:
        cursor.stuck("a query")
    query = cursor.rest()
    span = cursor.span_from(0)
    return [create_view(span, view, query, if_not_exists=if_not_exists, temporary=temporary, columns=columns)]


def _create_trigger(cursor: SqliteCursor) -> list[Operation]:
    """[IF NOT EXISTS] name [BEFORE | AFTER | INSTEAD OF] event ON table [FOR EACH ROW] [WHEN …] BEGIN … END.

    The statements of the body are read as well, so that none of them is passed unread; they run later, and are no
    operations of the migration.
    """
    if_not_exists = cursor.take("IF", "NOT", "EXISTS")
    name = cursor.qualified_name().name
    timing: Literal["before", "after", "instead of"] = "before"
    if word := cursor.take_any(*_TIMINGS):
        timing = _TIMINGS[word]
    elif cursor.take("INSTEAD", "OF"):
        timing = "instead of"
    event = cursor.expect_any("INSERT", "UPDATE", "DELETE").lower()
    columns = tuple(cursor.listed(cursor.identifier)) if cursor.take("OF") else ()
    cursor.expect("ON")
    table = cursor.qualified_name()
    cursor.take("FOR", "EACH", "ROW")
    if cursor.take("WHEN"):
        cursor.until(lambda: cursor.sees("BEGIN"))
    _read_body(cursor)
    trigger = CreateTrigger(
        span=cursor.span_from(0), table=table, name=name, timing=timing, events=(event,), update_columns=columns,
        if_not_exists=if_not_exists, row_level=True,
    )  # fmt: skip
    return [trigger]


def _read_body(cursor: SqliteCursor) -> None:
    cursor.expect("BEGIN")
    while not cursor.take("END"):
        statement = cursor.until(lambda: cursor.sees(";"), commas=False)
        if statement.word() not in HEADS:
            statement.stuck("SELECT, INSERT, UPDATE or DELETE")
        cursor.expect(";")


def _drop(cursor: SqliteCursor) -> list[Operation]:
    kind = cursor.expect_any("TABLE", "INDEX", "VIEW", "TRIGGER")
    if_exists = cursor.take("IF", "EXISTS")
    name = cursor.qualified_name()
    span = cursor.span_from(0)
    if kind == "TABLE":
        return [DropTable(span=span, table=name, if_exists=if_exists)]
    if kind == "INDEX":
        return [DropIndex(span=span, index=name, if_exists=if_exists)]
    if kind == "VIEW":
        return [DropView(span=span, view=name, if_exists=if_exists)]
    return [DropTrigger(span=span, table=QualifiedName(""), name=name.name, if_exists=if_exists)]


def _alter(cursor: SqliteCursor) -> list[Operation]:
    cursor.expect("TABLE")
    return read_alter_table(cursor)


def _explain(cursor: SqliteCursor) -> list[Operation]:
    cursor.rest()
    return [OtherStatement(span=cursor.span_from(0), command="explain")]


_READERS: dict[str, Reader] = {
    "CREATE": _create,
    "ALTER": _alter,
    "DROP": _drop,
    "PRAGMA": read_pragma,
    "BEGIN": read_begin,
    "COMMIT": read_commit,
    "END": read_commit,
    "ROLLBACK": read_rollback,
    "SAVEPOINT": read_savepoint,
    "RELEASE": read_release,
    "ATTACH": read_attach,
    "DETACH": read_detach,
    "VACUUM": read_vacuum,
    "REINDEX": read_reindex,
    "ANALYZE": read_analyze,
    "EXPLAIN": _explain,
}
