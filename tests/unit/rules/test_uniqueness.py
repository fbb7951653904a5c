"""Keys: dialects, names, and one cause for one finding."""

from __future__ import annotations

import pytest

from migsafe.model.dialect import Dialect
from migsafe.model.finding import Severity
from rule_answers import answers

USERS = "CREATE TABLE users (id bigint PRIMARY KEY, email text);"


@pytest.mark.parametrize(
    ("dialect", "sql"),
    [
        (Dialect.MYSQL, "ALTER TABLE users ADD UNIQUE KEY users_email (email);"),
        (Dialect.MYSQL, "CREATE UNIQUE INDEX users_email ON users (email);"),
        (Dialect.SQLITE, "CREATE UNIQUE INDEX users_email ON users (email);"),
    ],
)
def test_duplicates_fail_the_statement_where_no_other_rule_speaks_of_it(dialect: Dialect, sql: str) -> None:
    users = "CREATE TABLE users (id bigint PRIMARY KEY, email varchar(90));"
    (finding,) = answers("unique-on-existing-data", sql, before=[users], dialect=dialect)
    assert finding.severity is Severity.WARNING
    assert "GROUP BY email" in finding.instead


def test_a_blocking_build_is_said_by_its_own_rule_alone() -> None:
    sql = "CREATE UNIQUE INDEX users_email ON users (email);"
    assert answers("unique-on-existing-data", sql, before=[USERS]) == []


def test_a_new_column_with_a_default_may_repeat() -> None:
    users = "CREATE TABLE users (id bigint PRIMARY KEY);"
    sql = "ALTER TABLE users ADD COLUMN c int DEFAULT 1; CREATE UNIQUE INDEX CONCURRENTLY i ON users (c);"
    assert answers("unique-on-existing-data", sql, before=[users], transaction=False)


def test_a_partial_unique_index_does_not_cover_a_whole_one() -> None:
    partial = "CREATE UNIQUE INDEX p ON users (email) WHERE id > 5;"
    sql = "CREATE UNIQUE INDEX CONCURRENTLY i ON users (email);"
    assert answers("unique-on-existing-data", sql, before=[USERS, partial], transaction=False)


def test_a_made_up_name_is_cut_as_postgres_cuts_it() -> None:
    table, column = "t" * 40, "c" * 40
    before = f"CREATE TABLE {table} (id bigint PRIMARY KEY, {column} text);"
    (finding,) = answers("add-unique-constraint", f"ALTER TABLE {table} ADD UNIQUE ({column});", before=[before])
    assert f"{'t' * 29}_{'c' * 29}_key" in finding.instead


def test_a_partitioned_table_gets_an_index_for_each_partition() -> None:
    before = """
        CREATE TABLE events (id bigint, day date) PARTITION BY RANGE (day);
        CREATE TABLE events_a PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
    """
    (finding,) = answers("add-unique-constraint", "ALTER TABLE events ADD UNIQUE (id, day);", before=[before])
    assert "CREATE UNIQUE INDEX events_id_day_key ON ONLY events (id, day);" in finding.instead
    assert "USING INDEX" not in finding.instead


def test_a_column_that_rewrites_the_table_is_said_by_the_rule_on_its_default() -> None:
    users = "CREATE TABLE users (name text);"
    rewriting = "ALTER TABLE users ADD COLUMN id uuid DEFAULT gen_random_uuid() PRIMARY KEY;"
    assert answers("add-primary-key", rewriting, before=[users]) == []
    assert answers("add-primary-key", "ALTER TABLE users ADD COLUMN id int DEFAULT 1 PRIMARY KEY;", before=[users])


def test_the_safe_way_to_a_primary_key_is_the_short_one_on_18() -> None:
    sql = "ALTER TABLE users ADD PRIMARY KEY (id);"
    (finding,) = answers("add-primary-key", sql, before=["CREATE TABLE users (id bigint);"], server=18)
    assert "NOT NULL id NOT VALID;" in finding.instead
    assert "SET NOT NULL" not in finding.instead


def test_a_later_upsert_of_the_migration_fails_for_sure() -> None:
    key = "CREATE TABLE s (name text, CONSTRAINT s_name_key UNIQUE (name));"
    sql = "ALTER TABLE s DROP CONSTRAINT s_name_key; INSERT INTO s VALUES ('a') ON CONFLICT (name) DO NOTHING;"
    (finding,) = answers("drop-unique-used-by-on-conflict", sql, before=[key])
    assert finding.severity is Severity.ERROR
    assert answers("drop-constraint", sql, before=[key])[0].severity is Severity.INFO


@pytest.mark.parametrize(
    "successor",
    [
        "CREATE UNIQUE INDEX s_new ON s (b, a);",
        "ALTER TABLE s ADD CONSTRAINT s_new PRIMARY KEY (a, b);",
    ],
)
def test_a_successor_takes_over_whatever_the_order_of_its_columns(successor: str) -> None:
    key = "CREATE TABLE s (a int, b int, CONSTRAINT s_key UNIQUE (a, b));"
    drop = "ALTER TABLE s DROP CONSTRAINT s_key;"
    assert answers("drop-unique-used-by-on-conflict", drop, before=[key])
    assert answers("drop-unique-used-by-on-conflict", f"{drop} {successor}", before=[key]) == []
    assert answers("drop-unique-used-by-on-conflict", drop, before=[key, successor]) == []


def test_a_partial_successor_does_not_take_over() -> None:
    key = "CREATE TABLE s (a int, CONSTRAINT s_key UNIQUE (a)); CREATE UNIQUE INDEX p ON s (a) WHERE a > 5;"
    assert answers("drop-unique-used-by-on-conflict", "ALTER TABLE s DROP CONSTRAINT s_key;", before=[key])
