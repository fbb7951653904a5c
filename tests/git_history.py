"""Small git repositories with a history that is the same on every machine."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")

_START = 1_700_000_000  # 2023-11-14
_DAY = 86_400


class GitProject:
    """A repository in a folder; each commit and each tag is a day younger than the one before."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self._days = 0
        top.mkdir(parents=True, exist_ok=True)
        self("init", "--quiet", "--initial-branch=main")

    def __call__(self, *arguments: str) -> str:
        """Run git, and give what it prints."""
        stamp = f"{_START + self._days * _DAY} +0000"
        who = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.org"}
        who |= {name.replace("AUTHOR", "COMMITTER"): value for name, value in who.items()}
        dates = {"GIT_AUTHOR_DATE": stamp, "GIT_COMMITTER_DATE": stamp}
        alone = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}
        return subprocess.run(
            ["git", *arguments],
            cwd=self.top,
            env=os.environ | who | dates | alone,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()

    def commit(self, *removed: str, **files: str) -> str:
        """Commit files; give the commit. Other names than Python's are given with `write`."""
        for path, text in files.items():
            self.write(path, text)
        for path in removed:
            (self.top / path).unlink()
        self._days += 1
        self("add", "--all")
        self("commit", "--quiet", "--allow-empty", "--message", f"day {self._days}")
        return self("rev-parse", "HEAD")

    def write(self, path: str, text: str | None = None) -> None:
        """Put a file into the working tree; its text is its path unless given."""
        file = self.top / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(path + "\n" if text is None else text)

    def add(self, *paths: str) -> str:
        """Commit new files, each with a text of its own."""
        for path in paths:
            self.write(path)
        return self.commit()

    def move(self, old: str, new: str) -> str:
        """Commit a file or folder under another name."""
        (self.top / new).parent.mkdir(parents=True, exist_ok=True)
        self("mv", old, new)
        return self.commit()

    def tag(self, name: str, *, annotated: bool = False) -> None:
        """Name the current commit."""
        self._days += 1
        self("tag", *(["--annotate", "--message", name] if annotated else []), name)
