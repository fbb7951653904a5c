"""Queries fit for a log."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migsafe.preflight.query_text import spell_query


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("select  1\n from t", "select 1 from t"),
        ("select 'secret', 2", "select '…', 2"),
        ("select 'it''s', 'x'", "select '…', '…'"),
        (r"select E'a\'secret', 1", "select '…', 1"),
        ("select 'cut off by the ser", "select '…'"),
        ("-- don't\nselect 'secret'", "select '…'"),
        ("/* it's */ select 'secret'", "select '…'"),
        ("select \"it's\" from t where a = 'secret'", "select \"it's\" from t where a = '…'"),
        ("do $$ begin perform 'secret'; end $$", "do '…'"),
        ("do $a$ x $$ y $a$; select 1", "do '…'; select 1"),
        ("select $1, $2", "select $1, $2"),
        ("select a$b$c, 1", "select a$b$c, 1"),
        ("create user x password 'secret'", "create user x password '…'"),
        ("select postgresql://u:secret@h/d", "select postgresql://u:***@h/d"),
    ],
)
def test_what_it_does_is_shown_and_what_it_holds_is_not(query: str, shown: str) -> None:
    assert spell_query(query) == shown


def test_a_long_one_is_cut() -> None:
    assert spell_query("select " + "a, " * 500).endswith("…")
    assert len(spell_query("select " + "a, " * 500)) == 200


@given(st.text(alphabet="ab'\\\n", max_size=8), st.text(alphabet='ab -/*$"\n', max_size=8))
def test_no_text_in_quotes_is_ever_shown(text: str, before: str) -> None:
    comment = before.replace("*/", "").replace("/*", "").rstrip("*/")
    quoted = "secret" + text.replace("'", "''").replace("\\", "")
    assert "secret" not in spell_query(f"/* {comment} */ select '{quoted}'")
