"""Lexemes of the dialects that sqlglot's Postgres tokenizer does not fit: words, names, strings, with exact places.

The MySQL and the SQLite reader each bring one regular expression; what a lexeme is, they share.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from migsafe.model.script import Span
from migsafe.model.statement import Comment


class LexemeKind(Enum):
    """What a lexeme is; the value is the name of the group that matches it in a dialect's expression."""

    COMMENT = "comment"
    WORD = "word"
    NAME = "name"
    STRING = "string"
    NUMBER = "number"
    VARIABLE = "variable"
    SYMBOL = "symbol"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Lexeme:
    """A word, quoted name, string, number, variable or symbol, or a comment.

    Attributes:
        text: as written, with its quotes.
        word: upper case for a word, the sign for a symbol, empty for anything else: what keywords are matched with.
    """

    kind: LexemeKind
    text: str
    start: int
    word: str

    @property
    def end(self) -> int:
        """The offset behind its last character."""
        return self.start + len(self.text)

    @property
    def span(self) -> Span:
        """Where it stands."""
        return Span(self.start, self.end)


_KINDS = {kind.value: kind for kind in LexemeKind}
_MATCHED_BY_WORD = {LexemeKind.WORD, LexemeKind.SYMBOL}
_COMMENT_SIGNS = re.compile(r"\A(?:--|#|/\*+)[ \t]?|[ \t]*\*/\Z")


def lexemes(pattern: re.Pattern[str], text: str, start: int = 0) -> Iterator[Lexeme]:
    """All lexemes of `text` from `start` on, comments included; only white space is left out.

    A quote or comment that nobody closes is one `BROKEN` lexeme up to the end of the text.

    Args:
        pattern: alternatives in named groups, the group names those of `LexemeKind`; it skips white space before them.
    """
    offset = start
    while (match := pattern.match(text, offset)) is not None:
        offset = match.end()
        kind = _KINDS[match.lastgroup or "broken"]
        written = match[kind.value]
        word = written.upper() if kind in _MATCHED_BY_WORD else ""
        yield Lexeme(kind, written, match.start(kind.value), word)


def comment_of(lexeme: Lexeme) -> Comment:
    """The comment that a comment lexeme writes, without its signs."""
    return Comment(lexeme.span, _COMMENT_SIGNS.sub("", lexeme.text).rstrip())
