"""The next version in a project's own style: numbers of the same width, or times written as the neighbours write them.

A version is digits, perhaps parted: `0007`, `20260131120000`, `2026-01-31-120000`, `2.1`, `1769860800`. What the last
one is, the next one is too: a time is the present one, but later than every neighbour; a number is one more.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from migsafe.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

#: How many digits a written time has, and the smallest step between two of them; more digits are filled with zeros.
_STAMPS = {8: ("%Y%m%d", timedelta(days=1)), 12: ("%Y%m%d%H%M", timedelta(minutes=1))}
_SECONDS = ("%Y%m%d%H%M%S", timedelta(seconds=1))
_SECOND_DIGITS = 14
_EPOCH = {10: 1, 13: 1000}
#: Years that a written time may have; four digits of any other kind are no year.
_YEARS = range(1990, 2101)
_RUN = re.compile(r"[0-9]+")

#: What a tool calls the first migration of a project.
TIME = "%Y%m%d%H%M%S"

Key = tuple[int | str, ...]


class NoRoomError(UsageError):
    """There is no version between two neighbours."""


def by_number(version: str) -> Key:
    """A version as tools compare it that read numbers."""
    return tuple(int(run) for run in _RUN.findall(version))


def by_text(version: str) -> Key:
    """A version as tools compare it that sort names."""
    return (version,)


def next_versions(
    taken: Iterable[str], count: int, now: datetime, *, key: Callable[[str], Key], first: str, after: str | None = None
) -> list[str]:
    """Versions for new migrations.

    Args:
        taken: the versions there are.
        count: how many are wanted.
        now: the present time; without a zone it is UTC.
        key: how the tool compares versions.
        first: what an empty project begins with; it may have strftime's signs.
        after: they must follow this one directly, instead of the last.

    Raises:
        NoRoomError: there is no such version before the next neighbour's.
    """
    now = now.replace(tzinfo=UTC) if now.tzinfo is None else now.astimezone(UTC)
    known = sorted(taken, key=key)
    last = after if after is not None else known[-1] if known else None
    ceiling = next((one for one in known if last is not None and key(one) > key(last)), None)
    found: list[str] = []
    for _ in range(count):
        # Between neighbours the present time would come too late.
        version = now.strftime(first) if last is None else _following(last, now if ceiling is None else None)
        if last is not None and key(version) <= key(last):
            raise NoRoomError(f"{version} would sort before {last}", hint="give the versions more digits first")
        if ceiling is not None and key(version) >= key(ceiling):
            raise NoRoomError(f"there is no version between {last} and {ceiling}")
        found.append(version)
        last = version
    return found


def _following(last: str, now: datetime | None) -> str:
    """The version after one; without a present time the closest."""
    digits = "".join(_RUN.findall(last))
    later = _later(digits, now)
    if later is not None:
        return _in_shape(later, last)
    *_, run = _RUN.finditer(last)
    return last[: run.start()] + str(int(run.group()) + 1).zfill(len(run.group())) + last[run.end() :]


def _in_shape(digits: str, like: str) -> str:
    """Digits with the separators of another version."""
    left = iter(digits)
    return _RUN.sub(lambda run: "".join(next(left) for _ in run.group()), like)


def _later(digits: str, now: datetime | None) -> str | None:
    """The next time in a style; None where the digits are no time."""
    written, step = _SECONDS if len(digits) >= _SECOND_DIGITS else _STAMPS.get(len(digits), ("", timedelta()))
    moment = _moment(digits[: len(digits) if len(digits) in _STAMPS else _SECOND_DIGITS], written)
    if moment is not None:
        return max(moment + step, now or moment).strftime(written).ljust(len(digits), "0")
    per_second = _EPOCH.get(len(digits))
    if per_second is None:
        return None
    day = _moment(digits[:8], "%Y%m%d")
    if day is not None:  # a day and a number on it
        today = now.strftime("%Y%m%d") + "01" if now is not None else ""
        return max(str(int(digits) + 1), today)
    return str(max(int(digits) + 1, int(now.timestamp() * per_second) if now is not None else 0))


def _moment(digits: str, written: str) -> datetime | None:
    if not written:
        return None
    try:
        moment = datetime.strptime(digits, written).replace(tzinfo=UTC)
    except ValueError:
        return None
    return moment if moment.year in _YEARS else None
