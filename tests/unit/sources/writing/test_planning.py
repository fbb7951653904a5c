"""Where the files of each tool stand, what they are called, and what is in them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from migsafe.errors import UsageError
from migsafe.model.declaration import Declaration
from migsafe.model.phase import Part, Phase
from migsafe.sources.writing import NewMigration, WritingOptions, write_migrations
from source_layouts import write_files
from written_migrations import NOW, PROJECTS, project, read

NEW = NewMigration(
    name="drop-name",
    up=("ALTER TABLE users DROP COLUMN name",),
    down=("ALTER TABLE users ADD COLUMN name text",),
    declaration=Declaration(phase=Phase.CONTRACT, change="users-name", of="42", release="2026.11", part=Part.PURGE),
    note="Nobody reads it.",
)
HEAD = "-- migsafe: phase=contract change=users-name of=42 release=2026.11 part=purge\n-- Nobody reads it.\n"
UP, DOWN = "ALTER TABLE users DROP COLUMN name;\n", "ALTER TABLE users ADD COLUMN name text;\n"


def planned(root: Path, tool: str, *new: NewMigration) -> dict[str, str]:
    files = write_migrations(read(root, tool), new or (NEW,), now=NOW)
    return {file.path.relative_to(root).as_posix(): file.text for file in files}


@pytest.mark.parametrize(
    ("tool", "files"),
    [
        ("plain", {"0002_drop_name.up.sql": f"{HEAD}\n{UP}", "0002_drop_name.down.sql": DOWN}),
        ("golang-migrate", {"000002_drop_name.up.sql": f"{HEAD}\n{UP}", "000002_drop_name.down.sql": DOWN}),
        (
            "diesel",
            {
                "2026-11-23-050000_drop_name/up.sql": f"{HEAD}\n{UP}",
                "2026-11-23-050000_drop_name/down.sql": DOWN,
            },
        ),
        ("flyway", {"V2__drop_name.sql": f"{HEAD}\n{UP}", "U2__drop_name.sql": DOWN}),
        ("goose", {"00002_drop_name.sql": f"-- +goose Up\n{HEAD}\n{UP}\n-- +goose Down\n\n{DOWN}"}),
        ("dbmate", {"20261123050000_drop_name.sql": f"-- migrate:up\n{HEAD}\n{UP}\n-- migrate:down\n\n{DOWN}"}),
        (
            "pop",
            {
                "20261123050000_drop_name.postgres.up.sql": f"{HEAD}\n{UP}",
                "20261123050000_drop_name.postgres.down.sql": DOWN,
            },
        ),
        (
            "sqitch",
            {
                "sqitch.plan": PROJECTS["sqitch"]["sqitch.plan"]
                + "drop_name [first] 2026-11-23T05:00:00Z migsafe <migsafe@localhost> # Nobody reads it.\n",
                "deploy/drop_name.sql": f"-- Deploy shop:drop_name to pg\n{HEAD}\n{UP}",
                "revert/drop_name.sql": f"-- Revert shop:drop_name from pg\n\n{DOWN}",
                "verify/drop_name.sql": "-- Verify shop:drop_name on pg\n",
            },
        ),
    ],
)
def test_the_files_of_a_tool(tool: str, files: dict[str, str], tmp_path: Path) -> None:
    assert planned(project(tmp_path, tool), tool) == files


@pytest.mark.parametrize(
    ("tool", "files"),
    [
        ("diesel", {"2026-11-23-050000_drop_name/metadata.toml": "run_in_transaction = false\n"}),
        ("flyway", {"V2__drop_name.sql.conf": "executeInTransaction=false\n"}),
        ("pop", {"20261123050000_drop_name.postgres.autocommit.down.sql": DOWN}),
    ],
)
def test_where_the_transaction_is_taken_away(tool: str, files: dict[str, str], tmp_path: Path) -> None:
    found = planned(project(tmp_path, tool), tool, replace(NEW, transaction=False))
    assert {name: found[name] for name in files} == files


def test_names_are_parted_as_the_neighbours_are(tmp_path: Path) -> None:
    root = write_files(tmp_path, {"1-add-a-table.sql": "SELECT 1;", "2-and-another.sql": "SELECT 1;"})
    (name,) = planned(root, "plain")
    assert name == "3-drop-name.sql"


def test_plain_files_without_ways_back_get_none_that_could_be_run(tmp_path: Path) -> None:
    root = write_files(tmp_path, {"001_a.sql": "SELECT 1;"})
    assert planned(root, "plain") == {"002_drop_name.sql": f"{HEAD}\n{UP}\n-- The way back:\n-- {DOWN}"}


def test_flyway_without_undo_migrations_gets_none(tmp_path: Path) -> None:
    root = write_files(tmp_path, {"V1.2__a.sql": "SELECT 1;", "R__view.sql": "SELECT 2;"})
    assert list(planned(root, "flyway")) == ["V1.3__drop_name.sql"]


def test_prisma_has_no_ways_back(tmp_path: Path) -> None:
    root = write_files(tmp_path, {"20260101000000_a/migration.sql": "SELECT 1;"})
    assert list(planned(root, "prisma")) == ["20261123050000_drop_name/migration.sql"]


@pytest.mark.parametrize("tool", ["goose", "dbmate", "diesel", "flyway", "sqitch"])
def test_line_breaks_are_the_neighbours(tool: str, tmp_path: Path) -> None:
    root = write_files(tmp_path, {name: text.replace("\n", "\r\n") for name, text in PROJECTS[tool].items()})
    text = "".join(planned(root, tool).values())
    assert text.count("\n") == text.count("\r\n") > 3


def test_versions_of_migrations_in_other_languages_are_taken(tmp_path: Path) -> None:
    root = write_files(project(tmp_path, "goose"), {"00007_code.go": "package migrations"})
    assert list(planned(root, "goose")) == ["00008_drop_name.sql"]


def test_many_keep_their_order(tmp_path: Path) -> None:
    new = [replace(NEW, name=name) for name in ("b", "a", "c")]
    assert [name.split("/")[0] for name in planned(project(tmp_path, "prisma"), "prisma", *new)][::2] == [
        "20261123050000_b",
        "20261123050001_a",
        "20261123050002_c",
    ]


@pytest.mark.parametrize(
    ("tool", "statement", "reason"),
    [
        ("flyway", "SELECT '${x}'", "Flyway would replace"),
        ("pop", "SELECT '{{x}}'", "pop would replace"),
        ("goose", "SELECT '\n-- +goose Down\n'", "goose would take for one of its marks"),
        ("dbmate", "SELECT '\n-- migrate:down\n'", "dbmate would take for one of its marks"),
    ],
)
def test_statements_that_a_tool_would_change_are_refused(
    tool: str, statement: str, reason: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=reason):
        planned(project(tmp_path, tool), tool, replace(NEW, up=(statement,)))


@pytest.mark.parametrize("change", ["a\nb", "both \" and '", " ", ""])
def test_what_cannot_be_declared_is_refused(change: str, tmp_path: Path) -> None:
    new = replace(NEW, declaration=Declaration(change=change))
    with pytest.raises(UsageError, match="cannot be declared"):
        planned(project(tmp_path, "goose"), "goose", new)


def test_a_change_of_the_plan_has_a_name_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="'first' already"):
        planned(project(tmp_path, "sqitch"), "sqitch", replace(NEW, name="first"))


def test_layouts_that_are_made_by_others_are_refused(tmp_path: Path) -> None:
    root = write_files(tmp_path, {"a.sql": "-- Running upgrade  -> a\nSELECT 1;\n"})
    with pytest.raises(UsageError, match="writes no migrations of alembic-sql"):
        planned(root, "alembic-sql")


def test_the_planner_of_a_plan(tmp_path: Path) -> None:
    layout = read(project(tmp_path, "sqitch"), "sqitch")
    files = write_migrations(layout, [NEW], now=NOW, options=WritingOptions(planner="Ada <ada@example.org>"))
    assert " Ada <ada@example.org> # " in files[0].text


def test_nothing_new_writes_nothing(tmp_path: Path) -> None:
    assert write_migrations(read(project(tmp_path, "sqitch"), "sqitch"), [], now=NOW) == ()
