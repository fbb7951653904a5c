"""SQL text → tokens, the same for every dialect.

The tokens come from sqlglot's tokenizers, which know strings, dollar quotes, nested comments and quoted names of each
database. Two things are changed in them: multi-word keywords ("PRIMARY KEY") come as separate words, and no word
swallows the rest of its statement. Only `Tokenizer` is subclassed: its subclasses work with and without `sqlglotc`,
those of the parser and of expressions do not.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from enum import IntEnum
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from migsafe.model.dialect import Dialect
from migsafe.model.script import Span
from migsafe.parse.cursor import Stuck

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlglot.tokenizer_core import Token as RawToken
    from sqlglot.tokenizer_core import TokenType
    from sqlglot.tokens import Tokenizer


class Kind(IntEnum):
    """What a token is; keywords are words, since which of them are reserved depends on where they stand."""

    WORD = 0
    QUOTED = 1
    STRING = 2
    NUMBER = 3
    SYMBOL = 4
    PLACEHOLDER = 5
    """A word that a template fills in, wholly or in part: name, string or number, nobody knows."""


class Token(NamedTuple):
    """One token.

    Attributes:
        word: what to match on: a word in upper case, a symbol as it is, else empty.
        text: a word as written; a quoted name or a string without its quotes and with its escapes resolved.
        start: offset of its first code point in the script.
        end: offset behind its last code point.
    """

    kind: Kind
    word: str
    text: str
    start: int
    end: int


class Lexer:
    """Cuts a part of a script into tokens. Make one with `lexer_for`."""

    def __init__(self, tokenizer: Tokenizer, kinds: dict[TokenType, Kind]) -> None:
        self._tokenizer = tokenizer
        # A tokenizer keeps its place in itself; migrations are read in several threads.
        self._one_at_a_time = Lock()
        self._kinds = kinds

    def tokens(self, text: str, span: Span, templates: Sequence[Span] = ()) -> list[Token]:
        """The tokens of `text` in `span`.

        Args:
            text: the whole script.
            span: the part to read; tokens carry offsets in `text`.
            templates: spans of `text` that a template fills in, in order: each reads as a part of a word.

        Raises:
            Stuck: when the text cannot be cut into tokens, for example for a quote that is never closed.
        """
        from sqlglot.errors import TokenError

        inside = overlapping(templates, span)
        part = mask(text, inside)[span.start : span.end] if inside else text[span.start : span.end]
        try:
            with self._one_at_a_time:
                raw = self._tokenizer.tokenize(part)
        except TokenError as error:
            raise Stuck(f"cannot be cut into tokens ({error})", span) from None
        kinds = self._kinds
        base = span.start
        tokens = [_token(token, kinds.get(token.token_type), part, base) for token in raw]
        return [_unmask(token, text, inside) for token in tokens] if inside else tokens


def _token(raw: RawToken, kind: Kind | None, part: str, base: int) -> Token:
    text = raw.text
    start = raw.start
    if kind is None:
        first = text[:1]
        word = first.isalpha() or first == "_"
        return Token(
            Kind.WORD if word else Kind.SYMBOL, text.upper() if word else text, text, base + start, base + raw.end + 1
        )
    if kind is Kind.STRING and part[start].isdigit():
        kind, text = Kind.NUMBER, part[start : raw.end + 1]
    return Token(kind, "", text, base + start, base + raw.end + 1)


def mask(text: str, templates: Sequence[Span]) -> str:
    """The text with each template span written as underscores, so that all offsets stay."""
    parts: list[str] = []
    at = 0
    for start, end in templates:
        parts += (text[at:start], "_" * (end - start))
        at = end
    return "".join((*parts, text[at:]))


def overlapping(templates: Sequence[Span], span: Span) -> Sequence[Span]:
    """Those of the templates, which stand in order and apart from each other, that share a character with `span`."""
    first = bisect_right(templates, span.start, key=lambda template: template.end)
    last = bisect_left(templates, span.end, key=lambda template: template.start)
    return templates[first:last]


def _unmask(token: Token, text: str, templates: Sequence[Span]) -> Token:
    if not overlapping(templates, Span(token.start, token.end)):
        return token
    written = text[token.start : token.end]
    if token.kind in (Kind.QUOTED, Kind.STRING):
        return token._replace(text=written[1:-1])
    return token._replace(kind=Kind.PLACEHOLDER, word="", text=written)


@cache
def lexer_for(dialect: Dialect) -> Lexer:
    """The lexer of a dialect. Imports sqlglot, hence the cache and the late import."""
    from sqlglot.dialects import MySQL, Postgres, SQLite
    from sqlglot.tokenizer_core import TokenType

    stock: dict[Dialect, type[Tokenizer]] = {
        Dialect.POSTGRES: Postgres.Tokenizer,
        Dialect.MYSQL: MySQL.Tokenizer,
        Dialect.SQLITE: SQLite.Tokenizer,
    }
    base = stock[dialect]
    changes = {
        "KEYWORDS": {keyword: kind for keyword, kind in base.KEYWORDS.items() if " " not in keyword},
        "COMMANDS": set(),
    }
    make: Callable[..., Callable[..., Tokenizer]] = type(base)
    words_only = make("WordsOnly", (base,), changes)
    return Lexer(words_only(dialect=dialect.value), _kinds(TokenType))


def _kinds(types: type[TokenType]) -> dict[TokenType, Kind]:
    strings = [getattr(types, name) for name in types.__members__ if name.endswith("STRING")]
    return {types.IDENTIFIER: Kind.QUOTED, types.NUMBER: Kind.NUMBER} | dict.fromkeys(strings, Kind.STRING)
