"""Where a key stands between two others, as far as its type lets anybody say. Pure."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from decimal import Decimal, InvalidOperation
from uuid import UUID

from migsafe.postgres.keyset import Key


def share(low: Key, high: Key, place: Key | None) -> float | None:
    """How much of a range is behind a place, from 0 to 1; None for keys that are no numbers.

    Only the first column that differs is looked at: the others say little.
    """
    if place is None:
        return 0.0
    for first, last, now in zip(low, high, place, strict=True):
        if first == last:
            continue
        ends = [_number(text) for text in (first, last, now)]
        if any(end is None for end in ends):
            return None
        lowest, highest, here = (end for end in ends if end is not None)
        return min(max(float((here - lowest) / (highest - lowest)), 0.0), 1.0) if highest != lowest else 1.0
    return 1.0


def _number(text: str) -> Decimal | None:
    """A number, a moment or a UUID as a number that grows as it does."""
    with suppress(InvalidOperation):
        number = Decimal(text)
        return number if number.is_finite() else None
    with suppress(ValueError):
        return Decimal(UUID(text).int)
    with suppress(ValueError, OverflowError):
        return Decimal(datetime.fromisoformat(text).timestamp())
    return None
