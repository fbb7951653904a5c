"""Queries in SQL files and in programs of several languages."""

from __future__ import annotations

import pytest

from migsafe.model.usage import Use
from usage_code import uses


def _python(body: str, what: str = "users.name") -> Use:
    return uses({"app/a.py": body}, what)["sql-literals"].use


def _sql(body: str, what: str = "users.name") -> Use:
    return uses({"queries/a.sql": body}, what)["query-files"].use


@pytest.mark.parametrize(
    ("sql", "use"),
    [
        ("SELECT name FROM users", Use.STRONG),
        ("SELECT u.name FROM users u JOIN orders o ON o.user_id = u.id", Use.STRONG),
        ("SELECT o.name FROM users u JOIN orders o ON o.user_id = u.id", Use.NONE),
        ("SELECT legacy_code, name FROM users, events", Use.STRONG),  # events has no such column
        ("SELECT name FROM users, orders", Use.WEAK),  # both have one
        ("SELECT name FROM users, strangers", Use.WEAK),
        ("SELECT 1 FROM orders WHERE EXISTS (SELECT 1 FROM users WHERE users.id = user_id AND name = '')", Use.STRONG),
        ("SELECT 1 FROM users WHERE EXISTS (SELECT 1 FROM orders WHERE name = '')", Use.NONE),  # the nearer table's
        ("SELECT 1 FROM users WHERE EXISTS (SELECT 1 FROM events WHERE name = '')", Use.STRONG),
        ("SELECT * FROM users", Use.WEAK),
        ("SELECT count(*) FROM users", Use.NONE),
        ("SELECT * FROM orders", Use.NONE),
        ("INSERT INTO users (id) VALUES (1) RETURNING *", Use.WEAK),
        ("INSERT INTO users VALUES (1, 2)", Use.STRONG),
        ("INSERT INTO orders VALUES (1, 2)", Use.NONE),
        ('SELECT "name" FROM "users"', Use.STRONG),
        ('SELECT "Name" FROM users', Use.NONE),
        ("SELECT name FROM audit.users", Use.NONE),
        ("SELECT name FROM public.users", Use.STRONG),
        ("SELECT 'name' FROM users", Use.NONE),
        ("SELECT full_name AS name FROM users", Use.NONE),
        ("SELECT id FROM users -- name\n", Use.NONE),
        ("SELECT id FROM users WHERE id = sqlc.arg(name)", Use.NONE),
        ("SELECT sqlc.embed(users) FROM users", Use.WEAK),
        ("SELECT id FROM users WHERE id = :name OR id = %(name)s OR id = @name", Use.NONE),
        ("SELECT ((name FROM users", Use.WEAK),  # it cannot be read
        ("SELECT ((name FROM orders", Use.NONE),
        ("ALTER TABLE users DROP COLUMN name", Use.NONE),
        ("CREATE TABLE users (name text)", Use.NONE),
        ("CREATE VIEW v AS SELECT name FROM users", Use.STRONG),
        ("CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$ SELECT name FROM users $$", Use.WEAK),
        ("CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$ SELECT name FROM orders $$", Use.NONE),
        ("\\copy users (name) to 'x'", Use.NONE),
        ("select name from {{ ref('users') }}", Use.STRONG),
        ("select name from {{ ref('orders') }}", Use.NONE),
        ("{% if a %} select name from {{ source('shop', 'users') }} {% endif %}", Use.STRONG),
        ("select {{ columns }} from users", Use.WEAK),
    ],
)
def test_query_files(sql: str, use: Use) -> None:
    assert _sql(sql) is use


def test_places_are_lines_of_the_file() -> None:
    sql = "-- name: One\nSELECT 1;\n\n-- name: Two\nSELECT id,\n  name\nFROM users;\n"
    found = uses({"a.sql": sql}, "users.name")["query-files"]
    assert (found.text, [str(place) for place in found.places]) == ("query Two names users.name", ["a.sql:6"])


def test_dumps_of_the_database_are_no_queries() -> None:
    assert "query-files" not in uses({"db/structure.sql": "CREATE VIEW v AS SELECT name FROM users"}, "users.name")


@pytest.mark.parametrize(
    "body",
    [
        'session.execute(text("SELECT name FROM users"))',
        "cursor.execute('''\n  SELECT name\n  FROM users''')",
        'QUERY = "select name from users"',
        'User.objects.raw("SELECT name FROM users")',
        'pd.read_sql(f"SELECT name FROM users WHERE id = {key}", db)',
        'execute("SELECT name " "FROM users")',
        'execute("SELECT name " + "FROM users WHERE id = " + key)',
        'execute("SELECT name FROM %s.users" % schema)',
        'execute("SELECT name FROM {}.users".format(schema))',
        'execute(f"INSERT INTO users (id, name) VALUES ({a}, {b})")',
        'execute("Select name From users")',
        'session.query(User).filter(text("users.name = 1"))',
        'TABLE = "x"\ndef f():\n    """Doc."""\n    return db.fetch_all("SELECT name FROM users")',
        'await connection.fetch("SELECT 1; SELECT name FROM users")',
    ],
)
def test_literals_in_python_that_use_it(body: str) -> None:
    assert _python(body) is Use.STRONG


@pytest.mark.parametrize(
    "body",
    [
        '"""SELECT name FROM users"""',
        'def f():\n    """SELECT name FROM users"""',
        "# SELECT name FROM users",
        'print("Select name from users")',
        'raise ValueError("update the name of users")',
        'x = "users name"',
        'execute("SELECT id FROM users -- name\\n")',
        'execute("SELECT id FROM users WHERE id = :name", {"name": 1})',
        'execute(f"SELECT id FROM users WHERE id = {name}")',
        'execute("SELECT o.name FROM orders o, users u")',
        'execute("SELECT name FROM orders")',
        'execute(text("orders.name = 1"))',
        'x = {"name": "users"}',
    ],
)
def test_literals_in_python_that_do_not(body: str) -> None:
    assert _python(body) is Use.NONE


@pytest.mark.parametrize(
    ("body", "what", "use"),
    [
        ('execute(f"SELECT {columns} FROM users")', "users.name", Use.WEAK),
        ('execute(f"SELECT name FROM {table}")', "users.name", Use.NONE),  # any table's
        ('execute(f"SELECT legacy_code FROM {table}")', "users.legacy_code", Use.WEAK),  # no other table has it
        ('order_by(text("name"))', "users.name", Use.NONE),
        ('users; order_by(text("name"))', "users.name", Use.WEAK),
        ('order_by(text("legacy_code"))', "users.legacy_code", Use.WEAK),
        ('execute("DELETE FROM users")', "users", Use.STRONG),
        ('execute("DELETE FROM users")', "users.name", Use.NONE),
        ('execute("TRUNCATE users")', "users", Use.STRONG),
    ],
)
def test_what_a_program_fills_in(body: str, what: str, use: Use) -> None:
    assert _python(body, what) is use


def test_a_test_is_weak_and_says_so() -> None:
    found = uses({"tests/a.py": 'cursor.execute("SELECT name FROM users")'}, "users.name")["sql-literals"]
    assert (found.use, found.text) == (Use.WEAK, "SQL in execute(…) names users.name, in a test")


@pytest.mark.parametrize(
    ("path", "body", "use"),
    [
        ("a.go", 'db.Query("SELECT name FROM users")', Use.STRONG),
        ("a.go", "const q = `\nSELECT name\nFROM users`", Use.STRONG),
        ("a.go", '// "SELECT name FROM users"', Use.NONE),
        ("a.ts", 'db.query("SELECT name " +\n  "FROM users")', Use.STRONG),
        ("a.ts", "sql`SELECT name FROM users WHERE id = ${id}`", Use.STRONG),
        ("a.ts", "sql`SELECT id FROM users WHERE id = ${name}`", Use.NONE),
        ("a.java", '/* "SELECT name FROM users" */', Use.NONE),
        ("A.java", 'String q = """\n  SELECT name\n  FROM users""";', Use.STRONG),
        ("a.rb", 'execute "SELECT o.name FROM orders o, users u"', Use.NONE),
        ("a.rb", "execute <<~SQL\n  SELECT name\n  FROM users\nSQL\n", Use.STRONG),
        ("a.rb", "# execute 'SELECT name FROM users'", Use.NONE),
        ("a.php", "$q = 'SELECT name ' . 'FROM users';", Use.STRONG),
        ("a.go", 'fmt.Print("Select a name from users")', Use.NONE),
    ],
)
def test_other_languages(path: str, body: str, use: Use) -> None:
    assert uses({path: body}, "users.name")["sql-literals"].use is use


def test_lines_in_other_languages() -> None:
    found = uses({"a.go": "package a\n\nconst q = `\nSELECT id,\n  name\nFROM users`"}, "users.name")["sql-literals"]
    assert [str(place) for place in found.places] == ["a.go:5"]
