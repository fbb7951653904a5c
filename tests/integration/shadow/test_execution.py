"""Scripts on a server, as their tools run them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from migsafe.model.dialect import Dialect
from migsafe.model.script import Direction, Script, SourceText, TransactionRule
from migsafe.parse import read_script
from migsafe.postgres.connection import NO_TIMEOUTS, connect
from migsafe.shadow.execution import apply_inside, run_script

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migsafe.model.statement import ReadScript
    from migsafe.postgres.connection import Session


@pytest.fixture
def session(database: str) -> Iterator[Session]:
    with connect(database, autocommit=True, timeouts=NO_TIMEOUTS) as opened:
        yield opened


def script(text: str, rule: TransactionRule = TransactionRule.TOOL) -> ReadScript:
    return read_script(Script(Direction.UP, text, SourceText("m.sql", text), rule, Dialect.POSTGRES))


def tables(session: Session) -> set[str]:
    return {
        name for (name,) in session.query("select relname::text from pg_class where relkind = 'r' and oid >= 16384")
    }


@pytest.mark.parametrize(
    ("rule", "left"),
    [
        (TransactionRule.TOOL, set()),
        (TransactionRule.IMPLICIT, set()),
        (TransactionRule.UNLESS_FORBIDDEN, set()),
        (TransactionRule.NONE, {"a"}),
    ],
)
def test_what_a_failure_leaves_behind(session: Session, rule: TransactionRule, left: set[str]) -> None:
    failure = run_script(session, script("CREATE TABLE a (); CREATE TABLE b (x nothing); CREATE TABLE c ()", rule))
    assert failure is not None
    assert failure.statement is not None
    assert failure.statement.text == "CREATE TABLE b (x nothing)"
    assert failure.sqlstate == "42704"
    assert (tables(session), session.in_transaction) == (left, False)


def test_a_syntax_error_has_its_place(session: Session) -> None:
    failure = run_script(session, script("CREATE TABLE a ();\nCREATE TABEL b ();"))
    assert failure is not None
    assert failure.statement is not None
    assert failure.script.position(failure.statement.span.start) == (2, 1)


def test_a_tool_s_transaction_refuses_concurrently(session: Session) -> None:
    text = "CREATE TABLE t (a int); CREATE INDEX CONCURRENTLY i ON t (a)"
    failure = run_script(session, script(text))
    assert failure is not None
    assert failure.sqlstate == "25001"
    assert run_script(session, script(text, TransactionRule.UNLESS_FORBIDDEN)) is None


def test_what_fails_at_the_end_of_the_transaction(session: Session) -> None:
    session.execute("CREATE TABLE a (id int PRIMARY KEY)")
    deferred = "CREATE TABLE b (a int REFERENCES a DEFERRABLE INITIALLY DEFERRED); INSERT INTO b VALUES (1)"
    failure = run_script(session, script(deferred))
    assert failure is not None
    assert (failure.statement, failure.sqlstate) == (None, "23503")
    session.execute("begin")
    inside = apply_inside(session, script(deferred))
    assert inside is not None
    assert (inside.statement, inside.sqlstate) == (None, "23503")


def test_rows_of_copy(session: Session) -> None:
    text = "CREATE TABLE t (a int, b text);\nCOPY t (a, b) FROM stdin;\n1\tx;y\n2\t\\N\n\\.\nSELECT 1;\n"
    assert run_script(session, script(text)) is None
    assert session.query("select a, b from t order by a") == [(1, "x;y"), (2, None)]


def test_inside_of_a_transaction_a_failure_is_named_and_nothing_is_committed(session: Session) -> None:
    session.execute("begin")
    assert apply_inside(session, script("BEGIN; CREATE TABLE a (); COMMIT;", TransactionRule.NONE)) is None
    failure = apply_inside(session, script("CREATE TABLE b (); CREATE TABLE a ()"))
    assert failure is not None
    assert failure.statement is not None
    assert failure.statement.text == "CREATE TABLE a ()"
    session.execute("rollback")
    assert tables(session) == set()


def test_inside_the_constraints_of_the_next_script_wait_again(session: Session) -> None:
    session.execute(
        "CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (a int REFERENCES a DEFERRABLE INITIALLY DEFERRED)"
    )
    session.execute("begin")
    child_first = script("INSERT INTO b VALUES (1); INSERT INTO a VALUES (1); DELETE FROM b; DELETE FROM a;")
    assert apply_inside(session, child_first) is None
    assert apply_inside(session, child_first) is None
    session.execute("rollback")


ROWS = "CREATE TABLE a (n int NOT NULL); UPDATE a SET n = 'x'; INSERT INTO a VALUES (NULL); CREATE TABLE b (i int);"


@pytest.mark.parametrize("rule", [TransactionRule.TOOL, TransactionRule.NONE])
def test_values_that_a_program_makes_up_need_not_fit(session: Session, rule: TransactionRule) -> None:
    read = script(ROWS, rule)
    rendered = replace(read, script=replace(read.script, rendered=True))
    assert run_script(session, rendered) is None
    assert tables(session) == {"a", "b"}


def test_what_is_wrong_with_a_program_s_own_words_is_told(session: Session) -> None:
    read = script("CREATE TABLE a (n int); UPDATE a SET m = 1;")
    failure = run_script(session, replace(read, script=replace(read.script, rendered=True)))
    assert failure is not None
    assert failure.sqlstate == "42703"


def test_a_script_s_own_values_must_fit(session: Session) -> None:
    failure = run_script(session, script(ROWS))
    assert failure is not None
    assert failure.sqlstate == "22P02"
