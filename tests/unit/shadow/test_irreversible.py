from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from migsafe.model.dialect import Dialect
from migsafe.model.script import Direction, Script, SourceText, TransactionRule
from migsafe.parse import read_script
from migsafe.shadow.irreversible import Marker, find_marker

if TYPE_CHECKING:
    from migsafe.model.statement import ReadScript


def script(text: str) -> ReadScript:
    source = SourceText("m.sql", text)
    return read_script(Script(Direction.DOWN, text, source, TransactionRule.TOOL, Dialect.POSTGRES))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('-- migsafe: irreversible reason="the rows are gone"\nSELECT 1;', "the rows are gone"),
        ("-- migsafe: irreversible reason='gone'\n", "gone"),
        ("/* migsafe: irreversible reason=gone */ SELECT 1;", "gone"),
        ('SELECT 1;\n--migsafe:irreversible reason="behind the last one"', "behind the last one"),
        ("-- migsafe: irreversible\nSELECT 1;", None),
        ('-- migsafe: irreversible reason=""\nSELECT 1;', None),
        ('-- migsafe: irreversible because="x"\nSELECT 1;', None),
    ],
)
def test_a_marker_holds_only_with_a_reason(text: str, reason: str | None) -> None:
    assert find_marker([None, script(text)]) == Marker(reason)


@pytest.mark.parametrize(
    "text",
    [
        "-- irreversible\nSELECT 1;",
        '-- migsafe: ignore drop-table reason="irreversible"\nDROP TABLE t;',
        '-- see migsafe: irreversible reason="x"\nSELECT 1;',
        "SELECT '-- migsafe: irreversible reason=\"x\"';",
        '-- migsafe: irreversibly reason="x"',
    ],
)
def test_what_is_no_marker(text: str) -> None:
    assert find_marker([script(text)]) is None


def test_a_marker_with_a_reason_wins() -> None:
    with_reason = script('-- migsafe: irreversible reason="x"')
    assert find_marker([script("-- migsafe: irreversible"), with_reason]) == Marker("x")
