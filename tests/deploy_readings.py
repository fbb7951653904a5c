"""Files of a deployment, written into a folder and read."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TypeVar

from migsafe.model.deploy import DeployFact
from migsafe.sources.deploy_files.base import DeployFiles
from migsafe.sources.deploy_files.finding import deploy_files_below
from migsafe.sources.deploy_files.reading import read_deploy_files

F = TypeVar("F", bound=DeployFact)


def read_project(folder: Path, **files: str) -> DeployFiles:
    """Write files, by names in which `__` stands for a slash and `_dot_` for a dot, and read those that are found."""
    folder.mkdir(exist_ok=True)
    (folder / "pyproject.toml").touch()
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
    return read_deploy_files(deploy_files_below(folder))


def facts_of(kind: type[F], read: DeployFiles) -> list[F]:
    """The facts of one kind, of all files."""
    return [fact for file in read.files for fact in file.facts if isinstance(fact, kind)]
