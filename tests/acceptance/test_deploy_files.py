"""`migsafe lint` on a project with the files of its deployment, through the command line."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from migsafe.cli.main import run

SHOP = Path(__file__).parents[2] / "fixtures" / "deploy" / "files" / "shop"
_IMPORTS = """
import sys
from migsafe.cli.main import run
code = run(sys.argv[1:])
heavy = {"yaml", "migsafe.sources.deploy_files.reading", "migsafe.sources.deploy_files.finding"}
print(f"imported={sorted(heavy & set(sys.modules))} code={code}", file=sys.stderr)
"""


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project, in a folder of its own; the current folder."""
    for variable in [name for name in os.environ if name.startswith("MIGSAFE_")]:
        monkeypatch.delenv(variable)
    folder = tmp_path / "shop"
    shutil.copytree(SHOP, folder)
    monkeypatch.chdir(folder)
    return folder


def _report(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


def _said(report: dict[str, Any]) -> list[tuple[str, int, str, str]]:
    return [(one["path"], one["line"], one["rule"], one["severity"]) for one in report["findings"]]


EVERYTHING = [
    ("Procfile", 1, "migrate-in-deploy", "warning"),
    ("chart/Chart.yaml", 2, "template-placeholder", "warning"),
    ("docker/Dockerfile", 11, "readiness-needs-exact-revision", "warning"),
    ("docker/start.sh", 6, "migrate-at-start", "error"),
    ("k8s/shop.yaml", 10, "all-unavailable", "warning"),
    ("k8s/shop.yaml", 16, "missing-probes", "error"),
]


def test_a_whole_project(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["lint", "--format", "json"]) == 1
    report = _report(capsys)
    assert _said(report) == EVERYTHING
    assert report["summary"]["suppressed"] == 1
    assert {one["category"] for one in report["findings"]} == {"deploy", "fail"}
    script = report["findings"][3]
    assert script["message"] == (
        'each start of start.sh (docker/Dockerfile:13) runs `alembic upgrade head` before `exec "$@"`'
    )
    assert (script["column"], script["end_column"], script["migration"]) == (1, 21, "docker/start.sh")


def test_without_deploy_toml_nobody_is_bothered(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (shop / "deploy.toml").unlink()
    (shop / "pyproject.toml").touch()
    assert run(["lint", "--format", "json"]) == 0
    assert _said(_report(capsys)) == []
    assert run(["lint", "--format", "json", "--select", "deploy"]) == 1
    assert _said(_report(capsys)) == EVERYTHING


def test_warnings_alone_pass(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["lint", "Procfile"]) == 0
    out = capsys.readouterr().out
    assert "1 warning in 1 deployment file" in out
    assert "  1 | release: alembic upgrade head" in out
    assert run(["lint", "Procfile", "--fail-on", "warning"]) == 1


def test_the_configuration_has_the_last_word(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (shop / "migsafe.toml").write_text(
        'ignore = ["all-unavailable", "missing-probes", "migrate-in-deploy", '
        '{ rule = "template-placeholder", migration = "chart/Chart.yaml", reason = "the rendered chart is linted" }, '
        '{ rule = "migrate-at-start", objects = ["start.sh"], reason = "until the pipeline has a step of its own" }]\n',
        encoding="utf-8",
    )
    assert run(["lint", "--format", "json"]) == 0
    assert [one[2] for one in _said(_report(capsys))] == ["readiness-needs-exact-revision"]


def test_only_what_a_branch_has_changed(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (
        ["init", "-q", "-b", "main"],
        ["add", "."],
        ["-c", "user.name=x", "-c", "user.email=x@y", "commit", "-q", "-m", "x"],
    ):
        subprocess.run(["git", *words], check=True, cwd=shop)
    (shop / "docker" / "start.sh").write_text("#!/bin/sh\ndbmate up\nexec ./server\n", encoding="utf-8")
    assert run(["lint", "--format", "json", "--diff", "HEAD"]) == 1
    assert _said(_report(capsys)) == [("docker/start.sh", 2, "migrate-at-start", "error")]


def test_every_form_of_report_takes_them(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for form in ("text", "sarif", "github"):
        assert run(["lint", "--format", form]) == 1
        assert "migrate-at-start" in capsys.readouterr().out, form


def test_the_rules_explain_themselves(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "migrate-at-start"]) == 0
    assert "migrate-at-start (deploy, error)" in capsys.readouterr().out


def test_linting_migrations_reads_no_yaml(shop: Path) -> None:
    (shop / "deploy.toml").unlink()
    result = subprocess.run(
        [sys.executable, "-c", _IMPORTS, "lint", "db/migrations"], capture_output=True, text=True, cwd=shop, check=False
    )
    assert result.stderr.splitlines()[-1] == "imported=[] code=0"
