"""goose's annotations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from migsafe.model.script import SourceText, TransactionRule
from migsafe.sources.base import SourceOptions
from migsafe.sources.files import Folder
from migsafe.sources.goose import Goose
from source_layouts import write_files

if TYPE_CHECKING:
    from pathlib import Path

    from migsafe.model.script import Migration


def read(text: str) -> Migration | None:
    migrations = Goose().read_text(SourceText("1_a.sql", text), SourceOptions())
    return migrations[0] if migrations else None


@pytest.mark.parametrize("mark", ["-- +goose Up", "-- +goose up", "--+goose UP", "-- +goose Up  ", "-- +goose Up\r"])
def test_marks_of_the_way_up(mark: str) -> None:
    migration = read(f"{mark}\nSELECT 1;\n")
    assert migration
    assert migration.up
    assert migration.down is None


@pytest.mark.parametrize("mark", ["-- goose Up", "-- +goose Upwards", "SELECT '-- +goose Up'", "  x -- +goose Up"])
def test_what_is_no_mark(mark: str) -> None:
    assert read(f"{mark}\nSELECT 1;\n") is None


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("-- +goose NO TRANSACTION", TransactionRule.NONE),
        ("-- +goose no transaction\r", TransactionRule.NONE),
        ("-- +goose NO TRANSACTIONS", TransactionRule.TOOL),
        ("-- no transaction", TransactionRule.TOOL),
        ("SELECT '+goose NO TRANSACTION';", TransactionRule.TOOL),
    ],
)
@pytest.mark.parametrize("place", ["{}\n-- +goose Up\nA;\n", "-- +goose Up\nA;\n-- +goose Down\n{}\nB;\n"])
def test_no_transaction_holds_wherever_it_stands(place: str, line: str, rule: TransactionRule) -> None:
    migration = read(place.format(line))
    assert migration
    assert {script.transaction for script in migration.scripts} == {rule}


def test_each_direction_sees_its_own_statements_in_place() -> None:
    text = "-- +goose Up\nCREATE TABLE é;\n-- +goose Down\nDROP TABLE é;\n"
    migration = read(text)
    assert migration
    assert migration.up
    assert migration.down
    assert "DROP" not in migration.up.text
    assert "CREATE" not in migration.down.text
    assert migration.down.position(migration.down.text.index("DROP")) == (4, 1)


def test_variables_count_only_where_goose_fills_them_in() -> None:
    body = "-- +goose Up\nDROP TABLE ${T};\n"
    plain, filled = read(body), read("-- +goose ENVSUB ON\n" + body)
    assert plain
    assert plain.up
    assert plain.up.placeholders == ()
    assert filled
    assert filled.up
    assert len(filled.up.placeholders) == 1


def test_a_file_without_a_way_up_is_said(tmp_path: Path) -> None:
    write_files(tmp_path, {"1_a.sql": "-- +goose Up\nSELECT 1;", "2_b.sql": "SELECT 2;"})
    found = Goose().read(Folder(tmp_path), SourceOptions())
    assert [migration.id for migration in found.migrations] == ["1_a"]
    assert [file.reason for file in found.unreadable] == ["has no `-- +goose Up`: goose refuses the file"]
