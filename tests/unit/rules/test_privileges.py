"""Grants and policies across several migrations."""

from __future__ import annotations

from rule_cases import loud

GRANTED = "CREATE TABLE users (id int); GRANT SELECT ON users TO app;"


def test_a_project_that_has_stopped_to_grant_is_left_alone() -> None:
    assert "new-object-without-grants" not in loud(GRANTED, "CREATE TABLE a (id int);", "CREATE TABLE b (id int);")


def test_a_project_that_grants_on_few_tables_is_left_alone() -> None:
    made = "CREATE TABLE a (id int); CREATE TABLE b (id int); CREATE TABLE c (id int);"
    assert "new-object-without-grants" not in loud(made, GRANTED, "CREATE TABLE d (id int);")


def test_grants_on_all_tables_of_a_schema_count() -> None:
    sql = "CREATE TABLE a (id int); GRANT SELECT ON ALL TABLES IN SCHEMA public TO app;"
    assert "new-object-without-grants" not in loud(GRANTED, sql)
    assert "new-object-without-grants" in loud(sql, "CREATE TABLE b (id int);")


def test_partitions_and_temporary_tables_need_no_grants() -> None:
    made = "CREATE TABLE users (id int) PARTITION BY RANGE (id); GRANT SELECT ON users TO app;"
    new = "CREATE TABLE users_1 PARTITION OF users FOR VALUES FROM (1) TO (2); CREATE TEMPORARY TABLE t (id int);"
    assert "new-object-without-grants" not in loud(made, new)


def test_a_policy_after_the_commit_comes_too_late() -> None:
    sql = "ALTER TABLE docs ENABLE ROW LEVEL SECURITY; {} CREATE POLICY own ON docs USING (true);"
    assert "row-level-security" in loud("CREATE TABLE docs (id int);", sql.format("COMMIT;"))
    assert "row-level-security" not in loud("CREATE TABLE docs (id int);", sql.format(""))


def test_the_last_policy_may_be_replaced() -> None:
    made = "CREATE TABLE docs (id int); CREATE POLICY own ON docs; ALTER TABLE docs ENABLE ROW LEVEL SECURITY;"
    assert "row-level-security" not in loud(made, "DROP POLICY own ON docs; CREATE POLICY own ON docs USING (true);")
