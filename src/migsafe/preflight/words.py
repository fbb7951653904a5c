"""Numbers and names as sentences want them."""

from __future__ import annotations

from collections.abc import Sequence

_UNITS = (("h", 3600), ("min", 60))
_SIZES = ("bytes", "kB", "MB", "GB", "TB")
_FEW = 3


def duration(seconds: float) -> str:
    """`0.4 s`, `42 s`, `3 min 05 s`, `2 h 10 min`."""
    if seconds < 10:
        return f"{max(seconds, 0.0):.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def size(count: float) -> str:
    """Bytes by the powers of 1,024, as Postgres writes them: `1.5 GB`."""
    place = 0
    while count >= 1024 and place < len(_SIZES) - 1:
        count, place = count / 1024, place + 1
    return f"{count:.0f} {_SIZES[place]}" if place == 0 or count >= 10 else f"{count:.1f} {_SIZES[place]}"


def some(names: Sequence[object]) -> str:
    """A few of them, and how many more there are."""
    more = f" and {len(names) - _FEW} more" if len(names) > _FEW else ""
    return ", ".join(map(str, names[:_FEW])) + more


def counted(number: int, one: str, many: str | None = None) -> str:
    """`1 table`, `3 tables`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
