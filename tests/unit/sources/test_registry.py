"""Which source claims what, and what only looks like it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from migsafe.sources.files import Folder
from migsafe.sources.registry import claimant
from source_layouts import write_files

if TYPE_CHECKING:
    from pathlib import Path

STAMP = "20240101000000"


@pytest.mark.parametrize(
    ("files", "tool"),
    [
        pytest.param({f"{STAMP}_a.up.sql": "SELECT 1;"}, "golang-migrate", id="a time stamp alone is not pop"),
        pytest.param({f"{STAMP}_a.up.sql": "SELECT {{ x }};"}, "pop", id="a template is pop"),
        pytest.param({f"{STAMP}_a.mysql.up.sql": ""}, "pop", id="an infix is pop"),
        pytest.param({f"{STAMP}_a.autocommit.up.sql": ""}, "pop", id="autocommit is pop"),
        pytest.param({f"{STAMP}_a.up.sql": "", f"{STAMP}_b.up.fizz": ""}, "pop", id="fizz is pop"),
        pytest.param({"1_a.mysql.up.sql": ""}, "golang-migrate", id="an infix with a small number is not"),
        pytest.param({"1_a.up.sql": "", "2_b.sql": ""}, "plain", id="a file without direction is nobody else's"),
        pytest.param({"V1__a.sql": ""}, "flyway", id="flyway"),
        pytest.param({"R__a.sql": ""}, "flyway", id="flyway with repeatable migrations only"),
        pytest.param({"V1_a.sql": ""}, "plain", id="one underscore is not flyway"),
        pytest.param({"V0001.Name.up.sql": ""}, "plain", id="a version and a name"),
        pytest.param({"V__a.sql": ""}, None, id="flyway needs a version"),
        pytest.param({"20240101_a/up.sql": ""}, "diesel", id="diesel"),
        pytest.param({"noversion/up.sql": ""}, None, id="diesel needs a version"),
        pytest.param({"20240101_a/migration.sql": ""}, "prisma", id="prisma"),
        pytest.param({"migration_lock.toml": ""}, None, id="a lock alone is nothing"),
        pytest.param({"sqitch.plan": ""}, "sqitch", id="sqitch"),
        pytest.param({"1_a.sql": "-- +goose Up"}, "goose", id="goose"),
        pytest.param({"1_a.sql": "-- run with goose: +goose Up"}, "plain", id="goose in prose"),
        pytest.param({"1_a.sql": "-- migrate:up"}, "dbmate", id="dbmate"),
        pytest.param({"a.sql": "-- revision: a\n-- down_revision: None\n"}, "alembic-sql", id="rendered by alembic"),
        pytest.param({"a.sql": "-- revision: 3 of this query\n"}, None, id="a revision without a parent"),
        pytest.param({"a.sql": "", "b.sql": "", "1_c.sql": ""}, None, id="mostly queries"),
        pytest.param({"1_a.py": "revision = 1"}, None, id="python"),
        pytest.param({}, None, id="nothing"),
    ],
)
def test_claims(files: dict[str, str], tool: str | None, tmp_path: Path) -> None:
    source = claimant(Folder(write_files(tmp_path / "folder", files) if files else tmp_path))
    assert (source.name if source else None) == tool
