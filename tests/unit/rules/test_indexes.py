"""Indexes: what depends on what is not known, or on more than one statement."""

from __future__ import annotations

from migsafe.model.dialect import Dialect
from migsafe.model.finding import Severity
from rule_answers import answers

USERS = "CREATE TABLE users (id bigint PRIMARY KEY, email text);"
EVENTS = "CREATE TABLE events (id bigint, day date) PARTITION BY RANGE (day);"


def test_a_table_that_migsafe_has_not_seen_is_taken_to_be_in_use() -> None:
    (finding,) = answers("create-index-blocking", "CREATE INDEX i ON app.users (email);")
    assert finding.severity is Severity.ERROR
    assert finding.objects == ("i", "app.users")


def test_only_on_an_unknown_table_is_taken_for_the_way_to_index_partitions() -> None:
    assert answers("create-index-blocking", "CREATE INDEX i ON ONLY events (day);") == []


def test_only_on_a_plain_table_builds_the_index_all_the_same() -> None:
    assert answers("create-index-blocking", "CREATE INDEX i ON ONLY users (email);", before=[USERS])


def test_if_not_exists_builds_when_the_name_belongs_to_another_table() -> None:
    other = "CREATE TABLE other (id bigint); CREATE INDEX taken ON other (id);"
    sql = "CREATE INDEX IF NOT EXISTS users_idx ON users (email);"
    assert answers("create-index-blocking", sql, before=[USERS, other])


def test_an_index_of_a_materialized_view_keeps_only_its_refresh_waiting() -> None:
    view = "CREATE MATERIALIZED VIEW totals AS SELECT id FROM users;"
    (finding,) = answers("create-index-blocking", "CREATE INDEX i ON totals (id);", before=[USERS, view])
    assert finding.severity is Severity.INFO


def test_mysql_builds_indexes_online() -> None:
    sql = "CREATE INDEX users_email ON users (email);"
    assert answers("create-index-blocking", sql, before=[USERS], dialect=Dialect.MYSQL) == []


def test_the_recipe_names_each_partition_at_any_depth() -> None:
    below = """
        CREATE TABLE events_a PARTITION OF events
          FOR VALUES FROM ('2025-01-01') TO ('2026-01-01') PARTITION BY HASH (id);
        CREATE TABLE events_a0 PARTITION OF events_a FOR VALUES WITH (MODULUS 2, REMAINDER 0);
        CREATE TABLE events_a1 PARTITION OF events_a FOR VALUES WITH (MODULUS 2, REMAINDER 1);
    """
    (finding,) = answers("create-index-blocking", "CREATE INDEX days ON events (day);", before=[EVENTS, below])
    assert "ON events_a0 (day)" in finding.instead
    assert "ON events_a1 (day)" in finding.instead


def test_an_unknown_index_is_taken_to_be_of_a_table_in_use() -> None:
    (finding,) = answers("drop-index-blocking", "DROP INDEX app.users_email_idx;")
    assert "the index's table" in finding.message
    assert finding.instead.endswith("DROP INDEX CONCURRENTLY app.users_email_idx;")


def test_an_index_that_a_constraint_owns_is_not_for_drop_index() -> None:
    unique = "CREATE TABLE t (a int, CONSTRAINT t_a_key UNIQUE (a));"
    assert answers("drop-index-blocking", "DROP INDEX t_a_key;", before=[unique]) == []


def test_a_lock_on_a_table_that_the_migration_made_holds_nobody_up() -> None:
    sql = "CREATE TABLE new (id int); ALTER TABLE new ADD COLUMN a int; CREATE INDEX i ON users (email);"
    assert answers("index-build-while-holding-lock", sql, before=[USERS]) == []


def test_a_lock_that_lets_writes_through_holds_nobody_up() -> None:
    orders = "CREATE TABLE orders (id bigint);"
    sql = "INSERT INTO orders VALUES (1); CREATE INDEX i ON users (email);"
    assert answers("index-build-while-holding-lock", sql, before=[USERS, orders]) == []
