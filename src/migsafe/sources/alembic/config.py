"""What `alembic.ini` and `[tool.alembic]` of pyproject.toml say, read as Alembic reads them.

Rules from Alembic 1.20 (`alembic/config.py`): an ini file has one environment per section with a `script_location`
(`alembic -n NAME`); `%(here)s` is the folder of the file; what the ini's section says wins over pyproject.toml beside
it, where a `%(…)s` knows `here` alone. Lists are split at `path_separator`, and at spaces and commas where an ini file
has none; pyproject.toml has true lists. A value with a variable that nobody has told stays as it is written.
"""

from __future__ import annotations

import configparser
import os
import re
import tomllib
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from migsafe.model.script import SourceText, UnreadableFile
from migsafe.sources.files import Folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_INI = "alembic.ini"
_TOML = "pyproject.toml"
_MAIN = "alembic"
#: What makes a section an environment.
_LOCATIONS = ("script_location", "version_locations")
_SEPARATORS = {"space": " ", "newline": "\n", "os": os.pathsep, ":": ":", ";": ";"}
_SPACE_OR_COMMA = re.compile(r", *|(?: +)")
_SPACE_COMMA_OR_COLON = re.compile(r", *|(?: +)|\:")
#: A name for the section of defaults that no file has, so that a section's own keys can be told.
_NOWHERE = "\0"

Sections = dict[str, dict[str, str]]


@dataclass(frozen=True)
class Section:
    """The settings of one environment.

    Attributes:
        name: the ini file's section; `alembic` for pyproject.toml.
        folder: where the configuration stands.
        ini: what the section of the ini file says, with the defaults.
        toml: what `[tool.alembic]` says.
        others: the other sections of the ini file, such as those of several databases.
        file: the ini file's name; None without one.
    """

    name: str
    folder: Path
    ini: Mapping[str, str] = field(default_factory=dict)
    toml: Mapping[str, Any] = field(default_factory=dict)
    others: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    file: str | None = None

    def text(self, key: str) -> str | None:
        """One setting; None where it is missing, empty, or no text."""
        value = self.ini.get(key)
        return (value if value is not None else _text(self.toml.get(key), self.folder)) or None

    def is_true(self, key: str) -> bool:
        """A setting that is `true` in the ini file, or true in pyproject.toml."""
        return self.ini[key] == "true" if key in self.ini else self.toml.get(key) is True

    @property
    def version_locations(self) -> tuple[str, ...]:
        """The version locations as written; none for the usual one."""
        return self._list("version_locations", ("path_separator", "version_path_separator"), _SPACE_OR_COMMA)

    @property
    def prepend_sys_path(self) -> tuple[str, ...]:
        """The folders that Alembic puts before Python's own, as written."""
        return self._list("prepend_sys_path", ("path_separator",), _SPACE_COMMA_OR_COLON)

    @property
    def databases(self) -> tuple[str, ...]:
        """The databases of an environment that has several, as in Alembic's multidb template."""
        return tuple(name for name in re.split(r",\s*", self.text("databases") or "") if name)

    def url(self, database: str | None = None) -> str | None:
        """The URL of the environment's database, or of one of several."""
        if database is None:
            return self.text("sqlalchemy.url")
        return self.others.get(database, {}).get("sqlalchemy.url")

    def _list(self, key: str, separators: tuple[str, ...], legacy: re.Pattern[str]) -> tuple[str, ...]:
        written = self.ini.get(key)
        if not written:
            values = self.toml.get(key)
            values = values if isinstance(values, list) else [values]
            texts = [_text(value, self.folder) for value in values]
            return tuple(text for text in texts if text)
        named = next((self.ini[name] for name in separators if name in self.ini), None)
        separator = None if named is None else _SEPARATORS.get(_first_word(named))
        parts = legacy.split(written) if separator is None else written.split(separator)
        return tuple(part.strip() for part in parts if part.strip())


@dataclass(frozen=True)
class Configured:
    """What the files of one folder configure.

    Attributes:
        unreadable: files that say they are Alembic's and cannot be read.
    """

    sections: tuple[Section, ...] = ()
    unreadable: tuple[UnreadableFile, ...] = ()


def configured_in(folder: Path) -> Configured:
    """The environments that are configured in one folder: by `alembic.ini`, other ini files of Alembic, pyproject.toml.

    Args:
        folder: an absolute path.
    """
    names = _candidates(folder, _stamp(folder))
    return _read(folder, tuple((name, _stamp(folder / name)) for name in names)) if names else Configured()


def _stamp(path: Path) -> tuple[int, int] | None:
    """What changes when a file or folder does: what was read of it is kept until then."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


@lru_cache(maxsize=1024)
def _candidates(folder: Path, _: tuple[int, int] | None) -> tuple[str, ...]:
    """The configuration files of a folder; `alembic.ini` is asked first, as Alembic does."""
    files = Folder(folder).files
    ini = [name for name in files if name.endswith(".ini") and "alembic" in name.lower()]
    return (*sorted(ini, key=lambda name: (name != _INI, name)), *(name for name in files if name == _TOML))


@lru_cache(maxsize=256)
def _read(folder: Path, files: tuple[tuple[str, tuple[int, int] | None], ...]) -> Configured:
    """The environments of a folder; pyproject.toml belongs to `alembic.ini` beside it, and stands alone without one."""
    unreadable: list[UnreadableFile] = []
    opened, ini, toml = Folder(folder), dict[str, Sections](), dict[str, Any]()
    for name, _ in files:
        source = opened.source(name)
        read = source if isinstance(source, UnreadableFile) else _parsed(source, folder)
        if isinstance(read, UnreadableFile):
            unreadable.append(read)
        elif name == _TOML:
            toml = read
        else:
            ini[name] = read
    sections = [
        one for name, read in ini.items() for one in _sections(name, read, folder, toml if name == _INI else {})
    ]
    if toml and _INI not in ini:
        sections.append(Section(_MAIN, folder, toml=toml))
    return Configured(tuple(sections), tuple(unreadable))


def _parsed(source: SourceText, folder: Path) -> dict[str, Any] | UnreadableFile:
    """The sections of an ini file, or the table of pyproject.toml."""
    try:
        return _toml(source.text) if source.path.endswith(".toml") else _ini(source.text, folder)
    except configparser.Error as error:
        return UnreadableFile(source.path, f"is not an ini file: {str(error).splitlines()[0]}")
    except tomllib.TOMLDecodeError as error:
        return UnreadableFile(source.path, f"is not TOML: {error}")


def _toml(text: str) -> dict[str, Any]:
    table = tomllib.loads(text) if "alembic" in text else {}
    for key in ("tool", "alembic"):
        table = table.get(key, {})
        table = table if isinstance(table, dict) else {}
    return table


def _ini(text: str, folder: Path) -> Sections:
    """Every section with the defaults; the keys that are a section's own are under its name after `_NOWHERE`."""
    parser = configparser.ConfigParser({"here": folder.as_posix()})
    parser.read_string(text)
    own = configparser.RawConfigParser(default_section=_NOWHERE)
    own.read_string(text)
    sections = {name: dict(_items(parser, name)) for name in parser.sections()}
    return sections | {_NOWHERE + name: dict(own.items(name)) for name in parser.sections()}


def _items(parser: configparser.ConfigParser, section: str) -> Iterator[tuple[str, str]]:
    for key in parser.options(section):
        try:
            yield key, parser.get(section, key)
        except configparser.InterpolationError:
            yield key, parser.get(section, key, raw=True)


def _sections(file: str, read: Sections, folder: Path, toml: Mapping[str, Any]) -> Iterator[Section]:
    """The sections of an ini file that are environments; `[alembic]` is one even where env.py's user sets its place."""
    names = {name: values for name, values in read.items() if not name.startswith(_NOWHERE)}
    for name, values in names.items():
        if name == _MAIN or any(key in read[_NOWHERE + name] for key in _LOCATIONS):
            yield Section(name, folder, values, toml, names, file)
    if toml and _MAIN not in names:
        yield Section(_MAIN, folder, {}, toml, names, file)


def _text(value: object, folder: Path) -> str | None:
    """A text of pyproject.toml with its variables, as `%` formats it."""
    if not isinstance(value, str):
        return None
    try:
        return value % {"here": folder.as_posix()}
    except (KeyError, ValueError, TypeError):
        return value


def _first_word(written: str) -> str:
    """A setting without the remark that some write behind it, which an ini file takes as a part of the value."""
    return written.split("#")[0].strip() or written
