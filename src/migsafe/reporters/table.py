"""Rows of text in columns, as people read them."""

from __future__ import annotations

from collections.abc import Sequence

from migsafe.reporters.neutral import neutral_line

_GAP = "  "


def render_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns as wide as their widest cell, the last one as long as it likes; without blanks at the ends of lines.

    Args:
        rows: each with as many cells as there are headings. Whatever would steer a terminal in them is made visible.
    """
    lines = [tuple(map(neutral_line, row)) for row in (headings, *rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    padded = (_GAP.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines)
    return "".join(f"{line.rstrip()}\n" for line in padded)
