"""The tutorials, step by step, as a reader follows them; see `tutorial_runner` for what a page's blocks mean."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import pytest

from migsafe.shadow.server import ThrowawayServer
from tutorial_runner import Reader, blocks, commands

DOCS = Path(__file__).parents[2] / "docs"
PAGES = sorted(DOCS.glob("tutorial-*.md"))


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A reader's shell: this interpreter's programs first, nobody's settings, a name for commits."""
    strange = ("MIGSAFE_", "GIT_", "DJANGO_", "VIRTUAL_ENV", "PG")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(strange)}
    kept |= {f"GIT_{who}_{what}": "reader@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    return kept | {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "HOME": str(tmp_path),
        "COLUMNS": "100",
        "NO_COLOR": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


@pytest.fixture
def database_url() -> Iterator[str]:
    """A throw-away Postgres, as SQLAlchemy names it."""
    with ThrowawayServer.start() as server:
        words = dict(word.split("=", 1) for word in server.dsn().split())
        yield f"postgresql+psycopg://{words['user']}@/{words['dbname']}?host={quote(words['host'])}&port={words['port']}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the reader begins."""
    folder = tmp_path / "shop"
    folder.mkdir()
    return folder


@pytest.mark.long
@pytest.mark.server
@pytest.mark.skipif(sys.platform == "win32", reason="the throw-away Postgres listens on a Unix socket")
def test_the_alembic_tutorial_does_what_it_says(folder: Path, environment: dict[str, str], database_url: str) -> None:
    page = (DOCS / "tutorial-alembic.md").read_text(encoding="utf-8")
    reader = Reader(folder, environment | {"DATABASE_URL": database_url})
    assert reader.follow(page) >= 15
    check_pipelines(page, reader)


@pytest.mark.long
@pytest.mark.skipif(find_spec("django") is None, reason="Django is not installed")
@pytest.mark.skipif(sys.platform == "win32", reason="the page is typed into a POSIX shell")
def test_the_django_tutorial_does_what_it_says(folder: Path, environment: dict[str, str]) -> None:
    page = (DOCS / "tutorial-django.md").read_text(encoding="utf-8")
    interpreter = folder / ".venv" / "bin" / "python"
    interpreter.parent.mkdir(parents=True)
    interpreter.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n')
    interpreter.chmod(0o755)
    reader = Reader(folder, environment)
    assert reader.follow(page) >= 10
    check_pipelines(page, reader)


def check_pipelines(page: str, reader: Reader) -> None:
    """Run what the page's CI files would run: migsafe's own commands, in the project as the reader has left it."""
    pipelines = [block.body for block in blocks(page) if block.language == "yaml"]
    run = [line for body in pipelines for line in re.findall(r"^\s*- (?:run: )?(migsafe lint .*)$", body, re.MULTILINE)]
    assert run, "the page shows no pipeline"
    for line in run:
        done = subprocess.run(
            line, shell=True, cwd=reader.folder, env=reader.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_only_what_a_test_has_not_is_left_out(page: Path) -> None:
    left_out = [block for block in blocks(page.read_text(encoding="utf-8")) if "not-run" in block.words]
    typed = [command.text for block in left_out for command in commands(block)]
    beyond_a_test = ("docker ", "export ", "mkdir ", "cd ", "python3 -m venv ", ". .venv/", "python -m pip ", "pip ")
    assert [text for text in typed if not text.startswith(beyond_a_test)] == []


def test_the_command_of_the_post_write_hook_is_installed() -> None:
    (entry,) = entry_points(group="console_scripts", name="migsafe-alembic-lint")
    assert entry.value == "migsafe.alembic:post_write"
