"""Blanking keeps every offset and every line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migsafe.model.script import Span
from migsafe.sources.masking import blank, is_only_comments, keep_only, lines_of

TEXTS = st.text(alphabet=st.sampled_from("a ;-\n\r\u00e9\U0001f600'$"), max_size=40)


@given(text=TEXTS, data=st.data())
def test_what_is_kept_stays_where_it_is_and_the_rest_is_blank(text: str, data: st.DataObject) -> None:
    offsets = st.integers(0, len(text))
    spans = [Span(*sorted(pair)) for pair in data.draw(st.lists(st.tuples(offsets, offsets), max_size=4))]
    kept = keep_only(text, spans)
    assert len(kept) == len(text)
    for offset, (was, now) in enumerate(zip(text, kept, strict=True)):
        inside = any(span.start <= offset < span.end for span in spans)
        assert now == (was if inside or was in "\r\n" else " ")


@given(TEXTS)
def test_lines_cover_the_text(text: str) -> None:
    lines = list(lines_of(text))
    assert "".join(line.text for line in lines) == text
    assert all(text[line.start : line.end] == line.text for line in lines)
    assert all("\n" not in line.text[:-1] for line in lines)


def test_blank_keeps_line_breaks() -> None:
    assert blank("ab\r\nc\n") == "  \r\n \n"


@pytest.mark.parametrize("text", ["", " \n", "-- a\n/* b\nc */\n", "-- no break at the end"])
def test_comments_and_space_are_only_comments(text: str) -> None:
    assert is_only_comments(text)


@pytest.mark.parametrize("text", ["SELECT 1;", "-- a\n;", "/* never closed"])
def test_anything_else_is_not(text: str) -> None:
    assert not is_only_comments(text)


def test_long_white_space_is_no_trap() -> None:
    assert not is_only_comments(" " * 100_000 + "x")
