"""Files and folders of queries."""

from __future__ import annotations

from pathlib import Path

import pytest

from migsafe.errors import PathNotFoundError, UsageError
from migsafe.shadow.compat.sources import read_queries

SOURCES = Path(__file__).parents[4] / "fixtures" / "queries" / "sources"


def test_a_folder_is_read_at_any_depth(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "b.sql").write_text("select 2")
    (tmp_path / "a.sql").write_text("select 1")
    (tmp_path / "notes.txt").write_text("select 3")
    assert [query.sql for query in read_queries([tmp_path]).queries] == ["select 1", "select 2"]


def test_each_kind_of_file() -> None:
    names = ["sqlc.sql", "statements.csv", "statements.json", "recorded.jsonl"]
    counts = [len(read_queries([SOURCES / name]).queries) for name in names]
    assert counts == [4, 10, 2, 3]
    assert len(read_queries([SOURCES / name for name in names]).queries) == sum(counts)


def test_a_missing_path(tmp_path: Path) -> None:
    with pytest.raises(PathNotFoundError):
        read_queries([tmp_path / "none.sql"])


def test_an_unknown_kind(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("select 1")
    with pytest.raises(UsageError, match=r"a\.txt"):
        read_queries([tmp_path / "a.txt"])
