"""Sqitch's plan and scripts."""

from __future__ import annotations

from pathlib import Path

import pytest

from migsafe.model.dialect import Dialect
from migsafe.sources.base import SourceOptions
from migsafe.sources.files import Folder
from migsafe.sources.reading import read_paths
from migsafe.sources.sqitch import Change, Sqitch, read_plan
from source_layouts import write_files

WHO = "2024-01-01T00:00:00Z A B <a@b.c>"


def test_a_plan_is_read_line_by_line() -> None:
    plan = f"""%syntax-version=1.0.0
# a comment
 %project=x

first {WHO} # note with @tag and [brackets]
+second [first !other] {WHO}
-third {WHO}
@v1 {WHO}
deep/er {WHO}
"""
    assert [change.name for change in read_plan(plan)] == ["first", "second", "deep/er"]


def test_a_reworked_change_knows_the_tags_between() -> None:
    plan = f"a {WHO}\n@v1 {WHO}\n@v2 {WHO}\na [a@v1] {WHO}\nb {WHO}\n@v3 {WHO}\n"
    assert read_plan(plan) == [Change("a", ("v1", "v2"), reworked=True), Change("a"), Change("b")]


@pytest.mark.parametrize("kept", ["a@v1.sql", "a@v2.sql"])
def test_a_reworked_script_is_found_under_any_tag_between(kept: str, tmp_path: Path) -> None:
    plan = f"a {WHO}\n@v1 {WHO}\n@v2 {WHO}\na [a@v1] {WHO}\n"
    write_files(tmp_path, {"sqitch.plan": plan, f"deploy/{kept}": "OLD;", "deploy/a.sql": "NEW;"})
    found = Sqitch().read(Folder(tmp_path), SourceOptions())
    assert [migration.up.text for migration in found.migrations if migration.up] == ["OLD;", "NEW;"]
    assert len({migration.id for migration in found.migrations}) == 2


@pytest.mark.parametrize(
    ("config", "dialect"),
    [
        ("[core]\n\tengine = mysql\n", Dialect.MYSQL),
        ('[core]\n\tengine = "sqlite" ; comment\n', Dialect.SQLITE),
        ('[engine "pg"]\n\tengine = mysql\n', Dialect.POSTGRES),
        ("[core]\n\tengine = oracle\n", Dialect.POSTGRES),
    ],
)
def test_the_engine_says_the_dialect(config: str, dialect: Dialect, tmp_path: Path) -> None:
    write_files(tmp_path, {"sqitch.plan": f"a {WHO}\n", "sqitch.conf": config, "deploy/a.sql": ""})
    assert Sqitch().read(Folder(tmp_path), SourceOptions()).dialect is dialect


def test_a_missing_revert_script_is_no_way_back_but_a_missing_deploy_script_is_said(tmp_path: Path) -> None:
    write_files(tmp_path, {"sqitch.plan": f"a {WHO}\nb {WHO}\n", "deploy/a.sql": ""})
    found = Sqitch().read(Folder(tmp_path), SourceOptions())
    assert [(migration.id, migration.down) for migration in found.migrations] == [("a", None)]
    assert [Path(file.path).name for file in found.unreadable] == ["b.sql"]


def test_a_script_in_a_folder_of_folders_belongs_to_the_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    files = {"sqitch.plan": f"x/y {WHO}\n", "deploy/x/y.sql": "A;", "verify/x/y.sql": "B;", "other.sql": "C;"}
    write_files(tmp_path, files)
    (layout,) = read_paths([Path("deploy/x/y.sql")], SourceOptions())
    assert (layout.migrations.tool, layout.selected) == ("sqitch", {"deploy/x/y.sql"})
    (layout,) = read_paths([Path("verify/x/y.sql")], SourceOptions())
    assert (layout.migrations.unreadable, layout.selected) == ((), frozenset())
    (layout,) = read_paths([Path("other.sql")], SourceOptions())
    assert layout.migrations.tool == "plain"
