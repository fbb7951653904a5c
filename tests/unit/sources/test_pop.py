"""pop's files by dialect."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from migsafe.model.dialect import Dialect
from migsafe.model.script import TransactionRule
from migsafe.sources.base import SourceOptions
from migsafe.sources.files import Folder
from migsafe.sources.pop import Pop
from source_layouts import write_files

if TYPE_CHECKING:
    from pathlib import Path

    from migsafe.model.script import MigrationSet

V = "20240101000000"


def read(folder: Path, names: list[str], dialect: Dialect = Dialect.POSTGRES, text: str = "") -> MigrationSet:
    root = Folder(write_files(folder, dict.fromkeys(names, text)))
    return Pop().read(root, SourceOptions(dialect=dialect))


@pytest.mark.parametrize(
    ("dialect", "expected"),
    [
        (Dialect.POSTGRES, ["postgres.up.sql", "down.sql"]),
        (Dialect.SQLITE, ["up.sql", "sqlite3.down.sql"]),
        (Dialect.MYSQL, ["up.sql", "down.sql"]),
    ],
)
def test_a_generic_file_gives_way_to_the_dialect_s_own(dialect: Dialect, expected: list[str], tmp_path: Path) -> None:
    endings = ["up.sql", "down.sql", "postgres.up.sql", "sqlite3.down.sql", "cockroach.up.sql", "cockroach.down.sql"]
    (migration,) = read(tmp_path, [f"{V}_a.{ending}" for ending in endings], dialect).migrations
    assert [script.path.split("_a.")[1] for script in migration.scripts] == expected


def test_a_migration_may_be_for_other_databases_only(tmp_path: Path) -> None:
    found = read(tmp_path, [f"{V}_a.mysql.up.sql", f"{V}_a.cockroach.up.sql"])
    assert (found.migrations, found.unreadable) == ((), ())


@pytest.mark.parametrize(("ending", "rule"), [("", TransactionRule.TOOL), (".autocommit", TransactionRule.NONE)])
def test_autocommit_takes_the_transaction_away(ending: str, rule: TransactionRule, tmp_path: Path) -> None:
    (migration,) = read(tmp_path, [f"{V}_a{ending}.up.sql"]).migrations
    assert migration.scripts[0].transaction is rule


def test_two_files_of_one_version_are_said(tmp_path: Path) -> None:
    found = read(tmp_path, [f"{V}_a.postgres.up.sql", f"{V}_a.postgresql.up.sql"])
    assert len(found.migrations) == 1
    assert "has already" in found.unreadable[0].reason


def test_versions_compare_as_text(tmp_path: Path) -> None:
    found = read(tmp_path, [f"{V}_b.up.sql", "00_a.up.sql", "9_c.up.sql"])
    assert [migration.id for migration in found.migrations] == ["00_a", f"{V}_b", "9_c"]


def test_templates_count_in_strings_too(tmp_path: Path) -> None:
    (migration,) = read(tmp_path, [f"{V}_a.up.sql"], text="COMMENT ON TABLE {{ .T }} IS '{{ .C }}';").migrations
    assert len(migration.scripts[0].placeholders) == 2


def test_files_that_were_converted_from_one_migration_are_its_pieces(tmp_path: Path) -> None:
    names = [f"{V}000000_users.up.sql", f"{V}000001_users.up.sql", f"{V}_orders.up.sql"]
    found = {one.id: one.piece_of for one in read(tmp_path, names).migrations}
    assert found == {f"{V}000000_users": f"{V}_users", f"{V}000001_users": f"{V}_users", f"{V}_orders": None}
