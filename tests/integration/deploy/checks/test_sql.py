"""Queries on a real server; nothing that a query says can change anything."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from check_cases import context, table, window
from loopback import free_address
from migsafe.deploy.checks.sql import open_check
from migsafe.deploy.verdict import Result, Verdict, Window
from migsafe.postgres.connection import connect, make_dsn

PASS, FAIL, UNKNOWN = Result.PASS, Result.FAIL, Result.INCONCLUSIVE
SETUP = """
create table orders (id int primary key, version text, name text);
insert into orders select n, case when n <= 5 then 'v2' else 'v1' end, case when n > 2 then 'a%' end
from generate_series(1, 10) as n;
create function grow() returns int language sql as 'insert into orders values (99); select 1';
"""


@pytest.fixture
def shop(make_database: Callable[[str], str]) -> str:
    return make_database(SETUP)


def look(dsn: str, query: str, at: Window | None = None, **keys: Any) -> Verdict:
    check = open_check(table(query=query, url="env:SHOP", **keys), context(environ={"SHOP": dsn}))
    check.begin()
    return check.judge(at or window())


@pytest.mark.parametrize(
    ("query", "keys", "expected", "text"),
    [
        ("select count(*) from orders where name is null", {"max": 2}, PASS, "2"),
        ("select count(*) from orders where name is null;", {"max": 1}, FAIL, "2: more than 1"),
        ("select 0.5::numeric -- half", {"equals": 0.5}, PASS, "0.5"),
        ("select 7 % 4", {"min": 3}, PASS, "3"),
        ("select count(*) from orders where name like 'a%'", {"equals": 8}, PASS, "8"),
        ("select 'nan'::float8", {"max": 1}, UNKNOWN, "no data"),
        ("with w as (select 1 as n) select n from w", {"max": 1}, PASS, "1"),
        ("select count(*) = 10 from orders", {}, PASS, "true"),
        ("select count(*) = 11 from orders", {}, FAIL, "false"),
        ("select count(*) from orders where version = {candidate}", {"equals": 5}, PASS, "5"),
        ("select {seconds}", {"equals": 60}, PASS, "60"),
        ("select null::int", {"max": 1}, UNKNOWN, "no data: the query gives NULL"),
        ("select id from orders where id > 99", {"max": 1}, UNKNOWN, "no data: the query gives no row"),
        ("select id from orders", {"max": 1}, UNKNOWN, "the query must give one row with one column"),
        ("select 1 as a, 2 as b", {"max": 1}, UNKNOWN, "the query must give one row with one column"),
        ("select 'many'", {"max": 1}, UNKNOWN, "the query must give a number or a boolean"),
        ("select 1", {}, UNKNOWN, "the query gives a number, and there is no max, min or equals for it"),
        ("select true", {"max": 1}, UNKNOWN, "the query gives a boolean: take max, min and equals away"),
        ("select x from nowhere", {"max": 1}, UNKNOWN, 'relation "nowhere" does not exist'),
    ],
)
def test_every_answer_has_a_verdict(shop: str, query: str, keys: dict[str, Any], expected: Result, text: str) -> None:
    verdict = look(shop, query, **keys)
    assert (verdict.result, verdict.text) == (expected, text)


def test_a_version_is_a_value_and_nothing_else(shop: str) -> None:
    query = "select count(*) from orders where version = {candidate}"
    assert look(shop, query, window(candidate="x' or true --"), equals=0).result is PASS
    assert look(shop, query, window(weight=0, candidate=None), equals=5).result is PASS
    assert look(shop, "select {stable} = 'v1'").result is PASS


@pytest.mark.parametrize(
    "query",
    [
        "insert into orders values (99) returning 1",
        "with w as (insert into orders values (99) returning 1) select * from w",
        "select grow()",
        "select 1; insert into orders values (99)",
        "select 1) as x; commit; insert into orders values (99); select * from (select 1",
    ],
)
def test_nothing_can_be_changed(shop: str, query: str) -> None:
    assert look(shop, query, max=1).result is UNKNOWN
    with connect(shop, autocommit=True) as session:
        assert session.query("select count(*) from orders") == [(10,)]


def test_a_query_that_takes_too_long_is_given_up(shop: str) -> None:
    verdict = look(shop, "select 1 from pg_sleep(60)", max=1, timeout="100ms")
    assert (verdict.result, verdict.text) == (UNKNOWN, "canceling statement due to statement timeout")


def test_a_lock_is_not_waited_for(shop: str) -> None:
    with connect(shop, autocommit=False) as holder:
        holder.execute("lock table orders in access exclusive mode")
        verdict = look(shop, "select count(*) from orders", max=100)
    assert (verdict.result, verdict.text) == (UNKNOWN, "canceling statement due to lock timeout")


def test_a_database_that_is_away_is_inconclusive_and_says_no_password() -> None:
    port = free_address().rpartition(":")[2]
    dsn = make_dsn(host="127.0.0.1", port=port, user="me", password="hush-hush", dbname="shop")
    verdict = look(dsn, "select 1", max=1)
    assert verdict.result is UNKNOWN
    assert verdict.text.startswith("cannot connect to Postgres")
    assert "hush" not in verdict.text
