"""An export of `pg_stat_statements`, as CSV or as JSON, as rows.

    psql --csv -c "select query, calls from pg_stat_statements where dbid = (select oid from pg_database where
                   datname = current_database())" > statements.csv

Only the column `query` must be there. What it shows of other people's statements to those who may not see them is
`HIDDEN` (PostgreSQL 18 manual, F.32 "pg_stat_statements").
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

QUERY = "query"
#: What stands in the place of a statement that the exporting role may not see.
HIDDEN = "<insufficient privilege>"
#: Characters that a statement may have: as many as a C long holds on every platform.
_LONGEST = 2**31 - 1


@dataclass(frozen=True, slots=True)
class ExportedRow:
    """One row.

    Attributes:
        place: where in the export, to stand behind its path: `:12` or ` entry 12`.
        query: its statement, whatever stands there.
        values: all its columns, by their names in lower case.
    """

    place: str
    query: object
    values: Mapping[str, object] = field(default_factory=dict)


def read_export(text: str) -> list[ExportedRow]:
    """All rows of an export; its format is told by its beginning.

    Raises:
        ValueError: when it is neither CSV with a column `query` nor JSON.
    """
    try:
        return _json_rows(text) if text.lstrip()[:1] in ("[", "{") else _csv_rows(text)
    except csv.Error as error:
        raise ValueError(str(error)) from None


def _csv_rows(text: str) -> list[ExportedRow]:
    csv.field_size_limit(_LONGEST)
    reader = csv.DictReader(text.splitlines(keepends=True), strict=True)
    if QUERY not in [name.strip().lower() for name in reader.fieldnames or ()]:
        raise ValueError(f"it has no column {QUERY}")
    rows = []
    for row in reader:
        values = {name.strip().lower(): value for name, value in row.items() if isinstance(name, str)}
        rows.append(ExportedRow(f":{reader.line_num}", values[QUERY], values))
    return rows


def _json_rows(text: str) -> list[ExportedRow]:
    """An array of objects or of texts, or one object to a line."""
    try:
        document = json.loads(text)
    except json.JSONDecodeError:
        document = [json.loads(line) for line in text.splitlines() if line.strip()]
    entries = document if isinstance(document, list) else [document]
    return [_json_row(f" entry {number}", entry) for number, entry in enumerate(entries, start=1)]


def _json_row(place: str, entry: Any) -> ExportedRow:
    if not isinstance(entry, dict):
        return ExportedRow(place, entry)
    values = {str(name).lower(): value for name, value in entry.items()}
    return ExportedRow(place, values.get(QUERY), values)
