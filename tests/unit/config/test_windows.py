"""When migrations may run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migsafe.config.values import BadValue
from migsafe.config.windows import read_windows

MONDAY = datetime(2026, 11, 2, tzinfo=UTC)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """A moment of the week that begins on Monday, the day 0."""
    return MONDAY + timedelta(days=day, hours=hour, minutes=minute)


@pytest.mark.parametrize(
    ("text", "moment", "is_open"),
    [
        ("Mon-Thu 09-16", at(0, 9), True),
        ("Mon-Thu 09-16", at(0, 8, 59), False),
        ("Mon-Thu 09-16", at(3, 15, 59), True),
        ("Mon-Thu 09-16", at(3, 16), False),
        ("Mon-Thu 09-16", at(4, 10), False),
        ("fri 9:30-10", at(4, 9, 45), True),
        ("Sat-Mon 00-24", at(0, 23, 59), True),
        ("Sat-Mon 00-24", at(1, 0), False),
        ("Mon 22-04", at(1, 3, 59), True),
        ("Mon 22-04", at(0, 3), False),
        ("Mon 22-04", at(1, 22), False),
        ("Mon 09-10, Tue 11-12", at(1, 11), True),
        ("Mon 09-10, Tue 11-12", at(1, 9), False),
    ],
)
def test_open_and_closed(text: str, moment: datetime, is_open: bool) -> None:
    assert read_windows(text).is_open(moment) is is_open


@pytest.mark.skipif("Europe/Berlin" not in available_timezones(), reason="this machine has no time zones")
def test_the_time_zone_that_is_named() -> None:
    windows = read_windows("Mon 09-10 Europe/Berlin")
    assert windows.is_open(at(0, 8, 30))
    assert not windows.is_open(at(0, 9, 30))
    assert f"{windows.next_opening(at(0, 9, 30)):%a %H:%M %Z}" == "Mon 09:00 CET"


@pytest.mark.parametrize(
    "value", ["", "Mon", "09-16", "Mon-Thu", "Mon 9", "Mon 25-26", "Mon 09-09", "Xyz 09-10", "Mon 09:61-10", 5, [5], []]
)
def test_what_cannot_be_read_is_refused(value: object) -> None:
    with pytest.raises(BadValue):
        read_windows(value)


def test_an_unknown_time_zone_is_named() -> None:
    with pytest.raises(BadValue) as caught:
        read_windows("Mon 09-10 Mars/Olympus")
    assert "Mars/Olympus" in caught.value.allowed


@given(st.integers(0, 7 * 24 * 60 - 1), st.sampled_from(["Mon-Thu 09-16", "Fri 22-04", "Sun 00-24, Wed 09:30-10"]))
def test_it_is_open_when_it_says_that_it_opens(minute: int, text: str) -> None:
    windows, moment = read_windows(text), MONDAY + timedelta(minutes=minute)
    opening = windows.next_opening(moment)
    assert opening >= moment
    assert windows.is_open(opening)
    if opening > moment:
        assert not windows.is_open(opening - timedelta(minutes=1))
