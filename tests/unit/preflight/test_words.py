"""Numbers in sentences."""

from __future__ import annotations

import pytest

from migsafe.preflight.words import counted, duration, size, some


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-0.1, "0.0 s"),
        (0.44, "0.4 s"),
        (42.4, "42 s"),
        (59.6, "1 min 00 s"),
        (185, "3 min 05 s"),
        (7_800, "2 h 10 min"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 bytes"),
        (1023, "1023 bytes"),
        (1536, "1.5 kB"),
        (20 << 20, "20 MB"),
        (3 << 40, "3.0 TB"),
        (5 << 50, "5120 TB"),
    ],
)
def test_sizes(count: int, text: str) -> None:
    assert size(count) == text


def test_lists_and_counts() -> None:
    assert some(["a", "b", "c", "d"]) == "a, b, c and 1 more"
    assert some(["a"]) == "a"
    assert counted(1, "check") == "1 check"
    assert counted(1_000, "session waits", "sessions wait") == "1,000 sessions wait"
