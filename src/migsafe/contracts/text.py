"""A contract plan on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.reporters.neutral import neutral, neutral_line
from migsafe.reporters.table import render_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migsafe.contracts.sheet import Section, Sheet

_INDENT = "  "


def render_text(sheet: Sheet) -> str:
    """The sheet as plain text; whatever would steer a terminal in it is made visible."""
    return "\n".join(_lines(sheet)).rstrip() + "\n"


def _lines(sheet: Sheet) -> Iterator[str]:
    yield neutral_line(sheet.title)
    yield from (neutral_line(line) for line in sheet.lead)
    yield ""
    width = max(len(name) for name, _ in sheet.facts) + 2
    yield from (f"{name + ':':{width}}{neutral_line(value)}" for name, value in sheet.facts)
    for section in sheet.sections:
        yield ""
        yield from _section(section)


def _section(section: Section) -> Iterator[str]:
    yield section.title.upper()
    yield from (f"{_INDENT}{neutral_line(line)}" for line in section.lines)
    for table in section.tables:
        yield from (f"{_INDENT}{line}".rstrip() for line in render_table(table.headings, table.rows).splitlines())
    for block in section.blocks:
        yield f"{_INDENT}{neutral_line(block.title)}"
        yield from (f"{_INDENT * 3}{line}".rstrip() for line in neutral(block.sql).splitlines())
