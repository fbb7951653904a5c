"""The manifest: a committed TOML file that says which release was the first to carry which migration.

[[release]]
name = "1.9.0"
day = 2026-11-23
migrations = [
    "db/migrations/0041_add_email.sql",
]
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from migsafe.config.nearest import did_you_mean
from migsafe.errors import ConfigurationError
from migsafe.history.versions import plain_name

MANIFEST_NAME = "migsafe.releases.toml"

_KEYS = ("name", "day", "migrations")
_HEADING = re.compile(r"^\s*\[\[\s*release\s*\]\]", re.MULTILINE)
_TOML_LINE = re.compile(r"\(at line (\d+), column \d+\)")


@dataclass(frozen=True, slots=True)
class ManifestRelease:
    """A release as the manifest says it.

    Attributes:
        migrations: paths from the manifest's folder, with forward slashes.
        line: where it begins in the manifest, from 1.
    """

    name: str
    day: date | None
    migrations: tuple[str, ...]
    line: int = 0


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest that was read; `text` is empty where there is no file yet."""

    path: Path
    text: str = ""
    releases: tuple[ManifestRelease, ...] = ()

    def named(self, name: str) -> ManifestRelease | None:
        """The release of that name; `v1.9.0` and `1.9.0` are one."""
        return next((one for one in self.releases if plain_name(one.name) == plain_name(name)), None)


def read_manifest(path: Path) -> Manifest:
    """Read a manifest.

    Raises:
        ConfigurationError: when it cannot be read, is not TOML, has an unknown key or a wrong value, names a release
            twice or puts a file into two; the message begins with the file and the line.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {(error.strerror or str(error)).lower()}") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path}: is not UTF-8 text") from error
    return _Reading(path, text).manifest()


class _Reading:
    """One manifest while it is read. TOML gives values without their places: these are looked for in the text."""

    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        self._text = text
        self._starts = [match.start() for match in _HEADING.finditer(text)]

    def manifest(self) -> Manifest:
        document = self._document()
        for key in document:
            if key != "release":
                hint = did_you_mean(key, ["release"], otherwise="a manifest is a list of [[release]]")
                raise self._error(f'unknown key "{key}"', self._line_of(key), hint)
        tables = document.get("release", [])
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            raise self._error("release must be a list of tables", self._line_of("release"), "[[release]]")
        releases = tuple(self._release(table, number) for number, table in enumerate(tables))
        self._refuse_twice(releases)
        return Manifest(self._path, self._text, releases)

    def _document(self) -> dict[str, Any]:
        import tomllib  # only where there is a manifest

        try:
            return tomllib.loads(self._text)
        except tomllib.TOMLDecodeError as error:
            place = _TOML_LINE.search(str(error))
            line = int(place[1]) if place else self._text.count("\n") + 1
            raise self._error(f"is not TOML: {_TOML_LINE.sub('', str(error)).strip()}", line) from error

    def _release(self, table: Mapping[str, Any], number: int) -> ManifestRelease:
        for key in table:
            if key not in _KEYS:
                hint = did_you_mean(key, _KEYS, otherwise="known keys: " + ", ".join(_KEYS))
                raise self._error(f'unknown key "{key}"', self._line_of(key, number), hint)
        line = self._line_of("", number)
        name = table.get("name")
        if not isinstance(name, str) or not is_release_name(name):
            raise self._error('a release needs a "name": one word, such as "1.9.0"', self._line_of("name", number))
        return ManifestRelease(name, self._day(table, number), self._migrations(table, number), line)

    def _day(self, table: Mapping[str, Any], number: int) -> date | None:
        day = table.get("day")
        if day is None or (isinstance(day, date) and not isinstance(day, datetime)):
            return day
        raise self._error('"day" must be a day such as 2026-11-23, without quotes', self._line_of("day", number))

    def _migrations(self, table: Mapping[str, Any], number: int) -> tuple[str, ...]:
        paths = table.get("migrations", [])
        if not isinstance(paths, list) or not all(isinstance(path, str) and path for path in paths):
            raise self._error('"migrations" must be a list of paths', self._line_of("migrations", number))
        for path in paths:
            if PurePosixPath(path).is_absolute():
                line = self._line_of(path, number)
                raise self._error(f"{path} must be a path from the manifest's folder", line)
        return tuple(PurePosixPath(path).as_posix() for path in paths)

    def _refuse_twice(self, releases: tuple[ManifestRelease, ...]) -> None:
        names: dict[str, str] = {}
        carried: dict[str, str] = {}
        for number, release in enumerate(releases):
            if plain_name(release.name) in names:
                raise self._error(f'release "{release.name}" stands here twice', self._line_of("name", number))
            names[plain_name(release.name)] = release.name
            for path in release.migrations:
                if path in carried:
                    where = (
                        f'"{carried[path]}" and "{release.name}"' if carried[path] != release.name else "twice in one"
                    )
                    hint = "a migration belongs to the first release that carries it"
                    raise self._error(f"{path} is in {where}", self._line_of(path, number, last=True), hint)
                carried[path] = release.name

    def _line_of(self, word: str, number: int | None = None, *, last: bool = False) -> int:
        """The line on which a key or path stands, in the release of that number; else the line of its heading."""
        start = self._starts[number] if number is not None and number < len(self._starts) else 0
        end = self._starts[number + 1] if number is not None and number + 1 < len(self._starts) else len(self._text)
        found = list(re.finditer(rf"(?<![\w.-]){re.escape(word)}(?![\w.-])", self._text[start:end])) if word else []
        offset = start + (found[-1 if last else 0].start() if found else _blank(self._text, start))
        return self._text.count("\n", 0, offset) + 1

    def _error(self, words: str, line: int, hint: str | None = None) -> ConfigurationError:
        return ConfigurationError(f"{self._path}:{line}: {words}", hint=hint)


def _blank(text: str, start: int) -> int:
    """How many characters of white space stand at a place."""
    return len(text) - start - len(text[start:].lstrip())


def is_release_name(name: str) -> bool:
    """Whether a release may be called so: one printable word that no program takes for an option."""
    return bool(name) and name.isprintable() and not name.startswith("-") and not any(map(str.isspace, name))
