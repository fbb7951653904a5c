r"""Postgres script → statements, psql commands and comments, each with its exact place; nothing is interpreted.

One pass of one regular expression, without sqlglot: it must get past text that no tokenizer survives (COPY data,
psql's `\commands`, quotes that are never closed).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING

from migsafe.model.script import Span
from migsafe.model.statement import Comment

if TYPE_CHECKING:
    from collections.abc import Sequence


class PieceKind(Enum):
    """What a piece of a script is."""

    STATEMENT = auto()
    PSQL = auto()
    UNTERMINATED = auto()
    """From here to the end of the script something is open that is never closed."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A statement, from its first to its last token without the terminator, or what stands in its place.

    Attributes:
        comments: between the piece before and this one.
        problem: of an unterminated piece: what is not closed.
    """

    span: Span
    kind: PieceKind = PieceKind.STATEMENT
    comments: tuple[Comment, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Split:
    """The pieces of a script, in order.

    Attributes:
        comments: all comments outside of the pieces.
        templates: what a template fills in, outside of strings: `{{ … }}`, `{% … %}`, `${…}`.
    """

    pieces: tuple[Piece, ...]
    comments: tuple[Comment, ...] = ()
    templates: tuple[Span, ...] = ()


_TOKEN = re.compile(
    r"""
      (?P<space>\s+)
    | (?P<line>--[^\r\n]*)
    | (?P<block>/\*)
    | (?P<string>[eE]'[^'\\]*(?:(?:\\.|'')[^'\\]*)*'|'[^']*(?:''[^']*)*'|"[^"]*(?:""[^"]*)*")
    | (?P<quote>[eE]?'|")
    | (?P<template>\{\{(?:(?!\{\{).)*?\}\}|\{%(?:(?!\{%).)*?%\}|\$\{[^{}\n]*\})
    | (?P<dollar>\$(?:[A-Za-z_\x80-\U0010ffff][A-Za-z0-9_\x80-\U0010ffff]*)?\$)
    | (?P<word>[A-Za-z_\x80-\U0010ffff][A-Za-z0-9_$\x80-\U0010ffff]*)
    | (?P<number>[\d$][\w.]*)
    | (?P<end>;)
    | (?P<psql>\\[^\n]*)
    | (?P<open>[(\[])
    | (?P<close>[)\]])
    | (?P<other>[^\s\w"'$;\\()\[\]{/-]+|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENT_EDGE = re.compile(r"/\*|\*/")
_COPY_END = re.compile(r"^\\\.[ \t]*\r?$", re.MULTILINE)
_COPY_FROM_STDIN = re.compile(r"COPY\b.*\bFROM\s+STDIN\b", re.IGNORECASE | re.DOTALL)
#: Tokens that change nothing in the middle of a statement: most of them, so that they take the short way.
_PLAIN = frozenset({"word", "other", "number", "string"})
_KEPT_WORDS = frozenset({"BEGIN", "ATOMIC", "CASE", "END"})


def split(text: str, masked: Sequence[Span] = ()) -> Split:
    """Cut a script into its pieces. Never raises.

    Args:
        text: the script.
        masked: spans that a template fills in; quotes, semicolons and comment signs in them mean nothing.
    """
    return _Splitter(text, masked).run()


@dataclass(slots=True)
class _Splitter:
    text: str
    masked: Sequence[Span]
    pieces: list[Piece] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    templates: list[Span] = field(default_factory=list)
    waiting: list[Comment] = field(default_factory=list)
    """Comments since the last token."""
    inside: list[Comment] = field(default_factory=list)
    """Comments before the first token of the piece that is being read."""
    start: int = -1
    last: int = 0
    depth: int = 0
    atomic: int = 0
    previous_word: str = ""
    creates: bool = False

    def run(self) -> Split:
        from migsafe.parse.lexer import mask

        text = mask(self.text, self.masked) if self.masked else self.text
        match = _TOKEN.match
        at, length = 0, len(text)
        while at < length:
            found = match(text, at)
            assert found is not None, "the last alternative matches any character"
            kind = found.lastgroup or ""
            if kind == "space":
                at = found.end()
            elif kind in _PLAIN and self.start >= 0 and not self.creates and not self.waiting:
                self.last = at = found.end()
            else:
                at = self._token(text, kind, found)
        self._flush()
        self._place_comments()
        return Split(tuple(self.pieces), tuple(self.comments), tuple(self.templates))

    def _token(self, text: str, kind: str, found: re.Match[str]) -> int:
        """Deal with one token; returns where to go on."""
        start, end = found.span()
        if kind == "line":
            self.waiting.append(Comment(Span(start, end), found.group()[2:].strip()))
            return end
        if kind == "block":
            return self._block_comment(text, start)
        if kind == "end":
            return self._terminator(text, start, end)
        if kind == "psql":
            self._flush()
            self._begin(start)
            self.last = start + len(found.group().rstrip())
            self._flush(PieceKind.PSQL)
            return end
        if self.start < 0:
            self._begin(start)
            self.creates = kind == "word" and found.group().upper() == "CREATE"
        self.waiting.clear()
        return self._inside(text, kind, found)

    def _inside(self, text: str, kind: str, found: re.Match[str]) -> int:
        """Deal with a token of a statement."""
        start, end = found.span()
        if kind == "dollar":
            end = text.find(found.group(), end) + len(found.group())
            if end < len(found.group()):
                return self._unterminated(text, f"dollar quote {found.group()}")
        elif kind == "quote":
            return self._unterminated(text, "quoted name" if found.group() == '"' else "string")
        elif kind == "word":
            self._word(found.group().upper())
        elif kind == "open":
            self.depth += 1
        elif kind == "close":
            self.depth -= 1
        elif kind == "template":
            self.templates.append(Span(start, end))
        self.last = end
        return end

    def _word(self, word: str) -> None:
        """Follow `BEGIN ATOMIC … END` of SQL functions, in which semicolons end nothing."""
        if self.creates and word in _KEPT_WORDS:
            if word == "ATOMIC" and self.previous_word == "BEGIN":
                self.atomic = 1
            elif self.atomic and word == "CASE":
                self.atomic += 1
            elif self.atomic and word == "END":
                self.atomic -= 1
        self.previous_word = word

    def _begin(self, start: int) -> None:
        self._place_comments()
        self.start = start

    def _place_comments(self) -> None:
        self.comments.extend(self.waiting)
        self.inside.extend(self.waiting)
        self.waiting.clear()

    def _flush(self, kind: PieceKind = PieceKind.STATEMENT, problem: str = "") -> None:
        if self.start >= 0:
            self.pieces.append(Piece(Span(self.start, self.last), kind, tuple(self.inside), problem))
            self.inside.clear()
        self.start, self.depth, self.atomic, self.previous_word, self.creates = -1, 0, 0, "", False

    def _block_comment(self, text: str, start: int) -> int:
        depth, at = 1, start + 2
        while depth:
            edge = _COMMENT_EDGE.search(text, at)
            if edge is None:
                if self.start < 0:
                    self._begin(start)
                return self._unterminated(text, "comment")
            depth += 1 if edge.group() == "/*" else -1
            at = edge.end()
        self.waiting.append(Comment(Span(start, at), self.text[start + 2 : at - 2].strip()))
        return at

    def _terminator(self, text: str, start: int, end: int) -> int:
        if self.depth > 0 or self.atomic:
            return end
        statement = self.start
        self._flush()
        if statement >= 0 and text[statement : statement + 4].upper() == "COPY":
            return _after_copy_data(text, statement, start, end)
        return end

    def _unterminated(self, text: str, problem: str) -> int:
        self.last = len(text.rstrip())
        self._flush(PieceKind.UNTERMINATED, problem)
        return len(text)


def _after_copy_data(text: str, statement: int, terminator: int, end: int) -> int:
    r"""Behind the rows of a `COPY … FROM STDIN` and their `\.`; `end` where there are none.

    Without that line nothing is skipped: rows that are missing must not hide the rest of the script.
    """
    if not _COPY_FROM_STDIN.match(text, statement, terminator):
        return end
    line_end = text.find("\n", end)
    finish = _COPY_END.search(text, line_end + 1) if line_end >= 0 else None
    return finish.end() if finish else end
