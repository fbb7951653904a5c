"""Prisma's folders and lock file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from migsafe.model.dialect import Dialect
from migsafe.model.script import TransactionRule
from migsafe.sources.base import SourceOptions
from migsafe.sources.files import Folder
from migsafe.sources.prisma import Prisma
from source_layouts import write_files

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("lock", "dialect", "rule", "said"),
    [
        ('provider = "postgresql"', Dialect.POSTGRES, TransactionRule.IMPLICIT, 0),
        ('provider = "cockroachdb"', Dialect.POSTGRES, TransactionRule.IMPLICIT, 0),
        ('provider = "mysql"', Dialect.MYSQL, TransactionRule.NONE, 0),
        ('provider = "sqlite"', Dialect.SQLITE, TransactionRule.NONE, 0),
        ('provider = "sqlserver"', Dialect.POSTGRES, TransactionRule.IMPLICIT, 1),
        ("provider = ", Dialect.POSTGRES, TransactionRule.IMPLICIT, 1),
    ],
)
def test_the_lock_file_says_the_database(
    lock: str, dialect: Dialect, rule: TransactionRule, said: int, tmp_path: Path
) -> None:
    write_files(tmp_path, {"migration_lock.toml": lock, "1_a/migration.sql": "A;"})
    found = Prisma().read(Folder(tmp_path), SourceOptions())
    assert (found.dialect, found.migrations[0].scripts[0].transaction) == (dialect, rule)
    assert len(found.unreadable) == said


def test_without_a_lock_file_the_default_holds(tmp_path: Path) -> None:
    write_files(tmp_path, {"1_a/migration.sql": "A;", "2_b/notes.md": "", "10_c/migration.sql": "C;"})
    found = Prisma().read(Folder(tmp_path), SourceOptions())
    assert [migration.id for migration in found.migrations] == ["10_c", "1_a"]
    assert all(migration.checksummed for migration in found.migrations)
