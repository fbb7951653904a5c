"""Where a project begins."""

from __future__ import annotations

from pathlib import Path

_MARKS = (".git", "deploy.toml", "migsafe.toml", "pyproject.toml")


def project_root(path: Path) -> Path:
    """The project that a file or folder stands in: the nearest folder that holds its marks, else the folder itself."""
    absolute = path.absolute()
    start = absolute if absolute.is_dir() else absolute.parent
    for folder in (start, *start.parents):
        if any((folder / mark).exists() for mark in _MARKS):
            return folder
    return start
