"""Blanking what does not belong to a script, so that every offset stays the offset in the file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from migsafe.model.script import Span

_NOT_A_BREAK = re.compile(r"[^\r\n]")
_COMMENT_OR_SPACE = re.compile(r"\s+|--[^\n]*|/\*.*?\*/", re.DOTALL)


class Line(NamedTuple):
    """One line of a text, its break included, and where it stands."""

    start: int
    end: int
    text: str


def lines_of(text: str) -> Iterator[Line]:
    """The lines of a text, broken after each line feed only, as files count their lines."""
    start = 0
    while start < len(text):
        end = text.find("\n", start) + 1 or len(text)
        yield Line(start, end, text[start:end])
        start = end


def blank(text: str) -> str:
    """As many code points and the same line breaks, and nothing else."""
    return _NOT_A_BREAK.sub(" ", text)


def keep_only(text: str, kept: Iterable[Span]) -> str:
    """`text` with everything blanked that is in none of the `kept` spans."""
    parts, position = [], 0
    for start, end in sorted(kept):
        start = max(start, position)
        if end <= start:
            continue
        parts += [blank(text[position:start]), text[start:end]]
        position = end
    parts.append(blank(text[position:]))
    return "".join(parts)


def is_only_comments(text: str) -> bool:
    """Whether a text holds nothing but comments and white space."""
    # Piece by piece, and not by one pattern that repeats them possessively: Python 3.11.2 takes an open comment for a
    # closed one then (3.11.7 does not).
    at = 0
    while piece := _COMMENT_OR_SPACE.match(text, at):
        at = piece.end()
    return at == len(text)
