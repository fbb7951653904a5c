"""MySQL's lexemes (MySQL 8.4 manual, 11.1 "Literal Values", 11.2 "Schema Object Names", 11.7 "Comments")."""

from __future__ import annotations

import re
from functools import lru_cache

_PATTERN = r"""
    \s*(?:
      (?P<comment> \#[^\n]* | --(?=[\s\x00-\x1f]|\Z)[^\n]* | /\*.*?\*/ )
    | (?P<name> `(?:[^`]|``)*` )
    | (?P<string> [nNxXbB]?'(?:[^'\\]|\\.|'')*' | "(?:[^"\\]|\\.|"")*" )
    | (?P<variable> @@?(?:`(?:[^`]|``)*`|'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*"|(?:{stop}[\w$.])*) | \?  )
    | (?P<number> 0[xX][0-9a-fA-F]+\b | 0[bB][01]+\b | (?:\d+(?:\.\d*)?|\.\d+)[eE][+-]?\d+(?![\w$])
                | \d+\.\d*(?![\w$]) | \d+(?![\w$]) | \.\d+(?![\w$]) )
    | (?P<word> (?:{stop}[\w$])+ )
    | (?P<broken> ['"`].*\Z | /\*.*\Z )
    | (?P<symbol> {delimiter}:= | <=> | ->> | -> | << | >> | <= | >= | <> | != | \|\| | && | . )
    )
"""


@lru_cache(maxsize=32)
def lexeme_pattern(delimiter: str = ";") -> re.Pattern[str]:
    """The expression for `lexemes`; a word and a variable end where the delimiter begins, as in the mysql client."""
    if delimiter == ";":
        return _compile("", "")
    return _compile(f"(?!{_escape(delimiter)})", f"{_escape(delimiter)} | ")


def _escape(delimiter: str) -> str:
    return "".join(f"\\x{ord(char):02x}" if ord(char) < 256 else f"\\u{ord(char):04x}" for char in delimiter)


def _compile(stop: str, delimiter: str) -> re.Pattern[str]:
    written = _PATTERN.replace("{stop}", stop).replace("{delimiter}", delimiter)
    return re.compile(written, re.VERBOSE | re.DOTALL)
