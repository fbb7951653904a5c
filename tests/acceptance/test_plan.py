"""`migsafe plan` on whole projects."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

from migsafe.cli.main import run
from migsafe.model.plan import ChangeKind

SCHEMA = json.loads((files("migsafe.evidence") / "schema" / "plan-1.json").read_text(encoding="utf-8"))
RENAME = ("plan", "rename-column", "users.name", "full_name")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "migrations").mkdir()
    sql = "CREATE TABLE users (id bigint PRIMARY KEY, name text NOT NULL, legacy text);\n"
    (tmp_path / "migrations" / "0001_users.sql").write_text(sql, encoding="utf-8")
    return tmp_path


def _files(project: Path) -> list[str]:
    return sorted(file.relative_to(project).as_posix() for file in project.rglob("*") if file.is_file())


def test_explain_writes_nothing(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*RENAME, "--explain"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("users-name-to-full-name: rename-column of users.name, users.full_name\n\n1. expand: ")
    assert err == ""
    assert _files(project) == ["migrations/0001_users.sql"]


def test_a_dry_run_shows_the_files(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*RENAME, "--dry-run"]) == 0
    out, _ = capsys.readouterr()
    assert out.startswith("-- migrations/0002_users_name_to_full_name_add_full_name.sql\n-- migsafe: phase=expand ")
    assert "\n-- migsafe/changes/users-name-to-full-name.json\n{" in out
    assert _files(project) == ["migrations/0001_users.sql"]


def test_json(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*RENAME, "--dry-run", "--format", "json", "--change", "naming"]) == 0
    document = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, SCHEMA)
    assert document["change"] == "naming"


def test_what_must_be_accepted_is_asked_for(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(RENAME) == 4
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: this must be accepted: until the contract, an INSERT of new code ")
    assert "hint: say --accept" in err
    assert _files(project) == ["migrations/0001_users.sql"]


def test_the_files_are_written_and_named(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*RENAME, "--accept"]) == 0
    out, _ = capsys.readouterr()
    written = [line.removeprefix("wrote ") for line in out.splitlines()]
    assert _files(project) == sorted([*written, "migrations/0001_users.sql"])
    assert written[-1] == "migsafe/changes/users-name-to-full-name.json"
    assert run(["lint"]) == 0


def test_a_change_is_not_planned_twice(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*RENAME, "--accept"]) == 0
    before = _files(project)
    capsys.readouterr()
    assert run([*RENAME, "--accept"]) == 4
    assert "users has a column full_name already" in capsys.readouterr().err
    assert run(["plan", "drop-column", "users.legacy", "--change", "users-name-to-full-name"]) == 2
    assert "users-name-to-full-name.json is there already" in capsys.readouterr().err
    assert _files(project) == before


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["rename-colum", "users.name", "x"], 2, 'no kind of change "rename-colum"\nhint: did you mean rename-column'),
        (["rename-column", "users.name"], 2, "missing argument 'TO'"),
        (
            ["rename-column", "users.nam", "x"],
            4,
            "the migrations build no column nam in users\nhint: did you mean name?",
        ),
        (["rename-column", "name", "x"], 2, '"name" is no name of a column\nhint: write table.column'),
        (["rename-column", "users.name", "x", "--change", "A B"], 2, '"A B" is no name of a change'),
        (["drop-column", "users.name", "--path", "nowhere"], 2, "nowhere does not exist"),
    ],
)
def test_one_clear_line(
    project: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, said: str
) -> None:
    assert run(["plan", *arguments]) == code
    assert capsys.readouterr().err.startswith(f"error: {said}")


def test_every_kind_has_help_with_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plan", "--help"]) == 0
    listed = capsys.readouterr().out
    for kind in ChangeKind:
        assert f"  {kind.value} " in listed
        assert run(["plan", kind.value, "--help"]) == 0
        assert f"  migsafe plan {kind.value} " in capsys.readouterr().out


def test_tables_of_what_cannot_be_read_are_said(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "migrations" / "0002_odd.sql").write_text("ALTER TABLE users FROBNICATE;\n", encoding="utf-8")
    assert run([*RENAME, "--explain"]) == 0
    assert "the plan may lack what migrations/0002_odd.sql:1 makes" in capsys.readouterr().err


def test_an_option_that_is_not_given_says_its_default(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    teams = "CREATE TABLE teams (id bigint PRIMARY KEY);\nALTER TABLE users ADD COLUMN team_id bigint;\n"
    (project / "migrations" / "0002_teams.sql").write_text(teams, encoding="utf-8")
    assert run(["plan", "add-foreign-key", "users.team_id", "teams.id", "--dry-run"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "FOREIGN KEY (team_id) REFERENCES teams (id) NOT VALID" in " ".join(out.split())
