from __future__ import annotations

import pytest

from lite_scripts import database, script
from migsafe.model.script import TransactionRule
from migsafe.shadow.lite.execution import is_wrapped, rest_of, run_script

TOOL, NONE = TransactionRule.TOOL, TransactionRule.NONE
PARENT = "create table p (id integer primary key); insert into p values (1);"
CHILD = "create table c (p_id int references p deferrable initially deferred);"


@pytest.mark.parametrize(("rule", "left"), [(TOOL, []), (NONE, [("t",)]), (TransactionRule.IMPLICIT, [("t",)])])
def test_what_is_left_of_a_script_that_fails(rule: TransactionRule, left: list[tuple[str]]) -> None:
    read = script("CREATE TABLE t (a);\nDROP TABLE u;\nCREATE TABLE v (a);", transaction=rule)
    with database() as made:
        failure = run_script(made, read)
        assert failure is not None
        assert (failure.statement, failure.message) == (read.statements[1], "no such table: u")
        assert made.query("select name from sqlite_master") == left
        assert not made.in_transaction


def test_a_pragma_in_the_tools_transaction_does_nothing() -> None:
    text = "PRAGMA foreign_keys = off; DELETE FROM p; PRAGMA foreign_keys = on;"
    child = "create table c (p_id int references p); insert into c values (1)"
    with database(PARENT + child) as made:
        failure = run_script(made, script(text))
        assert failure is not None
        assert failure.sqlstate == "SQLITE_CONSTRAINT_FOREIGNKEY"
        assert run_script(made, script(text, transaction=NONE)) is None


def test_rows_that_wait_for_their_parents_fail_at_the_end() -> None:
    with database(PARENT + CHILD) as made:
        failure = run_script(made, script("INSERT INTO c VALUES (7);"))
        assert failure is not None
        assert (failure.statement, failure.message) == (None, "FOREIGN KEY constraint failed")
        assert made.query("select * from c") == []


def test_a_script_that_ends_the_tools_transaction_leaves_the_tool_without_one() -> None:
    with database() as made:
        failure = run_script(made, script("CREATE TABLE t (a); COMMIT;"))
        assert failure is not None
        assert (failure.statement, failure.message) == (None, "cannot commit - no transaction is active")


def test_a_transaction_that_a_script_leaves_open_is_lost_with_its_connection() -> None:
    with database() as made:
        assert run_script(made, script("BEGIN; CREATE TABLE t (a);", transaction=NONE)) is None
        assert made.query("select name from sqlite_master") == []


def test_an_error_that_rolls_back_by_itself() -> None:
    with database("create table t (a int unique on conflict rollback); insert into t values (1)") as made:
        failure = run_script(made, script("INSERT INTO t VALUES (2); INSERT INTO t VALUES (1);"))
        assert failure is not None
        assert failure.sqlstate == "SQLITE_CONSTRAINT_UNIQUE"
        assert made.query("select * from t") == [(1,)]


def test_rows_that_a_statement_gives_are_no_failure() -> None:
    with database(PARENT) as made:
        assert run_script(made, script("SELECT * FROM p; PRAGMA foreign_key_check; PRAGMA integrity_check;")) is None


@pytest.mark.parametrize(
    ("rule", "text", "wrapped"),
    [
        (TransactionRule.UNLESS_FORBIDDEN, "CREATE TABLE t (a);", True),
        (TransactionRule.UNLESS_FORBIDDEN, "CREATE TABLE t (a); VACUUM;", False),
        (TransactionRule.TOOL, "VACUUM;", True),
        (TransactionRule.IMPLICIT, "CREATE TABLE t (a); CREATE TABLE u (a);", False),
    ],
)
def test_who_makes_a_transaction(rule: TransactionRule, text: str, wrapped: bool) -> None:
    assert is_wrapped(script(text, transaction=rule)) is wrapped


@pytest.mark.parametrize(("rule", "left"), [(TOOL, 3), (NONE, 2)])
def test_where_to_go_on_behind_a_failure(rule: TransactionRule, left: int) -> None:
    read = script("CREATE TABLE t (a); DROP TABLE u; CREATE TABLE v (a);", transaction=rule)
    with database() as made:
        failure = run_script(made, read)
        assert failure is not None
        assert rest_of(read, failure).statements == read.statements[-left:]
