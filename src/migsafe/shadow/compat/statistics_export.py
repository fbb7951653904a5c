"""Queries that a server has counted: an export of `pg_stat_statements`, as CSV or as JSON.

    psql --csv -c "select query, calls from pg_stat_statements where dbid = (select oid from pg_database where
                   datname = current_database())" > statements.csv

Only the column `query` is read. The extension keeps no values, only statements that succeeded, and utility statements
too, which are left out here (PostgreSQL 18 manual, F.32 "pg_stat_statements").
"""

from __future__ import annotations

from pathlib import Path

from migsafe.parse.statement_export import HIDDEN, QUERY, ExportedRow, read_export
from migsafe.shadow.compat.query import Origin, Queries, Query, Skipped
from migsafe.shadow.compat.scan import why_no_query


def read_statistics(path: Path, shown: str) -> Queries:
    """All queries of an export; its format is told by its beginning.

    Args:
        path: the file.
        shown: its path as people see it.

    Returns:
        Its queries, each once; what is no query, and why.
    """
    try:
        rows = read_export(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        return Queries(skipped=(Skipped(shown, f"cannot be read: {error}"),))
    return _queries(rows, shown)


def _queries(rows: list[ExportedRow], shown: str) -> Queries:
    queries: dict[str, Query] = {}
    skipped: list[Skipped] = []
    for row in rows:
        sql = row.query
        reason = _why_not(sql)
        if reason:
            skipped.append(Skipped(shown + row.place, reason))
        elif isinstance(sql, str):
            queries.setdefault(sql, Query(sql, Origin.STATISTICS, shown))
    return Queries(tuple(queries.values()), tuple(skipped))


def _why_not(sql: object) -> str:
    if not isinstance(sql, str) or not sql.strip():
        return f"it has no {QUERY}"
    if sql.strip() == HIDDEN:
        return "whoever exported it may not see other people's statements (role pg_read_all_stats)"
    return why_no_query(sql)
