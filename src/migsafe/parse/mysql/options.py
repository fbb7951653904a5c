"""Options of tables, and how they are partitioned (MySQL 8.4 manual, 15.1.20; MariaDB, "CREATE TABLE")."""

from __future__ import annotations

from typing import NamedTuple

from migsafe.model.operation import PartitionKey
from migsafe.parse.mysql.cursor import MySqlCursor

_NAMES = (
    ("DEFAULT", "CHARACTER", "SET"), ("CHARACTER", "SET"), ("DEFAULT", "CHARSET"), ("CHARSET",), ("DEFAULT", "COLLATE"),
    ("COLLATE",), ("DATA", "DIRECTORY"), ("INDEX", "DIRECTORY"), ("ENGINE",), ("TYPE",), ("AUTO_INCREMENT",),
    ("AUTOEXTEND_SIZE",), ("AVG_ROW_LENGTH",), ("CHECKSUM",), ("COMMENT",), ("COMPRESSION",), ("CONNECTION",),
    ("DELAY_KEY_WRITE",), ("ENCRYPTION",), ("ENCRYPTED",), ("ENCRYPTION_KEY_ID",), ("ENGINE_ATTRIBUTE",),
    ("IETF_QUOTES",), ("INSERT_METHOD",), ("KEY_BLOCK_SIZE",), ("MAX_ROWS",), ("MIN_ROWS",), ("PACK_KEYS",),
    ("PAGE_CHECKSUM",), ("PAGE_COMPRESSED",), ("PAGE_COMPRESSION_LEVEL",), ("PASSWORD",), ("ROW_FORMAT",),
    ("SECONDARY_ENGINE",), ("SECONDARY_ENGINE_ATTRIBUTE",), ("SEQUENCE",), ("STATS_AUTO_RECALC",),
    ("STATS_PERSISTENT",), ("STATS_SAMPLE_PAGES",), ("STORAGE",), ("TABLESPACE",), ("TRANSACTIONAL",), ("UNION",),
)  # fmt: skip
_CANONICAL = {"default charset": "character set", "charset": "character set", "default character set": "character set",
              "default collate": "collate", "type": "engine"}  # fmt: skip

#: Options that write the whole table anew (MySQL 8.4 manual, 17.12.1 "Online DDL Operations", "Table Operations").
REBUILDING = frozenset(
    {"engine", "row_format", "key_block_size", "encryption", "encrypted", "page_compressed", "compression",
     "tablespace", "transactional"}
)  # fmt: skip


class TableOption(NamedTuple):
    """An option and its value, both in lower case."""

    name: str
    value: str


def take_option(cursor: MySqlCursor) -> TableOption | None:
    """Move past one option of a table, if one comes next."""
    if cursor.take("WITH", "SYSTEM", "VERSIONING"):
        return TableOption("with system versioning", "")
    if cursor.take("START", "TRANSACTION"):
        return TableOption("start transaction", "")
    for words in _NAMES:
        if cursor.take(*words):
            name = " ".join(words).lower()
            return TableOption(_CANONICAL.get(name, name), cursor.option_value())
    return None


def read_partitioning(cursor: MySqlCursor) -> PartitionKey:
    """PARTITION BY …, with its partitions and their options; `text` is what decides the partition."""
    cursor.expect("PARTITION", "BY")
    words = [cursor.take_any("LINEAR"), cursor.expect_any("HASH", "KEY", "RANGE", "LIST", "SYSTEM_TIME")]
    if cursor.take("ALGORITHM"):
        cursor.option_value()
    words.append(cursor.take_any("COLUMNS"))
    text = _read_rule(cursor)
    if cursor.take("PARTITIONS"):
        cursor.next()
    if cursor.take("SUBPARTITION", "BY"):
        cursor.take("LINEAR")
        cursor.expect_any("HASH", "KEY")
        cursor.group()
        if cursor.take("SUBPARTITIONS"):
            cursor.next()
    if cursor.word() == "(" and not cursor.sees("(", "SELECT"):
        cursor.group()
    strategy = " ".join(word.lower() for word in words if word)
    return PartitionKey(strategy, text)


def _read_rule(cursor: MySqlCursor) -> str:
    """What decides the partition: `(columns or expression)`, or MariaDB's INTERVAL and LIMIT of SYSTEM_TIME."""
    start = cursor.at
    if cursor.word() == "(" and not cursor.sees("(", "PARTITION"):
        return cursor.group().source
    while cursor.take_any("INTERVAL", "LIMIT", "STARTS"):
        cursor.next()
        cursor.take_any("SECOND", "MINUTE", "HOUR", "DAY", "WEEK", "MONTH", "YEAR")
    cursor.take("AUTO")
    return cursor.text[slice(*cursor.span_from(start))] if cursor.at > start else ""
