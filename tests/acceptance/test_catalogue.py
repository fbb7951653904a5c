"""`migsafe catalogue` on whole projects."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

from migsafe.cli.main import run

MIGRATIONS = Path(__file__).parents[2] / "fixtures" / "drift" / "migrations"
SCHEMA = json.loads((files("migsafe.catalogue") / "schema" / "catalogue-1.json").read_text(encoding="utf-8"))


def test_the_tables_that_migrations_build(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["catalogue", str(MIGRATIONS)]) == 0
    out, err = capsys.readouterr()
    assert "table public.users\n  column id bigint not null generated always as identity\n" in out
    assert "  column full_name text\n" in out
    assert err == ""


def test_the_tables_at_an_earlier_migration(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["catalogue", str(MIGRATIONS), "--at", "0002_orders"]) == 0
    assert "full_name" not in capsys.readouterr().out


def test_json_keeps_its_contract(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["catalogue", str(MIGRATIONS), "--at", "0002", "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    jsonschema.validate(told, SCHEMA, jsonschema.Draft202012Validator)
    assert told["source"]["at"] == "0002_orders"
    assert [table["name"] for table in told["tables"]] == ["orders", "orgs", "users"]


def test_a_list_in_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["catalogue", str(MIGRATIONS), "--output", str(tmp_path / "schema.txt")]) == 0
    assert "table public.users" in (tmp_path / "schema.txt").read_text()
    assert capsys.readouterr().out == ""


def test_what_may_be_missing_is_said_apart_from_the_list(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = ["CREATE TABLE a (i int);", *["CREATE TABEL b (i int);"] * 7]
    (tmp_path / "1.sql").write_text("\n".join(lines))
    assert run(["catalogue", str(tmp_path)]) == 0
    out, err = capsys.readouterr()
    assert out == "table public.a\n  column i integer\n"
    assert len(re.findall("may lack what this makes", err)) == 5
    assert "2 more places" in err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--at", "9999"], 2, "no migration"),
        (["--format", "yaml"], 2, "must be one of text, json"),
        (["--url", "postgresql://app:hunter2@localhost/shop"], 2, "--url holds a password"),
        (["--url", "env:MIGSAFE_TEST_NOT_SET"], 2, "not set"),
        (["--url", "postgresql://127.0.0.1:1/shop"], 2, "PATHS and --at"),
        (["/nowhere/at/all"], 2, "does not exist"),
    ],
)
def test_wrong_use(arguments: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    paths = [str(MIGRATIONS)] if "/nowhere/at/all" not in arguments and "hunter2" not in "".join(arguments) else []
    paths = [] if "env:MIGSAFE_TEST_NOT_SET" in arguments else paths
    assert run(["catalogue", *paths, *arguments]) == code
    err = capsys.readouterr().err
    assert said in err
    assert "hunter2" not in err


def test_a_server_that_cannot_be_reached_is_a_failed_environment(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["catalogue", "--url", "postgresql://127.0.0.1:1/shop"]) == 5
    assert "cannot connect" in capsys.readouterr().err


def test_a_folder_without_migrations(tmp_path: Path) -> None:
    assert run(["catalogue", str(tmp_path)]) == 3
