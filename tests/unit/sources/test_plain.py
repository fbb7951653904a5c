"""Plain SQL: pairs and order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.model.dialect import Dialect
from migsafe.sources.base import SourceOptions
from migsafe.sources.files import Folder
from migsafe.sources.plain import Plain
from source_layouts import write_files

if TYPE_CHECKING:
    from pathlib import Path


def test_directions_of_one_name_are_one_migration(tmp_path: Path) -> None:
    names = ["10_b.up.sql", "9_a.up.sql", "9_a.down.sql", "11_c.sql", "9_a.sql", "12_d.SQL"]
    found = Plain().read(Folder(write_files(tmp_path, dict.fromkeys(names, ""))), SourceOptions())
    assert [(migration.id, len(migration.scripts)) for migration in found.migrations] == [
        ("9_a", 2),
        ("9_a.sql", 1),
        ("10_b", 1),
        ("11_c", 1),
        ("12_d", 1),
    ]


def test_a_way_down_alone_is_a_migration_without_a_way_up(tmp_path: Path) -> None:
    (migration,) = Plain().read(Folder(write_files(tmp_path, {"1_a.down.sql": ""})), SourceOptions()).migrations
    assert migration.up is None


def test_psql_variables_are_looked_for_where_psql_may_run(tmp_path: Path) -> None:
    root = Folder(write_files(tmp_path, {"1_a.sql": "SELECT :a;"}))
    counts = {
        dialect: len(Plain().read(root, SourceOptions(dialect=dialect)).migrations[0].scripts[0].placeholders)
        for dialect in Dialect
    }
    assert counts == {Dialect.POSTGRES: 1, Dialect.MYSQL: 0, Dialect.SQLITE: 0}
