from __future__ import annotations

import pytest

from migsafe.reporters.frame import display_width


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("", 0),
        ("abc", 3),
        ("a\tb", 6),
        ("表", 2),
        ("😀", 2),
        ("e\u0301", 1),
        ("\u0e01\u0e31", 1),  # a Thai vowel: drawn above, though its combining class is 0
        ("a\u20dd", 1),  # an enclosing circle
        ("\u2764\ufe0f", 2),
        ("é", 1),
    ],
)
def test_columns_of_a_terminal(text: str, columns: int) -> None:
    assert display_width(text) == columns
