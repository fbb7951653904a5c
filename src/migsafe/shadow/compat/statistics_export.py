"""Queries that a server has counted: an export of `pg_stat_statements`, as CSV or as JSON.

    psql --csv -c "select query, calls from pg_stat_statements where dbid = (select oid from pg_database where
                   datname = current_database())" > statements.csv

Only the column `query` is read. The extension keeps no values, only statements that succeeded, and utility statements
too, which are left out here (PostgreSQL 18 manual, F.32 "pg_stat_statements").
"""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

from migsafe.shadow.compat.query import Origin, Queries, Query, Skipped
from migsafe.shadow.compat.scan import why_no_query

_COLUMN = "query"
#: Characters that a statement may have: as many as a C long holds on every platform.
_LONGEST = 2**31 - 1
#: What the extension shows instead of other people's statements, to those who may not see them.
_HIDDEN = "<insufficient privilege>"


def read_statistics(path: Path, shown: str) -> Queries:
    """All queries of an export; its format is told by its beginning.

    Args:
        path: the file.
        shown: its path as people see it.

    Returns:
        Its queries, each once; what is no query, and why.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        rows = _json_rows(text) if text.lstrip()[:1] in ("[", "{") else _csv_rows(text)
    except (OSError, ValueError, csv.Error) as error:
        return Queries(skipped=(Skipped(shown, f"cannot be read: {error}"),))
    return _queries(rows, shown)


def _csv_rows(text: str) -> list[tuple[str, object]]:
    csv.field_size_limit(_LONGEST)
    reader = csv.DictReader(text.splitlines(keepends=True), strict=True)
    names = {name.strip().lower(): name for name in reader.fieldnames or ()}
    if _COLUMN not in names:
        raise ValueError(f"it has no column {_COLUMN}")
    return [(f":{reader.line_num}", row[names[_COLUMN]]) for row in reader]


def _json_rows(text: str) -> list[tuple[str, object]]:
    """An array of objects or of texts, or one object to a line."""
    try:
        document = json.loads(text)
    except json.JSONDecodeError:
        document = [json.loads(line) for line in text.splitlines() if line.strip()]
    entries = document if isinstance(document, list) else [document]
    return [(f" entry {number}", _query_of(entry)) for number, entry in enumerate(entries, start=1)]


def _query_of(entry: Any) -> object:
    return entry.get(_COLUMN) if isinstance(entry, dict) else entry


def _queries(rows: list[tuple[str, object]], shown: str) -> Queries:
    queries: dict[str, Query] = {}
    skipped: list[Skipped] = []
    for place, sql in rows:
        reason = _why_not(sql)
        if reason:
            skipped.append(Skipped(shown + place, reason))
        elif isinstance(sql, str):
            queries.setdefault(sql, Query(sql, Origin.STATISTICS, shown))
    return Queries(tuple(queries.values()), tuple(skipped))


def _why_not(sql: object) -> str:
    if not isinstance(sql, str) or not sql.strip():
        return f"it has no {_COLUMN}"
    if sql.strip() == _HIDDEN:
        return "whoever exported it may not see other people's statements (role pg_read_all_stats)"
    return why_no_query(sql)
