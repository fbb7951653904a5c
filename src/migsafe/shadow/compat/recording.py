"""Queries that a test suite has run: the lines that `pytest --migsafe-record FILE` writes.

Each line is one JSON object: `schema` ("migsafe.query/1"), `dialect`, `paramstyle` (PEP 249, or SQLAlchemy's
"numeric_dollar"), `statement` as the driver got it, `types` (names of the parameters' Python types, in order or by
name), and `file` and `line` of the code that ran it, or null.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from migsafe.shadow.compat.placeholders import number_parameters
from migsafe.shadow.compat.query import Origin, Queries, Query, Skipped
from migsafe.shadow.compat.scan import why_no_query

SCHEMA = "migsafe.query/1"


def read_recording(path: Path, shown: str) -> Queries:
    """All queries of a recording.

    Args:
        path: the file.
        shown: its path as people see it.

    Returns:
        Its queries, each text once, with the first place that ran it; what is no query, and why.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        return Queries(skipped=(Skipped(shown, f"cannot be read: {error}"),))
    queries: dict[str, Query] = {}
    skipped: list[Skipped] = []
    for number, line in enumerate(lines, start=1):
        read = _read_line(line) if line.strip() else None
        if isinstance(read, Query):
            queries.setdefault(read.sql, read)
        elif read is not None:
            skipped.append(Skipped(f"{shown}:{number}", read))
    return Queries(tuple(queries.values()), tuple(skipped))


def _read_line(line: str) -> Query | str:
    """The query, or why it is none."""
    try:
        record = json.loads(line)
    except ValueError as error:
        return f"it is no JSON: {error}"
    if not isinstance(record, dict) or record.get("schema") != SCHEMA or not isinstance(record.get("statement"), str):
        return f"it is no record of {SCHEMA}"
    if record.get("dialect") != "postgresql":
        return f"it was run on {record.get('dialect')}, not on Postgres"
    return why_no_query(record["statement"]) or _query(record)


def _query(record: Mapping[str, Any]) -> Query:
    numbered = number_parameters(record["statement"], percent=record.get("paramstyle") in ("pyformat", "format"))
    types = record.get("types")
    if isinstance(types, dict):
        types = [types.get(name, "") for name in numbered.names]
    line = record.get("line")
    path = record.get("file")
    return Query(
        numbered.sql,
        Origin.RECORDED,
        path if isinstance(path, str) else None,
        line if isinstance(line, int) else None,
        types=tuple(str(name) for name in types) if isinstance(types, list) else (),
    )
