"""Exports of pg_stat_statements, as CSV and as JSON."""

from __future__ import annotations

import pytest

from migsafe.parse.statement_export import read_export


def test_csv_rows_have_their_lines_and_columns() -> None:
    rows = read_export('Query,calls\n"select\n1",5\nselect 2,6\n')
    assert [(row.place, row.query, row.values["calls"]) for row in rows] == [
        (":3", "select\n1", "5"),
        (":4", "select 2", "6"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        '[{"query": "select 1", "calls": 2}]',
        '{"query": "select 1", "calls": 2}\n',
        '[{"QUERY": "select 1", "Calls": 2}]',
    ],
)
def test_json_rows_have_their_columns(text: str) -> None:
    (row,) = read_export(text)
    assert (row.query, row.values["calls"]) == ("select 1", 2)


def test_texts_alone_are_queries() -> None:
    assert [(row.place, row.query) for row in read_export('["select 1"]')] == [(" entry 1", "select 1")]


@pytest.mark.parametrize("text", ["calls\n1\n", "{nothing", 'query\n"open'])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_export(text)
