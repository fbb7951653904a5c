"""Durations as Postgres' settings spell them.

Source: PostgreSQL 18 manual, 19.1.1 "Parameter Names and Values".
"""

from __future__ import annotations

import re

_MILLISECONDS = {"us": 0.001, "ms": 1, "s": 1_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}
_DURATION = re.compile(r"\s*(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>us|ms|s|min|h|d)?\s*\Z")


def milliseconds(value: str) -> float | None:
    """A timeout in milliseconds, which is also its unit when none is said; None when it is no duration."""
    match = _DURATION.match(value)
    if match is None:
        return None
    return float(match["number"]) * _MILLISECONDS[match["unit"] or "ms"]
