"""Which database a folder's name speaks of."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from migsafe.model.dialect import Dialect

if TYPE_CHECKING:
    from migsafe.sources.base import SourceOptions
    from migsafe.sources.files import Folder

#: Words for a dialect in the names of folders, files, lock files and configuration.
DIALECT_WORDS = {
    "postgres": Dialect.POSTGRES,
    "postgresql": Dialect.POSTGRES,
    "pg": Dialect.POSTGRES,
    "pgsql": Dialect.POSTGRES,
    "psql": Dialect.POSTGRES,
    "mysql": Dialect.MYSQL,
    "mariadb": Dialect.MYSQL,
    "sqlite": Dialect.SQLITE,
    "sqlite3": Dialect.SQLITE,
}
_WORD = re.compile(r"[a-z]+[0-9]*")

#: How many names are looked at, from the layout's folder up: `mysql-persistence/src/main/resources/db/migration`.
_LEVELS = 6


def dialect_in_name(name: str) -> Dialect | None:
    """The one dialect that a name speaks of; None when it names none, or several."""
    found = {DIALECT_WORDS[word] for word in _WORD.findall(name.lower()) if word in DIALECT_WORDS}
    return found.pop() if len(found) == 1 else None


def dialect_of_folder(path: Path) -> Dialect | None:
    """The dialect in the nearest of a folder's names: its own, then those above it in the repository."""
    here = Path.cwd()
    for folder in (path, *path.parents)[:_LEVELS]:
        if folder != path and (folder == here or os.path.exists(folder / ".git")):
            return None
        dialect = dialect_in_name(folder.name)
        if dialect is not None:
            return dialect
    return None


def choose_dialect(folder: Folder, options: SourceOptions, declared: Dialect | None = None) -> Dialect:
    """The user's dialect, else the one that the layout declares, else the one of its folder's name, else Postgres."""
    return options.dialect or declared or dialect_of_folder(folder.path) or Dialect.POSTGRES
