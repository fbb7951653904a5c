"""The pytest plugin, in test runs of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SUITE = """
import pytest
import sqlalchemy as sa

engine = sa.create_engine("sqlite://")

@pytest.mark.parametrize("number", range(6))
def test_query(number):
    with engine.connect() as connection:
        connection.execute(sa.text(f"select {number % 3}, :x"), {"x": "secret"})
"""


def run_pytest(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    # No entry points: the plugin is loaded by its name, however the project is installed, and nothing else is.
    plugins = ("migsafe.integrations.pytest_plugin", "xdist.plugin", "no:cacheprovider")
    command = [sys.executable, "-m", "pytest", *(part for plugin in plugins for part in ("-p", plugin))]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    return subprocess.run(
        [*command, *options], cwd=folder, capture_output=True, text=True, env=environment, check=False, timeout=120
    )


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_app.py").write_text(SUITE)
    return tmp_path


def statements(path: Path) -> list[str]:
    return [json.loads(line)["statement"] for line in path.read_text().splitlines()]


@pytest.mark.parametrize("options", [(), ("-n", "2")], ids=["alone", "with xdist"])
def test_queries_are_recorded(suite: Path, options: tuple[str, ...]) -> None:
    done = run_pytest(suite, "--migsafe-record", "out/queries.jsonl", *options)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "migsafe: 3 queries recorded in" in done.stdout
    target = suite / "out" / "queries.jsonl"
    assert sorted(statements(target)) == ["select 0, ?", "select 1, ?", "select 2, ?"]
    assert {json.loads(line)["file"] for line in target.read_text().splitlines()} == {"tests/test_app.py"}
    assert "secret" not in target.read_text()
    assert [file.name for file in target.parent.iterdir()] == ["queries.jsonl"]


def test_without_the_option_nothing_happens(suite: Path) -> None:
    (suite / "tests" / "test_app.py").write_text(
        "import sys\n\ndef test_nothing_is_loaded():\n"
        "    assert 'sqlalchemy' not in sys.modules\n"
        "    assert 'migsafe.integrations.recorder' not in sys.modules\n"
    )
    done = run_pytest(suite)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "migsafe" not in done.stdout
    assert list(suite.rglob("*.jsonl")) == []


def test_a_file_that_cannot_be_written_is_a_usage_error(suite: Path) -> None:
    done = run_pytest(suite, "--migsafe-record", "tests")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "cannot be written" in done.stderr
