"""`migsafe lint` for every database that a project supports, through the command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from migsafe.cli.main import run

PROJECTS = Path(__file__).parents[2] / "fixtures" / "projects"
PROJECT = PROJECTS / "alembic-databases"
EXPECTED = PROJECTS / "alembic-databases-expected.txt"


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for variable in ("FORCE_COLOR", "MIGSAFE_DIALECT"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("COLUMNS", "100")
    shutil.copytree(PROJECT, tmp_path / "shop")
    monkeypatch.chdir(tmp_path / "shop")
    return tmp_path / "shop"


def found(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


def test_one_run_judges_for_all_databases(update: bool, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["lint"]) == 1
    said = capsys.readouterr().out
    if update:
        EXPECTED.write_text(said, encoding="utf-8")
    assert said == EXPECTED.read_text(encoding="utf-8")


def test_the_document_says_which_finding_holds_where(capsys: pytest.CaptureFixture[str]) -> None:
    run(["lint", "--format", "json"])
    document = found(capsys)
    assert document["databases"] == [
        {"dialect": "postgres", "server": {"version": 17, "source": "given"}},
        {"dialect": "mysql", "server": {"version": 8, "source": "given"}},
    ]
    assert [(one["rule"], "/".join(one["dialects"])) for one in document["findings"]] == [
        ("drop-column", "postgres/mysql"),
        ("add-foreign-key-validating", "postgres"),
        ("add-foreign-key-validating", "mysql"),
        ("create-index-blocking", "postgres"),
        ("index-build-while-holding-lock", "postgres"),
        ("change-column-type", "mysql"),
        ("obligation-missing", "postgres/mysql"),
        ("drop-column", "postgres/mysql"),
        ("drop-column", "mysql"),
    ]
    assert len({one["fingerprint"] for one in document["findings"]}) == 9
    assert (document["summary"]["migrations"], document["summary"]["suppressed"]) == (5, 1)
    assert document["files"] == {"linted": 5, "context": 0}


def test_one_database_is_told_as_ever(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "migsafe.toml").write_text('dialect = ["mysql"]\n', encoding="utf-8")
    run(["lint", "--format", "json", "--server-version", "8"])
    document = found(capsys)
    assert (document["dialect"], document["server"]["version"]) == ("mysql", 8)
    assert "databases" not in document
    assert all("dialects" not in finding for finding in document["findings"])


def test_plain_sql_must_say_whose_it_is(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "0001.sql").write_text("SELECT 1;\n", encoding="utf-8")
    assert run(["lint", "0001.sql", "--dialect", "postgres", "--dialect", "mysql"]) == 2
    assert "does not say of which: postgres or mysql" in capsys.readouterr().err
    assert run(["lint", "0001.sql", "--dialect", "mysql"]) == 0


def test_a_wrong_word_is_told_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["lint", "--dialect", "postgres", "--dialect", "mysq"]) == 2
    assert "did you mean mysql?" in capsys.readouterr().err
    assert run(["lint", "--dialect", "postgres,mysql"]) == 2
    assert "repeat --dialect for each" in capsys.readouterr().err


def test_other_commands_work_on_the_first_database(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["catalogue", "--format", "json"]) == 0
    assert found(capsys)["dialect"] == "postgres"
