"""Pendulum, as far as modules need it to be imported: time zones and the standard library's moments."""

from __future__ import annotations

import datetime as dt
from typing import Any


def timezone(name: object = "UTC") -> dt.tzinfo:
    """UTC for every name: made-up rows hold made-up moments."""
    return dt.UTC


def now(tz: object = None) -> dt.datetime:
    """The present moment."""
    return dt.datetime.now(dt.UTC)


NAMES: dict[str, Any] = {
    "UTC": dt.UTC,
    "DateTime": dt.datetime,
    "Date": dt.date,
    "Time": dt.time,
    "Duration": dt.timedelta,
    "duration": dt.timedelta,
    "timezone": timezone,
    "local_timezone": timezone,
    "now": now,
}
