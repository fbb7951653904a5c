"""SQL in one spelling, so that layout, comments, case and quotes make no difference."""

from __future__ import annotations

import re
from functools import lru_cache

from migsafe.model.script import Span
from migsafe.parse.lexer import Kind, Token
from migsafe.parse.sqlite.lexer import tokens

#: How many pieces are remembered: most of a schema stays as it is from one migration to the next.
_REMEMBERED = 8192

_NO_SPACE = re.compile(r" (?=[),.;])|(?<=[(.]) ")
_CALL = re.compile(r"(?<=\w) \((?!select\b)")

#: Words behind which a bracket is no call's.
_BEFORE_BRACKET = re.compile(r"\b(and|or|not|in|as|on|check|default|key|values|then|else|when|exists|from|where)\(")


@lru_cache(maxsize=_REMEMBERED)
def spelt(sql: str) -> str:
    """A piece of SQL with one space between its tokens where there is one, names and key words in lower case."""
    found = _NO_SPACE.sub("", " ".join(_written(token) for token in tokens(sql, Span(0, len(sql)))))
    return _BEFORE_BRACKET.sub(r"\1 (", _CALL.sub("(", found))


def spelt_default(sql: str | None) -> str | None:
    """A column's default: without the brackets around all of it, and None for NULL."""
    text = spelt(sql or "")
    while text.startswith("(") and text.endswith(")") and _closes_at_end(text):
        text = text[1:-1]
    return None if text in {"", "null"} else text


def behind_head(sql: str) -> str:
    """A CREATE INDEX from its first bracket on: the keys, and the condition."""
    return "(" + spelt(sql[sql.index("(") + 1 :]).replace(" asc,", ",").replace(" asc)", ")")


def _written(token: Token) -> str:
    match token.kind:
        case Kind.WORD | Kind.QUOTED:
            return token.text.lower()
        case Kind.STRING:
            return "'" + token.text.replace("'", "''") + "'"
        case _:
            return token.text


def _closes_at_end(text: str) -> bool:
    """Whether the first bracket is closed by the last character."""
    depth = 0
    for at, sign in enumerate(text):
        depth += {"(": 1, ")": -1}.get(sign, 0)
        if depth == 0:
            return at == len(text) - 1
    return False
