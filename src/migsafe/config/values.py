"""Readers of single values: TOML's own types and the text of options and variables, turned into what `Config` holds.

A reader raises `BadValue` with what is allowed; the loader adds which key of which place said it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from migsafe.config.nearest import did_you_mean
from migsafe.model.finding import Severity

W = TypeVar("W", bound=StrEnum)

#: Milliseconds, by the units that Postgres knows for timeouts (manual 19.1.1 "Parameter Names and Values").
_MILLISECONDS = {"ms": 1, "s": 1_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}
_DURATION = re.compile(rf"(\d+)\s*({'|'.join(_MILLISECONDS)})?\Z")
_SESSION_SETTING = re.compile(r"[a-z_][a-z0-9_.]*(=.+)?\Z", re.IGNORECASE)
_PAIR_BREAK = re.compile(r",(?=[^,=]+=)")
_VERSION = re.compile(r"(\d{1,2})(\.\d+)*\Z")


class BadValue(Exception):
    """A value that a setting cannot take, with what is allowed; the loader turns it into the error that is shown."""

    def __init__(self, allowed: str, hint: str | None = None) -> None:
        self.allowed = allowed
        self.hint = hint
        super().__init__(allowed)


def text(value: object) -> str:
    """A text that is not empty."""
    if not isinstance(value, str) or not value.strip():
        raise BadValue("a text that is not empty")
    return value


def texts(value: object) -> tuple[str, ...]:
    """A list of texts, or one text with commas."""
    parts = [value] if isinstance(value, str) else _items(value)
    return tuple(stripped for part in parts for piece in part.split(",") if (stripped := piece.strip()))


def paths(value: object) -> tuple[str, ...]:
    """A list of paths; commas are part of a path."""
    return tuple(text(part) for part in ([value] if isinstance(value, str) else _items(value)))


def path(value: object) -> Path:
    """One path."""
    return Path(text(value))


def word(kind: type[W], value: object) -> W:
    """One word of a closed set."""
    return kind(_one_of([member.value for member in kind], value))


def words(kind: type[W], value: object) -> tuple[W, ...]:
    """One word of a closed set, or several: a list, or a text with commas. Each counts once."""
    parts = texts(value) if isinstance(value, str) and "," in value else value
    if isinstance(parts, str) or not isinstance(parts, list | tuple):
        return (word(kind, parts),)
    if not parts:
        raise BadValue("one or more of " + ", ".join(member.value for member in kind))
    return tuple(dict.fromkeys(word(kind, part) for part in parts))


def one_of(*allowed: str) -> Any:
    """A reader for one word of `allowed`."""
    return lambda value: _one_of(allowed, value)


def _one_of(allowed: list[str] | tuple[str, ...], value: object) -> str:
    if isinstance(value, str) and value.lower() in allowed:
        return value.lower()
    raise BadValue("one of " + ", ".join(allowed), did_you_mean(value, allowed) if isinstance(value, str) else None)


def fail_on(value: object) -> Severity | None:
    """A severity, or `never`."""
    name = _one_of([*(severity.value for severity in Severity), "never"], value)
    return None if name == "never" else Severity(name)


def server_version(value: object) -> int:
    """A major version: 16, "16" or "16.4"."""
    spelled = str(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else ""
    match = _VERSION.match(spelled.strip())
    if match is None or not int(match[1]):
        raise BadValue("a major version such as 16")
    return int(match[1])


def server_versions(kind: type[W], value: object) -> int | dict[W, int]:
    """A major version, or one for each database: a table, a list of `DATABASE=MAJOR`, or one text with commas."""
    if isinstance(value, str) and "=" in value:
        value = texts(value)
    if isinstance(value, list | tuple):
        pairs = [str(item).partition("=") for item in value]
        if not all(equals for _, equals, _ in pairs):
            raise BadValue("one major version such as 16, or DATABASE=MAJOR for each")
        value = {name.strip(): major for name, _, major in pairs}
    if not isinstance(value, Mapping):
        return server_version(value)
    if not value:
        raise BadValue("a major version for each database")
    return {word(kind, name): server_version(major) for name, major in value.items()}


def milliseconds(value: object) -> int:
    """A duration with a unit (`5s`), or a number of milliseconds, as Postgres reads timeouts."""
    match = _DURATION.match(str(value).strip()) if not isinstance(value, bool) else None
    if match is None:
        raise BadValue('a duration such as "5s" or "200ms"')
    return int(match[1]) * _MILLISECONDS[match[2] or "ms"]


def session_settings(value: object) -> tuple[str, ...]:
    """Names of session settings, each with or without `=value`."""
    # In a list a value may hold commas (search_path=a,b); the text of a variable is cut at them.
    items = texts(value) if isinstance(value, str) else tuple(item.strip() for item in _items(value))
    for item in items:
        if not _SESSION_SETTING.match(item):
            raise BadValue('a list of settings such as "lock_timeout" or "timezone=UTC"')
    return items


def placeholders(value: object) -> dict[str, str]:
    """Values by name: a table, a list of `NAME=VALUE`, or one text of them with commas between."""
    if isinstance(value, Mapping):
        return {str(name): _scalar(item) for name, item in value.items()}
    pairs = [pair.partition("=") for pair in (_PAIR_BREAK.split(value) if isinstance(value, str) else _items(value))]
    if not all(name and equals for name, equals, _ in pairs):
        raise BadValue("NAME=VALUE")
    return {name: item for name, _, item in pairs}


def _items(value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(part, str) for part in value):
        raise BadValue("a list of texts")
    return tuple(value)


def _scalar(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value)
    raise BadValue("a table whose values are texts or numbers")


def switch(value: object) -> bool:
    """On or off."""
    known = {True: True, False: False, "true": True, "1": True, "false": False, "0": False}
    if not isinstance(value, bool | str) or value not in known:
        raise BadValue("true or false")
    return known[value]


def day(value: object) -> date:
    """A day, as TOML's own date or as text YYYY-MM-DD."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        raise BadValue("a day such as 2027-01-31") from None


def revision(value: object) -> str:
    """A git revision; one that git would take for an option is refused."""
    name = text(value)
    if name.startswith("-"):
        raise BadValue("a git revision such as origin/main")
    return name
