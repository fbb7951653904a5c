"""What queries name: through aliases, subqueries, common table expressions, and the ways of writing rows."""

from __future__ import annotations

import pytest

from migsafe.model.dialect import Dialect
from migsafe.parse.query_uses import HOLE, QueryUses, fragment_uses, query_uses


def _read(sql: str) -> QueryUses:
    uses = query_uses(sql, Dialect.POSTGRES)
    assert uses is not None
    return uses


def _columns(sql: str) -> set[str]:
    """`table.column`, with all tables of all scopes that can have it."""
    return {
        f"{'|'.join(table.name for scope in column.scopes for table in scope)}.{column.column}"
        for column in _read(sql).columns
    }


@pytest.mark.parametrize(
    ("sql", "columns"),
    [
        ("SELECT o.name FROM orders o JOIN users u ON true", {"orders.name"}),
        ("SELECT name FROM users", {"users.name"}),
        ("SELECT name FROM users, orders", {"users|orders.name"}),
        ('SELECT "Name" FROM users', {"users.Name"}),
        ("SELECT app.users.name FROM app.users", {"users.name"}),
        ("SELECT s.name FROM (SELECT full_name AS name FROM users) s", {"users.full_name"}),
        ("WITH r AS (SELECT name FROM orders) SELECT name FROM r", {"orders.name"}),
        ("WITH r AS (SELECT name FROM orders) SELECT r.name FROM r, users", {"orders.name"}),
        ("SELECT 1 FROM orders o WHERE EXISTS (SELECT 1 FROM users WHERE name = 'x')", {"users|orders.name"}),
        ("SELECT lower(full_name) AS name FROM users ORDER BY name", {"users.full_name"}),
        ("SELECT id FROM users ORDER BY name", {"users.id", "users.name"}),
        ("SELECT 1 FROM users JOIN orders USING (name)", {"users.name", "orders.name"}),
        ("UPDATE users SET name = o.label FROM orders o", {"users.name", "orders.label"}),
        ("UPDATE users SET (name, email) = (1, 2)", {"users.name", "users.email"}),
        ("DELETE FROM users USING orders o WHERE o.name = ''", {"orders.name"}),
        ("INSERT INTO users (name) VALUES (1)", {"users.name"}),
        (
            "INSERT INTO users (id) VALUES (1) ON CONFLICT (email) DO UPDATE SET name = excluded.name",
            {"users.id", "users.email", "users.name"},
        ),
        ("INSERT INTO audit (note) SELECT name FROM users", {"audit.note", "users.name"}),
        (
            "MERGE INTO users u USING s ON u.id = s.id WHEN NOT MATCHED THEN INSERT (name) VALUES (s.label)",
            {"users.id", "s.id", "users.name", "s.label"},
        ),
        ("COPY users (name) FROM STDIN", {"users.name"}),
        ("SELECT 1 FROM users WHERE id = :name AND email = %(name)s", {"users.id", "users.email"}),
        ("EXPLAIN (ANALYZE) SELECT name FROM users", {"users.name"}),
        ("CREATE VIEW v AS SELECT name FROM users", {"users.name"}),
        ("SELECT id FROM users UNION SELECT id FROM orders ORDER BY name", {"users.id", "orders.id"}),
    ],
)
def test_columns_belong_to_the_tables_that_can_have_them(sql: str, columns: set[str]) -> None:
    assert _columns(sql) == columns


@pytest.mark.parametrize(
    ("sql", "stars"),
    [
        ("SELECT * FROM users", {"users"}),
        ("SELECT u.* FROM users u, orders o", {"users"}),
        ("SELECT to_jsonb(u) FROM users u", {"users"}),
        ("UPDATE users SET id = 1 RETURNING *", {"users"}),
        ("SELECT 1 FROM users NATURAL JOIN orders", {"users", "orders"}),
        ("SELECT count(*) FROM users", set()),
        ("SELECT 1 WHERE EXISTS (SELECT * FROM users)", set()),
        ("SELECT * FROM (SELECT id FROM users) s", set()),
    ],
)
def test_stars_take_all_columns(sql: str, stars: set[str]) -> None:
    assert {named.table.name for named in _read(sql).stars} == stars


@pytest.mark.parametrize(
    ("sql", "positional"),
    [
        ("INSERT INTO users VALUES (1)", {"users"}),
        ("INSERT INTO users SELECT * FROM old", {"users"}),
        ("COPY users FROM STDIN", {"users"}),
        ("SELECT a FROM users AS u (a, b)", {"users"}),
        ("INSERT INTO users (id) VALUES (1)", set()),
        ("INSERT INTO users DEFAULT VALUES", set()),
    ],
)
def test_columns_that_are_counted_instead_of_named(sql: str, positional: set[str]) -> None:
    assert {named.table.name for named in _read(sql).positional} == positional


def test_holes_are_no_names() -> None:
    uses = _read(f"SELECT {HOLE} FROM {HOLE}.users JOIN {HOLE} h ON h.{HOLE} = 1 WHERE {HOLE}")
    assert [named.table.name for named in uses.tables] == ["users"]
    assert [named.table.name for named in uses.filled] == ["users"]
    assert uses.columns == ()


def test_a_common_table_expression_is_no_table() -> None:
    assert [str(named.table) for named in _read("WITH users AS (SELECT 1) SELECT * FROM users").tables] == []


def test_lines_are_those_of_the_text() -> None:
    uses = _read("SELECT id,\n       name\n  FROM users")
    assert {(column.column, column.line) for column in uses.columns} == {("id", 1), ("name", 2)}
    assert uses.tables[0].line == 3


@pytest.mark.parametrize("sql", ["CREATE TABLE users (name text)", "ALTER TABLE users DROP COLUMN name"])
def test_definitions_use_nothing(sql: str) -> None:
    assert _read(sql) == QueryUses(defines=True)


@pytest.mark.parametrize(
    "sql",
    [
        "Select a name from the list of users",
        "SELECT FROM WHERE",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT name FROM users'",
        "DO $$ BEGIN END $$",
        "SELECT " + "(" * 5000 + "1" + ")" * 5000,
        "SELECT " + "f(" * 5000 + "1" + ")" * 5000,
        "SELECT " + "CASE WHEN a THEN " * 5000 + "1" + " END" * 5000,
        "SELECT * FROM " + "(SELECT * FROM " * 20000 + "t" + ")" * 20000,
    ],
)
def test_what_cannot_be_read_is_none(sql: str) -> None:
    assert query_uses(sql, Dialect.POSTGRES) is None


def test_many_brackets_that_are_not_nested_are_read() -> None:
    assert query_uses("INSERT INTO t (a) VALUES " + ", ".join(["(1)"] * 5000), Dialect.POSTGRES) is not None


def test_fragments_qualify_or_leave_open() -> None:
    uses = fragment_uses("users.name = 'x' AND legacy > 1", Dialect.POSTGRES)
    assert uses is not None
    scopes = {column.column: [table.name for scope in column.scopes for table in scope] for column in uses.columns}
    assert scopes == {"name": ["users"], "legacy": []}


def test_mysql_keeps_the_spelling_of_tables_alone() -> None:
    uses = query_uses("SELECT `Name` FROM `Users`", Dialect.MYSQL)
    assert uses is not None
    assert [(column.column, column.scopes[0][0].name) for column in uses.columns] == [("name", "Users")]


@pytest.mark.parametrize(
    ("sql", "inserts"),
    [
        ("INSERT INTO users (name, email) VALUES ($1, $2)", [("users", ("name", "email"), None, False)]),
        ("INSERT INTO users (name) VALUES (:name), (:other)", [("users", ("name",), None, False)]),
        ("INSERT INTO users (name) VALUES (?) ON CONFLICT DO NOTHING", [("users", ("name",), None, False)]),
        ('INSERT INTO users ("Name", email) VALUES (1, 2)', [("users", ("Name", "email"), None, False)]),
        ("INSERT INTO users (name, email) SELECT name, mail FROM old", [("users", ("name", "email"), None, False)]),
        ("INSERT INTO users (name, email) VALUES (1, DEFAULT)", [("users", ("name",), None, False)]),
        ("INSERT INTO users (name, email) VALUES (1, 2), (DEFAULT, 3)", [("users", ("email",), None, False)]),
        ("INSERT INTO users DEFAULT VALUES", [("users", (), None, False)]),
        ("INSERT INTO users VALUES (1, 2)", [("users", None, 2, False)]),
        ("INSERT INTO users VALUES (1, 2), (1)", [("users", None, 1, False)]),
        ("INSERT INTO users VALUES (1, DEFAULT)", [("users", None, None, False)]),
        ("INSERT INTO users SELECT * FROM old", [("users", None, None, False)]),
        (f"INSERT INTO users (name, {HOLE}) VALUES (1, 2)", [("users", ("name",), None, True)]),
        (f"INSERT INTO {HOLE} (name) VALUES (1)", []),
        ("COPY users (name) FROM STDIN", [("users", ("name",), None, False)]),
        ("COPY users (name) TO STDOUT", []),
        ("MERGE INTO users u USING s ON u.id = s.id WHEN NOT MATCHED THEN INSERT (id, name) VALUES (s.id, s.name)",
         [("users", ("id", "name"), None, False)]),
        ("WITH n AS (INSERT INTO users (name) VALUES (1) RETURNING id) INSERT INTO orders (user_id) SELECT id FROM n",
         [("orders", ("user_id",), None, False), ("users", ("name",), None, False)]),
        ("UPDATE users SET name = 1", []),
        ("SELECT name FROM users", []),
    ],
)  # fmt: skip
def test_rows_that_are_put_into_tables(sql: str, inserts: list[tuple[str, tuple[str, ...] | None, int, bool]]) -> None:
    found = [(one.table.name, one.columns, one.width, one.open) for one in _read(sql).inserts]
    assert sorted(found, key=str) == sorted(inserts, key=str)


def test_an_insertion_stands_where_its_table_is_named() -> None:
    (one,) = _read("WITH n AS (SELECT 1)\n\nINSERT INTO users (name)\nSELECT 1").inserts
    assert one.line == 3


def test_mysql_sets_what_it_inserts() -> None:
    uses = query_uses("INSERT INTO users SET name = 'x'", Dialect.MYSQL)
    assert uses is not None
    assert [one.columns for one in uses.inserts] == [("name",)]
