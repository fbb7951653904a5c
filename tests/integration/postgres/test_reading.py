"""Sessions that only look."""

from __future__ import annotations

import pytest

from migsafe.postgres.connection import StatementFailedError, Timeouts, connect
from migsafe.postgres.reading import look, spell_version

SETTINGS = "select current_setting('default_transaction_read_only'), current_setting('transaction_isolation')"


@pytest.mark.parametrize(
    "statement",
    ["create table t (a int)", "insert into seen values (2)", "set transaction read write", "truncate seen"],
)
def test_nothing_can_be_written(statement: str, database: str) -> None:
    with connect(database, autocommit=True) as session:
        session.execute("create table seen (a int); insert into seen values (1)")
    with look(database) as session, pytest.raises(StatementFailedError):
        session.execute(statement)
    with connect(database, autocommit=True) as session:
        assert session.query("select a from seen") == [(1,)]


def test_it_sees_one_moment(database: str) -> None:
    with connect(database, autocommit=True) as writer:
        writer.execute("create table seen (a int)")
        with look(database) as session:
            assert session.query(SETTINGS) == [("on", "repeatable read")]
            assert session.query("select count(*) from seen") == [(0,)]
            writer.execute("insert into seen values (1)")
            assert session.query("select count(*) from seen") == [(0,)]


def test_a_statement_that_takes_too_long_is_given_up(database: str) -> None:
    with pytest.raises(StatementFailedError) as caught, look(database, Timeouts(statement=20)) as session:
        session.query("select pg_sleep(10)")
    assert caught.value.sqlstate == "57014"


def test_what_is_set_in_it_does_not_outlive_it(database: str) -> None:
    with connect(database, autocommit=True) as session:
        session.execute("begin read only")
        session.query("select set_config('default_transaction_read_only', 'on', true)")
        session.execute("rollback")
        assert session.query("select current_setting('default_transaction_read_only')") == [("off",)]


@pytest.mark.parametrize(("number", "version"), [(160004, "16.4"), (180000, "18.0"), (150018, "15.18")])
def test_versions_as_people_write_them(number: int, version: str) -> None:
    assert spell_version(number) == version
