"""One table of `deploy.toml`, read key by key: each reader takes a value or says where a wrong one stands, and why.

A table remembers what it was asked for. `Table.done` then refuses every key that nobody asked for, so that the
readers of a provider, a check or a message are at the same time the list of the keys that it knows.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from migsafe.config import values
from migsafe.config.nearest import did_you_mean, nearest
from migsafe.config.values import BadValue
from migsafe.deploy.addresses import Address, read_address, read_secret
from migsafe.deploy.redaction import Redaction
from migsafe.deploy.toml_places import KeyPath, key_lines
from migsafe.errors import ConfigurationError, PathNotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

T = TypeVar("T")
V = TypeVar("V")
W = TypeVar("W", bound=StrEnum)

_SECONDS = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3_600.0, "d": 86_400.0}
_DURATION = re.compile(rf"(\d+(?:\.\d+)?)\s*({'|'.join(_SECONDS)})\Z")
#: Ten years, in seconds: what is longer is a slip, and more than clocks and dates can be moved by.
LONGEST_S = 3_650 * 86_400.0
_ERROR_PLACE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)\Z")


#: How alike a key must be that may be a misspelling of one that is missing; others that are alike may be keys as well.
_MISSPELLED = 0.75


class _Required(Enum):
    """No default: the key must be there."""

    REQUIRED = 0


REQUIRED: Final = _Required.REQUIRED


class _Entry(NamedTuple):
    """A value, and the key of the document that said it."""

    value: object
    path: KeyPath


@dataclass(frozen=True, slots=True)
class Document:
    """A TOML file that was read, and where its keys stand.

    Attributes:
        path: as a person named it; the errors begin with it.
        lines: empty where there is no text, as in a table that a program made.
    """

    path: Path
    values: Mapping[str, Any]
    lines: Mapping[KeyPath, int] = field(default_factory=dict)

    @property
    def root(self) -> Table:
        """All of it."""
        return _table(self, (), self.values)

    @property
    def folder(self) -> Path:
        """Where it is, which its relative paths begin at."""
        return self.path.absolute().parent

    def place(self, path: KeyPath) -> str:
        """`deploy.toml:12`; a key that nobody wrote has the line of the table that it is missing in."""
        while path and path not in self.lines:
            path = path[:-1]
        return f"{self.path}:{self.lines[path]}" if path else str(self.path)


def read_document(path: Path) -> Document:
    """A TOML file.

    Raises:
        PathNotFoundError: when there is none.
        ConfigurationError: when it cannot be read, with the line.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise PathNotFoundError(f"no file {path}") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path} is not TOML: not UTF-8 text") from None
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}") from None
    return parse_document(text, path)


def parse_document(text: str, path: Path = Path("deploy.toml")) -> Document:
    """A TOML file's text.

    Raises:
        ConfigurationError: when it is not TOML, with the line.
    """
    import tomllib  # a command that only shows its help has no use for it

    try:
        return Document(path, tomllib.loads(text), key_lines(text.replace("\r\n", "\n")))
    except tomllib.TOMLDecodeError as error:
        raise _not_toml(text, path, str(error)) from None
    except RecursionError:
        raise ConfigurationError(f"{path} cannot be read: it is nested too deeply") from None
    except ValueError:  # of a number with more digits than Python takes: the only one that is no error of TOML's
        raise ConfigurationError(f"{path} cannot be read: a number in it is too long") from None


def _not_toml(text: str, path: Path, said: str) -> ConfigurationError:
    found = _ERROR_PLACE.search(said)
    if found is None:
        return ConfigurationError(f"{path} is not TOML: {said}")
    line = found[1] or len(text.splitlines()) or 1
    return ConfigurationError(f"{path}:{line}: not TOML: {said[: found.start()]}")


class Table:
    """One table. Readers raise `ConfigurationError` with file, line, table and key; without default the key must be."""

    def __init__(self, document: Document, path: KeyPath, entries: Mapping[str, _Entry]) -> None:
        self._document = document
        self._path = path
        self._entries = entries
        self._asked: list[str] = []

    @classmethod
    def of(cls, values: Mapping[str, Any], name: str = "provider", file: str = "deploy.toml") -> Table:
        """A table that a program made; its places have no line."""
        return Document(Path(file), {name: values}).root.table(name)

    @property
    def folder(self) -> Path:
        """Where the file is."""
        return self._document.folder

    @property
    def file(self) -> Path:
        """The file itself, as a person named it."""
        return self._document.path

    @property
    def values(self) -> Mapping[str, object]:
        """What is said in it, as TOML gave it; asking makes no key a known one."""
        return {key: entry.value for key, entry in self._entries.items()}

    @property
    def place(self) -> str:
        """`deploy.toml:12`: where the table begins."""
        return self._document.place(self._path)

    @property
    def keys(self) -> tuple[str, ...]:
        """What is said in it."""
        return tuple(self._entries)

    def has(self, key: str) -> bool:
        """Whether a key is there; asking makes it a known one."""
        self._ask(key)
        return key in self._entries

    def text(self, key: str, default: T | _Required = REQUIRED) -> str | T:
        """A text that is not empty."""
        return self._read(key, default, values.text)

    def texts(self, key: str, default: T | _Required = REQUIRED) -> tuple[str, ...] | T:
        """A list of texts, or one text; a comma is part of a text."""
        return self._read(key, default, values.paths)

    def pairs(self, key: str, default: T | _Required = REQUIRED) -> dict[str, str] | T:
        """A table of texts and numbers, as texts: variables of an environment, labels."""
        return self._read(key, default, _pairs)

    def path(self, key: str, default: T | _Required = REQUIRED) -> Path | T:
        """A path; a relative one begins where the file is."""
        return self._read(key, default, lambda value: self.folder / values.text(value))

    def whole(
        self,
        key: str,
        default: T | _Required = REQUIRED,
        *,
        at_least: int = 0,
        at_most: int | None = None,
    ) -> int | T:
        """A whole number."""
        return self._read(key, default, lambda value: _whole(value, at_least, at_most))

    def wholes(
        self, key: str, default: T | _Required = REQUIRED, *, at_least: int = 0, at_most: int | None = None
    ) -> tuple[int, ...] | T:
        """A list of whole numbers."""
        return self._read(key, default, lambda value: _wholes(value, at_least, at_most))

    def number(
        self,
        key: str,
        default: T | _Required = REQUIRED,
        *,
        at_least: float = 0.0,
        at_most: float | None = None,
    ) -> float | T:
        """A number, with or without a point."""
        return self._read(key, default, lambda value: _number(value, at_least, at_most))

    def share(self, key: str, default: T | _Required = REQUIRED) -> float | T:
        """A part of the whole, from 0 to 1."""
        return self._read(key, default, _share)

    def duration_s(self, key: str, default: T | _Required = REQUIRED) -> float | T:
        """A time with its unit (`500ms`, `30s`, `5min`, `2h`, `30d`), in seconds."""
        return self._read(key, default, duration_s)

    def choice(self, key: str, allowed: Iterable[str], default: T | _Required = REQUIRED) -> str | T:
        """One word of a few."""
        return self._read(key, default, values.one_of(*allowed))

    def word(self, key: str, kind: type[W], default: T | _Required = REQUIRED) -> W | T:
        """One word of a closed set."""
        return self._read(key, default, lambda value: values.word(kind, value))

    def flag(self, key: str, default: T | _Required = REQUIRED) -> bool | T:
        """true or false."""
        return self._read(key, default, _flag)

    def address(self, key: str, default: T | _Required = REQUIRED) -> Address | T:
        """`env:NAME`, or an address without a password; `Address.resolve` looks into the environment."""
        return self._read(key, default, lambda value: read_address(value, self.words(key)), shown=False)

    def secret(self, key: str, default: T | _Required = REQUIRED) -> Address | T:
        """`env:NAME` and nothing else: a committed file holds no secret."""
        return self._read(key, default, lambda value: read_secret(value, self.words(key)), shown=False)

    def command(self, key: str, default: T | _Required = REQUIRED) -> tuple[str, ...] | T:
        """A program and its arguments, a text each; no shell reads them."""
        return self._read(key, default, _command)

    def commands(self, key: str, default: T | _Required = REQUIRED) -> tuple[tuple[str, ...], ...] | T:
        """Programs, each a list of texts."""
        return self._read(key, default, _commands)

    def table(self, key: str) -> Table:
        """A table in this one; an empty one where there is none."""
        found = self._read(key, {}, _mapping)
        return _table(self._document, self._at(key), found)

    def tables(self, key: str) -> tuple[Table, ...]:
        """A list of tables, `[[key]]`; empty where there is none."""
        found = self._read(key, (), _mappings)
        return tuple(_table(self._document, (*self._at(key), number), one) for number, one in enumerate(found))

    def are_together(self, one: str, other: str) -> bool:
        """Whether two keys stand in one table of the file; those of an environment and of all are two."""
        return self._at(one)[:-1] == self._at(other)[:-1]

    def over(self, base: Table) -> Table:
        """What is said here, and what `base` says beside it; each key keeps its place."""
        return Table(base._document, base._path, {**base._entries, **self._entries})

    def done(self) -> None:
        """Nothing else is read.

        Raises:
            ConfigurationError: when there is a key that was not asked for, with the known one that it is most like.
        """
        for key in self._entries:
            if key not in self._asked:
                otherwise = f"known keys: {', '.join(sorted(self._asked))}" if self._asked else "it has no keys"
                raise self.error(
                    key, "no such key", did_you_mean(key.replace("-", "_"), self._asked, otherwise=otherwise)
                )

    def error(self, key: str | None, message: str, hint: str | None = None) -> ConfigurationError:
        """An error at a key, or at the table where None; for what a reader alone cannot see."""
        where = f"{self.place}: {self._heading(self._path)}" if key is None else self.words(key)
        return ConfigurationError(f"{where}: {message}", hint=hint)

    def words(self, key: str) -> str:
        """`deploy.toml:12: [deploy] steps`: where a key stands, for an error."""
        path = self._at(key)
        return f"{self._document.place(path)}: {self._heading(path[:-1])} {key}".replace(":  ", ": ")

    def _heading(self, path: KeyPath) -> str:
        """As the file has it, with the number of a table that is one of several."""
        name = ".".join(part for part in path if isinstance(part, str))
        if not path:
            return ""
        return f"[[{name}]] {path[-1] + 1}" if isinstance(path[-1], int) else f"[{name}]"

    def _at(self, key: str) -> KeyPath:
        return self._entries[key].path if key in self._entries else (*self._path, key)

    def _ask(self, key: str) -> None:
        if key not in self._asked:
            self._asked.append(key)

    def misspelled(self, key: str) -> str | None:
        """What looks like a key that must be there, as a hint, where nobody has asked for that until now."""
        open_keys = [written for written in self._entries if written not in self._asked]
        alike = nearest(key, open_keys, closeness=_MISSPELLED, limit=1)
        return f"{alike[0]} is there: did you mean {key}?" if alike else None

    def _missing(self, key: str) -> ConfigurationError:
        return self.error(key, "missing", self.misspelled(key))

    def _read(self, key: str, default: T | _Required, reader: Callable[[object], V], *, shown: bool = True) -> V | T:
        self._ask(key)
        if key not in self._entries:
            if isinstance(default, _Required):
                raise self._missing(key)
            return default
        value = self._entries[key].value
        try:
            return reader(value)
        except BadValue as bad:
            said = _shown(value) if shown else "its value"  # which may be a secret that should not be there
            raise self.error(key, f"{said} must be {bad.allowed}", bad.hint) from None


def _table(document: Document, path: KeyPath, values: Mapping[str, Any]) -> Table:
    return Table(document, path, {key: _Entry(value, (*path, key)) for key, value in values.items()})


def _shown(value: object) -> str:
    """A value as a message has it: as TOML writes it, without passwords, and cut where it is long."""
    text = str(value).lower() if isinstance(value, bool) else f'"{value}"' if isinstance(value, str) else repr(value)
    text = Redaction().text(text)
    return text if len(text) <= 60 else f"{text[:57]}…"


def duration_s(value: object) -> float:
    """A time with its unit, in seconds; 0 needs none.

    Raises:
        BadValue: when it is none.
    """
    if value == 0 and not isinstance(value, bool):
        return 0.0
    match = _DURATION.match(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise BadValue('a time with its unit, such as "30s", "5min" or "30d"')
    seconds = float(match[1]) * _SECONDS[match[2]]
    if seconds > LONGEST_S:
        raise BadValue(f"a time of at most {LONGEST_S / _SECONDS['d']:.0f}d")
    return seconds


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise BadValue("true or false, without quotes")
    return value


def _whole(value: object, at_least: int, at_most: int | None) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not _within(value, at_least, at_most):
        raise BadValue(f"a whole number{_bounds(at_least, at_most)}")
    return value


def _wholes(value: object, at_least: int, at_most: int | None) -> tuple[int, ...]:
    if not isinstance(value, list):
        raise BadValue(f"a list of whole numbers{_bounds(at_least, at_most)}")
    return tuple(_whole(one, at_least, at_most) for one in value)


def _number(value: object, at_least: float, at_most: float | None) -> float:
    fits = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not fits or not _within(float(value), at_least, at_most):  # type: ignore[arg-type]  # `fits` says it is a number
        raise BadValue(f"a number{_bounds(at_least, at_most)}")
    return float(value)  # type: ignore[arg-type]  # as above


def _share(value: object) -> float:
    try:
        return _number(value, 0, 1)
    except BadValue:
        raise BadValue("a part of the whole, from 0 to 1", "2 per cent is 0.02") from None


def _within(value: float, at_least: float, at_most: float | None) -> bool:
    return at_least <= value and (at_most is None or value <= at_most)


def _bounds(at_least: float, at_most: float | None) -> str:
    return f" of {at_least:g} or more" if at_most is None else f" from {at_least:g} to {at_most:g}"


def _pairs(value: object) -> dict[str, str]:
    if not isinstance(value, dict):
        raise BadValue("a table of texts")
    return values.placeholders(value)


def _mapping(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadValue("a table")
    return value


def _mappings(value: object) -> tuple[dict[str, Any], ...]:
    if not isinstance(value, list):
        raise BadValue("a list of tables", "write its heading with two brackets on each side")
    return tuple(_mapping(one) for one in value)


def _command(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not all(isinstance(word, str) for word in value) or not value[0]:
        raise BadValue(
            "a list of texts: a program and its arguments", 'no shell reads it: ["./switch", "--to", "{version}"]'
        )
    return tuple(value)


def _commands(value: object) -> tuple[tuple[str, ...], ...]:
    if not isinstance(value, list):
        raise BadValue("a list of commands, each of them a list of texts")
    return tuple(_command(one) for one in value)
