"""`migsafe verify --with-alembic` on a project whose application cannot be imported but where it runs."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from alembic_projects import write_platform
from migsafe.cli.main import run

SHOP = Path(__file__).parents[2] / "fixtures" / "projects" / "alembic-shop"
pytestmark = pytest.mark.server


@pytest.fixture(autouse=True)
def _in_the_shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(SHOP, tmp_path / "shop", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.chdir(tmp_path / "shop")
    for variable in ("VIRTUAL_ENV", "PYTHONPATH"):
        monkeypatch.delenv(variable, raising=False)


def _verified(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    run(["verify", "--with-alembic", "--min-severity", "info", "--format", "json", *arguments])
    findings: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["findings"]
    return findings


def test_all_is_proved_as_far_as_the_shop_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(write_platform(tmp_path / "platform")))
    found = {finding["migration"]: finding["message"] for finding in _verified(capsys, "--only", "all")}
    assert found == {
        "a71d5c04be93": "a71d5c04be93 fails: KeyError: 'SHOP_REGION_OF_THIS_SERVER' (in line 20)",
        "f3e96b20d718": "f3e96b20d718 is not proved: a71d5c04be93 cannot be applied before it",
    }


def test_where_it_cannot_be_imported_that_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["verify", "--with-alembic", "--only", "all"]) == 5
    assert "No module named 'shop_platform'" in capsys.readouterr().err


def test_a_variable_needs_a_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["verify", "--with-alembic", "--url-variable", "A=B"]) == 2
    assert "no name of an environment variable" in capsys.readouterr().err
