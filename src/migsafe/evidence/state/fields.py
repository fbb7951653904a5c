"""One JSON object under the eyes of a reader: typed members, and errors that say where."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, TypeVar

from migsafe.config.nearest import nearest
from migsafe.evidence.state.errors import StateError

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_KINDS = {dict: "an object", list: "an array", str: "text", bool: "true or false", int: "a whole number"}


@dataclass(frozen=True, slots=True)
class Fields:
    """An object of the document.

    Attributes:
        path: its JSON path, for messages: `$.environments[0]`.
        asked: names of the members that were asked for: the known ones.
        children: the objects in it that were asked for.
    """

    value: dict[str, Any]
    path: str
    asked: set[str] = field(default_factory=set)
    children: list[Fields] = field(default_factory=list)

    @classmethod
    def of(cls, value: object, path: str) -> Fields:
        """
        Raises:
            StateError: when the value is no object.
        """
        return cls(_typed(value, dict, path), path)

    def unread(self) -> Iterator[str]:
        """JSON paths of the members, here and further in, that nobody asked for."""
        yield from (f"{self.path}.{name}" for name in self.value if name not in self.asked)
        for child in self.children:
            yield from child.unread()

    def text(self, name: str) -> str:
        """Text, not empty."""
        return self._required(name, _text)

    def text_or_none(self, name: str) -> str | None:
        """Text, not empty; None where the member is null or missing."""
        return self._optional(name, _text)

    def texts(self, name: str) -> tuple[str, ...]:
        """An array of text; empty where it is missing."""
        return tuple(_text(item, path) for item, path in self._items(name))

    def flag(self, name: str) -> bool:
        """True or false."""
        return self._required(name, lambda value, path: _typed(value, bool, path))

    def whole(self, name: str, most: int | None = None) -> int | None:
        """A whole number from 0 to `most`; None where the member is null or missing."""
        return self._optional(name, lambda value, path: _whole(value, path, most))

    def time(self, name: str) -> datetime:
        """A moment."""
        return self._required(name, _time)

    def time_or_none(self, name: str) -> datetime | None:
        """A moment; None where the member is null or missing."""
        return self._optional(name, _time)

    def day_or_none(self, name: str) -> date | None:
        """A day; None where the member is null or missing."""
        return self._optional(name, _day)

    def word(self, name: str, words: type[E]) -> E:
        """One of the words of an enumeration."""
        return self._required(name, lambda value, path: _word(value, path, words))

    def word_or_none(self, name: str, words: type[E]) -> E | None:
        """One of the words of an enumeration; None where the member is null or missing."""
        return self._optional(name, lambda value, path: _word(value, path, words))

    def pattern(self, name: str, pattern: str, what: str) -> str:
        """Text of a given form, which `what` says in words."""
        return self._required(name, lambda value, path: _matching(value, path, pattern, what))

    def pattern_or_none(self, name: str, pattern: str, what: str) -> str | None:
        """The same; None where the member is null or missing."""
        return self._optional(name, lambda value, path: _matching(value, path, pattern, what))

    def member(self, name: str) -> Fields:
        """An object."""
        self.children.append(self._required(name, Fields.of))
        return self.children[-1]

    def objects(self, name: str) -> list[Fields]:
        """An array of objects; empty where it is missing."""
        found = [Fields.of(item, path) for item, path in self._items(name)]
        self.children.extend(found)
        return found

    def _items(self, name: str) -> Iterator[tuple[object, str]]:
        self.asked.add(name)
        items: list[object] = _typed(self.value.get(name, []), list, f"{self.path}.{name}")
        return ((item, f"{self.path}.{name}[{index}]") for index, item in enumerate(items))

    def _required(self, name: str, read: Callable[[object, str], T]) -> T:
        self.asked.add(name)
        if name not in self.value:
            alike = nearest(name, (given for given in self.value if given not in self.asked), limit=1)
            raise StateError(f"{self.path}: {name} is missing{f' (is {alike[0]} meant for it?)' if alike else ''}")
        return read(self.value[name], f"{self.path}.{name}")

    def _optional(self, name: str, read: Callable[[object, str], T]) -> T | None:
        self.asked.add(name)
        value = self.value.get(name)
        return None if value is None else read(value, f"{self.path}.{name}")


def _typed(value: object, kind: type[T], path: str) -> T:
    """The value, when it is of a kind; true is no number here."""
    if isinstance(value, kind) and (kind is bool or not isinstance(value, bool)):
        return value
    raise StateError(f"{path}: {_shown(value)} is not {_KINDS[kind]}")


def _text(value: object, path: str) -> str:
    text = _typed(value, str, path)
    if not text:
        raise StateError(f"{path}: the text is empty")
    return text


def _whole(value: object, path: str, most: int | None) -> int:
    number = _typed(value, int, path)
    if number < 0 or (most is not None and number > most):
        raise StateError(f"{path}: {number} is not from 0 to {most}" if most else f"{path}: {number} is below 0")
    return number


def _time(value: object, path: str) -> datetime:
    text = _typed(value, str, path)
    try:
        moment = datetime.fromisoformat(text) if _TIME.fullmatch(text) else None
    except ValueError:
        moment = None
    if moment is None:
        raise StateError(f"{path}: {_shown(text)} is no time with its zone, such as 2026-11-23T10:00:00Z")
    return moment


def _day(value: object, path: str) -> date:
    text = _typed(value, str, path)
    try:
        day = date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None:
        raise StateError(f"{path}: {_shown(text)} is no day such as 2026-11-23")
    return day


def _word(value: object, path: str, words: type[E]) -> E:
    text = _typed(value, str, path)
    known = [word.value for word in words]
    if text not in known:
        alike = nearest(text, known, limit=1)
        meant = f"; did you mean {alike[0]}?" if alike else f": {', '.join(known)}"
        raise StateError(f"{path}: {_shown(text)} is not known{meant}")
    return words(text)


def _matching(value: object, path: str, pattern: str, what: str) -> str:
    text = _typed(value, str, path)
    if not re.fullmatch(pattern, text, re.ASCII):
        raise StateError(f"{path}: {_shown(text)} is not {what}")
    return text


def _shown(value: object) -> str:
    """A value in a message: as JSON, in ASCII, and not at length."""
    text = json.dumps(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
