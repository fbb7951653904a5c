"""SELECT, INSERT, UPDATE, DELETE and MERGE, with what a WITH in front of them does.

The clauses are told apart by tokens, which never fails on syntax that sqlglot does not know; the tables that a query
reads come from sqlglot's tree.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from migsafe.model.dialect import Dialect
from migsafe.model.operation import (
    CreateTable,
    Delete,
    Expression,
    Insert,
    Merge,
    Operation,
    Query,
    SetParameter,
    Update,
)
from migsafe.parse.cursor import STRING, Cursor
from migsafe.parse.expressions import always_true, check_operators, compared_columns, read_expression
from migsafe.parse.queries import (
    functions_of,
    guess_reads,
    is_bounded,
    locks_rows,
    read_query,
    string_constants,
    tables_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migsafe.model.names import QualifiedName
    from migsafe.model.script import Span

#: Words with which these statements begin, besides an opening parenthesis.
HEADS = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "WITH", "VALUES", "TABLE", "REPLACE"})
_QUERY_HEADS = frozenset({"SELECT", "VALUES", "TABLE", "("})
_ENDS_ASSIGNMENTS = frozenset({"FROM", "WHERE", "RETURNING", "ORDER", "LIMIT"})
_ENDS_CONDITION = frozenset({"RETURNING", "ORDER", "LIMIT"})
#: Words that MySQL and SQLite allow there.
_BEFORE_INTO = (
    "INSERT",
    "REPLACE",
    "OR",
    "IGNORE",
    "ROLLBACK",
    "ABORT",
    "FAIL",
    "LOW_PRIORITY",
    "HIGH_PRIORITY",
    "DELAYED",
)
_READS = frozenset({"FROM", "SELECT", "USING", "JOIN", "TABLE"})


def read_dml(cursor: Cursor, span: Span, *, in_code: bool = False) -> list[Operation]:
    """Read one statement, to the end of the cursor.

    Args:
        span: of the statement.
        in_code: inside PL/pgSQL, where `SELECT … INTO` fills variables instead of a new table.

    Raises:
        Stuck: when it is none of these statements.
    """
    whole = cursor.part(cursor.at, cursor.stop)
    limited: set[str] = set()
    operations = list(_with_clause(cursor, limited)) if cursor.word() == "WITH" else []
    head, word = cursor.part(cursor.at, cursor.stop), cursor.word()
    if word in _QUERY_HEADS:
        operations.extend(_query(cursor, whole, span, in_code=in_code))
    elif word in ("INSERT", "REPLACE"):
        operations.append(_insert(cursor, whole, span))
    elif word == "UPDATE":
        operations.append(_update(cursor, whole, span))
    elif word == "DELETE":
        operations.append(_delete(cursor, whole, span))
    elif word == "MERGE":
        operations.append(_merge(cursor, whole, span))
    else:
        cursor.stuck("SELECT, INSERT, UPDATE, DELETE or MERGE")
    operations[-1] = _bounded_by(limited, operations[-1], head)
    return operations


def _bounded_by(limited: set[str], operation: Operation, cursor: Cursor) -> Operation:
    """The operation, whose rows are as few as those of a part of WITH that has a LIMIT and that it names."""
    if not isinstance(operation, Update | Delete | Insert):
        return operation
    return replace(
        operation, bounded=operation.bounded or not limited.isdisjoint(cursor.words[cursor.at : cursor.stop])
    )


def _with_clause(cursor: Cursor, limited: set[str]) -> Iterator[Operation]:
    """Move past WITH; yields what its parts write, and adds the names of those that a LIMIT bounds to `limited`."""
    cursor.expect("WITH")
    cursor.take("RECURSIVE")
    while True:
        name = cursor.identifier()
        if cursor.word() == "(":
            cursor.group()
        cursor.expect("AS")
        _ = cursor.take("NOT", "MATERIALIZED") or cursor.take("MATERIALIZED")
        inside = cursor.group()
        if "LIMIT" in inside.words[inside.at : inside.stop]:
            limited.add(name.upper())
        if inside.word() in ("INSERT", "UPDATE", "DELETE", "MERGE", "WITH"):
            head = inside.part(inside.at, inside.stop)
            parts = (part for part in read_dml(inside, inside.span) if not isinstance(part, Query))
            yield from (_bounded_by(limited, part, head) for part in parts)
        while cursor.word() in ("SEARCH", "CYCLE"):
            cursor.next()
            cursor.until(lambda: cursor.word() in ("SEARCH", "CYCLE", *HEADS), commas=False)
        if not cursor.take(","):
            return


# -- queries ---------------------------------------------------------------------------------------------------------


def _query(cursor: Cursor, whole: Cursor, span: Span, *, in_code: bool) -> Iterator[Operation]:
    _check_brackets(cursor)
    if not in_code and (created := _select_into(cursor, span)) is not None:
        yield created
    facts = read_query(whole)
    functions = functions_of(whole)
    yield Query(
        span=span,
        reads=facts.reads,
        functions=functions,
        locks_rows=locks_rows(whole),
        literals=string_constants(whole),
        text=facts.text,
    )
    if any(function.endswith("set_config") for function in functions):
        yield from _set_config(whole, span)
    cursor.rest()


def _check_brackets(cursor: Cursor) -> None:
    probe = cursor.part(cursor.at, cursor.stop)
    while not probe.at_end:
        if probe.word() == "(":
            probe.group()
        elif probe.word() == ")":
            probe.stuck("no closing parenthesis")
        else:
            probe.next()


def _select_into(cursor: Cursor, span: Span) -> CreateTable | None:
    """`SELECT … INTO [TEMP] name FROM …`: another CREATE TABLE AS."""
    if (
        cursor.dialect is not Dialect.POSTGRES
        or cursor.word() != "SELECT"
        or "INTO" not in cursor.words[cursor.at : cursor.stop]
    ):
        return None
    probe = cursor.part(cursor.at, cursor.stop)
    probe.until(lambda: probe.word() in ("INTO", "FROM"), commas=False)
    if not probe.take("INTO"):
        return None
    temporary = probe.take_any("TEMP", "TEMPORARY") is not None
    unlogged = probe.take("UNLOGGED")
    probe.take("TABLE")
    table = probe.qualified_name()
    query = cursor.source
    return CreateTable(
        span=span, table=table, temporary=temporary, unlogged=unlogged, query=query, reads=tuple(guess_reads(probe))
    )


def _set_config(cursor: Cursor, span: Span) -> Iterator[SetParameter]:
    """`set_config('name', 'value', is_local)` with constants."""
    for at in range(cursor.at, cursor.stop):
        if cursor.words[at] != "SET_CONFIG" or at + 1 >= cursor.stop or cursor.words[at + 1] != "(":
            continue
        arguments = list(cursor.part(at + 1, cursor.stop).group().items())
        if len(arguments) == 3 and arguments[0].kind() == STRING:
            name, value, local = arguments
            constant = (value.string(),) if value.kind() == STRING else (value.source,)
            yield SetParameter(
                span=span,
                name=name.string().lower(),
                values=constant,
                local=(local.tokens[local.at].text.lower() in ("true", "t", "on", "1", "yes")),
            )


# -- INSERT ----------------------------------------------------------------------------------------------------------


def _insert(cursor: Cursor, whole: Cursor, span: Span) -> Insert:
    while cursor.take_any(*_BEFORE_INTO):
        pass
    if not cursor.take("INTO") and cursor.dialect is not Dialect.MYSQL:
        cursor.stuck("INTO")
    table = cursor.qualified_name()
    if cursor.take("AS"):
        cursor.identifier()
    columns = _column_list(cursor)
    if cursor.take("OVERRIDING"):
        cursor.expect_any("SYSTEM", "USER")
        cursor.expect("VALUE")
    source, body = _source(cursor)
    on_conflict, conflict_columns = _on_conflict(cursor)
    _returning(cursor)
    query = body if source == "query" else None
    return Insert(
        span=span,
        table=table,
        columns=columns,
        source=source,
        reads=_other_tables(whole, table) if _has_query(whole) else (),
        bounded=query is not None and is_bounded(query),
        literals=string_constants(whole),
        on_conflict=on_conflict,
        conflict_columns=conflict_columns,
    )


def _column_list(cursor: Cursor) -> tuple[str, ...]:
    """`(a, b.c, d[1])`, unless the parentheses hold a query."""
    if cursor.word() != "(" or cursor.word(1) in ("SELECT", "WITH", "VALUES", "TABLE", "("):
        return ()
    columns = []
    for item in cursor.group().items():
        columns.append(item.identifier())
        item.rest()
    return tuple(columns)


def _source(cursor: Cursor) -> tuple[Literal["values", "query", "default"], Cursor | None]:
    if cursor.take("DEFAULT", "VALUES"):
        return "default", None
    if cursor.at_end:
        cursor.stuck("VALUES or a query")
    word = cursor.word()
    if word not in ("VALUES", "VALUE", "SELECT", "WITH", "TABLE", "(", "SET"):
        cursor.stuck("VALUES or a query")
    body = cursor.until(lambda: cursor.sees("ON", "CONFLICT") or cursor.sees("ON", "DUPLICATE")
                        or cursor.word() == "RETURNING", commas=False)  # fmt: skip
    return ("values" if word in ("VALUES", "VALUE", "SET") else "query"), body


def _on_conflict(cursor: Cursor) -> tuple[bool, tuple[str, ...]]:
    if not cursor.sees("ON"):
        return False, ()
    cursor.next()
    columns: tuple[str, ...] = ()
    if cursor.expect_any("CONFLICT", "DUPLICATE") == "CONFLICT" and cursor.word() == "(":
        target = cursor.group()
        columns = tuple(item.identifier() for item in target.items() if item.sees_name())
    cursor.until(lambda: cursor.word() == "RETURNING", commas=False)
    return True, columns


def _returning(cursor: Cursor) -> None:
    if cursor.take("RETURNING"):
        cursor.until(lambda: False, commas=False)
    cursor.finish()


# -- UPDATE, DELETE, MERGE -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Condition:
    """What a WHERE says; the fields are those of `Update`."""

    where: Expression | None = None
    tautology: bool = False
    bounded: bool = False
    compared: tuple[str, ...] = ()


def _update(cursor: Cursor, whole: Cursor, span: Span) -> Update:
    cursor.expect("UPDATE")
    only, table = _target(cursor, "SET")
    cursor.expect("SET")
    assignments = cursor.until(lambda: cursor.word() in _ENDS_ASSIGNMENTS, commas=False)
    columns = tuple(_assigned(assignments))
    if cursor.take("FROM"):
        cursor.until(lambda: cursor.word() in ("WHERE", "RETURNING"), commas=False)
    condition = _condition(cursor)
    return Update(
        span=span,
        table=table,
        only=only,
        columns=columns,
        where=condition.where,
        tautology=condition.tautology,
        bounded=condition.bounded,
        compared=condition.compared,
        reads=_other_tables(whole, table) if _has_query(whole) else (),
        literals=string_constants(whole),
    )


def _assigned(cursor: Cursor) -> Iterator[str]:
    for item in cursor.items():
        if item.word() == "(":
            yield from _column_list(item)
        else:
            parts = [item.identifier()]
            while item.take("."):
                parts.append(item.identifier())
            yield parts[0] if cursor.dialect is Dialect.POSTGRES else parts[-1]
            while item.word() == "[":
                item.next()
                item.until(lambda: False)
                item.expect("]")
        item.expect("=")
        check_operators(item)
        item.rest()


def _delete(cursor: Cursor, whole: Cursor, span: Span) -> Delete:
    cursor.expect("DELETE")
    cursor.expect("FROM")
    only, table = _target(cursor, "USING", "WHERE", "RETURNING", "ORDER", "LIMIT")
    if cursor.take("USING"):
        cursor.until(lambda: cursor.word() in ("WHERE", "RETURNING"), commas=False)
    condition = _condition(cursor)
    return Delete(
        span=span,
        table=table,
        only=only,
        where=condition.where,
        tautology=condition.tautology,
        bounded=condition.bounded,
        compared=condition.compared,
        reads=_other_tables(whole, table) if _has_query(whole) else (),
        literals=string_constants(whole),
    )


def _target(cursor: Cursor, *before: str) -> tuple[bool, QualifiedName]:
    """`[ONLY] name [*] [[AS] alias]`, up to one of these words."""
    only = cursor.word(1) not in before and cursor.word(1) != "" and cursor.take("ONLY")
    target = cursor.group() if only and cursor.word() == "(" else cursor
    table = target.qualified_name()
    cursor.take("*")
    if cursor.take("AS") or (not cursor.at_end and cursor.word() not in before and cursor.sees_name()):
        cursor.identifier()
    return only, table


def _condition(cursor: Cursor) -> _Condition:
    condition = _Condition()
    if cursor.take("WHERE"):
        if cursor.take("CURRENT", "OF"):
            name = cursor.identifier()
            condition = _Condition(Expression(f"CURRENT OF {name}"), bounded=True)
        else:
            condition = read_condition(cursor.until(lambda: cursor.word() in _ENDS_CONDITION, commas=False))
    if cursor.word() in ("ORDER", "LIMIT"):
        limited = "LIMIT" in cursor.words[cursor.at : cursor.stop]
        cursor.until(lambda: cursor.word() == "RETURNING", commas=False)
        condition = _Condition(condition.where, condition.tautology, condition.bounded or limited, condition.compared)
    _returning(cursor)
    return condition


def read_condition(cursor: Cursor) -> _Condition:
    """What is left of a cursor, as a WHERE."""
    compared = tuple(compared_columns(cursor))
    bounded = bool(compared) or "LIMIT" in cursor.words[cursor.at : cursor.stop]
    tautology = always_true(cursor)
    return _Condition(read_expression(cursor), tautology, bounded and not tautology, compared)


def _merge(cursor: Cursor, whole: Cursor, span: Span) -> Merge:
    cursor.expect("MERGE", "INTO")
    only, table = _target(cursor, "USING")
    cursor.expect("USING")
    cursor.until(lambda: cursor.word() == "ON", commas=False)
    cursor.expect("ON")
    cursor.until(lambda: cursor.word() == "WHEN", commas=False)
    if cursor.word() != "WHEN":
        cursor.stuck("WHEN")
    cursor.rest()
    return Merge(span=span, table=table, only=only, reads=_other_tables(whole, table), literals=string_constants(whole))


def _has_query(cursor: Cursor) -> bool:
    words = cursor.words[cursor.at + 1 : cursor.stop]
    count = sum(word in _READS for word in words)
    return count > (1 if cursor.word() == "DELETE" else 0)


def _other_tables(whole: Cursor, target: QualifiedName) -> tuple[QualifiedName, ...]:
    """The tables that it reads; the target counts when it is read once more."""
    return tuple(table for table in tables_of(whole) if table != target)
