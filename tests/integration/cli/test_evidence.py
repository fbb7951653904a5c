"""What verify has seen, lint shows."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from migsafe.cli.main import run
from migsafe.evidence import render
from migsafe.shadow.trace import LockTrace
from migsafe.shadow.verify import VerifyOptions, verify
from migsafe.sources import SourceOptions, read_paths

pytestmark = pytest.mark.server

MIGRATIONS = {
    "1_users": "CREATE TABLE users (id bigint PRIMARY KEY, email text);",
    "2_index": "ALTER TABLE users ADD COLUMN a int;\nCREATE INDEX ON users (email);",
}


def write_project(folder: Path) -> None:
    for name, sql in MIGRATIONS.items():
        (folder / name).mkdir(parents=True)
        (folder / name / "up.sql").write_text(sql)
        (folder / name / "down.sql").write_text("SELECT 1;")


def locks(folder: Path, output: Path, *options: str) -> set[tuple[str, str, str]]:
    run(
        [
            "lint",
            str(folder),
            "--format",
            "json",
            "--output",
            str(output),
            "--select",
            "create-index-blocking",
            *options,
        ]
    )
    report = json.loads(output.read_text())
    return {(lock["table"], lock["mode"], lock["source"]) for found in report["findings"] for lock in found["locks"]}


def test_locks_that_verify_saw_are_observed(tmp_path: Path) -> None:
    project = tmp_path / "migrations"
    write_project(project)
    layouts = read_paths([project], SourceOptions())
    trace = LockTrace(layouts)
    verify(layouts, options=VerifyOptions(companions=(trace,)))
    file = tmp_path / "evidence.json"
    file.write_text(render(trace.evidence(date(2026, 11, 23))), encoding="utf-8")
    output = tmp_path / "report.json"
    assert locks(project, output) == {("users", "SHARE", "predicted")}
    assert locks(project, output, "--evidence", str(file)) == {("users", "SHARE", "observed")}


def test_evidence_that_is_none_is_a_usage_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = tmp_path / "migrations"
    write_project(project)
    file = tmp_path / "evidence.json"
    file.write_text("{}")
    assert run(["lint", str(project), "--evidence", str(file)]) == 2
    assert "is no evidence" in capsys.readouterr().err
