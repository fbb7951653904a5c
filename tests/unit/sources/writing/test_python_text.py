"""Literals, and the colons of SQLAlchemy's text()."""

from __future__ import annotations

import ast

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import postgresql

from migsafe.sources.writing.python_text import for_text_construct, literal

texts = st.text() | st.text(st.sampled_from("\"'\\:aé_$ %\n\r\t\0{}1"), max_size=30)


@given(texts)
def test_a_literal_is_exactly_its_text(text: str) -> None:
    written = literal(text)
    assert ast.literal_eval(written) == text
    assert ast.literal_eval(written.replace("\n", "\r\n")) == text


@given(texts)
def test_text_sends_what_was_meant(text: str) -> None:
    compiled = sa.text(for_text_construct(text)).compile(dialect=postgresql.dialect(paramstyle="named"))  # type: ignore[no-untyped-call]  # untyped there
    assert (str(compiled), compiled.params) == (text, {})


@pytest.mark.parametrize("text", ["a::int", "12:30", "arr[1:2]", "x := 1", "E'\\n'"])
def test_what_text_leaves_alone_stays_readable(text: str) -> None:
    assert for_text_construct(text) == text


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("SELECT 1", '"SELECT 1"'),
        ("SELECT 1\nFROM t", '"""SELECT 1\nFROM t"""'),
        ("E'\\n'", 'r"""E\'\\n\'"""'),
        ('ALTER TABLE "a"', '"""ALTER TABLE "a\\""""'),
    ],
)
def test_literals_are_readable(text: str, written: str) -> None:
    assert literal(text) == written
