"""Code that the database keeps (functions, triggers, rules), and code that a migration runs (DO, CALL)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from migsafe.model.names import truncate_identifier
from migsafe.model.operation import (
    CreateFunction,
    CreateRule,
    CreateTrigger,
    OpaqueCode,
    Operation,
    RunCode,
)
from migsafe.model.script import Span
from migsafe.parse.cursor import STRING, Cursor
from migsafe.parse.postgres.plpgsql import read_block

if TYPE_CHECKING:
    from collections.abc import Sequence

_WORD = re.compile(r'"((?:[^"]|"")+)"|([^\W\d][\w$]*)')
_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
#: Where a statement of PL/pgSQL begins with a column of NEW, or a query's result goes there.
_ASSIGNED = re.compile(
    r"(?:(?:\A|;|\b(?:begin|then|else|loop)\b)\s*|\binto\s+(?:strict\s+)?)"
    r"new\s*\.\s*(?:\"(?P<quoted>(?:[^\"]|\"\")+)\"|(?P<word>[^\W\d][\w$]*))",
    re.IGNORECASE,
)
_QUOTES = re.compile(r"\$[^$]*\$|[eE]?'")
_Volatility = Literal["immutable", "stable", "volatile"]
_VOLATILITIES: dict[str, _Volatility] = {"IMMUTABLE": "immutable", "STABLE": "stable", "VOLATILE": "volatile"}


# -- functions -------------------------------------------------------------------------------------------------------


def create_function(cursor: Cursor, span: Span, *, or_replace: bool, procedure: bool) -> list[Operation]:
    """Read all that stands behind CREATE [OR REPLACE] FUNCTION or PROCEDURE."""
    name = cursor.qualified_name()
    arguments = tuple(text for item in cursor.group().items() if (text := _argument_type(item)))
    language: str | None = None
    body: str | None = None
    definer = path_set = False
    volatility: _Volatility = "volatile"
    while not cursor.at_end:
        word = cursor.word()
        if cursor.take("LANGUAGE"):
            language = cursor.string().lower() if cursor.kind() == STRING else cursor.identifier()
        elif cursor.take("AS"):
            body = _body(cursor)
        elif word == "BEGIN" or word == "RETURN":
            language, body = language or "sql", cursor.rest().source
        elif cursor.take("SECURITY"):
            definer = cursor.expect_any("DEFINER", "INVOKER") == "DEFINER"
        elif cursor.take("SET"):
            path_set = cursor.word() == "SEARCH_PATH" or path_set
            cursor.next()
        elif word in _VOLATILITIES:
            volatility = _VOLATILITIES[cursor.next().word]
        elif word == "(":
            cursor.group()
        else:
            cursor.next()
    return [
        CreateFunction(
            span=span,
            name=name,
            language=language,
            body=body,
            arguments=arguments,
            or_replace=or_replace,
            procedure=procedure,
            security_definer=definer,
            search_path_set=path_set,
            volatility=volatility,
            references=references(body or ""),
            fills=_fills(body or ""),
        )
    ]


def _argument_type(item: Cursor) -> str:
    """The type in `[IN] [name] type [DEFAULT …]`, as folded text; empty for OUT and TABLE columns."""
    mode = item.take_any("IN", "OUT", "INOUT", "VARIADIC")
    if mode == "OUT":
        return ""
    declared = item.until(lambda: item.word() in ("DEFAULT", "=", ":="))
    item.rest()
    words = [declared.text[token.start : token.end] for token in declared.tokens[declared.at : declared.stop]]
    if len(words) > 1 and _has_name(declared):
        declared.at += 1
    return " ".join(declared.source.lower().split())


def _has_name(declared: Cursor) -> bool:
    """Whether the first of several words is a name: it is not, where all of them are a type (`double precision`)."""
    follows = declared.word(1)
    two_words = {"PRECISION", "VARYING", "WITH", "WITHOUT", ".", "(", "[", "ARRAY", "%"}
    return follows not in two_words and declared.word() not in ("DOUBLE", "NATIONAL", "SETOF", "INTERVAL")


def _body(cursor: Cursor) -> str:
    """The string behind AS; of `AS 'obj_file', 'link_symbol'` the first."""
    body = cursor.string()
    if cursor.take(","):
        cursor.string()
    return body


def references(body: str) -> frozenset[str]:
    """Folded words of a body that could be names."""
    return frozenset(
        truncate_identifier(quoted.replace('""', '"') if quoted else word.lower())
        for quoted, word in _WORD.findall(body)
    )


def _fills(body: str) -> frozenset[str]:
    """The columns of NEW that a body of PL/pgSQL assigns: what a comparison asks of it is no assignment."""
    return frozenset(
        truncate_identifier(found["quoted"].replace('""', '"') if found["quoted"] else found["word"].lower())
        for found in _ASSIGNED.finditer(_COMMENT.sub(" ", body))
    )


# -- triggers and rules ----------------------------------------------------------------------------------------------


def create_trigger(cursor: Cursor, span: Span, *, or_replace: bool) -> list[Operation]:
    """Read all that stands behind CREATE [OR REPLACE], from CONSTRAINT or TRIGGER on."""
    constraint = cursor.take("CONSTRAINT")
    cursor.expect("TRIGGER")
    name = cursor.identifier()
    timing = _timing(cursor)
    events, update_columns = _events(cursor)
    cursor.expect("ON")
    table = cursor.qualified_name()
    if cursor.take("FROM"):
        cursor.qualified_name()
    deferrable, deferred = _deferral(cursor)
    if cursor.take("REFERENCING"):
        while cursor.take_any("OLD", "NEW"):
            cursor.expect_any("TABLE", "ROW")
            cursor.take("AS")
            cursor.identifier()
    row_level = False
    if cursor.take("FOR"):
        cursor.take("EACH")
        row_level = cursor.expect_any("ROW", "STATEMENT") == "ROW"
    if cursor.take("WHEN"):
        cursor.group()
    cursor.expect("EXECUTE")
    cursor.expect_any("FUNCTION", "PROCEDURE")
    function = cursor.qualified_name()
    cursor.group()
    return [
        CreateTrigger(
            span=span,
            table=table,
            name=name,
            timing=timing,
            events=events,
            update_columns=update_columns,
            function=function,
            or_replace=or_replace,
            constraint=constraint,
            deferrable=deferrable,
            initially_deferred=deferred,
            row_level=row_level,
        )
    ]


def _timing(cursor: Cursor) -> Literal["before", "after", "instead of"]:
    if cursor.take("INSTEAD", "OF"):
        return "instead of"
    return "before" if cursor.expect_any("BEFORE", "AFTER") == "BEFORE" else "after"


def _events(cursor: Cursor) -> tuple[tuple[str, ...], tuple[str, ...]]:
    events: list[str] = []
    columns: tuple[str, ...] = ()
    while True:
        events.append(cursor.expect_any("INSERT", "UPDATE", "DELETE", "TRUNCATE").lower())
        if cursor.take("OF"):
            columns = tuple(cursor.listed(cursor.identifier))
        if not cursor.take("OR"):
            return tuple(events), columns


def _deferral(cursor: Cursor) -> tuple[bool, bool]:
    deferrable = deferred = False
    while cursor.word() in ("NOT", "DEFERRABLE", "INITIALLY"):
        if cursor.take("INITIALLY"):
            deferred = cursor.expect_any("DEFERRED", "IMMEDIATE") == "DEFERRED"
            deferrable = deferrable or deferred
        elif cursor.take("NOT"):
            cursor.expect("DEFERRABLE")
        else:
            deferrable = cursor.take("DEFERRABLE")
    return deferrable, deferred


def create_rule(cursor: Cursor, span: Span, *, or_replace: bool) -> list[Operation]:
    """Read all that stands behind CREATE [OR REPLACE] RULE."""
    name = cursor.identifier()
    cursor.expect("AS", "ON")
    cursor.expect_any("SELECT", "INSERT", "UPDATE", "DELETE")
    cursor.expect("TO")
    table = cursor.qualified_name()
    if cursor.take("WHERE"):
        cursor.until(lambda: cursor.word() == "DO", commas=False)
    cursor.expect("DO")
    if cursor.at_end:
        cursor.stuck("what to do")
    cursor.rest()
    return [CreateRule(span=span, table=table, name=name, or_replace=or_replace)]


# -- code that runs now ----------------------------------------------------------------------------------------------


def run_block(cursor: Cursor, span: Span, templates: Sequence[Span]) -> list[Operation]:
    """Read all that stands behind DO."""
    language, body, place = "plpgsql", None, span
    while not cursor.at_end:
        if cursor.take("LANGUAGE"):
            language = cursor.string().lower() if cursor.kind() == STRING else cursor.identifier()
        else:
            token = cursor.tokens[cursor.at]
            body, place = cursor.string(), Span(token.start, token.end)
    if body is None:
        cursor.stuck("a string")
    if language != "plpgsql":
        opaque = (OpaqueCode(place, f"it is written in {language}"),)
        return [RunCode(span=span, form="do", language=language, body=body, opaque=opaque)]
    inside = body_span(cursor.text, place)
    if inside is None:
        opaque = (OpaqueCode(place, "its body is a string with escapes"),)
        return [RunCode(span=span, form="do", language=language, body=body, opaque=opaque)]
    block = read_block(cursor.text, inside, templates)
    return [
        RunCode(
            span=span,
            form="do",
            language=language,
            body=body,
            operations=tuple(block.operations),
            opaque=tuple(block.opaque),
            conditional=block.conditional,
        )
    ]


def body_span(text: str, place: Span) -> Span | None:
    """Where the value of a string literal stands in the text; None where escapes make it differ."""
    opening = _QUOTES.match(text, place.start)
    if opening is None:
        return None
    closing = 1 if opening.group().endswith("'") else len(opening.group())
    inside = Span(opening.end(), place.end - closing)
    written = text[slice(*inside)]
    if opening.group()[0] != "$" and ("'" in written or (opening.group()[0] in "eE" and "\\" in written)):
        return None
    return inside


def call(cursor: Cursor, span: Span) -> list[Operation]:
    """Read all that stands behind CALL."""
    name = cursor.qualified_name()
    cursor.group()
    return [RunCode(span=span, form="call", opaque=(OpaqueCode(span, f"what {name} does stands in its body"),))]


def execute(cursor: Cursor, span: Span) -> list[Operation]:
    """Read all that stands behind EXECUTE of a prepared statement."""
    name = cursor.identifier()
    if cursor.word() == "(":
        cursor.group()
    return [RunCode(span=span, form="execute", opaque=(OpaqueCode(span, f"it runs the prepared statement {name}"),))]
