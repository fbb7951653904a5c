"""The little that must be understood of SQL to make up an answer: what kind it is and which columns come back.

Nothing that is linted depends on it; the SQL itself is read elsewhere.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_CATALOGUE = re.compile(
    r"\b(?:information_schema|pg_catalog|sqlite_master|sqlite_schema|sqlite_sequence)\b|\bpg_\w+\b(?!\s*\()"
    r"|^\s*(?:PRAGMA|SHOW|DESCRIBE|EXPLAIN)\b",
    re.IGNORECASE,
)
_SETTING = re.compile(
    r"\bpg_settings\b|\bcurrent_setting\s*\(|^\s*SHOW\s+(?!TABLES|COLUMNS|FULL|INDEX|KEYS|CREATE|DATABASES)",
    re.IGNORECASE,
)
_READS = re.compile(r"^\s*\(?\s*(?:SELECT|WITH|SHOW|PRAGMA|VALUES|DESCRIBE|EXPLAIN)\b", re.IGNORECASE)
_INSERT = re.compile(r"^\s*(?:INSERT|REPLACE)\b", re.IGNORECASE)
_SELECT = re.compile(r"\bSELECT\b(?:\s+(?:DISTINCT|ALL)\b(?:\s+ON\s*\([^)]*\))?)?", re.IGNORECASE)
_RETURNING = re.compile(r"\bRETURNING\b", re.IGNORECASE)
_FROM = re.compile(r"\s*FROM\s+(?:ONLY\s+)?(?P<table>[\w.\"`]+)", re.IGNORECASE)
_ALIAS = re.compile(r"(?:\bAS\s+)?(?P<name>\"[^\"]+\"|`[^`]+`|[^\W\d]\w*)\s*$", re.IGNORECASE)
_COUNT = re.compile(r"^\s*(?:count|sum)\s*\(", re.IGNORECASE)
_LITERAL = re.compile(r"'(?:[^']|'')*'")


class ResultItem(NamedTuple):
    """One item of a select list; `table` is set for a star whose table is known."""

    name: str
    star: bool = False
    table: str | None = None
    counts: bool = False


def asks_catalogue(sql: str) -> bool:
    """Whether the statement reads the server's own catalogue or settings."""
    plain = _LITERAL.sub("''", _COMMENT.sub(" ", sql))
    return bool(_CATALOGUE.search(plain)) and bool(_READS.match(plain)) and not asks_setting(sql)


def asks_setting(sql: str) -> bool:
    """Whether the statement reads a setting of the server."""
    return _SETTING.search(_COMMENT.sub(" ", sql)) is not None


def is_insert(sql: str) -> bool:
    """Whether the statement puts rows into a table."""
    return _INSERT.match(_COMMENT.sub(" ", sql)) is not None


def result_items(sql: str) -> list[ResultItem]:
    """The select list at the top level, or what RETURNING gives; empty where no rows come back."""
    plain = _COMMENT.sub(" ", sql)
    reads = _READS.match(plain) is not None
    start = _top_level(plain, _SELECT if reads else _RETURNING)
    if start is None:
        return [ResultItem("result")] if reads else []
    items, end = _split(plain, start)
    table = _FROM.match(plain, end)
    name = table["table"].split(".")[-1].strip('"`') if table else None
    return [_item(item.strip(), name) for item in items]


def _item(text: str, table: str | None) -> ResultItem:
    if text.endswith("*") and not text.endswith("(*"):
        return ResultItem("*", star=True, table=table)
    alias = _ALIAS.search(text)
    name = alias["name"].strip('"`') if alias else re.split(r"\W", text, maxsplit=1)[0].lower() or "column"
    return ResultItem(name, counts=bool(_COUNT.match(text)))


def _top_level(sql: str, word: re.Pattern[str]) -> int | None:
    depths = dict(_depths(sql))
    for match in word.finditer(sql):
        if depths.get(match.start()) == 0:
            return match.end()
    first = word.search(sql)
    return first.end() if first else None


def _split(sql: str, start: int) -> tuple[list[str], int]:
    """The items from `start` on, and where the list ends."""
    cuts, end = [start], len(sql)
    for at, depth in _depths(sql, start):
        if depth < 0:
            end = at
            break
        if depth == 0 and sql[at] == ",":
            cuts.append(at + 1)
        elif depth == 0 and sql[at] in " \n\t\r" and re.match(r"\s(?:FROM|WHERE|LIMIT|UNION|ORDER)\b", sql[at:], re.I):
            end = at
            break
    ends = [cut - 1 for cut in cuts[1:]] + [end]
    return [sql[a:b] for a, b in zip(cuts, ends, strict=True)], end


def _depths(sql: str, start: int = 0) -> Iterator[tuple[int, int]]:
    """Each position outside of string literals, with the number of parentheses open before it."""
    depth, at = 0, start
    while at < len(sql):
        if sql[at] == "'" and (quoted := _LITERAL.match(sql, at)):
            at = quoted.end()
            continue
        depth -= sql[at] == ")"
        yield at, depth
        depth += sql[at] == "("
        at += 1
