"""Texts on which a reader that looks ahead from every place takes minutes: the time must grow with the length."""

from __future__ import annotations

import time

import pytest

from migsafe.model.dialect import Dialect
from migsafe.model.script import Direction, Script, SourceText, TransactionRule
from migsafe.parse import read_script
from migsafe.sources.placeholders import PLAIN, render

pytestmark = pytest.mark.long

SIZE = 100_000
TEXTS = {
    "open templates": "{" * SIZE,
    "open variables": "${" * (SIZE // 2),
    "open template statements": "{% " * (SIZE // 3),
    "placeholders": ":a " * (SIZE // 3),
    "templates": "{{a}} " * (SIZE // 6),
    "quotes": "'" * (SIZE + 1),
    "dollars": "$" * SIZE,
    "open comments": "/*" * (SIZE // 2),
    "deep comments": "/*" * 10_000 + "*/" * 10_000,
    "deep check": "ALTER TABLE t ADD CHECK " + "(" * 10_000 + "a > 1" + ")" * 10_000,
    "spaces": "DROP" + " " * SIZE + "TABLE x",
}
#: Seconds; each takes well under one, and took far more than this when the time grew with the square.
MOST = 8.0


@pytest.mark.parametrize("dialect", list(Dialect))
@pytest.mark.parametrize("name", list(TEXTS))
def test_time_grows_with_the_length(name: str, dialect: Dialect) -> None:
    text = TEXTS[name]
    started = time.process_time()
    rendered = render(text, {}, PLAIN, dialect)
    source = SourceText("1.sql", text)
    read_script(
        Script(Direction.UP, text, source, TransactionRule.TOOL, dialect, rendered.segments, rendered.placeholders)
    )
    assert time.process_time() - started < MOST
