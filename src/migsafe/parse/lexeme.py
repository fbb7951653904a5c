"""Lexemes of MySQL and SQLite scripts, comments included, and the pieces that splitters make of them.

Each dialect brings one regular expression; what a lexeme is, they share. sqlglot is not asked: a splitter must get
past text that no tokenizer survives, and words must arrive one by one with exact places.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from enum import Enum
from typing import NamedTuple

from migsafe.model.script import Span
from migsafe.model.statement import Comment
from migsafe.parse.lexer import Kind, Token, overlapping
from migsafe.parse.split import Piece, PieceKind, Split


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


_KINDS = {kind.value: kind for kind in LexemeKind}
_TOKEN_KINDS = {
    LexemeKind.WORD: Kind.WORD,
    LexemeKind.NAME: Kind.QUOTED,
    LexemeKind.STRING: Kind.STRING,
    LexemeKind.NUMBER: Kind.NUMBER,
    LexemeKind.VARIABLE: Kind.SYMBOL,
    LexemeKind.SYMBOL: Kind.SYMBOL,
}
_COMMENT_SIGNS = re.compile(r"\A(?:--|#|/\*)[ \t]?|[ \t]*\*/\Z")

#: What a template fills in, as a part of a word: `{{ … }}`, `{% … %}`, `${…}`.
#: None holds another's beginning: many that are never closed must not each be searched to the text's end.
TEMPLATE = r"\{\{(?:(?!\{\{).)*?\}\}|\{%(?:(?!\{%).)*?%\}|\$\{[^{}\n]*\}"
_TEMPLATE_SIGN = re.compile(r"\{[{%]|\$\{")


class Lexeme(NamedTuple):
    """A word, quoted name, string, number, variable or symbol, or a comment.

    Attributes:
        text: as written, with its quotes.
        word: what to match on: a word in upper case, a symbol as it is, else empty.
    """

    kind: LexemeKind
    word: str
    text: str
    start: int

    @property
    def end(self) -> int:
        """The offset behind its last character."""
        return self.start + len(self.text)


def lexemes(pattern: re.Pattern[str], text: str, start: int = 0, stop: int | None = None) -> Iterator[Lexeme]:
    """All lexemes of `text` from `start` to `stop`, comments included; only white space is left out.

    A quote or comment that nobody closes is one `BROKEN` lexeme up to the end of the text.

    Args:
        pattern: alternatives in named groups, the group names those of `LexemeKind`; it skips white space before them.
    """
    offset = start
    end = len(text) if stop is None else stop
    while (match := pattern.match(text, offset, end)) is not None:
        offset = match.end()
        kind = _KINDS[match.lastgroup or "broken"]
        written = match[kind.value]
        word = written.upper() if kind is LexemeKind.WORD else written if kind is LexemeKind.SYMBOL else ""
        yield Lexeme(kind, word, written, match.start(kind.value))


def token_of(lexeme: Lexeme, value: str, templates: Sequence[Span] = ()) -> Token:
    """A lexeme as a token of the cursor; a variable or parameter matches as `?`.

    Args:
        value: the lexeme's text without quotes and escapes.
        templates: spans that a template fills in: a word in which one stands is a placeholder.
    """
    start, end = lexeme.start, lexeme.end
    kind = _TOKEN_KINDS.get(lexeme.kind, Kind.SYMBOL)
    filled = bool(overlapping(templates, Span(start, end)))
    if kind in (Kind.WORD, Kind.NUMBER) and (filled or _TEMPLATE_SIGN.search(lexeme.text)):
        return Token(Kind.PLACEHOLDER, "", value, start, end)
    return Token(kind, "?" if lexeme.kind is LexemeKind.VARIABLE else lexeme.word, value, start, end)


class PieceCollector:
    """Gathers lexemes into pieces; a splitter says where a statement ends."""

    def __init__(self) -> None:
        self._pieces: list[Piece] = []
        self._outside: list[Comment] = []
        self._before: list[Comment] = []
        self._behind: list[Comment] = []
        self._first: Lexeme | None = None
        self._last: Lexeme | None = None

    @property
    def between_statements(self) -> bool:
        """Whether the next lexeme begins a statement."""
        return self._first is None

    def add(self, lexeme: Lexeme) -> None:
        """Take a lexeme into the statement; a comment before its first lexeme belongs to it, one inside is dropped.

        A comment behind its last lexeme belongs to the next statement, as one behind its terminator does.
        """
        if lexeme.kind is LexemeKind.COMMENT:
            span = Span(lexeme.start, lexeme.end)
            self._behind.append(Comment(span, _COMMENT_SIGNS.sub("", lexeme.text).strip()))
            return
        if self._first is None:
            self._first = lexeme
            self._place_comments()
        self._behind.clear()
        self._last = lexeme

    def _place_comments(self) -> None:
        """The comments since the last lexeme stand outside of statements."""
        self._before += self._behind
        self._outside += self._behind
        self._behind.clear()

    def close(self, problem: str = "") -> None:
        """End the statement; where there is none, nothing happens and the comments wait for the next.

        Args:
            problem: why nobody can read it.
        """
        if self._first is None or self._last is None:
            return
        if not problem and self._last.kind is LexemeKind.BROKEN:
            problem = "a quote or comment that is never closed"
        kind = PieceKind.UNTERMINATED if problem else PieceKind.STATEMENT
        self._pieces.append(Piece(Span(self._first.start, self._last.end), kind, tuple(self._before), problem))
        self._first = self._last = None
        self._before.clear()

    def finish(self) -> Split:
        """End the script."""
        self.close()
        self._place_comments()
        return Split(tuple(self._pieces), tuple(self._outside))
