"""New columns in MySQL and SQLite, and what a recipe offers on which server."""

from __future__ import annotations

import pytest

from lint_walks import migration, run
from rule_cases import findings, loud

USERS = "CREATE TABLE users (id integer PRIMARY KEY, email varchar(50) NOT NULL DEFAULT '');"


def test_sqlite_refuses_not_null_without_a_default() -> None:
    assert "add-column-not-null-no-default" in loud(
        USERS, "ALTER TABLE users ADD COLUMN age int NOT NULL;", dialect="sqlite"
    )


@pytest.mark.parametrize(("kind", "expected"), [("date", True), ("int", False)])
def test_mysql_fails_for_dates_alone(kind: str, expected: bool) -> None:
    found = loud(USERS, f"ALTER TABLE users ADD COLUMN x {kind} NOT NULL;", dialect="mysql")
    assert ("add-column-not-null-no-default" in found) is expected


def test_mysql_numbers_rows_by_a_copy() -> None:
    found = findings(
        "CREATE TABLE users (email varchar(50));",
        "ALTER TABLE users ADD COLUMN id int AUTO_INCREMENT UNIQUE;",
        dialect="mysql",
    )
    text = next(finding for finding in found if finding.rule == "add-column-serial")
    assert "AUTO_INCREMENT" in text.message
    assert "nextval" not in text.instead


def test_an_unknown_function_is_named() -> None:
    found = findings(USERS, "ALTER TABLE users ADD COLUMN token text DEFAULT make_token();")
    finding = next(finding for finding in found if finding.rule == "add-column-volatile-default")
    assert finding.severity == "warning"
    assert "make_token()" in finding.message


def test_a_virtual_column_is_offered_where_the_server_has_it() -> None:
    sql = "ALTER TABLE users ADD COLUMN mail text GENERATED ALWAYS AS (lower(email)) STORED;"
    offers = {
        version: next(
            f.instead for f in findings(USERS, sql, server=version) if f.rule == "add-column-generated-stored"
        )
        for version in (15, 18)
    }
    assert "VIRTUAL" not in offers[15]
    assert "VIRTUAL" in offers[18]


@pytest.mark.parametrize(
    ("before", "said"),
    [
        ("DELETE FROM users;", False),
        ("TRUNCATE users;", False),
        ("DELETE FROM users WHERE id = 1;", True),
        ("DELETE FROM users; INSERT INTO users VALUES (1);", True),
        ("DELETE FROM others;", True),
    ],
)
def test_a_table_that_the_transaction_has_emptied_has_no_rows_to_fail_on(before: str, said: bool) -> None:
    scene = migration("CREATE TABLE users (id int); CREATE TABLE others (id int);", id="1")
    adding = migration(f"{before} ALTER TABLE users ADD COLUMN n int NOT NULL;", id="2")
    (finding,) = run(scene, adding, names=("add-column-not-null-no-default",)).findings
    assert ("this fails if users has rows" in finding.message) is said
