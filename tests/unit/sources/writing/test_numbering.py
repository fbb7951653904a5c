"""The next version in every style that projects have."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migsafe.sources.writing.numbering import TIME, NoRoomError, by_number, by_text, next_versions

if TYPE_CHECKING:
    from collections.abc import Callable

    from migsafe.sources.writing.numbering import Key

NOW = datetime(2026, 11, 23, 5, 30, 15, tzinfo=UTC)


def following(
    *taken: str, count: int = 2, key: Callable[[str], Key] = by_number, after: str | None = None
) -> list[str]:
    return next_versions(taken, count, NOW, key=key, first=TIME, after=after)


@pytest.mark.parametrize(
    ("last", "found"),
    [
        ("1", ["2", "3"]),
        ("9", ["10", "11"]),
        ("0007", ["0008", "0009"]),
        ("000099", ["000100", "000101"]),
        ("2.1", ["2.2", "2.3"]),
        ("2_09", ["2_10", "2_11"]),
        ("20260131120000", ["20261123053015", "20261123053016"]),
        ("20991231235959", ["21000101000000", "21000101000001"]),
        ("202601311200", ["202611230530", "202611230531"]),
        ("20260131", ["20261123", "20261124"]),
        ("20261123", ["20261124", "20261125"]),
        ("2026013101", ["2026112301", "2026112302"]),
        ("2026112301", ["2026112302", "2026112303"]),
        ("1769860800", ["1795411815", "1795411816"]),
        ("1769860800000", ["1795411815000", "1795411815001"]),
        ("2026-01-31-120000", ["2026-11-23-053015", "2026-11-23-053016"]),
        ("2026-01-31-120000-0000", ["2026-11-23-053015-0000", "2026-11-23-053016-0000"]),
        ("20260131120000123456", ["20261123053015000000", "20261123053016000000"]),
        ("20269999120000", ["20269999120001", "20269999120002"]),
        ("00000000000000", ["00000000000001", "00000000000002"]),
    ],
)
def test_the_style_of_the_last_one(last: str, found: list[str]) -> None:
    assert following(last) == found


def test_the_greatest_counts_as_the_tool_compares() -> None:
    assert following("9", "10", count=1) == ["11"]
    assert following("0001", "20260101000000", count=1) == ["20261123053015"]


def test_an_empty_project_begins_with_what_its_tool_uses() -> None:
    assert following(count=2) == ["20261123053015", "20261123053016"]


def test_times_are_of_utc() -> None:
    east = NOW.astimezone(timezone(timedelta(hours=9)))
    assert next_versions(["20260101000000"], 1, east, key=by_number, first=TIME) == ["20261123053015"]


def test_directly_after_another() -> None:
    assert following("20260101000000", "20260101000009", after="20260101000000") == ["20260101000001", "20260101000002"]
    assert following("1", "5", after="1") == ["2", "3"]


@pytest.mark.parametrize(
    ("taken", "after"), [(("1", "2"), "1"), (("1", "3"), "1"), (("20260101", "20260102"), "20260101")]
)
def test_no_room(taken: tuple[str, ...], after: str) -> None:
    with pytest.raises(NoRoomError, match="no version between"):
        following(*taken, after=after)


def test_names_that_sort_as_text_cannot_grow() -> None:
    with pytest.raises(NoRoomError, match="10 would sort before 9"):
        following("9", key=by_text)


@given(st.lists(st.from_regex(r"[0-9]{1,20}([._-][0-9]{1,6}){0,2}", fullmatch=True), min_size=1, max_size=5))
def test_new_ones_are_later_than_all_and_in_order(taken: list[str]) -> None:
    found = next_versions(taken, 3, NOW, key=by_number, first=TIME)
    order = [max(map(by_number, taken)), *map(by_number, found)]
    assert order == sorted(set(order))
