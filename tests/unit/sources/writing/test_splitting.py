"""A migration becomes several: what each has, both ways, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from migsafe.model.declaration import Declaration
from migsafe.model.phase import Phase
from migsafe.model.script import MigrationSet
from migsafe.parse import read_script
from migsafe.sources.writing import CannotSplitError, Split, SplitPart, save, split_migration
from source_layouts import write_files
from written_migrations import NOW, read, statements

UP = (
    "-- A licence.\n\n-- The new name.\nALTER TABLE users ADD COLUMN full_name text;\n\n"
    '-- migsafe: ignore drop-column reason="never read"\nALTER TABLE users DROP COLUMN nick; -- gone\n\n'
    "CREATE INDEX i ON users (full_name);\n"
)
DOWN = (
    "DROP INDEX i;\n\n-- Its values are lost.\nALTER TABLE users ADD COLUMN nick text;\n\n"
    "ALTER TABLE users DROP COLUMN full_name;\n"
)
EXPAND, CONTRACT = Declaration(phase=Phase.EXPAND), Declaration(phase=Phase.CONTRACT, change="users-nick")
PARTS = (
    SplitPart(name="users-expand", declaration=EXPAND, statements=(0, 2)),
    SplitPart(name="users-contract", declaration=CONTRACT, statements=(1,)),
)
FILES = {
    "plain": {"0001_users.up.sql": UP, "0001_users.down.sql": DOWN},
    "golang-migrate": {"1_users.up.sql": UP, "1_users.down.sql": DOWN},
    "diesel": {"2026-01-01-000000_users/up.sql": UP, "2026-01-01-000000_users/down.sql": DOWN},
    "flyway": {"V1__users.sql": UP, "U1__users.sql": DOWN},
    "goose": {"1_users.sql": f"-- +goose Up\n{UP}\n-- +goose Down\n{DOWN}"},
    "dbmate": {"20260101000000_users.sql": f"-- migrate:up\n{UP}\n-- migrate:down\n{DOWN}"},
    "prisma": {"20260101000000_users/migration.sql": UP},
    "sqitch": {
        "sqitch.plan": "%project=shop\n\nusers 2026-01-01T00:00:00Z A <a@b>\n",
        "deploy/users.sql": f"-- Deploy shop:users to pg\n\nBEGIN;\n\n{UP}\nCOMMIT;\n",
        "revert/users.sql": f"BEGIN;\n\n{DOWN}\nCOMMIT;\n",
    },
}


def split(layout: MigrationSet, at: int = 0, parts: tuple[SplitPart, ...] = PARTS, *, released: bool = False) -> Split:
    migration = layout.migrations[at]
    assert migration.up
    down = None if migration.down is None else read_script(migration.down)
    return split_migration(layout, migration, read_script(migration.up), down, parts, now=NOW, released=released)


def shifted(parts: tuple[SplitPart, ...], by: int) -> tuple[SplitPart, ...]:
    return tuple(
        SplitPart(name=one.name, declaration=one.declaration, statements=tuple(at + by for at in one.statements))
        for one in parts
    )


@pytest.mark.parametrize("tool", FILES)
def test_no_comment_is_lost(tool: str, tmp_path: Path) -> None:
    root = write_files(tmp_path, FILES[tool])
    save(split(read(root, tool), parts=shifted(PARTS, 1) if tool == "sqitch" else PARTS).files)
    whole = "".join(file.read_text(encoding="utf-8") for file in sorted(root.rglob("*")) if file.is_file())
    for comment in (
        "-- A licence.",
        "-- The new name.",
        '-- migsafe: ignore drop-column reason="never read"',
        "-- gone",
    ):
        assert whole.count(comment) == 1, comment


@pytest.mark.parametrize("tool", FILES)
def test_each_part_has_its_statements_both_ways(tool: str, tmp_path: Path) -> None:
    root = write_files(tmp_path, FILES[tool])
    done = split(read(root, tool), parts=shifted(PARTS, 1) if tool == "sqitch" else PARTS)
    save(done.files)
    first, second = read(root, tool).migrations
    assert statements(first.up) == [
        "ALTER TABLE users ADD COLUMN full_name text",
        "CREATE INDEX i ON users (full_name)",
    ]
    assert statements(second.up) == ["ALTER TABLE users DROP COLUMN nick"]
    assert (first.declaration.phase, second.declaration.phase) == (Phase.EXPAND, Phase.CONTRACT)
    assert second.declaration.change == "users-nick"
    assert (first.declaration.problem, second.declaration.problem) == (None, None)
    if tool != "prisma":
        assert statements(first.down) == ["DROP INDEX i", "ALTER TABLE users DROP COLUMN full_name"]
        assert statements(second.down) == ["ALTER TABLE users ADD COLUMN nick text"]
    assert second.up
    assert second.up.transaction is first.scripts[0].transaction
    assert done.remarks == ()


def test_what_the_files_look_like(tmp_path: Path) -> None:
    up, down, new, back = split(read(write_files(tmp_path, FILES["golang-migrate"]), "golang-migrate")).files
    assert up.text == (
        "-- A licence.\n\n-- migsafe: phase=expand\n-- The new name.\nALTER TABLE users ADD COLUMN full_name text;\n\n"
        "CREATE INDEX i ON users (full_name);\n"
    )
    assert down.text == "DROP INDEX i;\n\nALTER TABLE users DROP COLUMN full_name;\n"
    assert new.path.name == "2_users_contract.up.sql"
    assert new.text == (
        "-- migsafe: phase=contract change=users-nick\n\n-- gone\n"
        '-- migsafe: ignore drop-column reason="never read"\nALTER TABLE users DROP COLUMN nick;\n'
    )
    assert back.text == "-- Its values are lost.\nALTER TABLE users ADD COLUMN nick text;\n"


def test_marks_of_whole_statements_go_with_them(tmp_path: Path) -> None:
    begin, end = "-- +goose StatementBegin", "-- +goose StatementEnd"
    body = f"{begin}\nDROP FUNCTION f;\n{end}\n\nCREATE TABLE t (a int);\n\n{begin}\nDROP TABLE u;\n{end}\n"
    root = write_files(tmp_path, {"1_a.sql": f"-- +goose Up\n{body}"})
    parts = (SplitPart(name="a", statements=(1,)), SplitPart(name="b", statements=(0, 2)))
    save(split(read(root, "goose"), parts=parts).files)
    assert (root / "1_a.sql").read_text() == "-- +goose Up\n\nCREATE TABLE t (a int);\n"
    assert statements(read(root, "goose").migrations[1].up) == ["DROP FUNCTION f", "DROP TABLE u"]


def test_a_way_back_without_counterparts_stays_whole(tmp_path: Path) -> None:
    root = write_files(tmp_path, {**FILES["golang-migrate"], "1_users.down.sql": "DROP TABLE users;\n"})
    done = split(read(root, "golang-migrate"))
    assert "stays whole in its first part" in done.remarks[0]
    save(done.files)
    first, second = read(root, "golang-migrate").migrations
    assert (statements(first.down), statements(second.down)) == (["DROP TABLE users"], [])
    assert second.up
    assert "The way back stands in that of 1_users." in second.up.text


def test_counterparts_must_have_a_name_in_common(tmp_path: Path) -> None:
    down = "DROP INDEX i;\nDROP TABLE other;\nALTER TABLE users DROP COLUMN full_name;\n"
    root = write_files(tmp_path, {**FILES["golang-migrate"], "1_users.down.sql": down})
    assert split(read(root, "golang-migrate")).remarks


def test_settings_are_given_to_every_part(tmp_path: Path) -> None:
    root = write_files(tmp_path, {"1_a.up.sql": "SET lock_timeout = '2s';\nCREATE TABLE a (b int);\nDROP TABLE c;\n"})
    parts = (SplitPart(name="a", statements=(0, 1)), SplitPart(name="b", statements=(0, 2)))
    save(split(read(root, "golang-migrate"), parts=parts).files)
    found = [statements(one.up) for one in read(root, "golang-migrate").migrations]
    assert found == [
        ["SET lock_timeout = '2s'", "CREATE TABLE a (b int)"],
        ["SET lock_timeout = '2s'", "DROP TABLE c"],
    ]


def test_times_leave_room_between_neighbours(tmp_path: Path) -> None:
    later = {"20260101000005_later.sql": "-- migrate:up\nSELECT 1;\n-- migrate:down\nSELECT 2;\n"}
    root = write_files(tmp_path, {**FILES["dbmate"], **later})
    save(split(read(root, "dbmate")).files)
    assert [one.id for one in read(root, "dbmate").migrations] == [
        "20260101000000_users",
        "20260101000001_users_contract",
        "20260101000005_later",
    ]


@pytest.mark.parametrize(
    ("tool", "later", "reason"),
    [
        ("golang-migrate", {"2_later.up.sql": "SELECT 1;"}, "there is no version between 1 and 2"),
        ("goose", {"2_later.sql": "-- +goose Up\nSELECT 1;"}, "there is no version between 1 and 2"),
        ("flyway", {"V2__later.sql": "SELECT 1;"}, "there is no version between 1 and 2"),
        ("dbmate", {"20260101000001_b.sql": "-- migrate:up\nSELECT 1;"}, "there is no version between"),
    ],
)
def test_without_room_it_is_refused(tool: str, later: dict[str, str], reason: str, tmp_path: Path) -> None:
    root = write_files(tmp_path, {**FILES[tool], **later})
    with pytest.raises(CannotSplitError, match=reason):
        split(read(root, tool))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("COPY t FROM STDIN;\n1\n\\.\nSELECT 1;\nSELECT 2;\n", "data of COPY"),
        ("SELECT 1;\nSELECT {{ x }};\nSELECT 2;\n", "placeholders"),
        ("SELECT 1;\nSELECT 2;\nSELECT 3;\nSELECT 4;\n", "every statement once"),
    ],
)
def test_what_is_not_split(text: str, reason: str, tmp_path: Path) -> None:
    root = write_files(tmp_path, {"1_a.up.sql": text})
    with pytest.raises(CannotSplitError, match=reason):
        split(read(root, "golang-migrate"))


def test_what_is_released_is_not_split(tmp_path: Path) -> None:
    with pytest.raises(CannotSplitError, match="released"):
        split(read(write_files(tmp_path, FILES["goose"]), "goose"), released=True)


def test_a_declared_change_is_that_of_all_parts(tmp_path: Path) -> None:
    root = write_files(tmp_path, {"1_users.up.sql": f"-- migsafe: phase=expand change=users\n{UP}"})
    parts = (PARTS[0], SplitPart(name="b", declaration=Declaration(phase=Phase.CONTRACT), statements=(1,)))
    save(split(read(root, "golang-migrate"), parts=parts).files)
    said = [(one.declaration.phase, one.declaration.change) for one in read(root, "golang-migrate").migrations]
    assert said == [(Phase.EXPAND, "users"), (Phase.CONTRACT, "users")]


def test_a_header_that_the_first_part_contradicts(tmp_path: Path) -> None:
    root = write_files(tmp_path, {"1_users.up.sql": f"-- migsafe: phase=migrate\n{UP}"})
    with pytest.raises(CannotSplitError, match="declares phase=migrate, and its first part is expand"):
        split(read(root, "golang-migrate"))
