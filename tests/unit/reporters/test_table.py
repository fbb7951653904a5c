from __future__ import annotations

from migsafe.reporters.table import render_table


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    assert render_table(("name", "n"), [("a long one", "1"), ("b", "")]) == "name        n\na long one  1\nb\n"


def test_a_cell_cannot_steer_a_terminal() -> None:
    assert render_table(("name",), [("a\x1b[2Jb\nc",)]) == "name\na\u241b[2Jb c\n"
