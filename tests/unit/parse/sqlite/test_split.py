"""Where SQLite statements begin and end."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migsafe.parse.split import PieceKind
from migsafe.parse.sqlite.split import split

FRAGMENTS = st.sampled_from(
    ["'", '"', "`", "[", "]", ";", "--", "/*", "*/", "\n", " ", "a", "BEGIN ", " END", "CASE ", "CREATE TRIGGER ",
     "CREATE TEMP TRIGGER ", ".read x", "é", "\x00", "(", ")", "${x}"]
)  # fmt: skip


def statements(text: str) -> list[str]:
    return [text[slice(*piece.span)] for piece in split(text).pieces]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a; b", ["a", "b"]),
        ("a ';' \";\" `;` [;] b; c", ["a ';' \";\" `;` [;] b", "c"]),
        (r"a '\'; c", [r"a '\'", "c"]),
        ("a -- ; '\nb; c", ["a -- ; '\nb", "c"]),
        ("a; /* closed by the end", ["a"]),
        ("BEGIN; a; END; b", ["BEGIN", "a", "END", "b"]),
        ("CREATE TRIGGER t BEGIN a; b; END; c", ["CREATE TRIGGER t BEGIN a; b; END", "c"]),
        ("create temp trigger t begin x case when 1 then 2 end; new.end; end; c",
         ["create temp trigger t begin x case when 1 then 2 end; new.end; end", "c"]),
        ("CREATE TABLE trigger (a); c", ["CREATE TABLE trigger (a)", "c"]),
        ("a;\n.read x; y\nb;", ["a", ".read x; y", "b"]),
    ],
)  # fmt: skip
def test_statements_end_where_sqlite_ends_them(text: str, expected: list[str]) -> None:
    assert statements(text) == expected


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a; b 'c", "never closed"),
        ("a; [b", "never closed"),
        ("CREATE TRIGGER t BEGIN a; b", "no END closes"),
        (".tables", "shell"),
    ],
)
def test_what_is_wrong_is_said(text: str, problem: str) -> None:
    problems = [piece.problem for piece in split(text).pieces if piece.kind is PieceKind.UNTERMINATED]
    assert len(problems) == 1
    assert problem in problems[0]


def test_comments_go_to_the_statement_behind_them() -> None:
    found = split("-- one\na; /* two */ b /* inside */ c /* behind */; -- last")
    assert [[comment.text for comment in piece.comments] for piece in found.pieces] == [["one"], ["two"]]
    assert [comment.text for comment in found.comments] == ["one", "two", "behind", "last"]


@given(st.lists(FRAGMENTS, max_size=40).map("".join))
def test_no_character_is_lost(text: str) -> None:
    """Between statements and comments there is nothing but space and semicolons."""
    found = split(text)
    spans = sorted([piece.span for piece in found.pieces] + [comment.span for comment in found.comments])
    between, end = "", 0
    for span in spans:
        assert span.start >= end
        between += text[end : span.start]
        end = span.end
    assert not re.sub(r"[\s;]", "", between + text[end:])
