"""`migsafe lint --command`: SQL that a program prints."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path

import pytest

from migsafe.cli.main import run

ECHO = f"{shlex.quote(sys.executable)} -c 'import sys; print(*sys.argv[1:])'"
INDEX = "CREATE INDEX users_email_idx ON users (email);"


def test_what_a_command_prints_is_linted(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["lint", "--command", f"{ECHO} {shlex.quote(INDEX)}", "--quiet"]) == 1
    assert "create-index-blocking" in capsys.readouterr().out


def test_findings_of_a_named_migration_stand_on_its_file_and_carry_the_sql(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "20261101_index.rb"
    file.write_text("class Index < ActiveRecord::Migration[8.0]\nend\n", encoding="utf-8")
    assert run(["lint", str(file), "--command", f"{ECHO} '-- {{stem}}\n{INDEX}'", "--format", "json"]) == 1
    finding = next(f for f in json.loads(capsys.readouterr().out)["findings"] if f["rule"] == "create-index-blocking")
    assert (finding["path"], finding["line"], finding["sql"]) == (str(file), 1, INDEX.rstrip(";"))
    assert finding["migration"] == "20261101_index"


def test_a_command_that_fails_is_a_failed_environment(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["lint", "--command", f"{shlex.quote(sys.executable)} -c 'import sys; sys.exit(\"no database\")'"]) == 5
    assert "no database" in capsys.readouterr().err


def test_an_empty_command_is_a_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["lint", "--command", ""]) == 2
    assert "empty" in capsys.readouterr().err
