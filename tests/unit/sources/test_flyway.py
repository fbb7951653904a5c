"""Flyway's names, order, transactions and configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from migsafe.model.dialect import Dialect
from migsafe.model.script import TransactionRule
from migsafe.sources.base import SourceOptions
from migsafe.sources.files import Folder
from migsafe.sources.flyway import Flyway
from source_layouts import write_files

if TYPE_CHECKING:
    from pathlib import Path

    from migsafe.model.script import MigrationSet, Script


def read(folder: Path, files: dict[str, str], **placeholders: str) -> MigrationSet:
    return Flyway().read(Folder(write_files(folder, files)), SourceOptions(placeholders=placeholders))


def only(found: MigrationSet) -> Script:
    (migration,) = found.migrations
    assert migration.up
    return migration.up


def test_versions_compare_part_by_part(tmp_path: Path) -> None:
    names = ["V10__a", "V2__b", "V1.10__c", "V1_9__d", "V1.9.1__e", "V001__f", "V20240101.1__g"]
    found = read(tmp_path, {f"{name}.sql": "" for name in names})
    ids = [migration.id for migration in found.migrations]
    assert ids == ["001", "1.9", "1.9.1", "1.10", "2", "10", "20240101.1"]


def test_the_same_version_written_twice_is_said(tmp_path: Path) -> None:
    found = read(tmp_path, {"V1__a.sql": "", "V1.0__b.sql": ""})
    assert len(found.migrations) == 1
    assert "has already" in found.unreadable[0].reason


def test_undo_without_its_migration_is_a_way_down(tmp_path: Path) -> None:
    (migration,) = read(tmp_path, {"U3__a.sql": "DROP TABLE a;"}).migrations
    assert (migration.id, migration.up) == ("3", None)
    assert migration.down


def test_repeatable_migrations_run_last_by_description(tmp_path: Path) -> None:
    found = read(tmp_path, {"R__b.sql": "", "R__a.sql": "", "V9__z.sql": ""})
    assert [(migration.id, migration.repeatable) for migration in found.migrations] == [
        ("9", False),
        ("R__a", True),
        ("R__b", True),
    ]


@pytest.mark.parametrize(
    ("files", "ids"), [(["B5__a", "V6__b"], ["5", "6"]), (["V4__z", "B5__a", "V6__b"], ["4", "6"])]
)
def test_a_baseline_stands_for_what_it_replaces(files: list[str], ids: list[str], tmp_path: Path) -> None:
    found = read(tmp_path, {f"{name}.sql": "" for name in files})
    assert [migration.id for migration in found.migrations] == ids


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("executeInTransaction=false", TransactionRule.NONE),
        ("executeInTransaction = true\r\n", TransactionRule.TOOL),
        ("# executeInTransaction=false", TransactionRule.UNLESS_FORBIDDEN),
        ("encoding=UTF-8", TransactionRule.UNLESS_FORBIDDEN),
    ],
)
def test_a_script_s_own_settings(line: str, rule: TransactionRule, tmp_path: Path) -> None:
    script = only(read(tmp_path, {"V1__a.sql": "", "V1__a.sql.conf": line}))
    assert script.transaction is rule


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("flyway.conf", "# settings\nflyway.url=jdbc:x\nflyway.placeholders.who = reader \n"),
        ("flyway.toml", '[flyway.placeholders]\nwho = "reader"\n'),
        ("conf/flyway.conf", "flyway.placeholders.who=reader"),
    ],
)
def test_configured_placeholders(name: str, text: str, tmp_path: Path) -> None:
    files = {name: text, "db/migration/V1__a.sql": "GRANT SELECT ON a TO ${who};"}
    write_files(tmp_path, files)
    options = SourceOptions()
    script = only(Flyway().read(Folder(tmp_path / "db" / "migration"), options))
    assert script.text == "GRANT SELECT ON a TO reader;"


def test_what_the_user_says_wins_over_the_configuration(tmp_path: Path) -> None:
    files = {"flyway.conf": "flyway.placeholders.who=reader", "V1__a.sql": "GRANT SELECT ON a TO ${who};"}
    assert only(read(tmp_path, files, who="writer")).text == "GRANT SELECT ON a TO writer;"


def test_replacement_may_be_off(tmp_path: Path) -> None:
    files = {"flyway.conf": "flyway.placeholderReplacement=false", "V1__a.sql": "SELECT '${who}';"}
    assert only(read(tmp_path, files)).placeholders == ()


def test_a_broken_configuration_is_said(tmp_path: Path) -> None:
    found = read(tmp_path, {"flyway.toml": "[flyway", "V1__a.sql": "SELECT ${who};"})
    assert len(only(found).placeholders) == 1
    assert "is not TOML" in found.unreadable[0].reason


def test_the_default_folder_reads_the_folders_below_it(tmp_path: Path) -> None:
    files = {"db/migration/2023/V1__a.sql": "", "db/migration/2024/V2__b.sql": ""}
    write_files(tmp_path, files)
    assert Flyway().claims(Folder(tmp_path / "db" / "migration"))
    assert not Flyway().claims(Folder(tmp_path / "db"))


def test_folders_per_database_are_layouts_of_their_own(tmp_path: Path) -> None:
    write_files(tmp_path, {"db/migration/mysql/V1__a.sql": "", "db/migration/postgresql/V1__a.sql": ""})
    assert not Flyway().claims(Folder(tmp_path / "db" / "migration"))
    assert Flyway().claims(Folder(tmp_path / "db" / "migration" / "mysql"))


def test_common_migrations_join_those_of_their_own_database(tmp_path: Path) -> None:
    files = {"V1__a.sql": "", "mysql/V2__b.sql": "", "postgresql/V2__b.sql": ""}
    root = Folder(write_files(tmp_path, files))
    for dialect, folder in ((Dialect.MYSQL, "mysql"), (Dialect.POSTGRES, "postgresql")):
        found = Flyway().read(root, SourceOptions(dialect=dialect))
        assert [migration.id for migration in found.migrations] == ["1", "2"]
        assert f"/{folder}/" in found.migrations[1].path
        assert found.unreadable == ()
        assert Flyway().dialect_of(tmp_path / folder / "V2__b.sql") is dialect
