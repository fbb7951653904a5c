"""When a database may be changed: `Mon-Thu 09-16`, with a time zone where it is not UTC."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from migsafe.config.values import BadValue

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WINDOW = re.compile(
    r"(?P<first>[a-z]{3})(?:-(?P<last>[a-z]{3}))?\s+"
    r"(?P<from>\d{1,2}(?::\d{2})?)-(?P<to>\d{1,2}(?::\d{2})?)(?:\s+(?P<zone>\S+))?\Z",
    re.IGNORECASE,
)
_ALLOWED = 'windows such as "Mon-Thu 09-16" or "Mon-Fri 22:00-04:00 Europe/Berlin", with commas between'
_A_DAY = 24 * 60


@dataclass(frozen=True, slots=True)
class Window:
    """Some hours of some days of each week.

    Attributes:
        days: on which it opens; Monday is 0.
        opens: minutes after midnight.
        closes: minutes after midnight; on the next day where it is not after `opens`.
    """

    days: frozenset[int]
    opens: int
    closes: int
    zone: tzinfo = UTC

    def is_open(self, moment: datetime) -> bool:
        """Whether it is open at a moment, which knows its time zone."""
        local = moment.astimezone(self.zone)
        minute = local.hour * 60 + local.minute
        if self.opens < self.closes:
            return local.weekday() in self.days and self.opens <= minute < self.closes
        since_yesterday = (local.weekday() - 1) % 7 in self.days and minute < self.closes
        return since_yesterday or (local.weekday() in self.days and minute >= self.opens)


@dataclass(frozen=True, slots=True)
class Windows:
    """When migrations may run.

    Attributes:
        text: as the configuration says it.
    """

    text: str
    each: tuple[Window, ...]

    def is_open(self, moment: datetime) -> bool:
        """Whether one of them is open."""
        return any(window.is_open(moment) for window in self.each)

    def next_opening(self, moment: datetime) -> datetime:
        """When one of them opens next, in its own time zone; `moment` itself where one is open."""
        if self.is_open(moment):
            return moment
        return min((opening for window in self.each for opening in _openings(window, moment)), key=datetime.timestamp)


def _openings(window: Window, moment: datetime) -> list[datetime]:
    local = moment.astimezone(window.zone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    days = (midnight + timedelta(days=ahead) for ahead in range(8))
    openings = (
        day.replace(hour=window.opens // 60, minute=window.opens % 60) for day in days if day.weekday() in window.days
    )
    return [opening for opening in openings if opening > local]


def read_windows(value: object) -> Windows:
    """Windows as the configuration says them: a text, or a list of texts.

    Raises:
        BadValue: when one cannot be read.
    """
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list | tuple) or not all(isinstance(text, str) for text in texts):
        raise BadValue(_ALLOWED)
    pieces = [piece.strip() for text in texts for piece in text.split(",")]
    if not pieces:
        raise BadValue(_ALLOWED)
    return Windows(", ".join(pieces), tuple(map(_window, pieces)))


def _window(text: str) -> Window:
    match = _WINDOW.match(text)
    if match is None:
        raise BadValue(_ALLOWED)
    opens, closes = _minutes(match["from"]), _minutes(match["to"])
    if opens in {_A_DAY, closes}:
        raise BadValue(_ALLOWED)
    # Until 24 is until the midnight that ends the day.
    return Window(_days(match["first"], match["last"] or match["first"]), opens, closes, _zone(match["zone"]))


def _days(first: str, last: str) -> frozenset[int]:
    if not {first.lower(), last.lower()} <= set(_DAYS):
        raise BadValue(_ALLOWED)
    start, end = _DAYS.index(first.lower()), _DAYS.index(last.lower())
    return frozenset((start + ahead) % 7 for ahead in range((end - start) % 7 + 1))


def _minutes(text: str) -> int:
    hours, _, minutes = text.partition(":")
    total = int(hours) * 60 + int(minutes or 0)
    if total > _A_DAY or int(minutes or 0) >= 60:
        raise BadValue(_ALLOWED)
    return total


def _zone(name: str | None) -> tzinfo:
    if name is None or name.upper() in {"UTC", "Z"}:
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadValue(f"windows whose time zone this machine knows; it knows no {name}") from None
