"""Views, triggers, procedures, functions and events (MySQL 8.4 manual, chapter 27 "Stored Objects")."""

from __future__ import annotations

from typing import Literal

from migsafe.model.names import QualifiedName
from migsafe.model.operation import (
    AlterFunction,
    CreateFunction,
    CreateTrigger,
    DropFunction,
    DropObject,
    DropTrigger,
    ObjectKind,
    Operation,
    OtherStatement,
)
from migsafe.parse.cursor import QUOTED, WORD, Cursor
from migsafe.parse.mysql.cursor import MySqlCursor
from migsafe.parse.view_facts import create_view

#: Where a dialect does not say the table of a trigger.
NO_TABLE = QualifiedName("")

_TIMINGS: dict[str, Literal["before", "after"]] = {"BEFORE": "before", "AFTER": "after"}
_CHARACTERISTICS = (
    ("NOT", "DETERMINISTIC"), ("DETERMINISTIC",), ("CONTAINS", "SQL"), ("NO", "SQL"), ("READS", "SQL", "DATA"),
    ("MODIFIES", "SQL", "DATA"), ("LANGUAGE", "SQL"),
)  # fmt: skip


def skip_definer(cursor: MySqlCursor) -> None:
    """Move past DEFINER = account."""
    if cursor.take("DEFINER"):
        cursor.expect("=")
        cursor.account()


def read_create_view(cursor: MySqlCursor, *, or_replace: bool) -> list[Operation]:
    """[ALGORITHM = …] [DEFINER = …] [SQL SECURITY …] VIEW [IF NOT EXISTS] name [(columns)] AS query …."""
    if cursor.take("ALGORITHM"):
        cursor.option_value()
    skip_definer(cursor)
    if cursor.take("SQL", "SECURITY"):
        cursor.expect_any("DEFINER", "INVOKER")
    cursor.expect("VIEW")
    if_not_exists = cursor.take("IF", "NOT", "EXISTS")
    view = cursor.qualified_name()
    columns: tuple[str, ...] = ()
    if cursor.word() == "(":
        inside = cursor.group()
        columns = tuple(inside.listed(inside.identifier))
        inside.finish()
    cursor.expect("AS")
    query = _without_check_option(cursor)
    span = cursor.span_from(0)
    return [create_view(span, view, query, or_replace=or_replace, if_not_exists=if_not_exists, columns=columns)]


def _without_check_option(cursor: MySqlCursor) -> MySqlCursor:
    """The query, without the WITH [CASCADED | LOCAL] CHECK OPTION behind it."""
    query = cursor.rest()
    end = query.stop
    if query.words[max(query.at, end - 2) : end] == ["CHECK", "OPTION"]:
        end -= 2
        end -= query.words[end - 1] in ("CASCADED", "LOCAL")
        end -= query.words[end - 1] == "WITH"
    if end <= query.at:
        query.stuck("a query")
    return query.part(query.at, end)


def read_create_trigger(cursor: MySqlCursor, *, or_replace: bool) -> list[Operation]:
    """TRIGGER [IF NOT EXISTS] name BEFORE | AFTER event ON table FOR EACH ROW [FOLLOWS …] body."""
    cursor.expect("TRIGGER")
    if_not_exists = cursor.take("IF", "NOT", "EXISTS")
    name = cursor.qualified_name().name
    timing = _TIMINGS[cursor.expect_any(*_TIMINGS)]
    events = [cursor.expect_any("INSERT", "UPDATE", "DELETE").lower()]
    while cursor.take("OR"):
        events.append(cursor.expect_any("INSERT", "UPDATE", "DELETE").lower())
    cursor.expect("ON")
    table = cursor.qualified_name()
    cursor.expect("FOR", "EACH", "ROW")
    if cursor.take_any("FOLLOWS", "PRECEDES"):
        cursor.cased_identifier()
    _body(cursor)
    span = cursor.span_from(0)
    trigger = CreateTrigger(
        span=span, table=table, name=name, timing=timing, events=tuple(events), or_replace=or_replace,
        if_not_exists=if_not_exists, row_level=True,
    )  # fmt: skip
    return [trigger]


def read_create_routine(cursor: MySqlCursor, *, or_replace: bool) -> list[Operation]:
    """[AGGREGATE] PROCEDURE | FUNCTION [IF NOT EXISTS] name (parameters) [RETURNS type] characteristics body."""
    cursor.take("AGGREGATE")
    procedure = cursor.expect_any("PROCEDURE", "FUNCTION") == "PROCEDURE"
    cursor.take("IF", "NOT", "EXISTS")
    name = cursor.routine_name()
    arguments = _arguments(cursor.group()) if cursor.word() == "(" else ()
    deterministic, definer = False, True
    while not cursor.at_end:
        if cursor.take("RETURNS"):
            _skip_type(cursor)
        elif cursor.take("COMMENT"):
            cursor.string()
        elif cursor.take("SQL", "SECURITY"):
            definer = cursor.expect_any("DEFINER", "INVOKER") == "DEFINER"
        elif words := next((words for words in _CHARACTERISTICS if cursor.take(*words)), None):
            deterministic = deterministic or words == ("DETERMINISTIC",)
        else:
            break
    body = _body(cursor)
    return [
        CreateFunction(
            span=cursor.span_from(0), name=name, language="sql", body=body.source, arguments=arguments,
            or_replace=or_replace, procedure=procedure, security_definer=definer,
            volatility="immutable" if deterministic else "volatile", references=_words(body),
        )
    ]  # fmt: skip


def _arguments(cursor: MySqlCursor) -> tuple[str, ...]:
    """The types of the parameters, without IN, OUT, INOUT and their names."""
    types = []
    for item in cursor.items():
        item.take_any("IN", "OUT", "INOUT")
        item.identifier()
        types.append(item.source.lower())
    return tuple(types)


def _skip_type(cursor: MySqlCursor) -> None:
    from migsafe.parse.mysql.types import read_type

    read_type(cursor)
    if cursor.take("COLLATE"):
        cursor.option_value()


def _body(cursor: MySqlCursor) -> MySqlCursor:
    if cursor.at_end:
        cursor.stuck("a body")
    return cursor.rest()


def _words(body: Cursor) -> frozenset[str]:
    """Words that could be names of tables and columns, folded."""
    tokens = body.tokens[body.at : body.stop]
    return frozenset(token.text.lower() for token in tokens if token.kind in (WORD, QUOTED))


def read_create_event(cursor: MySqlCursor) -> list[Operation]:
    """EVENT [IF NOT EXISTS] name ON SCHEDULE … DO body."""
    cursor.expect("EVENT")
    cursor.take("IF", "NOT", "EXISTS")
    cursor.qualified_name()
    cursor.expect("ON", "SCHEDULE")
    while not cursor.at_end and cursor.word() != "DO":
        cursor.at += 1
    cursor.expect("DO")
    _body(cursor)
    return [OtherStatement(span=cursor.span_from(0), command="create event")]


def read_drop_trigger(cursor: MySqlCursor) -> list[Operation]:
    """DROP TRIGGER [IF EXISTS] name, behind those first two words."""
    if_exists = cursor.take("IF", "EXISTS")
    name = cursor.qualified_name().name
    return [DropTrigger(span=cursor.span_from(0), table=NO_TABLE, name=name, if_exists=if_exists)]


def read_drop_routine(cursor: MySqlCursor, kind: Literal["function", "procedure"]) -> list[Operation]:
    """DROP PROCEDURE | FUNCTION [IF EXISTS] name, behind those first two words."""
    if_exists = cursor.take("IF", "EXISTS")
    name = cursor.routine_name()
    return [DropFunction(span=cursor.span_from(0), name=name, kind=kind, if_exists=if_exists)]


def read_drop_event(cursor: MySqlCursor) -> list[Operation]:
    """DROP EVENT [IF EXISTS] name, behind those first two words."""
    if_exists = cursor.take("IF", "EXISTS")
    name = cursor.qualified_name().name
    return [DropObject(span=cursor.span_from(0), kind=ObjectKind.EVENT, name=name, if_exists=if_exists)]


def read_alter_routine(cursor: MySqlCursor) -> list[Operation]:
    """ALTER PROCEDURE | FUNCTION name characteristics, behind those first two words."""
    name = cursor.routine_name()
    definer: bool | None = None
    options = []
    while not cursor.at_end:
        if cursor.take("COMMENT"):
            cursor.string()
            options.append("comment")
        elif cursor.take("SQL", "SECURITY"):
            definer = cursor.expect_any("DEFINER", "INVOKER") == "DEFINER"
        elif words := next((words for words in _CHARACTERISTICS if cursor.take(*words)), None):
            options.append(" ".join(words).lower())
        else:
            cursor.stuck("a characteristic of the routine")
    return [AlterFunction(span=cursor.span_from(0), name=name, security_definer=definer, options=tuple(options))]
