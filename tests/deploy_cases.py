"""How the fixture of a rule about files of a deployment is read: cases of files, each a little project of its own.

# case: an image whose command migrates, then serves
# file: Dockerfile
FROM python:3.13
CMD alembic upgrade head && gunicorn app
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from migsafe.config import Config
from migsafe.lint.run import lint_paths
from migsafe.model.finding import Finding

_CASE = re.compile(r"^# case: *(.*)\n", re.MULTILINE)
_FILE = re.compile(r"^# file: *(.*)\n", re.MULTILINE)


@dataclass(frozen=True)
class DeployCase:
    """A case: its title, and its files by their paths."""

    title: str
    files: dict[str, str]

    def write(self, folder: Path) -> None:
        """Make the project in a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "pyproject.toml").touch()
        for path, text in self.files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")


def cases(path: Path) -> Iterator[DeployCase]:
    """The cases of a fixture file, in order."""
    _, *parts = _CASE.split(path.read_text(encoding="utf-8"))
    for title, text in zip(parts[0::2], parts[1::2], strict=True):
        _, *files = _FILE.split(text)
        yield DeployCase(title, dict(zip(files[0::2], files[1::2], strict=True)))


def findings(folder: Path) -> tuple[Finding, ...]:
    """What the rules about deployments say of a project, at any severity."""
    return lint_paths([folder], Config(select=("deploy",))).findings
