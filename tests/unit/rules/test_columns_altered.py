"""MySQL's MODIFY, which drops what it does not repeat."""

from __future__ import annotations

from rule_cases import loud

USERS = "CREATE TABLE users (id integer PRIMARY KEY, email varchar(50) NOT NULL DEFAULT '');"


def test_mysql_modify_that_leaves_the_default_out_drops_it() -> None:
    assert "drop-default" in loud(USERS, "ALTER TABLE users MODIFY email varchar(50) NOT NULL;", dialect="mysql")


def test_mysql_modify_that_repeats_the_default_does_not() -> None:
    sql = "ALTER TABLE users MODIFY email varchar(50) NOT NULL DEFAULT '';"
    assert "drop-default" not in loud(USERS, sql, dialect="mysql")
