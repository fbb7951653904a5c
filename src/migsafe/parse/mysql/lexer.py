"""MySQL's lexemes (MySQL 8.4 manual, 11.1 "Literal Values", 11.2 "Schema Object Names", 11.7 "Comments")."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from migsafe.model.script import Span
from migsafe.parse.lexeme import TEMPLATE, Lexeme, LexemeKind, lexemes, token_of
from migsafe.parse.lexer import Token

_PATTERN = r"""
    \s*+(?:
      (?P<comment> \#[^\n]* | --(?=[\s\x00-\x1f]|\Z)[^\n]* | /\*.*?\*/ )
    | (?P<name> `(?:[^`]|``)*` )
    | (?P<string> [nNxXbB]?'(?:[^'\\]|\\.|'')*' | "(?:[^"\\]|\\.|"")*" )
    | (?P<broken> [nNxXbB]?['"`].*\Z | /\*.*\Z )
    | (?P<variable> @@?(?:`(?:[^`]|``)*`|'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*"|(?:{stop}[\w$.])*) | \? )
    | (?P<number> 0[xX][0-9a-fA-F]+(?![\w$]) | 0b[01]+(?![\w$]) | (?:\d+(?:\.\d*)?|\.\d+)[eE][+-]?\d+(?![\w$])
                | \d+\.\d*(?![\w$]) | \d+(?![\w$]) | (?<![\w`])\.\d+(?![\w$]) )
    | (?P<word> (?:{template}|{stop}[\w$])+ )
    | (?P<symbol> {delimiter}:= | <=> | ->> | -> | << | >> | <= | >= | <> | != | \|\| | && | . )
    )
"""

_ESCAPE = re.compile(r"\\(.)|''|\"\"", re.DOTALL)
_ESCAPED = {"0": "\0", "b": "\b", "n": "\n", "r": "\r", "t": "\t", "Z": "\x1a", "%": r"\%", "_": r"\_"}


@lru_cache(maxsize=32)
def lexeme_pattern(delimiter: str = ";") -> re.Pattern[str]:
    """The expression for `lexemes`; words and variables end where the delimiter begins, as in the mysql client."""
    written = re.escape(delimiter)
    stop, symbol = ("", "") if delimiter == ";" else (f"(?!{written})", f"{written} | ")
    pattern = _PATTERN.replace("{stop}", stop).replace("{delimiter}", symbol).replace("{template}", TEMPLATE)
    return re.compile(pattern, re.VERBOSE | re.DOTALL)


def tokens(text: str, span: Span, templates: Sequence[Span] = ()) -> list[Token]:
    """The tokens of `text` in `span`; a string in double quotes is a string, though it may stand for a name.

    Args:
        text: the script, its executable comments unwrapped.
        templates: spans of `text` that a template fills in.
    """
    found = lexemes(lexeme_pattern(), text, span.start, span.end)
    return [token_of(each, _value(each), templates) for each in found if each.kind is not LexemeKind.COMMENT]


def _value(lexeme: Lexeme) -> str:
    if lexeme.kind is LexemeKind.NAME:
        return lexeme.text[1:-1].replace("``", "`")
    if lexeme.kind is LexemeKind.STRING:
        return _ESCAPE.sub(_unescape, lexeme.text[lexeme.text.index(lexeme.text[-1]) + 1 : -1])
    return lexeme.text


def _unescape(match: re.Match[str]) -> str:
    escaped: str | None = match[1]
    return match[0][0] if escaped is None else _ESCAPED.get(escaped, escaped)
