"""A plan in a project: its name, its files, and what it asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from migsafe import api
from migsafe.config import Config
from migsafe.errors import UsageError
from migsafe.evidence.plan import read_plan
from migsafe.model.dialect import Dialect
from migsafe.plan.recipe import PlanRefusedError

if TYPE_CHECKING:
    from pathlib import Path

_RENAME = {"column": "users.name", "to": "full_name"}


@pytest.fixture
def migrations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "db"
    folder.mkdir()
    (folder / "0001_users.sql").write_text("CREATE TABLE users (id int PRIMARY KEY, name text);\n", encoding="utf-8")
    return folder


def test_files(migrations: Path) -> None:
    planned = api.plan("rename-column", _RENAME, [migrations])
    names = [file.path.relative_to(migrations.parent).as_posix() for file in planned.files]
    assert names == [
        "db/0002_users_name_to_full_name_add_full_name.sql",
        "db/0003_users_name_to_full_name_backfill_full_name.sql",
        "db/0004_users_name_to_full_name_analyze_full_name.sql",
        "migsafe/changes/users-name-to-full-name.json",
    ]
    assert not any(file.path.exists() for file in planned.files)
    planned.save()
    assert read_plan((migrations.parent / names[-1]).read_text(encoding="utf-8")) == planned.plan
    assert "-- migsafe: phase=expand change=users-name-to-full-name" in planned.files[0].text


def test_the_document_stands_beside_the_configuration(migrations: Path) -> None:
    root = migrations.parent / "root"
    planned = api.plan("rename-column", _RENAME, [migrations], Config(source=root / "migsafe.toml"))
    assert planned.files[-1].path == root / "migsafe" / "changes" / "users-name-to-full-name.json"


@pytest.mark.parametrize(
    ("kind", "arguments", "name"),
    [
        ("rename-column", {"column": 'users."name"', "to": "Full_Name"}, "users-name-to-full-name"),
        ("drop-column", {"column": "users.name"}, "drop-column-users-name"),
        ("change-type", {"column": "users.name", "type": "varchar(10)"}, "change-type-users-name-varchar-10"),
    ],
)
def test_a_name_is_made(migrations: Path, kind: str, arguments: dict[str, str], name: str) -> None:
    assert api.plan(kind, arguments, [migrations]).plan.change == name


def test_a_long_name_is_cut(migrations: Path) -> None:
    planned = api.plan("rename-column", {"column": "users.name", "to": "n" * 60}, [migrations])
    assert len(planned.plan.change) <= 60


def test_a_name_is_taken(migrations: Path) -> None:
    assert api.plan("rename-column", _RENAME, [migrations], change="naming").plan.change == "naming"
    with pytest.raises(UsageError, match="no name of a change"):
        api.plan("rename-column", _RENAME, [migrations], change="../naming")


def test_what_must_be_accepted(migrations: Path) -> None:
    planned = api.plan("rename-column", _RENAME, [migrations])
    with pytest.raises(PlanRefusedError, match="this must be accepted: until the contract"):
        planned.refuse_unless(accepted=False)
    planned.refuse_unless(accepted=True)
    api.plan("drop-column", {"column": "users.name"}, [migrations]).refuse_unless(accepted=False)


@pytest.mark.parametrize(
    ("kind", "arguments", "message"),
    [
        ("rename-colum", _RENAME, 'no kind of change "rename-colum"'),
        ("rename-column", {"column": "users.name"}, "rename-column needs to"),
        ("rename-column", {**_RENAME, "too": "x"}, "rename-column takes no too"),
    ],
)
def test_what_cannot_be_used(migrations: Path, kind: str, arguments: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        api.plan(kind, arguments, [migrations])
    assert caught.value.message == message


def test_other_databases_are_refused(migrations: Path) -> None:
    with pytest.raises(PlanRefusedError, match="plans are for Postgres"):
        api.plan("rename-column", _RENAME, [migrations], Config(dialect=Dialect.SQLITE))


def test_timeouts_of_the_connection(migrations: Path) -> None:
    planned = api.plan("rename-column", _RENAME, [migrations], Config(runner_sets=("lock_timeout=2s",)))
    assert "SET LOCAL lock_timeout" not in planned.files[0].text


def test_what_a_plan_has_written_is_understood(migrations: Path) -> None:
    (migrations / "0002_odd.sql").write_text("ALTER TABLE users FROBNICATE;\n", encoding="utf-8")
    api.plan("rename-column", _RENAME, [migrations]).save()
    (place,) = api.plan("add-column", {"column": "users.age", "type": "int"}, [migrations]).not_understood
    assert place.path.endswith("0002_odd.sql")
