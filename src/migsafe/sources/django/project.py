"""Where a Django project is, and which Python runs it. Nothing of it is imported here."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from migsafe.config.folders import SKIPPED_FOLDERS
from migsafe.errors import NoMigrationsError, PathNotFoundError
from migsafe.sources.files import Folder
from migsafe.sources.unread import DJANGO_HINT

if TYPE_CHECKING:
    from migsafe.sources.base import SourceOptions

MANAGE = "manage.py"

#: What `manage.py` calls, and what it sets: scripts of that name are written for other frameworks too.
_MARKS = ("execute_from_command_line", "DJANGO_SETTINGS_MODULE")
_MIGRATION = re.compile(r"^class\s+Migration\s*\(", re.MULTILINE)
_REPLACES = re.compile(r"^\s+replaces\s*(?::[^=]*)?=\s*\[(?P<names>[^\]]*)\]", re.MULTILINE)
_STRING = re.compile(r"""['"]([^'"]+)['"]""")

#: Folders of virtual environments inside of a project.
_ENVIRONMENTS = (".venv", "venv", "env")


def is_project(folder: Folder) -> bool:
    """Whether Django's `manage.py` stands in a folder."""
    return folder.has(MANAGE) and any(mark in folder.text(MANAGE) for mark in _MARKS)


def named_root(options: SourceOptions) -> Path | None:
    """The root of the project that the user named: the folder of `manage.py`, else the current one for settings.

    Raises:
        PathNotFoundError: there is no such `manage.py`.
    """
    if options.manage is not None:
        manage = options.manage.absolute()
        if not manage.is_file():
            raise PathNotFoundError(f"{options.manage} does not exist", hint="--manage takes the path of a manage.py")
        return manage.parent
    return Path.cwd() if options.settings else None


def manage_of(root: Path, options: SourceOptions) -> Path | None:
    """The `manage.py` of a project; None where only its settings are known.

    Raises:
        NoMigrationsError: neither is known.
    """
    if options.manage is not None:
        return options.manage.absolute()
    if (root / MANAGE).is_file():
        return root / MANAGE
    if not options.settings:
        raise NoMigrationsError(f"there is no {MANAGE} in {root}", hint=DJANGO_HINT)
    return None


def interpreter(root: Path, options: SourceOptions) -> str:
    """The project's own Python: the named one, the active environment's, that in its folder, else the running one.

    A named path is relative to the current folder; a name without a slash is looked up by the system.
    """
    if options.python is not None:
        named = os.path.expanduser(options.python)
        return os.path.abspath(named) if os.path.dirname(named) else named
    active = os.environ.get("VIRTUAL_ENV")
    folders = [Path(active)] if active else []
    folders += [root / name for name in _ENVIRONMENTS]
    found = (python for folder in folders if (python := _python_in(folder)) is not None)
    return next(found, sys.executable)


def _python_in(environment: Path) -> str | None:
    names = ("Scripts/python.exe",) if os.name == "nt" else ("bin/python", "bin/python3")
    return next((str(environment / name) for name in names if (environment / name).is_file()), None)


def is_migration_path(root: Path, path: Path) -> bool:
    """Whether a path is a migration's file in the project's own code, or a folder that holds some."""
    if not path.is_relative_to(root):
        return False
    inside = path.relative_to(root).parts
    if any(part in SKIPPED_FOLDERS or part.startswith(".") for part in inside[:-1]):
        return False
    if path.suffix == ".py":
        return path.parent.name == "migrations" and not path.name.startswith("__")
    return path.is_dir() and inside[-1:] != () and inside[-1] not in SKIPPED_FOLDERS and _holds_migrations(path)


def _holds_migrations(folder: Path) -> bool:
    """Whether Python migrations stand in a folder or below it."""
    for here, below, files in os.walk(folder):
        below[:] = sorted(name for name in below if name not in SKIPPED_FOLDERS and not name.startswith("."))
        if os.path.basename(here) == "migrations" and any(
            name.endswith(".py") and not name.startswith("__") for name in files
        ):
            return True
    return False


def is_run(path: Path) -> bool:
    """Whether Django runs a Python file of a `migrations` package on an empty database.

    Not a file without a migration, such as a helper, nor one that a squashed migration beside it replaces.
    """
    folder = Folder(path.parent)
    if not _MIGRATION.search(folder.text(path.name)):
        return False
    others = (folder.text(name) for name in folder.files if name.endswith(".py") and name != path.name)
    replaced = {
        name for text in others if (match := _REPLACES.search(text)) for name in _STRING.findall(match["names"])
    }
    return path.stem not in replaced
