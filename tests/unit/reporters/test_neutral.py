from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migsafe.reporters.neutral import neutral, neutral_line

ANY_TEXT = st.text(st.characters(exclude_categories=[]))


@given(ANY_TEXT)
def test_no_control_character_survives(text: str) -> None:
    left = {char for char in neutral(text) if unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"}}
    assert left <= {"\n", "\t"}


@given(ANY_TEXT)
def test_a_line_is_one_line_as_long_as_before(text: str) -> None:
    line = neutral_line(text)
    assert line.splitlines() in ([], [line])
    assert len(line) == len(text.replace("\r\n", "\n"))


@pytest.mark.parametrize("plain", ["SELECT 'ünïcödé 日本 🎉';", "a\tb\nc", "…→×", "e\u0301"])
def test_ordinary_text_stays_as_it_is(plain: str) -> None:
    assert neutral(plain) == plain


@pytest.mark.parametrize(
    ("harmful", "visible"),
    [
        ("\x1b[31m", "␛[31m"),
        ("\x9b31m", "\ufffd31m"),
        ("\x07", "␇"),
        ("\x7f", "␡"),
        ("a\rb", "a␍b"),
        ("a\r\nb", "a\nb"),
        ("\u202eabc", "\ufffdabc"),
        ("\u2066abc", "\ufffdabc"),
        ("\udcff", "\ufffd"),
    ],
)
def test_what_steers_a_terminal_becomes_visible(harmful: str, visible: str) -> None:
    assert neutral(harmful) == visible
