"""diesel's folders."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from migsafe.model.dialect import Dialect
from migsafe.model.script import MigrationSet, TransactionRule
from migsafe.sources.base import SourceOptions
from migsafe.sources.diesel import Diesel
from migsafe.sources.files import Folder
from source_layouts import write_files

if TYPE_CHECKING:
    from pathlib import Path


def read(folder: Path, files: dict[str, str], dialect: Dialect = Dialect.POSTGRES) -> MigrationSet:
    return Diesel().read(Folder(write_files(folder, files)), SourceOptions(dialect=dialect))


def test_versions_lose_their_dashes_before_they_are_compared(tmp_path: Path) -> None:
    names = ["2017-09-23-000000_c", "20170322000000_b", "00000000000000_a", "2017-09-23-000000-0000_d"]
    found = read(tmp_path, {f"{name}/up.sql": "" for name in names})
    assert [migration.id[-1] for migration in found.migrations] == ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    ("metadata", "dialect", "rule"),
    [
        ("run_in_transaction = false", Dialect.POSTGRES, TransactionRule.IMPLICIT),
        ("run_in_transaction = false", Dialect.SQLITE, TransactionRule.NONE),
        ("run_in_transaction = true", Dialect.POSTGRES, TransactionRule.TOOL),
        ("other = false", Dialect.POSTGRES, TransactionRule.TOOL),
        ("", Dialect.POSTGRES, TransactionRule.TOOL),
    ],
)
def test_metadata_says_the_transaction(metadata: str, dialect: Dialect, rule: TransactionRule, tmp_path: Path) -> None:
    files = {"1_a/up.sql": "A;", "1_a/down.sql": "B;", "1_a/metadata.toml": metadata}
    (migration,) = read(tmp_path, files, dialect).migrations
    assert [script.transaction for script in migration.scripts] == [rule, rule]


def test_broken_metadata_is_said(tmp_path: Path) -> None:
    found = read(tmp_path, {"1_a/up.sql": "A;", "1_a/metadata.toml": "run_in_transaction = "})
    assert found.migrations[0].scripts[0].transaction is TransactionRule.TOOL
    assert "is not TOML" in found.unreadable[0].reason


def test_files_beside_the_folders_are_not_migrations(tmp_path: Path) -> None:
    root = Folder(write_files(tmp_path, {"1_a/up.sql": "A;", "data.sql": "B;", ".hidden_x/up.sql": "C;"}))
    assert [migration.id for migration in Diesel().read(root, SourceOptions()).migrations] == ["1_a"]
    assert not Diesel().owns(root, tmp_path / "data.sql")
    assert not Diesel().owns(root, tmp_path / "1_a" / "notes.sql")


def test_one_bad_direction_leaves_the_other(tmp_path: Path) -> None:
    write_files(tmp_path, {"1_a/up.sql": "A;"})
    (tmp_path / "1_a" / "down.sql").write_bytes(b"\xff")
    found = read(tmp_path, {})
    assert [script.text for script in found.migrations[0].scripts] == ["A;"]
    assert "not UTF-8 at byte 0" in found.unreadable[0].reason
