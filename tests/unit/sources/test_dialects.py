"""Which database a folder's name speaks of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from migsafe.model.dialect import Dialect
from migsafe.sources.base import SourceOptions
from migsafe.sources.dialects import choose_dialect, dialect_in_name, dialect_of_folder
from migsafe.sources.files import Folder

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("name", "dialect"),
    [
        ("migrations_postgres", Dialect.POSTGRES),
        ("PostgreSQL", Dialect.POSTGRES),
        ("mysql-persistence", Dialect.MYSQL),
        ("mariadb", Dialect.MYSQL),
        ("db.sqlite3", Dialect.SQLITE),
        ("migrations", None),
        ("mysqlish", None),
        ("postgres_and_mysql", None),
        ("postgres_pg", Dialect.POSTGRES),
    ],
)
def test_names_are_read_word_by_word(name: str, dialect: Dialect | None) -> None:
    assert dialect_in_name(name) is dialect


def test_the_nearest_name_wins(tmp_path: Path) -> None:
    assert dialect_of_folder(tmp_path / "mysql" / "sqlite" / "migrations") is Dialect.SQLITE
    assert dialect_of_folder(tmp_path / "mysql" / "main" / "resources" / "db" / "migration") is Dialect.MYSQL


def test_names_outside_of_the_repository_do_not_count(tmp_path: Path) -> None:
    (tmp_path / "mysql" / "project" / ".git").mkdir(parents=True)
    assert dialect_of_folder(tmp_path / "mysql" / "project" / "migrations") is None


def test_names_above_the_current_folder_do_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mysql" / "migrations").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "mysql")
    assert dialect_of_folder(tmp_path / "mysql" / "migrations") is None
    assert dialect_of_folder(tmp_path / "mysql") is Dialect.MYSQL


def test_what_the_user_says_wins_then_the_layout_then_its_name(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "mysql")
    assert choose_dialect(folder, SourceOptions(dialect=Dialect.SQLITE), Dialect.POSTGRES) is Dialect.SQLITE
    assert choose_dialect(folder, SourceOptions(), Dialect.SQLITE) is Dialect.SQLITE
    assert choose_dialect(folder, SourceOptions()) is Dialect.MYSQL
    assert choose_dialect(Folder(tmp_path / "db"), SourceOptions()) is Dialect.POSTGRES
