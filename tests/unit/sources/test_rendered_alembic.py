"""SQL that Alembic has rendered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.model.script import SourceText, TransactionRule
from migsafe.sources.base import SourceOptions
from migsafe.sources.files import Folder
from migsafe.sources.rendered_alembic import RenderedAlembic
from source_layouts import write_files

if TYPE_CHECKING:
    from pathlib import Path

    from migsafe.model.script import Migration, MigrationSet


def read(text: str) -> list[Migration]:
    return list(RenderedAlembic().read_text(SourceText("u.sql", text), SourceOptions()) or ())


def words(migration: Migration) -> list[list[str]]:
    return [script.text.split() for script in migration.scripts]


def header(revision: str, parents: str, file: str = "") -> str:
    return f"-- revision: {revision}\n-- down_revision: {parents}\n-- file: {file}\nSELECT 1;\n"


def revisions(folder: Path, *texts: str) -> MigrationSet:
    files = {f"{index}.sql": text for index, text in enumerate(texts)}
    return RenderedAlembic().read(Folder(write_files(folder, files)), SourceOptions())


def test_one_transaction_around_all_revisions() -> None:
    first, middle, last = read(
        "BEGIN;\n\nX;\n\n-- Running upgrade  -> a\n\nA;\n\n-- Running upgrade a -> b\n\nB;\n\n"
        "-- Running upgrade b -> c\n\nC;\n\nCOMMIT;\n\n"
    )
    assert words(first) == [["BEGIN;", "X;", "--", "Running", "upgrade", "->", "a", "A;"]]
    assert words(middle)[0][-1] == "B;"
    assert words(last)[0][-1] == "C;"
    rules = [migration.scripts[0].transaction for migration in (first, middle, last)]
    assert rules == [TransactionRule.NONE, TransactionRule.TOOL, TransactionRule.TOOL]


def test_a_transaction_per_revision() -> None:
    first, second = read(
        "BEGIN;\n\n-- Running upgrade  -> a\n\nA;\n\nCOMMIT;\n\nBEGIN;\n\n-- Running upgrade a -> b\n\nB;\n\nCOMMIT;\n"
    )
    assert words(first) == [["BEGIN;", "--", "Running", "upgrade", "->", "a", "A;", "COMMIT;"]]
    assert words(second) == [["BEGIN;", "--", "Running", "upgrade", "a", "->", "b", "B;", "COMMIT;"]]
    assert {migration.scripts[0].transaction for migration in (first, second)} == {TransactionRule.NONE}


def test_a_block_outside_of_the_transaction_keeps_its_commit() -> None:
    _, second = read(
        "BEGIN;\n-- Running upgrade  -> a\nA;\n-- Running upgrade a -> b\nCOMMIT;\nB;\nBEGIN;\nC;\nCOMMIT;\n"
    )
    assert words(second)[0][-5:] == ["b", "COMMIT;", "B;", "BEGIN;", "C;"]
    assert second.scripts[0].transaction is TransactionRule.TOOL


def test_positions_are_those_of_the_file() -> None:
    _, second = read("BEGIN;\n-- Running upgrade  -> a\nA;\n-- Running upgrade a -> b\nSELECT 1;\nCOMMIT;\n")
    script = second.scripts[0]
    assert script.position(script.text.index("SELECT")) == (5, 1)


def test_downgrades_are_the_way_back() -> None:
    migrations = {one.id: one for one in read("-- Running downgrade b -> a\nB;\n-- Running downgrade a -> \nA;\n")}
    assert list(migrations) == ["a", "b"]
    assert all(one.up is None and one.down for one in migrations.values())


def test_a_merge_comes_after_both_of_its_parents(tmp_path: Path) -> None:
    found = revisions(tmp_path, header("m", "x, y"), header("y", "r"), header("x", "r"), header("r", "None"))
    assert [migration.id for migration in found.migrations] == ["r", "x", "y", "m"]


def test_where_the_graph_is_open_the_files_names_decide(tmp_path: Path) -> None:
    found = revisions(tmp_path, header("a", "gone1", "2024-02.py"), header("b", "gone2", "2024-01.py"))
    assert [migration.id for migration in found.migrations] == ["b", "a"]


def test_a_circle_is_said_and_still_read(tmp_path: Path) -> None:
    found = revisions(tmp_path, header("a", "b"), header("b", "a"), header("c", "None"))
    assert [migration.id for migration in found.migrations] == ["c", "a", "b"]
    assert len(found.unreadable) == 2


def test_a_revision_rendered_twice_is_said(tmp_path: Path) -> None:
    found = revisions(tmp_path, header("a", "None"), header("a", "None"))
    assert len(found.migrations) == 1
    assert "does already" in found.unreadable[0].reason


def test_other_text_is_none_of_its() -> None:
    assert read("-- Running upgrades is fun\nSELECT 1;") == []
    assert read("SELECT '\n-- revision: a';") == []
