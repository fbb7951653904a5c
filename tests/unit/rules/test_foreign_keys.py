"""Foreign keys: dialects, versions, and tables that go together."""

from __future__ import annotations

import pytest

from lint_walks import migration, run
from migsafe.model.dialect import Dialect
from migsafe.model.finding import Severity
from migsafe.model.locks import LockMode
from rule_answers import answers

TABLES = "CREATE TABLE users (id bigint PRIMARY KEY); CREATE TABLE orders (id bigint PRIMARY KEY, a bigint, b bigint);"
ADD = "ALTER TABLE orders ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES users (id)"


def test_mysql_is_told_in_its_own_words() -> None:
    (finding,) = answers("add-foreign-key-validating", f"{ADD};", before=[TABLES], dialect=Dialect.MYSQL)
    assert "NOT VALID" not in finding.instead
    assert "foreign_key_checks" in finding.instead
    assert finding.locks == ()


def test_mysql_without_checks_reads_no_row() -> None:
    sql = f"SET foreign_key_checks = 0; {ADD};"
    assert answers("add-foreign-key-validating", sql, before=[TABLES], dialect=Dialect.MYSQL) == []


def test_not_enforced_checks_nothing() -> None:
    assert answers("add-foreign-key-validating", f"{ADD} NOT ENFORCED;", before=[TABLES], server=18) == []


def test_two_keys_of_one_statement_are_one_finding_with_all_their_locks() -> None:
    shops = "CREATE TABLE shops (id bigint PRIMARY KEY);"
    sql = f"{ADD}, ADD CONSTRAINT l FOREIGN KEY (b) REFERENCES shops (id);"
    (finding,) = answers("add-foreign-key-validating", sql, before=[TABLES, shops])
    assert {str(claim.table) for claim in finding.locks} == {"orders", "users", "shops"}
    assert {claim.mode for claim in finding.locks} == {LockMode.SHARE_ROW_EXCLUSIVE}


@pytest.mark.parametrize(("server", "steps"), [(17, 3), (18, 2)])
def test_a_partitioned_table_goes_by_its_partitions_before_18(server: int, steps: int) -> None:
    before = """
        CREATE TABLE users (id bigint PRIMARY KEY);
        CREATE TABLE events (a bigint, day date) PARTITION BY RANGE (day);
        CREATE TABLE events_a PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
    """
    sql = "ALTER TABLE events ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES users (id);"
    (finding,) = answers("add-foreign-key-validating", sql, before=[before], server=server)
    assert finding.instead.count("ALTER TABLE") == steps
    assert ("ALTER TABLE events_a" in finding.instead) is (server < 18)


def test_the_recipe_keeps_what_the_key_does() -> None:
    sql = f"{ADD} ON DELETE SET NULL ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED;"
    (finding,) = answers("add-foreign-key-validating", sql, before=[TABLES])
    assert "ON DELETE SET NULL ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED NOT VALID;" in finding.instead


def test_each_statement_by_itself_locks_two_tables_only() -> None:
    shops = "CREATE TABLE shops (id bigint PRIMARY KEY);"
    sql = f"{ADD} NOT VALID; ALTER TABLE orders ADD FOREIGN KEY (b) REFERENCES shops (id) NOT VALID;"
    assert answers("multiple-foreign-keys", sql, before=[TABLES, shops], transaction=False) == []
    assert len(answers("multiple-foreign-keys", sql, before=[TABLES, shops])) == 1


def test_a_fourth_table_is_no_further_finding() -> None:
    more = "CREATE TABLE shops (id bigint PRIMARY KEY); CREATE TABLE carts (id bigint PRIMARY KEY);"
    sql = f"""
        {ADD};
        ALTER TABLE orders ADD FOREIGN KEY (b) REFERENCES shops (id);
        ALTER TABLE orders ADD FOREIGN KEY (id) REFERENCES carts (id);
    """
    assert len(answers("multiple-foreign-keys", sql, before=[TABLES, more])) == 1


def test_tables_that_go_together_do_not_count() -> None:
    before = """
        CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY);
        CREATE TABLE c (a int REFERENCES a, b int REFERENCES b);
    """
    assert answers("drop-table-foreign-keys", "DROP TABLE c; DROP TABLE a; DROP TABLE b;", before=[before]) == []
    assert answers("drop-table-foreign-keys", "DROP TABLE c;", before=[before])[0].severity is Severity.WARNING


def test_cascade_reaches_the_tables_that_reference_it() -> None:
    before = """
        CREATE TABLE a (id int PRIMARY KEY);
        CREATE TABLE b (a int REFERENCES a); CREATE TABLE c (a int REFERENCES a);
    """
    assert answers("drop-table-foreign-keys", "DROP TABLE a;", before=[before]) == []
    (finding,) = answers("drop-table-foreign-keys", "DROP TABLE a CASCADE;", before=[before])
    assert finding.objects == ("a", "b", "c")
    assert "ALTER TABLE b DROP CONSTRAINT b_a_fkey;" in finding.instead


def test_nobody_waits_for_a_table_that_the_migration_makes() -> None:
    scene = migration("CREATE TABLE users (id int PRIMARY KEY, team int);", id="1")
    sql = "CREATE TABLE teams (id int PRIMARY KEY); ALTER TABLE users ADD FOREIGN KEY (team) REFERENCES teams (id);"
    (finding,) = run(scene, migration(sql, id="2"), names=("add-foreign-key-validating",)).findings
    assert finding.message.endswith("and writes to users wait until it is done")
