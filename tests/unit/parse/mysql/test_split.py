"""Where MySQL statements begin and end."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migsafe.parse.mysql.executable_comments import unwrap_executable_comments
from migsafe.parse.mysql.split import split
from migsafe.parse.split import PieceKind

FRAGMENTS = st.sampled_from(
    ["'", '"', "`", ";", "\\", "#", "--", "-- ", "/*", "*/", "/*!50003 ", "/*M! ", "\n", " ", "a", "BEGIN", " END",
     "IF ", "THEN ", "CREATE TRIGGER ", "DELIMITER $$\n", "DELIMITER ;\n", "$$", "(", ")", "CASE ", "é", "\x00", "${x}"]
)  # fmt: skip


def statements(text: str) -> list[str]:
    return [text[slice(*piece.span)] for piece in split(text).pieces]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a; b", ["a", "b"]),
        (";;a;;", ["a"]),
        ("", []),
        (" -- only a comment", []),
        ("a ';' \";\" `;` b; c", ["a ';' \";\" `;` b", "c"]),
        (r"a '\';' b; c", [r"a '\';' b", "c"]),
        ("a '''; ' b; c", ["a '''; ' b", "c"]),
        ("a # ; ' \n b; c", ["a # ; ' \n b", "c"]),
        ("a --; b", ["a --", "b"]),
        ("a -- ; b\nc", ["a -- ; b\nc"]),
        ("a /* ; */ b; c", ["a /* ; */ b", "c"]),
        ("delimiter //\na; b// c//\ndelimiter ;\nd; e", ["a", "b", "c", "d", "e"]),
        ("DELIMITER '$$'\na$$b$$", ["a", "b"]),
        ("DELIMITER ;;\nCREATE TRIGGER t BEGIN a; END ;; b ;;", ["CREATE TRIGGER t BEGIN a; END", "b"]),
        ("BEGIN; a; COMMIT;", ["BEGIN", "a", "COMMIT"]),
        ("BEGIN NOT ATOMIC a; b; END; c", ["BEGIN NOT ATOMIC a; b; END", "c"]),
    ],
)
def test_statements_end_where_the_client_ends_them(text: str, expected: list[str]) -> None:
    assert statements(text) == expected


@pytest.mark.parametrize(
    "body",
    [
        "BEGIN a; b; END",
        "BEGIN IF x THEN a; ELSEIF y THEN b; ELSE c; END IF; END",
        "BEGIN IF (x) AND (y) THEN a; END IF; DROP TABLE IF EXISTS t; END",
        "BEGIN IF EXISTS (SELECT 1) THEN a; END IF; END",
        "BEGIN SET a = IF(x, 1, 2); SET b = CASE WHEN c THEN IF(1, 2, 3) WHEN d THEN 1 ELSE 2 END; END",
        "BEGIN CASE x WHEN 1 THEN a; ELSE BEGIN END; END CASE; END",
        "BEGIN l: LOOP a; LEAVE l; END LOOP l; WHILE x DO b; END WHILE; REPEAT c; UNTIL d END REPEAT; END",
        "BEGIN SELECT REPEAT('x', 3); SELECT NEW.end, `begin`; END",
        "BEGIN BEGIN a; END; /* END; */ END /* IF */",
        "IF NEW.a THEN SET x = 1; END IF",
        "SET NEW.a = 1",
    ],
)
@pytest.mark.parametrize(
    "head",
    [
        "CREATE TRIGGER IF NOT EXISTS t BEFORE INSERT ON u FOR EACH ROW ",
        "CREATE DEFINER=`a`@`b` PROCEDURE p() ",
        "create or replace function f() returns int deterministic ",
        "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO ",
    ],
)
def test_the_body_of_a_program_holds_semicolons(head: str, body: str) -> None:
    text = f"{head}{body};\nDROP TABLE after_it;"
    expected = re.sub(r" /\* IF \*/$", "", head + body)
    assert statements(text) == [expected, "DROP TABLE after_it"]


@pytest.mark.parametrize("text", ["CREATE VIEW begin_v AS SELECT 1; a", "CREATE DEFINER=a VIEW v AS SELECT f(); a",
                                  "CREATE TABLE t (`trigger` int); a"])  # fmt: skip
def test_what_is_no_program_ends_at_its_semicolon(text: str) -> None:
    assert statements(text)[-1] == "a"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a; b 'c", "never closed"),
        ("a; b /* c", "never closed"),
        ("CREATE TRIGGER t BEGIN a; b", "no END closes"),
        ("DELIMITER\na", "without a delimiter"),
    ],
)
def test_what_is_wrong_is_said(text: str, problem: str) -> None:
    problems = [piece.problem for piece in split(text).pieces if piece.kind is PieceKind.UNTERMINATED]
    assert len(problems) == 1
    assert problem in problems[0]


def test_comments_go_to_the_statement_behind_them() -> None:
    found = split("-- one\n# two\na; /* three */ b -- inside\nc # behind\n; -- last")
    assert [[comment.text for comment in piece.comments] for piece in found.pieces] == [["one", "two"], ["three"]]
    assert [comment.text for comment in found.comments] == ["one", "two", "three", "behind", "last"]


@given(st.lists(FRAGMENTS, max_size=40).map("".join))
def test_no_character_is_lost(text: str) -> None:
    """Between statements and comments there is nothing but space, terminators and DELIMITER lines."""
    found = split(unwrap_executable_comments(text))
    spans = sorted([piece.span for piece in found.pieces] + [comment.span for comment in found.comments])
    between, end = "", 0
    for span in spans:
        assert span.start >= end
        between += unwrap_executable_comments(text)[end : span.start] + "\n"
        end = span.end
    between += unwrap_executable_comments(text)[end:]
    assert not re.sub(r"(?i)delimiter [^\n]*|[\s;$]", "", between)


@given(st.lists(FRAGMENTS, max_size=40).map("".join))
def test_unwrapping_keeps_every_offset(text: str) -> None:
    unwrapped = unwrap_executable_comments(text)
    assert len(unwrapped) == len(text)
    assert all(new in (old, " ") for old, new in zip(text, unwrapped, strict=True))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/*!40101 SET a */;", "         SET a   ;"),
        ("/*! SET a */", "    SET a   "),
        ("/*M!100100 SET a */", "           SET a   "),
        ("/*!999999\\- enable the sandbox mode */", None),
        ("/* plain */ /*+ hint */ '/*! x */' `/*! y */` -- /*! z */", None),
        ("/*!50003 a /* b */ c */", "         a /* b */ c   "),
        ("/*!50003 'it */ is' */", "         'it */ is'   "),
        ("/*!50003 never closed", None),
    ],
)
def test_only_the_signs_of_executable_comments_go(text: str, expected: str | None) -> None:
    assert unwrap_executable_comments(text) == (text if expected is None else expected)
