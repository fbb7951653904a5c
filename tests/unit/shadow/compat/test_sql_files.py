"""Queries in SQL files."""

from __future__ import annotations

from pathlib import Path

from migsafe.shadow.compat.query import Origin
from migsafe.shadow.compat.sql_files import read_sql, read_sql_file

SOURCES = Path(__file__).parents[4] / "fixtures" / "queries" / "sources"


def test_sqlc() -> None:
    found = read_sql_file(SOURCES / "sqlc.sql", "queries/sqlc.sql")
    assert found.skipped == ()
    assert [(query.name, query.place) for query in found.queries] == [
        ("GetUser", "queries/sqlc.sql:4"),
        ("ListUsers", "queries/sqlc.sql:8"),
        ("UpsertUser", "queries/sqlc.sql:14"),
        ("DeleteUser", "queries/sqlc.sql:18"),
    ]
    get, listing, upsert, delete = (query.sql for query in found.queries)
    assert get == "SELECT users.*, score::text AS shown FROM users WHERE id = $1"
    assert "ANY($1::mood[])" in listing
    assert "($2::text IS NULL OR mail = $2)" in listing
    assert "'@nobody; :nobody ?'" in listing
    assert upsert == "INSERT INTO users (name, bio) VALUES ($1, $2::text)"
    assert delete == "DELETE FROM users WHERE id = $1 AND name = $2"


def test_drivers() -> None:
    found = read_sql_file(SOURCES / "drivers.sql", "drivers.sql")
    assert {query.name: query.sql for query in found.queries} == {
        "get-user": "select id, bio from users where id = $1 and created > now() - interval '1 day'",
        "rename_user": "update users set name = $1 where id = $2 and name not like '%x'",
        "by_tag": "select id from users where $1 = any(tags) and age between $2 and $3",
        "positional": "select id from users where name = $1 and id % 2 = 0",
    }
    assert [(skipped.place, skipped.reason.partition(" ")[0]) for skipped in found.skipped] == [
        ("drivers.sql:16", "BEGIN"),
        ("drivers.sql:17", "CREATE"),
        ("drivers.sql:18", "a"),
    ]


def test_what_was_written_stays_an_alternative() -> None:
    (rewritten, as_it_is) = read_sql("select a ?- b; select 1", "q.sql").queries
    assert (rewritten.alternatives, as_it_is.alternatives) == ((), ())
    (colon,) = read_sql("select b[a :c]", "q.sql").queries
    assert (colon.sql, colon.alternatives) == ("select b[a $1]", ("select b[a :c]",))


def test_something_never_closed_is_said() -> None:
    found = read_sql("select 1; select 'x", "q.sql")
    assert len(found.queries) == 1
    assert "never closed" in found.skipped[0].reason


def test_a_file_that_is_no_text_is_said(tmp_path: Path) -> None:
    file = tmp_path / "q.sql"
    file.write_bytes(b"\xff\xfe\x00")
    assert [skipped.place for skipped in read_sql_file(file, "q.sql").skipped] == ["q.sql"]


def test_origin_and_label() -> None:
    (query,) = read_sql("-- name: A :one\nselect 1", "q.sql").queries
    assert (query.origin, query.label) == (Origin.FILE, "A (q.sql:2)")
    (nameless,) = read_sql("select " + "x, " * 40 + "1", "q.sql").queries
    assert nameless.label.startswith("select x, x,")
    assert len(nameless.called) == 60
