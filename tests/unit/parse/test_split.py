"""The splitter: statements, comments, and what no tokenizer survives."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migsafe.model.script import Span
from migsafe.parse.split import PieceKind, split


def texts(script: str) -> list[str]:
    return [script[slice(*piece.span)] for piece in split(script).pieces]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("", []),
        (" ;; -- a\n ; ", []),
        ("select 1", ["select 1"]),
        ("select 1 ; select 2;", ["select 1", "select 2"]),
        ("select ';' ; select 2", ["select ';'", "select 2"]),
        ("select E'\\';' ; select 2", ["select E'\\';'", "select 2"]),
        ("select '\\'; select 2", ["select '\\'", "select 2"]),
        ('select "a"";" ; select 2', ['select "a"";"', "select 2"]),
        ("do $$ a; $b$ $$; select 2", ["do $$ a; $b$ $$", "select 2"]),
        ("do $x$ $$ ; $$ $x$; select 2", ["do $x$ $$ ; $$ $x$", "select 2"]),
        ("select a$b$c; select $1; select 2", ["select a$b$c", "select $1", "select 2"]),
        ("select 1 /* ; /* ; */ ; */ ; select 2", ["select 1", "select 2"]),
        (
            "create rule r as on insert to t do (a; b); select 2",
            ["create rule r as on insert to t do (a; b)", "select 2"],
        ),
        (
            "create function f() begin atomic select case when a then 1 end; end; select 2",
            ["create function f() begin atomic select case when a then 1 end; end", "select 2"],
        ),
        ("begin; select 2; end;", ["begin", "select 2", "end"]),
        ("copy t from stdin;\n1;\t2\n\\.\nselect 2", ["copy t from stdin", "select 2"]),
        ("copy t from stdin;\nselect 2", ["copy t from stdin", "select 2"]),
        ("\\set x ;\nselect 2", ["\\set x ;", "select 2"]),
        ("select 1 \\gset\nselect 2", ["select 1", "\\gset", "select 2"]),
        ("alter table {{ a; b }}.t add b int; select 2", ["alter table {{ a; b }}.t add b int", "select 2"]),
    ],
)
def test_statements(script: str, expected: list[str]) -> None:
    assert texts(script) == expected


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        ("select 1; select 'a; select 2", "string"),
        ('select 1; select "a; select 2', "quoted name"),
        ("select 1; do $x$ a; $$", "dollar quote $x$"),
        ("select 1; /* a; /* */ select 2", "comment"),
    ],
)
def test_what_is_never_closed_is_said_and_hides_nothing_before_it(script: str, problem: str) -> None:
    first, last = split(script).pieces
    assert first.kind is PieceKind.STATEMENT
    assert (last.kind, last.problem) == (PieceKind.UNTERMINATED, problem)
    assert last.span.end == len(script)


def test_comments_belong_to_the_statement_behind_them() -> None:
    script = "-- a\nselect 1 -- inside\n from t; /* b */\n-- c\nselect 2; -- d"
    found = split(script)
    assert [[comment.text for comment in piece.comments] for piece in found.pieces] == [["a"], ["b", "c"]]
    assert [comment.text for comment in found.comments] == ["a", "b", "c", "d"]
    assert all(script[slice(*comment.span)].startswith(("--", "/*")) for comment in found.comments)


def test_nothing_in_a_placeholder_means_anything() -> None:
    script = "select :'a;b'; select 2"
    assert [script[slice(*piece.span)] for piece in split(script, [Span(7, 13)]).pieces] == [
        "select :'a;b'",
        "select 2",
    ]


_WORDS = st.sampled_from(
    [
        "select",
        "1",
        "'a;b'",
        "''''",
        "E'\\';'",
        '"x;y"',
        "$$;$$",
        "$t$ ; $$ $t$",
        "(a; b)",
        "/* ; /* */ */",
        "-- ;\n",
        "+",
        "x.y",
    ]
)
_STATEMENTS = st.lists(_WORDS, min_size=1, max_size=6).map(lambda words: " ".join(["select", *words, "1"]))
_GAPS = st.sampled_from(["", " ", "\n", " -- c;\n", "/* ; */", ";"])


@given(st.lists(st.tuples(_GAPS, _STATEMENTS), max_size=6), _GAPS)
def test_statements_that_are_put_together_come_apart_again(parts: list[tuple[str, str]], tail: str) -> None:
    script = "".join(f"{gap}{statement};" for gap, statement in parts) + tail
    assert texts(script) == [statement for _, statement in parts]


@given(st.text(alphabet=st.sampled_from(list("ab'\"$;()/*-\\E \n{}é0.")), max_size=60) | st.text(max_size=40))
def test_any_text_is_split_without_gaps(script: str) -> None:
    found = split(script)
    spans = sorted([piece.span for piece in found.pieces] + [comment.span for comment in found.comments])
    assert all(before.end <= after.start for before, after in itertools.pairwise(spans))
    covered = {offset for start, end in spans for offset in range(start, end)}
    assert all(script[offset].isspace() or script[offset] == ";" for offset in set(range(len(script))) - covered)


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_a_comment_ends_where_postgres_ends_it(newline: str) -> None:
    assert texts(f"-- a{newline}drop table x;{newline}") == ["drop table x"]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("select {{ a\nb }}", [(7, 16)]),
        ("select {{ a {{ b }}", [(12, 19)]),
        ("select {% a %} {{ }", [(7, 14)]),
        ("select ${a} ${ ${b}", [(7, 11), (15, 19)]),
    ],
)
def test_a_template_ends_before_another_begins(script: str, expected: list[tuple[int, int]]) -> None:
    assert [tuple(span) for span in split(script).templates] == expected
