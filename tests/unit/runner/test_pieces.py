"""A script in pieces: what is a transaction, what stands alone, and what is not run at all."""

from __future__ import annotations

import pytest

from migsafe.model.dialect import Dialect
from migsafe.model.script import Direction, Gap, Script, SourceText, Span, TransactionRule
from migsafe.parse import read_script
from migsafe.runner.pieces import CannotRunError, Piece, pieces_of


def pieces(text: str, rule: TransactionRule = TransactionRule.NONE) -> tuple[Piece, ...]:
    return pieces_of(read_script(script(text, rule)))


def script(text: str, rule: TransactionRule) -> Script:
    return Script(Direction.UP, text, SourceText("001.sql", text), rule, Dialect.POSTGRES)


def shape(text: str, rule: TransactionRule = TransactionRule.NONE) -> list[tuple[int, bool]]:
    """How many statements each piece has, and whether it stands alone."""
    return [(len(one.statements), one.alone) for one in pieces(text, rule)]


TWO = "CREATE TABLE a (id int); CREATE TABLE b (id int);"
INDEX = "CREATE INDEX CONCURRENTLY a_id ON a (id);"


@pytest.mark.parametrize(
    ("text", "rule", "expected"),
    [
        (TWO, TransactionRule.TOOL, [(2, False)]),
        (TWO, TransactionRule.NONE, [(1, False), (1, False)]),
        (TWO, TransactionRule.IMPLICIT, [(2, False)]),
        (INDEX, TransactionRule.IMPLICIT, [(1, True)]),
        (INDEX, TransactionRule.NONE, [(1, True)]),
        (TWO + INDEX, TransactionRule.NONE, [(1, False), (1, False), (1, True)]),
        (TWO, TransactionRule.UNLESS_FORBIDDEN, [(2, False)]),
        (TWO + INDEX, TransactionRule.UNLESS_FORBIDDEN, [(1, False), (1, False), (1, True)]),
        (f"BEGIN; {TWO} COMMIT;", TransactionRule.NONE, [(2, False)]),
        (f"BEGIN; {TWO} COMMIT; {INDEX}", TransactionRule.NONE, [(2, False), (1, True)]),
        (f"BEGIN; {TWO} COMMIT;", TransactionRule.TOOL, [(2, False)]),
        (f"{TWO} COMMIT; {TWO}", TransactionRule.IMPLICIT, [(2, False), (2, False)]),
        ("SAVEPOINT s; CREATE TABLE a (id int); RELEASE s;", TransactionRule.TOOL, [(3, False)]),
        ("VACUUM a;", TransactionRule.NONE, [(1, True)]),
        ("DO $$ BEGIN UPDATE a SET id = 1; COMMIT; END $$;", TransactionRule.NONE, [(1, True)]),
        ("DO $$ BEGIN UPDATE a SET id = 1; END $$;", TransactionRule.NONE, [(1, False)]),
        ("-- nothing but a comment", TransactionRule.TOOL, []),
    ],
)
def test_what_happens_as_a_whole(text: str, rule: TransactionRule, expected: list[tuple[int, bool]]) -> None:
    assert shape(text, rule) == expected


def test_settings_of_the_session_go_with_every_piece_behind_them() -> None:
    found = pieces(f"SET lock_timeout = '1s'; {INDEX} RESET lock_timeout; CREATE TABLE c (id int);")
    assert [one.n for one in found] == [1, 2]
    assert [len(one.settings) for one in found] == [1, 2]


def test_a_setting_of_the_transaction_is_a_part_of_it() -> None:
    assert shape("SET LOCAL lock_timeout = '1s'; CREATE TABLE a (id int);", TransactionRule.TOOL) == [(2, False)]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("\\connect other\nSELECT 1;", "psql"),
        ("COPY a FROM STDIN;\n1\n\\.\n", "COPY"),
        ("CREATE TABLE a (id int); ROLLBACK;", "ROLLBACK"),
        ("PREPARE TRANSACTION 'a';", "PREPARE"),
        ("ALTER TABLE a FROBNICATE b;", "not understood"),
    ],
)
def test_what_is_not_run(text: str, why: str) -> None:
    with pytest.raises(CannotRunError, match=why) as refused:
        pieces(text)
    assert "001.sql:" in refused.value.message
    assert refused.value.hint


def test_a_program_that_could_not_be_followed_is_not_run() -> None:
    read = read_script(
        Script(
            Direction.UP,
            "SELECT 1",
            SourceText("a.py", "x = 1"),
            TransactionRule.TOOL,
            Dialect.POSTGRES,
            gaps=(Gap(Span(0, 0), "it asks the network"),),
        )
    )
    with pytest.raises(CannotRunError, match="it asks the network"):
        pieces_of(read)


def test_an_edited_piece_is_another_one() -> None:
    (one,), (other,) = pieces("CREATE TABLE a (id int)"), pieces("CREATE TABLE a (id bigint)")
    assert one.sha != other.sha
    assert one.sha == pieces("CREATE TABLE a (id int) ;")[0].sha


def test_a_title_is_one_line() -> None:
    (piece,) = pieces("CREATE TABLE a (\n  id int\n); CREATE TABLE b (id int);", TransactionRule.TOOL)
    assert piece.title == "CREATE TABLE a ( id int ) … 1 more"
