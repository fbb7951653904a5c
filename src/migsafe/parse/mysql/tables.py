"""DROP, RENAME, TRUNCATE, LOCK TABLES, and what looks after tables (MySQL 8.4 manual, 15.1 and 15.7.3)."""

from __future__ import annotations

from migsafe.model.locks import LockMode
from migsafe.model.names import QualifiedName
from migsafe.model.operation import (
    Analyze,
    CopyRows,
    DropTable,
    DropView,
    LockTable,
    Operation,
    OtherStatement,
    RenameTable,
    TruncateTable,
)
from migsafe.model.script import Span
from migsafe.parse.mysql.cursor import MySqlCursor


def read_drop_table(cursor: MySqlCursor) -> list[Operation]:
    """DROP [TEMPORARY] TABLE [IF EXISTS] a, b [RESTRICT | CASCADE], behind the word TABLE."""
    if_exists = cursor.take("IF", "EXISTS")
    tables = cursor.listed(cursor.qualified_name)
    if cursor.take("WAIT"):
        cursor.next()
    cursor.take("NOWAIT")
    # The word is allowed and does nothing (MySQL 8.4 manual, 15.1.32).
    cursor.take_any("RESTRICT", "CASCADE")
    span = cursor.span_from(0)
    return [DropTable(span=span, table=table, if_exists=if_exists) for table in tables]


def read_drop_view(cursor: MySqlCursor) -> list[Operation]:
    """DROP VIEW [IF EXISTS] a, b [RESTRICT | CASCADE], behind the word VIEW."""
    if_exists = cursor.take("IF", "EXISTS")
    views = cursor.listed(cursor.qualified_name)
    cursor.take_any("RESTRICT", "CASCADE")
    span = cursor.span_from(0)
    return [DropView(span=span, view=view, if_exists=if_exists) for view in views]


def read_rename(cursor: MySqlCursor) -> list[Operation]:
    """RENAME TABLE a TO b, c TO d; RENAME USER, behind the word RENAME."""
    if cursor.take("USER"):
        cursor.rest()
        return [OtherStatement(span=cursor.span_from(0), command="rename user")]
    cursor.expect_any("TABLE", "TABLES")
    if_exists = cursor.take("IF", "EXISTS")

    def pair() -> RenameTable:
        start = cursor.at
        table = cursor.qualified_name()
        if cursor.take("WAIT"):
            cursor.next()
        cursor.take("NOWAIT")
        cursor.expect("TO")
        new_name = cursor.qualified_name()
        return RenameTable(span=cursor.span_from(start), table=table, new_name=new_name, if_exists=if_exists)

    return list(cursor.listed(pair))


def read_truncate(cursor: MySqlCursor) -> list[Operation]:
    """TRUNCATE [TABLE] name, behind the word TRUNCATE."""
    cursor.take("TABLE")
    table = cursor.qualified_name()
    if cursor.take("WAIT"):
        cursor.next()
    cursor.take("NOWAIT")
    # It resets AUTO_INCREMENT (MySQL 8.4 manual, 15.1.37).
    return [TruncateTable(span=cursor.span_from(0), table=table, restart_identity=True)]


def read_lock(cursor: MySqlCursor) -> list[Operation]:
    """LOCK TABLES t [AS a] READ [LOCAL] | [LOW_PRIORITY] WRITE, …, behind the word LOCK.

    The modes are told in the words of Postgres for what they shut out: READ all writers, READ LOCAL the writers that do
    not merely append, WRITE everybody (MySQL 8.4 manual, 15.3.6).
    """
    if cursor.take("INSTANCE", "FOR", "BACKUP"):
        return [OtherStatement(span=cursor.span_from(0), command="lock instance")]
    cursor.expect_any("TABLES", "TABLE")

    def one() -> LockTable:
        start = cursor.at
        table = cursor.qualified_name()
        if not cursor.sees_any(("READ", "WRITE", "LOW_PRIORITY", "CONCURRENT")):
            cursor.take("AS")
            cursor.cased_identifier()
        mode = _lock_mode(cursor)
        return LockTable(span=cursor.span_from(start), table=table, mode=mode)

    locks = cursor.listed(one)
    if cursor.take("WAIT"):
        cursor.next()
    cursor.take("NOWAIT")
    return list(locks)


def _lock_mode(cursor: MySqlCursor) -> LockMode:
    cursor.take_any("LOW_PRIORITY")
    if cursor.take("READ"):
        cursor.take("LOCAL")
        return LockMode.SHARE
    cursor.expect("WRITE")
    cursor.take("CONCURRENT")
    return LockMode.ACCESS_EXCLUSIVE


def read_analyze(cursor: MySqlCursor) -> list[Operation]:
    """ANALYZE [NO_WRITE_TO_BINLOG | LOCAL] TABLE a, b [UPDATE | DROP HISTOGRAM …], behind the word ANALYZE.

    MariaDB's ANALYZE of a statement runs it; such a one is not understood here.
    """
    return [Analyze(span=span, table=table) for span, table in _maintained(cursor)]


def read_maintenance(command: str, cursor: MySqlCursor) -> list[Operation]:
    """OPTIMIZE, CHECK, REPAIR or CHECKSUM TABLE a, b …, behind that first word."""
    return [OtherStatement(span=span, command=command, table=table) for span, table in _maintained(cursor)]


def _maintained(cursor: MySqlCursor) -> list[tuple[Span, QualifiedName]]:
    cursor.take_any("NO_WRITE_TO_BINLOG", "LOCAL")
    cursor.expect_any("TABLE", "TABLES")
    tables = cursor.listed(cursor.qualified_name)
    cursor.rest()
    span = cursor.span_from(0)
    return [(span, table) for table in tables]


def read_load(cursor: MySqlCursor) -> list[Operation]:
    """LOAD DATA | XML … INTO TABLE t …, behind the word LOAD."""
    cursor.expect_any("DATA", "XML")
    while not cursor.at_end and not cursor.sees("INTO", "TABLE"):
        cursor.at += 1
    cursor.expect("INTO", "TABLE")
    table = cursor.qualified_name()
    cursor.rest()
    return [CopyRows(span=cursor.span_from(0), table=table, into_table=True)]
