"""Statements parsed, described and tried at the level of the protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from migsafe.errors import EnvironmentFailedError
from migsafe.postgres.connection import StatementFailedError, connect
from migsafe.postgres.prepare import DescribedColumn, Description, laboratory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from migsafe.postgres.connection import Session

SETUP = """
    CREATE TABLE t (id int PRIMARY KEY, name varchar(10));
    INSERT INTO t VALUES (1, 'one');
    CREATE FUNCTION loud() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'loud'; END $$;
    CREATE TABLE noisy (id int);
    CREATE TRIGGER loud AFTER INSERT ON noisy FOR EACH ROW EXECUTE FUNCTION loud();
"""


@pytest.fixture
def session(make_database: Callable[[str], str]) -> Iterator[Session]:
    with connect(make_database(SETUP), autocommit=True) as session:
        yield session


def test_types_and_columns_are_described(session: Session) -> None:
    with laboratory(session) as place:
        description = place.prepare("select name, count(*) as n from t where id = $1 group by name")
    assert description == Description((23,), (DescribedColumn("name", 1043, 14), DescribedColumn("n", 20, -1)))


def test_types_that_are_given_are_kept(session: Session) -> None:
    with laboratory(session) as place:
        assert place.prepare("select $1", (1184,)).parameters == (1184,)
        assert place.prepare("select $1").parameters == (25,)


@pytest.mark.parametrize(
    ("sql", "sqlstate"),
    [
        ("select a from t", "42703"),
        ("select 1; select 2", "42601"),
        ("", None),
        ("select 1\0", None),
        ("'\ud800'", None),
    ],
)
def test_refusals(sql: str, sqlstate: str | None, session: Session) -> None:
    with laboratory(session) as place:
        if sql:
            with pytest.raises(StatementFailedError) as caught:
                place.prepare(sql)
            assert caught.value.sqlstate == sqlstate
        assert place.prepare("select 1").parameters == ()


@pytest.mark.parametrize("in_transaction", [False, True])
def test_nothing_stays(in_transaction: bool, session: Session) -> None:
    session.execute("set statement_timeout = '7s'")
    if in_transaction:
        session.execute("begin; insert into t values (2, 'two')")
    with laboratory(session) as place:
        place.prepare("insert into t values ($1, $2)")
        place.run(["3", "three"])
        place.run(["3", "three"])
        place.prepare("delete from t")
        place.run([])
        with pytest.raises(StatementFailedError):
            place.prepare("nonsense")
    assert session.query("select count(*) from t") == [(2 if in_transaction else 1,)]
    assert session.in_transaction is in_transaction
    assert session.query("select current_setting('statement_timeout')") == [("7s",)]
    assert session.query("select count(*) from pg_prepared_statements") == [(0,)]


def test_execution_goes_to_the_end(session: Session) -> None:
    with laboratory(session) as place:
        place.prepare("insert into noisy select 1 where $1")
        place.run(["f"])
        with pytest.raises(StatementFailedError) as caught:
            place.run(["t"])
    assert (caught.value.sqlstate, caught.value.message) == ("P0001", "loud")


def test_a_value_is_no_sql(session: Session) -> None:
    with laboratory(session) as place:
        place.prepare("insert into t values (2, $1)")
        with pytest.raises(StatementFailedError) as caught:
            place.run(["'); drop table t; --"])
    assert caught.value.sqlstate == "22001"


def test_rows_without_end_are_cut_off(session: Session) -> None:
    with laboratory(session) as place:
        place.prepare("with recursive n as (select 1 union all select 2 from n) select * from n")
        with pytest.raises(StatementFailedError) as caught:
            place.run([])
    assert caught.value.sqlstate == "57014"


def test_plans(session: Session) -> None:
    session.execute("create rule nothing as on update to noisy do instead nothing")
    with laboratory(session) as place:
        place.prepare("insert into t (id) values ($1)")
        (plan,) = place.plan([None])
        assert plan["Plans"][0]["Output"] == ["$1", "NULL::character varying(10)"]
        place.prepare("update noisy set id = 1")
        assert place.plan([]) == []


def test_a_connection_that_breaks_is_said(session: Session) -> None:
    with laboratory(session) as place:
        place.prepare("select pg_terminate_backend(pg_backend_pid())")
        with pytest.raises(EnvironmentFailedError, match="broke"):
            place.run([])


def test_an_error_inside_takes_everything_back(session: Session) -> None:
    def fail() -> None:
        with laboratory(session) as place:
            place.prepare("select 1")
            session.execute("select nothing")

    with pytest.raises(StatementFailedError, match="nothing"):
        fail()
    assert not session.in_transaction
    assert session.query("select count(*) from pg_prepared_statements") == [(0,)]
