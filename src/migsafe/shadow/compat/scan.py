"""SQL text → the parts in which a parameter can stand, and those in which it cannot.

Strings, quoted names, dollar quotes and comments are passed over whole; comments nest, as in Postgres.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_PART = re.compile(
    r"""
      (?P<comment>--[^\r\n]*|/\*)
    | (?P<string>[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*')
    | (?P<name>"(?:[^"]|"")*")
    | (?P<dollar>\$(?:[A-Za-z_\x80-\U0010ffff][A-Za-z0-9_\x80-\U0010ffff]*)?\$)
    | (?P<word>[A-Za-z_\x80-\U0010ffff][A-Za-z0-9_$\x80-\U0010ffff]*)
    | (?P<number>\$?\d[\w.]*)
    | (?P<space>\s+)
    | (?P<code>.)
    """,
    re.VERBOSE | re.DOTALL,
)
#: How the statements begin that are a release's traffic.
_QUERIES = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "WITH", "VALUES", "TABLE"})

_COMMENT_EDGE = re.compile(r"/\*|\*/")


class Part(NamedTuple):
    """A part of a text: `kind` is comment, string, name, word, number, space, or code for any other character."""

    kind: str
    text: str
    start: int

    @property
    def end(self) -> int:
        """The offset behind it."""
        return self.start + len(self.text)

    @property
    def is_silent(self) -> bool:
        """Whether it only separates."""
        return self.kind in ("comment", "space")


def parts(text: str) -> Iterator[Part]:
    """All parts of a text, in order; together they are the text. What is never closed goes to its end."""
    at = 0
    while (found := _PART.match(text, at)) is not None:
        kind = found.lastgroup or "code"
        end = found.end()
        if found.group() == "/*":
            end = _comment_end(text, at)
        elif kind == "dollar":
            closing = text.find(found.group(), end)
            end = len(text) if closing < 0 else closing + len(found.group())
            kind = "string"
        yield Part(kind, text[at:end], at)
        at = end


def first_word(text: str) -> str:
    """The first word of a statement in upper case, past comments and opening parentheses; empty when there is none."""
    for part in parts(text):
        if part.kind == "word":
            return part.text.upper()
        if not part.is_silent and part.text != "(":
            break
    return ""


def why_no_query(text: str) -> str:
    """Why a statement is none whose rows a program reads or writes; empty when it is one."""
    word = first_word(text)
    return "" if word in _QUERIES else f"{word or 'it'} is no query that reads or writes rows"


def _comment_end(text: str, start: int) -> int:
    depth, at = 1, start + 2
    while depth:
        edge = _COMMENT_EDGE.search(text, at)
        if edge is None:
            return len(text)
        depth += 1 if edge.group() == "/*" else -1
        at = edge.end()
    return at
