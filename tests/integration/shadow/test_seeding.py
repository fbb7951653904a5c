"""Generated rows obey what tables demand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from migsafe.postgres.connection import NO_TIMEOUTS, connect
from migsafe.shadow.seeding import Seeder

if TYPE_CHECKING:
    from collections.abc import Callable

SHOP = """
CREATE EXTENSION citext;
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE DOMAIN percent AS int CHECK (VALUE BETWEEN 0 AND 100);
CREATE TABLE customers (
    id serial PRIMARY KEY, name varchar(12) NOT NULL UNIQUE, email citext NOT NULL, mood mood NOT NULL,
    discount percent NOT NULL, tags text[] NOT NULL, born date, data jsonb NOT NULL, active boolean NOT NULL,
    upper_name text GENERATED ALWAYS AS (upper(name)) STORED,
    state text NOT NULL CHECK (state IN ('new', 'old')), code text NOT NULL CHECK (char_length(code) = 4)
);
CREATE TABLE orders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer integer NOT NULL REFERENCES customers,
    total numeric(8, 2) NOT NULL CHECK (total > 0),
    placed timestamptz NOT NULL DEFAULT now(),
    parent bigint REFERENCES orders
);
CREATE TABLE "Order Lines" (
    "order" bigint REFERENCES orders, line int, "what is it" text NOT NULL, PRIMARY KEY ("order", line)
);
CREATE TABLE profiles (customer integer PRIMARY KEY REFERENCES customers DEFERRABLE INITIALLY DEFERRED, bio text);
CREATE TABLE unrelated (id int PRIMARY KEY);
"""


def rows_of(dsn: str, *tables: str) -> list[int]:
    with connect(dsn, autocommit=True) as session:
        return [session.query(f"select count(*) from {table}")[0][0] for table in tables]


def test_tables_that_are_named_and_their_parents_get_rows(make_database: Callable[[str], str]) -> None:
    dsn = make_database(SHOP)
    with connect(dsn, autocommit=True, timeouts=NO_TIMEOUTS) as session:
        seeding = Seeder(session).seed('ALTER TABLE "Order Lines" ADD x int; ALTER TABLE profiles ADD y int')
    assert seeding.refused == ()
    assert seeding.rows == {
        "public.customers": 3,
        "public.orders": 3,
        "public.Order Lines": 3,
        "public.profiles": 3,
    }
    assert rows_of(dsn, '"Order Lines"', "unrelated") == [3, 0]


def test_rows_are_full_sparse_and_wide(make_database: Callable[[str], str]) -> None:
    dsn = make_database(SHOP)
    with connect(dsn, autocommit=True, timeouts=NO_TIMEOUTS) as session:
        Seeder(session).seed("customers")
        rows = session.query("select length(name), born is null, state from customers order by id")
    assert [is_null for _, is_null, _ in rows] == [False, True, False]
    assert rows[2][0] == 12


def test_in_a_transaction_nothing_is_committed(make_database: Callable[[str], str]) -> None:
    dsn = make_database(SHOP)
    with connect(dsn, autocommit=True, timeouts=NO_TIMEOUTS) as session:
        session.execute("begin")
        assert Seeder(session).seed("customers").rows
        session.execute("rollback")
    assert rows_of(dsn, "customers") == [0]


@pytest.mark.parametrize(
    "table",
    [
        "CREATE TABLE t (a int NOT NULL CHECK (a * a = 49 AND a < 0))",
        "CREATE TABLE t (a int NOT NULL) PARTITION BY RANGE (a)",
        "CREATE TABLE t (a int); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;"
        "CREATE TRIGGER f BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()",
        "CREATE TABLE t (a point NOT NULL CHECK (a[0] > 100))",
    ],
)
def test_a_table_that_takes_no_row_is_counted_and_no_failure(make_database: Callable[[str], str], table: str) -> None:
    dsn = make_database(f"{table}; CREATE TABLE other (a int)")
    with connect(dsn, autocommit=True, timeouts=NO_TIMEOUTS) as session:
        seeding = Seeder(session).seed("t other")
    assert (dict(seeding.rows), seeding.refused) == ({"public.other": 3}, ("public.t",))


def test_tables_that_refer_to_each_other(make_database: Callable[[str], str]) -> None:
    circle = "CREATE TABLE a (id int PRIMARY KEY, b int); CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a);"
    dsn = make_database(circle + "ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b")
    with connect(dsn, autocommit=True, timeouts=NO_TIMEOUTS) as session:
        assert Seeder(session).seed("a b").rows == {"public.a": 3, "public.b": 3}
