from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from migsafe.model.script import Span
from migsafe.parse.lexer import mask, overlapping


@st.composite
def apart(draw: st.DrawFn) -> list[Span]:
    """Spans in order that share no character."""
    edges = sorted(draw(st.sets(st.integers(0, 40), max_size=12)))
    return [Span(start, end) for start, end in zip(edges[::2], edges[1::2], strict=False)]


@given(apart(), st.integers(0, 40), st.integers(1, 10))
def test_overlapping_is_what_shares_a_character(spans: list[Span], start: int, length: int) -> None:
    place = Span(start, start + length)
    expected = [span for span in spans if span.start < place.end and place.start < span.end]
    assert list(overlapping(spans, place)) == expected


@given(apart())
def test_a_mask_moves_nothing(spans: list[Span]) -> None:
    text = "x" * 40
    expected = "".join("_" if any(a <= i < b for a, b in spans) else "x" for i in range(40))
    assert mask(text, spans) == expected
