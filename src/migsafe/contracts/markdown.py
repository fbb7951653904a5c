"""A contract plan in Markdown, for a pull request or a ticket."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from migsafe.reporters.neutral import neutral, neutral_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migsafe.contracts.sheet import Block, Section, Sheet, Table

#: What Markdown, or the HTML inside of it, would take for its own.
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~])")


def render_markdown(sheet: Sheet) -> str:
    """The sheet as Markdown; nothing of a name or a statement is taken for markup."""
    return "\n".join(_lines(sheet)).rstrip() + "\n"


def _lines(sheet: Sheet) -> Iterator[str]:
    yield f"# {_escaped(sheet.title)}"
    yield ""
    first, *others = sheet.lead
    yield f"**{_escaped(first)}**"
    yield ""
    yield from (f"- {_escaped(line)}" for line in others)
    yield ""
    yield from (f"- {name}: {_escaped(value)}" for name, value in sheet.facts)
    for section in sheet.sections:
        yield ""
        yield from _section(section)


def _section(section: Section) -> Iterator[str]:
    yield f"## {section.title}"
    for line in section.lines:
        yield ""
        yield _escaped(line)
    for table in section.tables:
        yield ""
        yield from _table(table)
    for block in section.blocks:
        yield ""
        yield from _block(block)


def _table(table: Table) -> Iterator[str]:
    yield "| " + " | ".join(table.headings) + " |"
    yield "|" + " --- |" * len(table.headings)
    for row in table.rows:
        yield "| " + " | ".join(map(_escaped, row)) + " |"


def _block(block: Block) -> Iterator[str]:
    yield _numbered(_escaped(block.title))
    yield ""
    fence = "`" * max(3, *(len(run) + 1 for run in re.findall(r"`+", block.sql)), 3)
    yield f"{fence}sql"
    yield neutral(block.sql)
    yield fence


def _numbered(title: str) -> str:
    """A number at the beginning would begin a list."""
    return re.sub(r"^(\d+)\.", r"\1\\.", title)


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", neutral_line(text))
