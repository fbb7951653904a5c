"""Numbers as people write them."""

from __future__ import annotations

import pytest

from migsafe.demo.words import count, milliseconds, seconds


def test_thousands_have_commas() -> None:
    assert (count(0), count(999), count(12345)) == ("0", "999", "12,345")


@pytest.mark.parametrize(("value", "said"), [(0, "0.0 s"), (2.14, "2.1 s"), (9.99, "10.0 s"), (54.4, "54 s")])
def test_seconds(value: float, said: str) -> None:
    assert seconds(value) == said


@pytest.mark.parametrize(("value", "said"), [(0.0, "0 ms"), (0.0834, "83 ms"), (1.0, "1.0 s"), (61.2, "61 s")])
def test_milliseconds(value: float, said: str) -> None:
    assert milliseconds(value) == said
