"""Keys that sort names as people count: `2_b` before `10_a`."""

from __future__ import annotations

import re

_DIGITS = re.compile(r"([0-9]+)")

NaturalKey = tuple[tuple[tuple[int, int, str], ...], str]


def natural_key(name: str) -> NaturalKey:
    """A key that compares runs of digits by their value and the rest as text; the name itself breaks ties."""
    parts = tuple(
        (0, int(part), "") if index % 2 else (1, 0, part) for index, part in enumerate(_DIGITS.split(name)) if part
    )
    return parts, name
