"""A folder with what the measurements need from the package index: wheels, their contents, and environments.

    python tests/heavy/cache.py FOLDER

fetches all of it that can be fetched without installing anything. Nothing of it is copied into the project.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import projects

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_PIP = ("-m", "pip", "--disable-pip-version-check", "--quiet")


@dataclass(frozen=True)
class Cache:
    """The folder; whatever is in it already is taken as it is."""

    folder: Path

    def unpacked(self, requirement: str) -> Path:
        """The contents of a wheel, fetched when needed: not installed, so that nothing of it can be imported.

        Raises:
            subprocess.CalledProcessError: the index does not have it.
        """
        wheel = self._wheel(requirement) or self._download(requirement)
        root = self.folder / "unpacked" / "-".join(wheel.name.split("-")[:2])
        if not root.is_dir():
            unfinished = root.with_name(f"{root.name}.unfinished")
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(unfinished)
            unfinished.rename(root)
        return root

    def environment(self, name: str, requirements: Sequence[str]) -> Environment:
        """An environment of its own in which a project is installed."""
        return Environment.make(self.folder / "venvs" / name, requirements)

    def _wheel(self, requirement: str) -> Path | None:
        name, _, version = requirement.partition("==")
        pattern = f"{re.sub(r'[-_.]+', '_', name)}-{version}-*.whl".lower()
        return next((file for file in sorted(self._wheels.glob("*.whl")) if file.match(pattern)), None)

    def _download(self, requirement: str) -> Path:
        target = str(self._wheels)
        run([sys.executable, *_PIP, "download", "--no-deps", "--only-binary=:all:", "--dest", target, requirement])
        wheel = self._wheel(requirement)
        assert wheel is not None, f"pip says that it has fetched {requirement}"
        return wheel

    @property
    def _wheels(self) -> Path:
        return self.folder / "wheels"


@dataclass(frozen=True)
class Environment:
    """A virtual environment."""

    folder: Path

    @classmethod
    def make(cls, folder: Path, requirements: Sequence[str]) -> Environment:
        """Make it, unless one stands there that was made for the same."""
        made, note = cls(folder), folder / "made-with.json"
        wanted = [sys.version, *requirements]
        if not note.is_file() or json.loads(note.read_text(encoding="utf-8")) != wanted:
            venv.create(folder, clear=True, with_pip=True)
            made.run(*_PIP, "install", *requirements)
            note.write_text(json.dumps(wanted), encoding="utf-8")
        return made

    @property
    def python(self) -> Path:
        """The interpreter."""
        return self.folder / "bin" / "python"

    @property
    def packages(self) -> Path:
        """Where its packages are installed."""
        (found,) = (self.folder / "lib").glob("python*/site-packages")
        return found

    def run(
        self, *arguments: str | Path, folder: Path | None = None, environment: Mapping[str, str] | None = None
    ) -> str:
        """Run its interpreter, in its own folder when none is named; what it printed.

        Raises:
            subprocess.CalledProcessError: with the end of what it said, as a note.
        """
        return run([str(self.python), *map(str, arguments)], folder=folder or self.folder, environment=environment)


def run(command: Sequence[str], *, folder: Path | None = None, environment: Mapping[str, str] | None = None) -> str:
    """Run a program; what it printed.

    Raises:
        subprocess.CalledProcessError: with the end of what it said, as a note.
    """
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    try:
        done.check_returncode()
    except subprocess.CalledProcessError as error:
        error.add_note(done.stderr[-3000:])
        raise
    return done.stdout


def cache_option(parser: argparse.ArgumentParser) -> None:
    """The argument that every measurement takes."""
    parser.add_argument("cache", type=lambda word: Cache(Path(word).resolve()), metavar="FOLDER", help="the cache")


def main() -> int:
    """Fetch and unpack every wheel."""
    parser = argparse.ArgumentParser(description="Fetch the projects that are measured.")
    cache_option(parser)
    cache: Cache = parser.parse_args().cache
    for project in (*projects.ALEMBIC, *projects.DJANGO):
        print(f"{project.requirement}: {cache.unpacked(project.requirement)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
