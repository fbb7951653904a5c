from __future__ import annotations

import pytest

from lite_scripts import database
from migsafe.shadow.lite.seeding import seed
from migsafe.sqlite.connection import StatementRefusedError


@pytest.mark.parametrize(
    "definition",
    [
        "a int",
        "id integer primary key, a text not null",
        "id integer primary key autoincrement",
        "id text primary key, a varchar(3) not null unique",
        "a text not null check (a in ('x', 'y'))",
        "a text not null check (a = 'x')",
        "a int not null check (a >= 10 and a < 20)",
        "a text not null check (length(a) = 5)",
        "a text not null check (json_valid(a))",
        "a json not null check (json_valid(a))",
        "a boolean not null check (a in (0, 1))",
        "a bool not null",
        "a blob not null, b datetime not null, c real not null, d decimal(5, 2) not null, e uuid not null",
        "a int not null, b int not null generated always as (a + 1) stored, c int as (a) virtual",
        '"two words" int not null, "select" text not null',
    ],
)
def test_a_table_gets_a_full_and_a_sparse_row(definition: str) -> None:
    with database(f"create table t ({definition})") as made:
        seeding = seed(made)
        assert (seeding.rows, seeding.refused) == ({"t": 2}, ())
        assert made.query("select count(*) from t") == [(2,)]


def test_a_strict_table_gets_values_of_its_types() -> None:
    columns = "a int not null, b text not null, c blob not null, d real not null, e any not null"
    try:
        made = database(f"create table t ({columns}) strict")
    except StatementRefusedError:
        pytest.skip("this SQLite knows no STRICT")
    with made:
        seed(made)
        (types, *_) = made.query("select typeof(a), typeof(b), typeof(c), typeof(d) from t")
        assert types == ("integer", "text", "blob", "real")


def test_the_sparse_row_has_nulls_and_the_full_one_has_none() -> None:
    with database("create table t (id integer primary key, a text, b text not null)") as made:
        seed(made)
        assert made.query("select a is null, b is null from t order by id") == [(0, 0), (1, 0)]


def test_children_refer_to_parents_whatever_their_order() -> None:
    with database(
        "create table c (id integer primary key, p_id int not null references p on delete cascade);"
        "create table p (id integer primary key, name text unique);"
        "create table g (c_id int not null references c (id), p_id int references p)"
    ) as made:
        assert seed(made).rows == {"p": 2, "c": 2, "g": 2}
        assert made.query("pragma foreign_key_check") == []


def test_tables_that_refer_to_each_other_and_to_themselves() -> None:
    with database(
        "create table a (id integer primary key, b_id int references b);"
        "create table b (id integer primary key, a_id int references a, up int references b)"
    ) as made:
        assert set(seed(made).rows) == {"a", "b"}
        assert made.query("pragma foreign_key_check") == []


def test_where_a_made_up_value_does_not_fit_the_default_may() -> None:
    with database("create table t (a int not null default 3 check (a = 3))") as made:
        assert seed(made).rows == {"t": 1}


def test_a_table_that_takes_no_row_is_counted() -> None:
    with database("create table t (a int not null check (a * a = -1)); create table u (a int)") as made:
        seeding = seed(made)
        assert (seeding.rows, seeding.refused) == ({"u": 2}, ("t",))


def test_values_are_the_same_in_each_run() -> None:
    sql = "create table t (id text primary key, a int, b datetime)"
    with database(sql) as one, database(sql) as other:
        seed(one)
        seed(other)
        assert one.query("select * from t") == other.query("select * from t")
