"""SQLite's tokens: what each is, and its value without quotes."""

from __future__ import annotations

import pytest

from migsafe.model.script import Span
from migsafe.parse.lexer import Kind
from migsafe.parse.sqlite.lexer import tokens


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("Name", Kind.WORD, "Name"),
        ("é", Kind.WORD, "é"),
        ('"a""b"', Kind.QUOTED, 'a"b'),
        ("`a``b`", Kind.QUOTED, "a`b"),
        ("[a ]", Kind.QUOTED, "a "),
        ("'it''s'", Kind.STRING, "it's"),
        (r"'a\'", Kind.STRING, "a\\"),
        ("X'0f'", Kind.STRING, "0f"),
        ("1_000.5", Kind.NUMBER, "1_000.5"),
        ("0xFF", Kind.NUMBER, "0xFF"),
        (":name", Kind.SYMBOL, ":name"),
        ("?12", Kind.SYMBOL, "?12"),
        ("->>", Kind.SYMBOL, "->>"),
        ("{{ prefix }}users", Kind.PLACEHOLDER, "{{ prefix }}users"),
    ],
)
def test_a_token_has_its_kind_and_value(text: str, kind: Kind, value: str) -> None:
    (token,) = tokens(text, Span(0, len(text)))
    assert (token.kind, token.text, token.start, token.end) == (kind, value, 0, len(text))
