"""Texts cut into parts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migsafe.shadow.compat.scan import first_word, parts

SQL_LIKE = st.text(alphabet=st.sampled_from("ab1 $'\"-/*\\\n:@?%();Ee"), max_size=60)


@given(SQL_LIKE | st.text(max_size=40))
def test_the_parts_are_the_text(text: str) -> None:
    found = list(parts(text))
    assert "".join(part.text for part in found) == text
    assert all(text[part.start : part.end] == part.text != "" for part in found)


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("a$b", ["word"]),
        ("$1", ["number"]),
        ("$$ ' $$", ["string"]),
        ("$x$ $$ $x$", ["string"]),
        (r"E'\'' ", ["string", "space"]),
        (r"'\'", ["string"]),
        ("'it''s'", ["string"]),
        ('"a""b"', ["name"]),
        ("-- '\n'x'", ["comment", "space", "string"]),
        ("/* /* */ ' */a", ["comment", "word"]),
        ("/* never", ["comment"]),
        ("$$never", ["string"]),
        ("'never", ["code", "word"]),
    ],
)
def test_kinds(text: str, kinds: list[str]) -> None:
    assert [part.kind for part in parts(text)] == kinds


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("select 1", "SELECT"),
        ("-- insert\n/* update */ ((with a as", "WITH"),
        ("'select'", ""),
        ("", ""),
        ("; select", ""),
    ],
)
def test_first_word(text: str, word: str) -> None:
    assert first_word(text) == word
