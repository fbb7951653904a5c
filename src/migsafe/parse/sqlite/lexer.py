"""SQLite's lexemes (sqlite.org, "SQL Comment Syntax", "SQLite Keywords", "Literal Values")."""

from __future__ import annotations

import re
from collections.abc import Sequence

from migsafe.model.script import Span
from migsafe.parse.lexeme import TEMPLATE, Lexeme, LexemeKind, lexemes, token_of
from migsafe.parse.lexer import Token

#: A block comment that runs to the end of the script is closed there: SQLite says so.
PATTERN = re.compile(
    rf"""
    \s*+(?:
      (?P<comment> --[^\n]* | /\*.*?(?:\*/|\Z) )
    | (?P<name> "(?:[^"]|"")*" | `(?:[^`]|``)*` | \[[^\]]*\] )
    | (?P<string> [xX]?'(?:[^']|'')*' )
    | (?P<broken> [xX]?['"`\[].*\Z )
    | (?P<number> 0[xX][0-9a-fA-F_]+ | (?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?\d+)? )
    | (?P<word> (?:{TEMPLATE}|[^\W\d])(?:{TEMPLATE}|[\w$])* )
    | (?P<variable> \?\d* | [:@$][\w$:]+ )
    | (?P<symbol> ->> | -> | << | >> | <= | >= | <> | != | == | \|\| | . )
    )
    """,
    re.VERBOSE | re.DOTALL,
)

_QUOTE_OF = {'"': '""', "`": "``", "'": "''"}


def tokens(text: str, span: Span, templates: Sequence[Span] = ()) -> list[Token]:
    """The tokens of `text` in `span`.

    Args:
        templates: spans of `text` that a template fills in.
    """
    found = lexemes(PATTERN, text, span.start, span.end)
    return [token_of(each, _value(each), templates) for each in found if each.kind is not LexemeKind.COMMENT]


def _value(lexeme: Lexeme) -> str:
    if lexeme.kind not in (LexemeKind.NAME, LexemeKind.STRING):
        return lexeme.text
    quote = lexeme.text[-1]
    inside = lexeme.text[lexeme.text.index("[" if quote == "]" else quote) + 1 : -1]
    return inside if quote == "]" else inside.replace(_QUOTE_OF[quote], quote)
