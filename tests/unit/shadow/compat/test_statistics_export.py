"""Exports of pg_stat_statements."""

from __future__ import annotations

from pathlib import Path

import pytest

from migsafe.shadow.compat.query import Origin
from migsafe.shadow.compat.statistics_export import read_statistics

SOURCES = Path(__file__).parents[4] / "fixtures" / "queries" / "sources"


def test_csv() -> None:
    found = read_statistics(SOURCES / "statements.csv", "s.csv")
    assert len(found.queries) == 10
    assert found.queries[0].sql == "SELECT id, name FROM users WHERE id = $1"
    assert {query.origin for query in found.queries} == {Origin.STATISTICS}
    assert "FROM users\nWHERE" in found.queries[8].sql
    assert [skipped.reason.split()[0] for skipped in found.skipped] == ["BEGIN", "CREATE", "whoever"]


def test_json() -> None:
    found = read_statistics(SOURCES / "statements.json", "s.json")
    assert [query.sql for query in found.queries] == ["SELECT id FROM users WHERE id = $1", "SELECT name FROM users"]
    assert [skipped.place for skipped in found.skipped] == ["s.json entry 3", "s.json entry 4"]


def test_one_object_a_line(tmp_path: Path) -> None:
    file = tmp_path / "s.json"
    file.write_text('{"query": "select 1"}\n\n{"query": "select 2"}\n')
    assert [query.sql for query in read_statistics(file, "s.json").queries] == ["select 1", "select 2"]


@pytest.mark.parametrize("text", ["calls\n1\n", "[{", "", 'query\n"select 1'])
def test_what_cannot_be_read_is_said(text: str, tmp_path: Path) -> None:
    file = tmp_path / "s.csv"
    file.write_text(text)
    found = read_statistics(file, "s.csv")
    assert (found.queries, [skipped.place for skipped in found.skipped]) == ((), ["s.csv"])
