"""`migsafe verify` on whole projects, through the command line."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from migsafe.cli.main import run

PROJECTS = Path(__file__).parents[2] / "fixtures" / "projects"
pytestmark = pytest.mark.server


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(PROJECTS / "ways-back", tmp_path / "project")
    monkeypatch.chdir(tmp_path / "project")
    return tmp_path / "project"


def _findings(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    run(["verify", *arguments, "--format", "json"])
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert document["server"]["source"] == "shadow"
    findings: list[dict[str, Any]] = document["findings"]
    return findings


def test_a_project_that_comes_back_is_clean(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["verify", str(PROJECTS / "shop"), "--quiet"]) == 0
    assert capsys.readouterr().out == ""


def test_only_what_is_named_is_proved(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = _findings(capsys, "migrations/0003_lost_index")
    assert {finding["migration"] for finding in found} == {"0003_lost_index"}
    assert {finding["rule"] for finding in found} == {"way-back-differs", "second-up-fails"}


def test_only_what_is_new_since_a_commit_is_proved(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    new = Path("migrations/0003_lost_index")
    aside = project.parent / "aside"
    new.rename(aside)
    for command in (["init", "-q"], ["add", "."], ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x"]):
        subprocess.run(["git", *command], check=True)
    aside.rename(new)
    assert {finding["migration"] for finding in _findings(capsys, "--diff", "HEAD")} == {"0003_lost_index"}


def test_queries_of_the_running_release_are_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, sql in {
        "migrations/001_users.up.sql": "CREATE TABLE users (id int PRIMARY KEY, nick text);",
        "migrations/001_users.down.sql": "DROP TABLE users;",
        "migrations/002_nick.up.sql": "ALTER TABLE users DROP COLUMN nick;",
        "migrations/002_nick.down.sql": "ALTER TABLE users ADD COLUMN nick text;",
        "queries/users.sql": "-- name: Nick :one\nSELECT nick FROM users WHERE id = $1;\n",
    }.items():
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(sql, encoding="utf-8")
    assert run(["verify", "migrations", "--since", "001_users", "--quiet"]) == 0
    capsys.readouterr()
    found = _findings(capsys, "migrations", "--since", "001_users", "--queries", "queries")
    (broken,) = [finding for finding in found if finding["rule"] == "running-release-breaks"]
    assert broken["migration"] == "002_nick"
    assert any("queries/users.sql" in item["place"] for item in broken["evidence"])


def test_what_production_has_from_elsewhere_can_be_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("1_note.sql").write_text("ALTER TABLE people ADD COLUMN note text;", encoding="utf-8")
    assert "unproved" in {finding["rule"] for finding in _findings(capsys, "1_note.sql")}
    Path("setup.sql").write_text("CREATE TABLE people (id int);", encoding="utf-8")
    found = _findings(capsys, "1_note.sql", "--setup", "setup.sql")
    assert not {"unproved", "migration-fails"} & {finding["rule"] for finding in found}


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["no/such"], 2, "does not exist"),
        (["migrations", "--setup", "no.sql"], 2, "no.sql does not exist"),
        (["migrations", "--shadow-url", "postgresql://a:secret@localhost/x"], 2, "password"),
        (["migrations", "--pg-bin", "."], 5, "has no postgres"),
    ],
)
def test_wrong_use(
    project: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, words: str
) -> None:
    assert run(["verify", *arguments]) == code
    said = capsys.readouterr().err
    assert words in said
    assert "secret" not in said


def test_sqlite_is_proved_in_memory(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["verify", str(PROJECTS / "ways-back-sqlite"), "--dialect", "sqlite"]) == 1
    said = capsys.readouterr().out
    assert "on SQLite" in said
    assert "way-back-differs" in said


def test_several_databases_are_one_report(capsys: pytest.CaptureFixture[str]) -> None:
    found = _findings(capsys, str(PROJECTS / "ways-back"), str(PROJECTS / "ways-back-sqlite"))
    assert {Path(finding["path"]).parts[-4] for finding in found} == {"ways-back", "ways-back-sqlite"}


def test_locks_that_were_seen_are_evidence_for_lint(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["verify", "migrations/0003_lost_index", "--evidence", "locks.json", "--quiet"])
    assert json.loads(Path("locks.json").read_text(encoding="utf-8"))["schema"] == "migsafe.evidence/1"
    capsys.readouterr()
    run(["lint", "migrations/0003_lost_index", "--evidence", "locks.json", "--format", "json"])
    locks = [lock for f in json.loads(capsys.readouterr().out)["findings"] for lock in f["locks"]]
    assert "observed" in {lock["source"] for lock in locks}
