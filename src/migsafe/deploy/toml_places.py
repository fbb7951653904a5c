"""On which line a key of a TOML document stands, so that an error can say so.

`tomllib` reads values and forgets places. This reads places and nothing else: a document that `tomllib` has accepted
is gone through once, and each key that it holds is remembered with its line. No value comes from here.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

#: A key as it is reached from the document's top; in a list, the number of the item, from 0.
KeyPath: TypeAlias = "tuple[str | int, ...]"

_BLANK = re.compile(r"[ \t]*")
_BETWEEN = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR = re.compile(r"[^,\]}#\r\n]*")
#: The longer delimiters first. Three quotes may have up to two more before them, which belong to the text.
_STRINGS = (
    re.compile(r'"""(?:\\.|[^\\])*?"""(?!"(?:[^"]|\Z))(?:"{0,2})', re.DOTALL),
    re.compile(r"'''.*?'''(?:'{0,2})", re.DOTALL),
    re.compile(r'"(?:\\.|[^"\\\n])*"'),
    re.compile(r"'[^'\n]*'"),
)


def key_lines(text: str) -> Mapping[KeyPath, int]:
    """The line, from 1, on which each key, table and item of a list is said first.

    Args:
        text: a document that `tomllib` accepts.
    """
    return _Scanner(text).scan()


class _Scanner:
    """Where in the text it is, and what was found up to there."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._breaks = [at for at, char in enumerate(text) if char == "\n"]
        self._at = 0
        self._lists: dict[KeyPath, int] = {}
        self._lines: dict[KeyPath, int] = {}

    def scan(self) -> Mapping[KeyPath, int]:
        table: KeyPath = ()
        while self._skip(_BETWEEN) < len(self._text):
            if self._next("[["):
                table = self._list_heading()
            elif self._next("["):
                table = self._heading()
            else:
                self._pair(table)
        return self._lines

    def _heading(self) -> KeyPath:
        line = self._line()
        self._at += len("[")
        table = self._note(self._keys(), (), line)
        self._at += len("]")
        return table

    def _list_heading(self) -> KeyPath:
        line = self._line()
        self._at += len("[[")
        *outer, name = self._keys()
        self._at += len("]]")
        tables = (*self._note(outer, (), line), name)
        number = self._lists.get(tables, 0)
        self._lists[tables] = number + 1
        self._lines.setdefault(tables, line)
        self._lines[*tables, number] = line
        return (*tables, number)

    def _pair(self, table: KeyPath) -> None:
        """`a.b = value`, in a table or between braces."""
        line = self._line()
        path = self._note(self._keys(), table, line)
        self._at += len("=")
        self._skip(_BLANK)
        self._value(path)

    def _note(self, keys: list[str], path: KeyPath, line: int) -> KeyPath:
        """Remember a key and the tables that it goes through; of a list of tables, the last one is meant."""
        for key in keys:
            path = (*path, key)
            self._lines.setdefault(path, line)
            if path in self._lists:
                path = (*path, self._lists[path] - 1)
        return path

    def _keys(self) -> list[str]:
        """`a."b".c`, with the blanks around it."""
        keys = []
        while True:
            self._skip(_BLANK)
            keys.append(self._key())
            self._skip(_BLANK)
            if not self._next("."):
                return keys
            self._at += len(".")

    def _key(self) -> str:
        if not self._next('"') and not self._next("'"):
            return self._take(_BARE_KEY)
        import tomllib  # it knows what an escape in a key means

        key: str = tomllib.loads(f"key = {self._string()}")["key"]
        return key

    def _value(self, path: KeyPath) -> None:
        if self._next("["):
            self._array(path)
        elif self._next("{"):
            self._braces(path)
        elif self._next('"') or self._next("'"):
            self._string()
        else:
            self._take(_SCALAR)

    def _array(self, path: KeyPath) -> None:
        number = 0
        self._at += len("[")
        while self._skip(_BETWEEN) < len(self._text) and not self._next("]"):
            self._lines[*path, number] = self._line()
            self._value((*path, number))
            number += 1
            self._comma()
        self._at += len("]")

    def _braces(self, path: KeyPath) -> None:
        self._at += len("{")
        while self._skip(_BETWEEN) < len(self._text) and not self._next("}"):
            self._pair(path)
            self._comma()
        self._at += len("}")

    def _comma(self) -> None:
        self._skip(_BETWEEN)
        if self._next(","):
            self._at += len(",")

    def _string(self) -> str:
        found = next(match for kind in _STRINGS if (match := kind.match(self._text, self._at)))
        self._at = found.end()
        return found[0]

    def _take(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._text, self._at)
        if found is None or found.end() == self._at:
            raise ValueError(f"no TOML at line {self._line()}")
        self._at = found.end()
        return found[0]

    def _skip(self, pattern: re.Pattern[str]) -> int:
        found = pattern.match(self._text, self._at)
        self._at = found.end() if found else self._at
        return self._at

    def _next(self, mark: str) -> bool:
        return self._text.startswith(mark, self._at)

    def _line(self) -> int:
        return bisect_right(self._breaks, self._at - 1) + 1
