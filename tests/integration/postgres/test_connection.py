"""The rules that every session keeps."""

from __future__ import annotations

import threading
import time

import pytest

from migsafe.postgres.connection import NO_TIMEOUTS, StatementFailedError, Timeouts, connect


def settings(dsn: str, timeouts: Timeouts | None) -> dict[str, str]:
    names = ("application_name", "lock_timeout", "statement_timeout", "row_security")
    with connect(dsn, autocommit=True, timeouts=timeouts) as session:
        return {name: session.query("select current_setting(%s)", (name,))[0][0] for name in names}


@pytest.mark.parametrize(
    ("timeouts", "lock", "statement"),
    [(None, "500ms", "30s"), (Timeouts(lock=20, statement=1500), "20ms", "1500ms"), (NO_TIMEOUTS, "0", "0")],
)
def test_every_session_is_set_up(timeouts: Timeouts | None, lock: str, statement: str, database: str) -> None:
    assert settings(database, timeouts) == {
        "application_name": "migsafe",
        "lock_timeout": lock,
        "statement_timeout": statement,
        "row_security": "off",
    }


def test_with_autocommit_each_statement_stays(database: str) -> None:
    with connect(database, autocommit=True) as session:
        session.execute("create table kept (id int)")
    with connect(database, autocommit=True) as session:
        assert session.query("select to_regclass('kept')::text") == [("kept",)]


def test_without_autocommit_what_is_not_committed_goes_and_the_settings_stay(database: str) -> None:
    with connect(database, autocommit=False) as session:
        session.execute("create table gone (id int)")
        session.execute("rollback")
        assert session.query("show lock_timeout") == [("500ms",)]
        session.execute("create table gone (id int)")
    with connect(database, autocommit=True) as session:
        assert session.query("select to_regclass('gone')::text") == [(None,)]


def test_row_security_fails_instead_of_filtering(database: str) -> None:
    with connect(database, autocommit=True) as session:
        session.execute("create table t (id int); alter table t enable row level security, force row level security")
        session.execute("create role migsafe_reader; alter table t owner to migsafe_reader; set role migsafe_reader")
        with pytest.raises(StatementFailedError, match="row-level security") as caught:
            session.query("select * from t")
        session.execute("reset role; drop table t; drop role migsafe_reader")
    assert caught.value.sqlstate == "42501"


def test_a_refused_statement_says_sqlstate_and_hint(database: str) -> None:
    with connect(database, autocommit=True) as session:
        with pytest.raises(StatementFailedError) as caught:
            session.execute("select 1; select no_such_function(1)")
        assert session.query("select 1") == [(1,)]
    assert caught.value.sqlstate == "42883"
    assert caught.value.hint is not None
    assert caught.value.message == "function no_such_function(integer) does not exist"


def test_passwords_in_the_servers_messages_are_hidden(database: str) -> None:
    code = "do $$ begin raise 'hunter2 and password=other' using hint = 'hunter2'; end $$"
    with (
        connect(f"{database} password=hunter2", autocommit=True) as session,
        pytest.raises(StatementFailedError) as caught,
    ):
        session.execute(code)
    assert (caught.value.message, caught.value.hint) == ("*** and password=***", "***")


def test_a_percent_sign_is_only_a_percent_sign(database: str) -> None:
    with connect(database, autocommit=True) as session:
        assert session.query("select 'a' like '%s%'") == [(False,)]


def test_names_are_quoted_by_the_driver(database: str) -> None:
    with connect(database, autocommit=True) as session:
        session.execute_with_names("create schema {s}", s='Odd "; drop')
        session.execute_with_names("create table {t} (id int)", t=('Odd "; drop', "T"))
        assert session.query("select count(*) from pg_tables where tablename = 'T'") == [(1,)]


def test_a_running_statement_can_be_stopped_from_elsewhere(database: str) -> None:
    caught: list[StatementFailedError] = []
    with connect(database, autocommit=True) as session, connect(database, autocommit=True) as witness:

        def wait() -> None:
            try:
                session.execute("select pg_sleep(60)")
            except StatementFailedError as error:
                caught.append(error)

        thread = threading.Thread(target=wait)
        thread.start()
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and not witness.query(
            "select from pg_stat_activity where pid = %s and wait_event = 'PgSleep'", (session.backend_pid,)
        ):
            pass
        session.cancel()
        thread.join(20)
    assert [error.sqlstate for error in caught] == ["57014"]
