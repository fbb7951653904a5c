"""The lines of a file that a finding points into, with the place marked."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from migsafe.model.finding import Finding, Severity
from migsafe.model.script import SourceText
from migsafe.reporters.ansi import SEVERITY_INK, Ink, Painter
from migsafe.reporters.neutral import neutral

_MOST_LINES = 6
_LINES_BEFORE_THE_GAP = 4
_TAB = "    "
#: Columns of a line before the marked place that stay when a long line is cut.
_LEAD = 20
#: Marks that are drawn on the character before them.
_WITHOUT_WIDTH = frozenset({"Mn", "Me"})
#: Makes a narrow sign such as U+2764 an emoji, which is two columns wide.
_EMOJI_FORM = "\ufe0f"


def code_frame(finding: Finding, source: SourceText, paint: Painter, width: int) -> Iterator[str]:
    """The marked lines: carets under a place on one line, a `>` before each line of a longer one."""
    numbers = range(finding.start.line, _last_line(finding) + 1)
    gutter = len(str(numbers[-1]))
    room = max(width - gutter - 6, 40)
    bar = paint("|", Ink.BLUE)
    yield f"  {' ' * gutter} {bar}"
    if len(numbers) == 1:
        yield from _single_line(finding, source, paint, (gutter, room))
    else:
        yield from _several_lines(finding, source, paint, (gutter, room))
    yield f"  {' ' * gutter} {bar}"


def _last_line(finding: Finding) -> int:
    """The last line that is marked: a place that ends before a line's first character does not touch that line."""
    start, end = finding.start, finding.end
    return max(start.line, end.line - 1 if end.column == 1 and end.line > start.line else end.line)


def _single_line(finding: Finding, source: SourceText, paint: Painter, sizes: tuple[int, int]) -> Iterator[str]:
    gutter, room = sizes
    line, number, bar = source.line(finding.start.line), finding.start.line, paint("|", Ink.BLUE)
    before = line[: finding.start.column - 1]
    cut = max(0, len(before) - _LEAD) if display_width(line) > room else 0
    marked = line[finding.start.column - 1 :]
    if finding.end.line == finding.start.line:
        marked = line[finding.start.column - 1 : max(finding.end.column, finding.start.column) - 1]
    lead = ("…" if cut else "") + before[cut:]
    carets = max(1, min(display_width(marked), room - display_width(lead)))
    shown = _fit(lead + line[finding.start.column - 1 :], room)
    yield f"  {paint(str(number).rjust(gutter), Ink.BLUE)} {bar} {_printable(shown)}".rstrip()
    ink = SEVERITY_INK[Severity(finding.severity)]
    yield f"  {' ' * gutter} {bar} {' ' * display_width(lead)}{paint('^' * carets, ink)}"


def _several_lines(finding: Finding, source: SourceText, paint: Painter, sizes: tuple[int, int]) -> Iterator[str]:
    gutter, room = sizes
    first, last = finding.start.line, _last_line(finding)
    mark, bar = paint(">", SEVERITY_INK[finding.severity]), paint("|", Ink.BLUE)
    total = last - first + 1
    for number in range(first, last + 1):
        if total > _MOST_LINES and first + _LINES_BEFORE_THE_GAP <= number < last:
            if number == first + _LINES_BEFORE_THE_GAP:
                yield f"  {' ' * gutter} {bar} … {total - _LINES_BEFORE_THE_GAP - 1} more lines"
            continue
        shown = _printable(_fit(source.line(number), room))
        yield f"{mark} {paint(str(number).rjust(gutter), Ink.BLUE)} {bar} {shown}".rstrip()


def display_width(text: str) -> int:
    """How many columns a terminal needs for this text."""
    if text.isascii():  # nearly all of it, and asked several times for each finding
        return len(text) + text.count("\t") * (len(_TAB) - 1)
    return sum(_columns(char) for char in text)


def _columns(char: str) -> int:
    if char == "\t":
        return len(_TAB)
    if char.isascii():
        return 1
    if unicodedata.category(char) in _WITHOUT_WIDTH and char != _EMOJI_FORM:
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _fit(line: str, room: int) -> str:
    """The line, cut with `…` where it does not fit."""
    if display_width(line) <= room:
        return line
    used = 0
    for index, char in enumerate(line):
        used += _columns(char)
        if used > room - 1:
            return line[:index] + "…"
    return line


def _printable(line: str) -> str:
    return neutral(line).replace("\t", _TAB)
