"""Numbers as people write them."""

from __future__ import annotations


def count(number: int) -> str:
    """`12,345`."""
    return f"{number:,}"


def seconds(value: float) -> str:
    """`47 s`, `2.1 s`."""
    return f"{value:.0f} s" if value >= 10 else f"{value:.1f} s"


def milliseconds(value: float) -> str:
    """Seconds as milliseconds: `83 ms`; from a second on as seconds."""
    return f"{1000 * value:.0f} ms" if value < 1 else seconds(value)
