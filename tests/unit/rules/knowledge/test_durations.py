from __future__ import annotations

import pytest

from migsafe.rules.knowledge.durations import milliseconds


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", 0),
        ("500", 500),
        ("500ms", 500),
        ("2s", 2_000),
        ("2 s", 2_000),
        ("1.5s", 1_500),
        ("1min", 60_000),
        ("1h", 3_600_000),
    ],
)
def test_a_duration_is_read_as_postgres_reads_it(text: str, expected: float) -> None:
    assert milliseconds(text) == expected


@pytest.mark.parametrize("text", ["", "soon", "2 seconds", "-1", "default"])
def test_anything_else_is_no_duration(text: str) -> None:
    assert milliseconds(text) is None
