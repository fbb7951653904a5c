"""A contract plan as one HTML page: self-contained, without scripts, everything escaped."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from migsafe.reporters.neutral import neutral, neutral_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migsafe.contracts.sheet import Block, Section, Sheet, Table

_STYLE = """\
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; color: #1d2330; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; border-bottom: 1px solid #d5dae3; }
table { border-collapse: collapse; width: 100%; margin: .6rem 0; font-size: .9rem; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem; border-bottom: 1px solid #e5e8ee; }
pre { background: #f5f6f9; padding: .7rem; overflow-x: auto; margin: .2rem 0 1rem; white-space: pre-wrap; }
dt { font-weight: 600; } dd { margin: 0 0 .3rem; overflow-wrap: anywhere; }
.verdict { padding: .8rem 1rem; border-left: .4rem solid; background: #f5f6f9; }
.eligible { border-color: #1a7f45; } .needs-ack { border-color: #b26a00; } .blocked { border-color: #b3261e; }
.fail, .unknown { color: #b3261e; font-weight: 600; } .accept { color: #b26a00; font-weight: 600; }
@media print { body { margin: 0; } pre { border: 1px solid #d5dae3; } }
"""
_CLASSES = {"FAIL": "fail", "UNKNOWN": "unknown", "ACCEPT?": "accept"}


def render_html(sheet: Sheet) -> str:
    """The sheet as a page that needs nothing else; it may be mailed, printed and kept."""
    return "\n".join(_lines(sheet)) + "\n"


def _lines(sheet: Sheet) -> Iterator[str]:
    yield "<!doctype html>"
    yield '<html lang="en">'
    yield "<head>"
    yield '<meta charset="utf-8">'
    yield "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
    yield f"<title>{_text(sheet.title)}</title>"
    yield f"<style>\n{_STYLE}</style>"
    yield "</head>"
    yield "<body>"
    yield f"<h1>{_text(sheet.title)}</h1>"
    first, *others = sheet.lead
    yield f'<div class="verdict {sheet.verdict.value}">'
    yield f"<strong>{_text(first)}</strong>"
    yield from (f"<div>{_text(line)}</div>" for line in others)
    yield "</div>"
    yield "<dl>"
    yield from (f"<dt>{_text(name)}</dt><dd>{_text(value)}</dd>" for name, value in sheet.facts)
    yield "</dl>"
    for section in sheet.sections:
        yield from _section(section)
    yield "</body>"
    yield "</html>"


def _section(section: Section) -> Iterator[str]:
    yield f"<h2>{_text(section.title)}</h2>"
    yield from (f"<p>{_text(line)}</p>" for line in section.lines)
    for table in section.tables:
        yield from _table(table)
    for block in section.blocks:
        yield from _block(block)


def _table(table: Table) -> Iterator[str]:
    yield "<table>"
    yield "<tr>" + "".join(f"<th>{_text(heading)}</th>" for heading in table.headings) + "</tr>"
    for row in table.rows:
        yield "<tr>" + "".join(map(_cell, row)) + "</tr>"
    yield "</table>"


def _cell(text: str) -> str:
    known = _CLASSES.get(text)
    return f'<td class="{known}">{_text(text)}</td>' if known else f"<td>{_text(text)}</td>"


def _block(block: Block) -> Iterator[str]:
    yield f"<p>{_text(block.title)}</p>"
    yield f"<pre>{escape(neutral(block.sql))}</pre>"


def _text(text: str) -> str:
    return escape(neutral_line(text))
