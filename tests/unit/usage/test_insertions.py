"""Which queries give a column a value in every new row, which leave it out, and which are not about it."""

from __future__ import annotations

import pytest

from migsafe.model.usage import Giving
from usage_code import writers

_GIVES, _LEAVES, _MAY = Giving.GIVES, Giving.LEAVES_OUT, Giving.MAY_LEAVE_OUT


@pytest.mark.parametrize(
    ("sql", "giving"),
    [
        ("INSERT INTO users (email, full_name) VALUES (%s, %s)", [_GIVES]),
        ("INSERT INTO users (email, full_name) VALUES (%(email)s, %(full_name)s)", [_GIVES]),
        ("INSERT INTO users (email, full_name) VALUES (:email, :full_name)", [_GIVES]),
        ("INSERT INTO users (email, full_name) VALUES (?, ?)", [_GIVES]),
        ("INSERT INTO users (email, full_name) VALUES ($1, $2)", [_GIVES]),
        ("INSERT INTO public.users (email, full_name) SELECT email, name FROM signups", [_GIVES]),
        ("INSERT INTO users (email) VALUES (%s)", [_LEAVES]),
        ("INSERT INTO users (email) VALUES (:a), (:b)", [_LEAVES]),
        ("INSERT INTO users (email) VALUES (?) ON CONFLICT (email) DO UPDATE SET full_name = 'x'", [_LEAVES]),
        ("INSERT INTO users (email) SELECT full_name FROM signups", [_LEAVES]),
        ("INSERT INTO users (full_name) VALUES (DEFAULT)", [_LEAVES]),
        ("INSERT INTO users DEFAULT VALUES", [_LEAVES]),
        ("INSERT INTO users VALUES (1, 'a', 'b', 'c', 'd')", [_GIVES]),
        ("INSERT INTO users VALUES (1, 'a', 'b')", [_LEAVES]),
        ("INSERT INTO users SELECT * FROM signups", [_MAY]),
        ("INSERT INTO users (email) VALUES (((", [_MAY]),
        ("INSERT INTO orders (name) VALUES (%s)", []),
        ("INSERT INTO audit.users (email) VALUES (%s)", []),
        ("UPDATE users SET email = %s", []),
        ("SELECT email FROM users", []),
    ],
)
def test_sql_in_programs(sql: str, giving: list[Giving]) -> None:
    body = f"def add(cursor):\n    cursor.execute({sql!r}, ())\n"
    assert [one.giving for one in writers({"app/users.py": body}, "users.full_name").found] == giving


def test_it_names_the_line_of_the_insert() -> None:
    (one,) = writers(
        {"queries/users.sql": "-- name: Get\nSELECT 1;\n-- name: AddUser\nINSERT INTO users (email) VALUES ($1);\n"},
        "users.full_name",
    ).found
    assert (str(one.place), one.text) == ("queries/users.sql:4", "query AddUser inserts into users without full_name")


def test_columns_that_a_program_fills_in_may_be_it() -> None:
    code = 'def add(c, columns):\n    c.execute(f"INSERT INTO users (email, {columns}) VALUES (1, 2)")\n'
    assert [one.giving for one in writers({"app.py": code}, "users.full_name").found] == [_MAY]


def test_a_column_that_is_not_there_yet_is_left_out_by_who_counts() -> None:
    (one,) = writers({"a.sql": "INSERT INTO users VALUES (1, 'a', 'b', 'c', 'd');"}, "users.phone").found
    assert one.giving is _LEAVES


def test_tests_are_no_writers() -> None:
    found = writers({"tests/test_users.py": 'execute("INSERT INTO users (email) VALUES (1)")'}, "users.full_name")
    assert found.found == ()
