"""CHECK constraints: dialects, and several in one statement."""

from __future__ import annotations

from migsafe.model.dialect import Dialect
from rule_answers import answers

TABLE = "CREATE TABLE t (id int PRIMARY KEY, a int, b int);"


def test_two_of_one_statement_are_one_finding() -> None:
    sql = "ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0), ADD CHECK (a < b);"
    (finding,) = answers("add-check-validating", sql, before=[TABLE])
    assert finding.objects == ("t", "k")
    assert "ADD CONSTRAINT t_check CHECK (a < b) NOT VALID;" in finding.instead


def test_mysql_is_not_told_of_not_valid() -> None:
    sql = "ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0);"
    (finding,) = answers("add-check-validating", sql, before=[TABLE], dialect=Dialect.MYSQL)
    assert "NOT VALID" not in finding.instead
    assert "all reads" not in finding.message


def test_not_enforced_reads_no_row() -> None:
    sql = "ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT ENFORCED;"
    assert answers("add-check-validating", sql, before=[TABLE], dialect=Dialect.MYSQL) == []


def test_a_column_that_is_there_brings_no_check() -> None:
    sql = "ALTER TABLE t ADD COLUMN IF NOT EXISTS a int CHECK (a > 0);"
    assert answers("add-check-validating", sql, before=[TABLE]) == []
