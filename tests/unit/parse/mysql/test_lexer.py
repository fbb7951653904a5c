"""MySQL's tokens: what each is, and its value without quotes and escapes."""

from __future__ import annotations

import pytest

from migsafe.model.script import Span
from migsafe.parse.lexer import Kind
from migsafe.parse.mysql.lexer import tokens


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("Name", Kind.WORD, "Name"),
        ("1st", Kind.WORD, "1st"),
        ("a$b", Kind.WORD, "a$b"),
        ("`a``b`", Kind.QUOTED, "a`b"),
        ("'it''s'", Kind.STRING, "it's"),
        (r"'a\'b\n\%'", Kind.STRING, "a'b\n\\%"),
        ('"say ""hi"""', Kind.STRING, 'say "hi"'),
        ("x'0f'", Kind.STRING, "0f"),
        ("N'text'", Kind.STRING, "text"),
        ("1.5e-3", Kind.NUMBER, "1.5e-3"),
        ("0x1F", Kind.NUMBER, "0x1F"),
        ("@`a b`", Kind.SYMBOL, "@`a b`"),
        ("@@session.x", Kind.SYMBOL, "@@session.x"),
        ("?", Kind.SYMBOL, "?"),
        ("<=>", Kind.SYMBOL, "<=>"),
        ("${table}_old", Kind.PLACEHOLDER, "${table}_old"),
    ],
)
def test_a_token_has_its_kind_and_value(text: str, kind: Kind, value: str) -> None:
    (token,) = tokens(text, Span(0, len(text)))
    assert (token.kind, token.text, token.start, token.end) == (kind, value, 0, len(text))


def test_tokens_carry_offsets_of_the_whole_script_and_no_comments() -> None:
    text = "x; a /* b */ c # d"
    assert [(token.text, token.start) for token in tokens(text, Span(3, len(text)))] == [("a", 3), ("c", 13)]
