"""CREATE TABLE in all its forms, and CREATE FOREIGN TABLE."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from migsafe.model.operation import (
    ColumnDefinition,
    Constraint,
    CreateTable,
    LikeClause,
    Operation,
    PartitionKey,
)
from migsafe.parse.postgres.alter_table import read_bound
from migsafe.parse.postgres.columns import read_column, read_constraint, sees_table_constraint

if TYPE_CHECKING:
    from migsafe.model.names import QualifiedName
    from migsafe.model.script import Span
    from migsafe.parse.cursor import Cursor


@dataclass(slots=True)
class _Elements:
    """What stands in the parentheses."""

    columns: list[ColumnDefinition] = field(default_factory=list)
    constraints: list[Constraint] = field(default_factory=list)
    likes: list[LikeClause] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Persistence:
    """The words in front of TABLE, SEQUENCE and VIEW."""

    temporary: bool = False
    unlogged: bool = False


def take_persistence(cursor: Cursor) -> Persistence:
    """Move past `[GLOBAL | LOCAL] TEMP[ORARY]` or UNLOGGED."""
    cursor.take_any("GLOBAL", "LOCAL")
    temporary = cursor.take_any("TEMP", "TEMPORARY") is not None
    return Persistence(temporary, cursor.take("UNLOGGED"))


def create_table(cursor: Cursor, span: Span, persistence: Persistence, *, foreign: bool = False) -> list[Operation]:
    """Read all that stands behind `CREATE … TABLE`."""
    if_not_exists = cursor.take("IF", "NOT", "EXISTS")
    table = cursor.qualified_name()
    partition_of = cursor.qualified_name() if cursor.take("PARTITION", "OF") else None
    typed = partition_of is None
    if cursor.take("OF"):
        cursor.qualified_name()
        typed = False
    elements = _elements(cursor, typed=typed) if cursor.word() == "(" else _Elements()
    created = CreateTable(
        span=span,
        table=table,
        columns=tuple(elements.columns),
        constraints=tuple(elements.constraints),
        likes=tuple(elements.likes),
        if_not_exists=if_not_exists,
        temporary=persistence.temporary or table.schema == "pg_temp",
        unlogged=persistence.unlogged,
        foreign=foreign,
        partition_of=partition_of,
        bound=read_bound(cursor) if partition_of is not None else None,
    )
    created = _clauses(cursor, created)
    return [_with_query(cursor, created) if cursor.take("AS") else created]


def _elements(cursor: Cursor, *, typed: bool) -> _Elements:
    inside = cursor.group()
    elements = _Elements()
    while not inside.at_end:
        if inside.word() == "LIKE":
            elements.likes.append(_like(inside))
        elif sees_table_constraint(inside):
            elements.constraints.append(read_constraint(inside))
        elif inside.word(1) == "," or inside.at + 1 == inside.stop:
            # The column names of CREATE TABLE AS.
            elements.columns.append(ColumnDefinition(name=inside.identifier(), type=None))
        else:
            elements.columns.append(read_column(inside, typed=typed))
        if not inside.take(","):
            inside.finish()
        elif inside.kind() < 0:
            inside.stuck("a column")
    return elements


def _like(cursor: Cursor) -> LikeClause:
    cursor.expect("LIKE")
    table = cursor.qualified_name()
    including: set[str] = set()
    while verb := cursor.take_any("INCLUDING", "EXCLUDING"):
        word = cursor.next().word
        including = including | {word} if verb == "INCLUDING" else including - {word}
    return LikeClause(table, frozenset(including))


def _clauses(cursor: Cursor, created: CreateTable) -> CreateTable:
    inherits: tuple[QualifiedName, ...] = ()
    if cursor.take("INHERITS"):
        inside = cursor.group()
        inherits = tuple(inside.listed(inside.qualified_name)) if not inside.at_end else ()
        inside.finish()
    partition_by = _partition_key(cursor) if cursor.take("PARTITION", "BY") else None
    while not cursor.at_end and cursor.word() != "AS":
        _storage_clause(cursor)
    return replace(created, inherits=inherits, partition_by=partition_by)


def _partition_key(cursor: Cursor) -> PartitionKey:
    strategy = cursor.identifier()
    keys = cursor.group()
    return PartitionKey(strategy, keys.source)


def _storage_clause(cursor: Cursor) -> None:
    if cursor.take("USING") or cursor.take("TABLESPACE") or cursor.take("SERVER"):
        cursor.identifier()
    elif (cursor.sees("WITH", "(") and cursor.take("WITH")) or cursor.take("OPTIONS"):
        cursor.group()
    elif cursor.take("ON", "COMMIT"):
        if not (cursor.take("DROP") or cursor.take("PRESERVE", "ROWS")):
            cursor.expect("DELETE", "ROWS")
    elif not (cursor.take("WITHOUT", "OIDS") or cursor.take("WITH", "OIDS")):
        cursor.stuck("a clause of CREATE TABLE")


def _with_query(cursor: Cursor, created: CreateTable) -> CreateTable:
    from migsafe.parse.queries import read_query

    if cursor.take("EXECUTE"):
        query = cursor.rest()
        return replace(created, query=query.source)
    facts = read_query(take_query(cursor))
    return replace(created, query=facts.text, reads=facts.reads)


def take_query(cursor: Cursor) -> Cursor:
    """Move past a query and its `WITH [NO] DATA`; returns a cursor on the query."""
    start = cursor.at
    cursor.rest()
    stop = cursor.stop
    for tail in (["WITH", "NO", "DATA"], ["WITH", "DATA"]):
        if cursor.words[max(start, stop - len(tail)) : stop] == tail:
            stop -= len(tail)
            break
    if start >= stop:
        cursor.stuck("a query")
    return cursor.part(start, stop)
