"""The documents say what the code says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_generated_pages_are_fresh() -> None:
    done = subprocess.run(
        [sys.executable, "docs/generate.py", "--check"],
        cwd=ROOT, capture_output=True, text=True, check=False, env={"PATH": "", "TERM": "dumb", "COLUMNS": "100"},
    )  # fmt: skip
    assert done.returncode == 0, f"run python docs/generate.py:\n{done.stdout}{done.stderr}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_paths_in_a_page_exist(page: Path) -> None:
    named = re.findall(r"`((?:src|tests|fixtures|docs|benchmarks)/[\w./-]+)`", page.read_text(encoding="utf-8"))
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_ci_runs_the_second_command_of_the_readme() -> None:
    _, tests = re.findall(r"^python3 -m venv .*$", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    steps = [step.strip().removeprefix(".venv-dev/bin/") for step in tests.split("&&")]
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8").replace('"$home/venv"', ".venv-dev")
    ci = ci.replace('"$home/venv/bin/python"', "python").replace('"$home/venv/bin/nox"', "nox")
    assert steps == [line.strip() for line in ci.splitlines() if line.strip() in steps]
