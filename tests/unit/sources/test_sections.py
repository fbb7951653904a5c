"""Both directions in one file."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from migsafe.model.script import Direction, Span
from migsafe.sources.masking import keep_only
from migsafe.sources.sections import split_sections

MARK = re.compile(r"^--(?P<direction>up|down)$", re.MULTILINE)


def section(text: str, direction: Direction) -> str | None:
    kept = split_sections(text, MARK.finditer(text)).kept(direction, text)
    return None if kept is None else keep_only(text, kept)


def test_a_text_without_marks_has_no_sections() -> None:
    assert section("SELECT 1;", Direction.UP) is None
    assert split_sections("", []).prelude == Span(0, 0)


def test_a_header_belongs_to_both() -> None:
    text = "-- header\n--up\nA;\n--down\nB;\n"
    assert section(text, Direction.UP) == "-- header\n--up\nA;\n      \n  \n"
    assert section(text, Direction.DOWN) == "-- header\n    \n  \n--down\nB;\n"


def test_statements_before_the_first_mark_belong_to_the_way_up() -> None:
    text = "X;\n--up\nA;\n--down\nB;\n"
    assert (section(text, Direction.UP) or "").startswith("X;")
    assert (section(text, Direction.DOWN) or "").startswith("  \n")


def test_the_way_down_may_come_first() -> None:
    text = "--down\nB;\n--up\nA;\n"
    assert (section(text, Direction.UP) or "").split() == ["--up", "A;"]
    assert (section(text, Direction.DOWN) or "").split() == ["--down", "B;"]


@given(st.lists(st.sampled_from(["--up\n", "--down\n", "A;\n", "-- c\n"]), max_size=8).map("".join))
def test_no_part_of_a_marked_file_is_lost(text: str) -> None:
    up, down = (section(text, direction) for direction in Direction)
    if up is None:
        return
    assert all(
        now == was or (down or up)[offset] == was for offset, (now, was) in enumerate(zip(up, text, strict=True))
    )
