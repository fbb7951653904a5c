"""What goes to the server, and in which transactions; a session that only writes down."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from migsafe.model.dialect import Dialect
from migsafe.model.script import Direction, Script, SourceText, TransactionRule
from migsafe.parse import read_script
from migsafe.postgres.connection import StatementFailedError
from migsafe.shadow.execution import can_run_inside, is_wrapped, left_out, run_script, run_unread

if TYPE_CHECKING:
    from collections.abc import Callable

    from migsafe.model.statement import ReadScript, Statement
    from migsafe.postgres.connection import Session


class WritingSession:
    """Writes down what is executed, and refuses what holds a word."""

    def __init__(self, refused: str | None = None) -> None:
        self.said: list[str] = []
        self.in_transaction = False
        self._refused = refused

    def execute(self, sql: str) -> None:
        self.said.append(" ".join(sql.split()))
        word = sql.split()[0].lower() if sql.split() else ""
        if word in {"begin", "commit", "rollback"}:
            self.in_transaction = word == "begin"
        elif self._refused and self._refused in sql:
            raise StatementFailedError("no", sqlstate="42P01")

    def copy_in(self, command: str, rows: str) -> None:
        self.said.append(f"{' '.join(command.split())} <- {rows!r}")


def session(refused: str | None = None) -> tuple[Session, list[str]]:
    writing = WritingSession(refused)
    return cast("Session", writing), writing.said


def script(text: str, rule: TransactionRule = TransactionRule.TOOL) -> ReadScript:
    return read_script(Script(Direction.UP, text, SourceText("m.sql", text), rule, Dialect.POSTGRES))


TWO = "SELECT 1; SELECT 2;"


def test_a_wrapped_script_goes_at_once() -> None:
    place, said = session()
    assert run_script(place, script(TWO)) is None
    assert said == ["begin; SELECT 1 ; SELECT 2 ;commit"]


def test_without_a_transaction_each_statement_goes_alone() -> None:
    place, said = session()
    run_script(place, script(TWO, TransactionRule.NONE))
    assert said == ["SELECT 1", "SELECT 2"]


def test_a_simple_query_is_a_transaction_when_it_has_several_statements() -> None:
    place, said = session()
    run_script(place, script(TWO, TransactionRule.IMPLICIT))
    run_script(place, script("VACUUM t", TransactionRule.IMPLICIT))
    assert said == ["begin; SELECT 1 ; SELECT 2 ;commit", "VACUUM t"]


def test_unless_a_statement_forbids_it() -> None:
    forbidden = "CREATE INDEX CONCURRENTLY i ON t (a); SELECT 2"
    assert is_wrapped(script(TWO, TransactionRule.UNLESS_FORBIDDEN))
    assert not is_wrapped(script(forbidden, TransactionRule.UNLESS_FORBIDDEN))


def test_a_failure_names_its_statement() -> None:
    place, said = session(refused="SELECT 2")
    failure = run_script(place, script("SELECT 1; SELECT 2; SELECT 3"))
    assert failure is not None
    assert failure.statement is not None
    assert (failure.statement.text, failure.sqlstate, failure.message) == ("SELECT 2", "42P01", "no")
    assert said[-3:] == ["SELECT 1", "SELECT 2", "rollback"]


def test_what_commits_by_itself_never_runs_twice() -> None:
    place, said = session(refused="SELECT 2")
    run_script(place, script(TWO, TransactionRule.NONE))
    assert said == ["SELECT 1", "SELECT 2", "rollback"]


def test_a_script_with_its_own_commit_goes_statement_by_statement() -> None:
    place, said = session()
    run_script(place, script("SELECT 1; COMMIT; SELECT 2"))
    assert said == ["begin", "SELECT 1", "COMMIT", "SELECT 2"]
    place, said = session()
    run_script(place, script("SELECT 1; COMMIT; SELECT 2", TransactionRule.IMPLICIT))
    assert said == ["begin", "SELECT 1", "COMMIT", "begin", "SELECT 2", "commit"]


def test_a_transaction_that_a_script_leaves_open_ends_with_its_connection() -> None:
    place, said = session()
    run_script(place, script("BEGIN; SELECT 1", TransactionRule.NONE))
    assert said == ["BEGIN", "SELECT 1", "rollback"]


def test_a_watch_stands_around_each_statement() -> None:
    place, said = session()

    def watch(statement: Statement, run: Callable[[], None], *, in_transaction: bool) -> None:
        said.append(f"before {statement.text} {in_transaction}")
        run()
        said.append("after")

    run_script(place, script(TWO), watch=watch)
    assert said == [
        "begin",
        *("before SELECT 1 True", "SELECT 1", "after"),
        *("before SELECT 2 True", "SELECT 2", "after"),
        "commit",
    ]


def test_rows_of_copy_go_their_own_way() -> None:
    place, said = session()
    run_script(place, script("COPY t (a, b) FROM stdin;\n1\tx\n2\ty\n\\.\nSELECT 1;"))
    assert said == ["begin", "COPY t (a, b) FROM stdin <- '1\\tx\\n2\\ty\\n'", "SELECT 1", "commit"]


def test_commands_of_psql_are_left_out_and_said() -> None:
    place, said = session()
    read = script("\\set ON_ERROR_STOP on\nSELECT 1;")
    assert run_script(place, read) is None
    assert said == ["begin", "SELECT 1", "commit"]
    assert [statement.text.split()[0] for statement in left_out(read)] == ["\\set"]


@pytest.mark.parametrize(
    ("text", "possible"),
    [
        ("CREATE TABLE t (a int)", True),
        ("BEGIN; CREATE TABLE t (a int); COMMIT", True),
        ("CREATE INDEX CONCURRENTLY i ON t (a)", False),
        ("VACUUM", False),
        ("BEGIN; ROLLBACK", False),
        ("SAVEPOINT a; ROLLBACK TO a", True),
    ],
)
def test_what_may_run_inside_of_another_transaction(text: str, possible: bool) -> None:
    assert can_run_inside(script(text)) is possible


@pytest.mark.parametrize(
    ("text", "rule", "expected"),
    [
        ("SELECT 1;", TransactionRule.TOOL, True),
        ("SELECT 1; COMMIT; SELECT 2;", TransactionRule.TOOL, False),
        ("SELECT 1;", TransactionRule.NONE, False),
        ("\\set x\nSELECT 1;", TransactionRule.TOOL, False),
        ("-- at the end\nSELECT 1;", TransactionRule.TOOL, False),
    ],
)
def test_what_may_go_unread(text: str, rule: TransactionRule, expected: bool) -> None:
    place, _ = session()
    assert run_unread(place, script(text, rule).script) is expected
