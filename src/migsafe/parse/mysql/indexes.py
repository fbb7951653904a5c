"""CREATE INDEX and DROP INDEX (MySQL 8.4 manual, 15.1.15 and 15.1.27)."""

from __future__ import annotations

from migsafe.model.names import QualifiedName
from migsafe.model.operation import AlterTableOther, CreateIndex, DropConstraint, DropIndex, Operation
from migsafe.model.script import Span
from migsafe.parse.mysql.cursor import MySqlCursor
from migsafe.parse.mysql.keys import read_elements, read_index_options


def read_create_index(cursor: MySqlCursor) -> list[Operation]:
    """CREATE [OR REPLACE] [UNIQUE | FULLTEXT | SPATIAL] INDEX …, behind the word CREATE.

    ALGORITHM and LOCK follow as operations of their own, as they do in ALTER TABLE.
    """
    or_replace = cursor.take("OR", "REPLACE")
    unique = cursor.take("UNIQUE")
    kind = cursor.take_any("FULLTEXT", "SPATIAL", "VECTOR")
    cursor.take("ONLINE")
    cursor.expect("INDEX")
    if_not_exists = cursor.take("IF", "NOT", "EXISTS")
    name = cursor.identifier()
    method = cursor.identifier() if cursor.take_any("USING", "TYPE") else None
    cursor.expect("ON")
    table = cursor.qualified_name()
    elements = read_elements(cursor)
    method = read_index_options(cursor) or method
    choices = _choices(cursor, table)
    cursor.finish()
    span = cursor.span_from(0)
    create = CreateIndex(
        span=span,
        table=table,
        name=name,
        elements=elements,
        unique=unique,
        method=kind.lower() if kind else method,
        if_not_exists=if_not_exists,
    )
    gone = DropIndex(span=span, index=QualifiedName(name), table=table, if_exists=True)
    return [*([gone] if or_replace else []), create, *choices]


def read_drop_index(cursor: MySqlCursor) -> list[Operation]:
    """DROP INDEX [IF EXISTS] name ON table, behind those first two words."""
    if_exists = cursor.take("IF", "EXISTS")
    name = cursor.identifier()
    cursor.expect("ON")
    table = cursor.qualified_name()
    choices = _choices(cursor, table)
    return [drop_index(cursor.span_from(0), table, name, if_exists), *choices]


def drop_index(span: Span, table: QualifiedName, name: str, if_exists: bool) -> Operation:
    """The index's end; the one that is called PRIMARY is the primary key (MySQL 8.4 manual, 15.1.27)."""
    if name == "primary":
        return DropConstraint(span=span, table=table, name=None, if_constraint_exists=if_exists)
    return DropIndex(span=span, index=QualifiedName(name), table=table, if_exists=if_exists)


def _choices(cursor: MySqlCursor, table: QualifiedName) -> list[Operation]:
    """ALGORITHM [=] …, LOCK [=] …, and MariaDB's WAIT n and NOWAIT."""
    found: list[Operation] = []
    while True:
        start = cursor.at
        if word := cursor.take_any("ALGORITHM", "LOCK"):
            action = f"{word.lower()}={cursor.option_value()}"
        elif cursor.take("WAIT"):
            action = f"wait {cursor.next().text}"
        elif cursor.take("NOWAIT"):
            action = "nowait"
        else:
            return found
        found.append(AlterTableOther(span=cursor.span_from(start), table=table, action=action))
