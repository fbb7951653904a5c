"""golang-migrate's order and transactions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from migsafe.model.dialect import Dialect
from migsafe.model.script import TransactionRule
from migsafe.sources.base import SourceOptions
from migsafe.sources.files import Folder
from migsafe.sources.golang_migrate import GolangMigrate
from source_layouts import write_files

if TYPE_CHECKING:
    from pathlib import Path


def test_versions_are_numbers(tmp_path: Path) -> None:
    names = ["10_c.up.sql", "9_b.up.sql", "001_a.up.sql", "9_b.down.sql"]
    found = GolangMigrate().read(Folder(write_files(tmp_path, dict.fromkeys(names, ""))), SourceOptions())
    assert [(migration.id, len(migration.scripts)) for migration in found.migrations] == [
        ("001_a", 1),
        ("9_b", 2),
        ("10_c", 1),
    ]


@pytest.mark.parametrize(
    ("dialect", "rule"),
    [
        (Dialect.POSTGRES, TransactionRule.IMPLICIT),
        (Dialect.MYSQL, TransactionRule.NONE),
        (Dialect.SQLITE, TransactionRule.TOOL),
    ],
)
def test_who_opens_the_transaction(dialect: Dialect, rule: TransactionRule, tmp_path: Path) -> None:
    root = Folder(write_files(tmp_path, {"1_a.up.sql": ""}))
    (migration,) = GolangMigrate().read(root, SourceOptions(dialect=dialect)).migrations
    assert migration.scripts[0].transaction is rule


def test_dots_belong_to_the_title(tmp_path: Path) -> None:
    root = Folder(write_files(tmp_path, {"1_a.mysql.up.sql": "", "1_a.mysql.down.sql": ""}))
    (migration,) = GolangMigrate().read(root, SourceOptions()).migrations
    assert (migration.id, len(migration.scripts)) == ("1_a.mysql", 2)
