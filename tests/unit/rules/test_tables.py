"""Tables in other dialects: SQLite builds them anew, MySQL renames several in one statement."""

from __future__ import annotations

import pytest

from rule_cases import loud

REBUILD = [
    # As Django and Alembic's batch mode do it.
    """
    CREATE TABLE new__users (id integer PRIMARY KEY, email text);
    INSERT INTO new__users (id, email) SELECT id, email FROM users WHERE id < 100;
    DROP TABLE users;
    ALTER TABLE new__users RENAME TO users;
    """,
    # The other way round.
    """
    ALTER TABLE users RENAME TO users__old;
    CREATE TABLE users (id integer PRIMARY KEY, email text);
    INSERT INTO users (id, email) SELECT id, email FROM users__old WHERE id < 100;
    DROP TABLE users__old;
    """,
    # By way of a copy.
    """
    CREATE TABLE copy (id integer PRIMARY KEY, email text);
    INSERT INTO copy (id, email) SELECT id, email FROM users WHERE id < 100;
    DROP TABLE users;
    CREATE TABLE users (id integer PRIMARY KEY, email text);
    INSERT INTO users (id, email) SELECT id, email FROM copy WHERE id < 100;
    DROP TABLE copy;
    """,
]
USERS = "CREATE TABLE users (id integer PRIMARY KEY, email text);"


@pytest.mark.parametrize("sql", REBUILD)
def test_sqlite_may_build_a_table_anew(sql: str) -> None:
    assert loud(USERS, sql, dialect="sqlite") & {"drop-table", "rename-table", "create-table-force"} == set()


def test_a_table_that_is_made_again_without_its_rows_is_a_loss() -> None:
    sql = "DROP TABLE users; CREATE TABLE users (id integer PRIMARY KEY);"
    assert "create-table-force" in loud(USERS, sql, dialect="sqlite")


@pytest.mark.parametrize("dialect", ["postgres", "mysql", "sqlite"])
def test_a_dropped_table_is_one_finding_in_every_dialect(dialect: str) -> None:
    assert "drop-table" in loud(USERS, "DROP TABLE users;", dialect=dialect)


@pytest.mark.parametrize("dialect", ["postgres", "mysql", "sqlite"])
def test_a_renamed_table_is_one_finding_in_every_dialect(dialect: str) -> None:
    assert "rename-table" in loud(USERS, "ALTER TABLE users RENAME TO people;", dialect=dialect)


def test_mysql_swaps_tables_in_one_statement() -> None:
    sql = "RENAME TABLE users TO users_old, users_new TO users;"
    made = USERS + "CREATE TABLE users_new (id bigint PRIMARY KEY, email text);"
    assert "rename-table" not in loud(made, sql, dialect="mysql")
