"""Which files of a project are code that may use a table, and how each is read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto
from itertools import pairwise
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from migsafe.config.folders import SKIPPED_FOLDERS
from migsafe.config.globs import matches

if TYPE_CHECKING:
    from collections.abc import Collection

    from migsafe.config.usage import UsageSettings


class Kind(Enum):
    """How a file is read."""

    PYTHON = auto()
    SQL = auto()
    CODE = auto()
    """A program in another language: its strings may hold SQL."""
    TEXT = auto()


#: Characters in a line, at most, of a program that a person has written.
LONGEST_LINE = 5_000

_PYTHON = frozenset({".py", ".pyi"})
#: Programs; the value is how their comments are written (see `comments`).
CODE_SUFFIXES = {
    ".go": "c", ".ts": "c", ".tsx": "c", ".js": "c", ".jsx": "c", ".mjs": "c", ".cjs": "c", ".vue": "c", ".svelte": "c",
    ".java": "c", ".kt": "c", ".kts": "c", ".scala": "c", ".groovy": "c", ".cs": "c", ".rs": "c", ".swift": "c",
    ".c": "c", ".cc": "c", ".cpp": "c", ".h": "c", ".php": "c", ".prisma": "c", ".dart": "c",
    ".rb": "hash", ".erb": "hash", ".ex": "hash", ".exs": "hash", ".pl": "hash", ".r": "hash", ".sh": "hash",
}  # fmt: skip
_PROSE = frozenset({".md", ".mdx", ".rst", ".adoc", ".markdown", ".po", ".pot", ".mo", ".lock", ".map", ".snap", ".svg",
                    ".css", ".scss", ".less", ".csv", ".tsv", ".ipynb", ".log", ".sum", ".pdf", ".png"})  # fmt: skip
_PROSE_NAMES = re.compile(
    r"(?:change(?:s|log)|history|news|readme|licen[cs]e|notice|authors|contributing|copying|record)(?:[._-].*)?\Z"
    r"|.*[.-]lock\.(?:json|ya?ml)\Z|.*\.min\.js\Z|(?:requirements|constraints)[\w.-]*\.txt\Z",
    re.IGNORECASE,
)
#: What a tool writes of the database as it is: the dump goes as the column goes.
_DUMPS = re.compile(r"(?:schema|structure)\.(?:rb|sql)\Z|.*[._-]dump\.sql\Z", re.IGNORECASE)
_MIGRATIONS = re.compile(r"(?:\w+[_-])?(?:migrations?|migrate)\Z", re.IGNORECASE)
_OTHERS = SKIPPED_FOLDERS | {
    "third_party", "vendored", "_vendor", "bower_components", "docs", "doc", "locale", "locales", "translations",
    "coverage", "htmlcov", "changelog.d", "newsfragments",
}  # fmt: skip
#: Where migsafe keeps the plans of changes, which name what they are about.
_OWN = ("migsafe", "changes")
_TESTS = frozenset({"tests", "test", "__tests__", "spec", "specs", "e2e", "testing", "fixtures"})
_TEST_NAMES = re.compile(r"(?:test_.*|.*_test|conftest|.*[._-](?:spec|test|stories))\.\w+\Z", re.IGNORECASE)


def kind_of(path: str) -> Kind | None:
    """How a file is read; None for prose, lock files, dumps and the like, which use nothing."""
    name = PurePosixPath(path)
    suffix = name.suffix.lower()
    if suffix in _PYTHON:
        return Kind.PYTHON
    if suffix in _PROSE or _PROSE_NAMES.match(name.name) or _DUMPS.match(name.name):
        return None
    if suffix == ".sql":
        return Kind.SQL
    return Kind.CODE if suffix in CODE_SUFFIXES else Kind.TEXT


def is_built(text: str) -> bool:
    """Whether a program is a tool's output, a bundle for browsers for example: nobody writes lines that long."""
    return len(text) > LONGEST_LINE and max(map(len, text.splitlines()), default=0) > LONGEST_LINE


def is_test(path: str) -> bool:
    """Whether a file is there for tests, and not for production."""
    name = PurePosixPath(path)
    return not _TESTS.isdisjoint(part.lower() for part in name.parts[:-1]) or bool(_TEST_NAMES.match(name.name))


@dataclass(frozen=True)
class Scope:
    """Where the application's code stands.

    Attributes:
        migrations: the migrations' files and folders, as the tree names them; folders that are called so are left out
            besides.
    """

    settings: UsageSettings
    migrations: Collection[str] = ()

    def holds(self, path: str) -> bool:
        """Whether a file is the application's code."""
        if any(_is_in(path, place) for place in (*self.migrations, *self.settings.exclude)):
            return False
        if self.settings.code and not any(_is_in(path, place) for place in self.settings.code):
            return False
        folders = PurePosixPath(path).parts[:-1]
        return not any(part.startswith(".") or part in _OTHERS or _MIGRATIONS.match(part) for part in folders) and (
            not _is_alembic(folders) and folders[-2:] != _OWN
        )


def _is_alembic(folders: tuple[str, ...]) -> bool:
    """Alembic's own layout: `alembic/versions`."""
    return any(pair == ("alembic", "versions") for pair in pairwise(folders))


def _is_in(path: str, place: str) -> bool:
    place = place.removeprefix("./").rstrip("/")
    return place in ("", ".") or path == place or path.startswith(place + "/") or matches(place, path)
