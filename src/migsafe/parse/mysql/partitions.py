"""Partition maintenance in ALTER TABLE (MySQL 8.4 manual, 15.1.9.1 "ALTER TABLE Partition Operations")."""

from __future__ import annotations

from migsafe.parse.mysql.cursor import MySqlCursor

_VERBS = ("ADD", "DROP", "DISCARD", "IMPORT", "TRUNCATE", "COALESCE", "REORGANIZE", "EXCHANGE", "ANALYZE", "CHECK",
          "OPTIMIZE", "REBUILD", "REPAIR", "CONVERT", "RENAME")  # fmt: skip


def take_partition_action(cursor: MySqlCursor) -> str | None:
    """Move past one action on partitions, if one comes next.

    Returns:
        Its leading words and the partitions that it names, in lower case: "drop partition p0, p1".
    """
    if cursor.take("REMOVE", "PARTITIONING"):
        return "remove partitioning"
    if cursor.take("CONVERT", "TABLE"):
        return _convert_table(cursor)
    if cursor.word() not in _VERBS or cursor.word(1) != "PARTITION":
        return None
    verb = cursor.next().text.lower()
    cursor.expect("PARTITION")
    cursor.take_any("NO_WRITE_TO_BINLOG", "LOCAL")
    cursor.take("IF", "EXISTS") or cursor.take("IF", "NOT", "EXISTS")
    return f"{verb} partition{_partitions(cursor, verb)}"


def _convert_table(cursor: MySqlCursor) -> str:
    cursor.qualified_name()
    cursor.expect("TO", "PARTITION")
    name = cursor.identifier()
    cursor.rest()
    return f"convert table to partition {name}"


def _partitions(cursor: MySqlCursor, verb: str) -> str:
    if verb == "add":
        if cursor.take("PARTITIONS") or cursor.word() != "(":
            cursor.next()
        else:
            cursor.group()
        return ""
    if verb == "coalesce":
        return f" {cursor.next().text}"
    if verb == "reorganize" and (cursor.at_end or cursor.word() == ","):
        return ""
    names = ", ".join(cursor.listed(cursor.identifier))
    _read_tail(cursor, verb)
    return f" {names}"


def _read_tail(cursor: MySqlCursor, verb: str) -> None:
    if verb == "reorganize":
        cursor.expect("INTO")
        cursor.group()
    elif verb == "exchange":
        cursor.expect("WITH", "TABLE")
        cursor.qualified_name()
        if cursor.take_any("WITH", "WITHOUT"):
            cursor.expect("VALIDATION")
    elif verb in ("discard", "import"):
        cursor.expect("TABLESPACE")
    elif verb == "convert":
        cursor.expect("TO", "TABLE")
        cursor.qualified_name()
    elif verb == "rename":
        cursor.expect("TO")
        cursor.identifier()
    elif verb in ("check", "repair"):
        while cursor.take_any("QUICK", "FAST", "MEDIUM", "EXTENDED", "CHANGED", "USE_FRM") or cursor.take(
            "FOR", "UPGRADE"
        ):
            pass
