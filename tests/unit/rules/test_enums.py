"""Enum values before Postgres 12, and constants that may or may not be of the enum."""

from __future__ import annotations

import pytest

from rule_cases import findings, loud

MOOD = "CREATE TYPE mood AS ENUM ('good'); CREATE TABLE t (id int, mood mood, note text);"


@pytest.mark.parametrize(("server", "expected"), [(11, True), (12, False)])
def test_add_value_inside_a_transaction(server: int, expected: bool) -> None:
    found = loud(MOOD, "ALTER TYPE mood ADD VALUE 'bad';", server=server)
    assert ("enum-add-value-transaction" in found) is expected


def test_a_default_of_another_column_is_no_use() -> None:
    sql = "ALTER TYPE mood ADD VALUE 'bad'; ALTER TABLE t ALTER COLUMN note SET DEFAULT 'bad';"
    assert "enum-add-value-transaction" not in loud(MOOD, sql)


def test_a_table_that_nobody_knows_may_have_the_type() -> None:
    sql = "ALTER TYPE mood ADD VALUE 'bad'; INSERT INTO elsewhere (mood) VALUES ('bad');"
    found = findings(MOOD, sql)
    assert [f.severity for f in found if f.rule == "enum-add-value-transaction"] == ["warning"]


def test_the_value_may_be_used_after_the_commit() -> None:
    sql = "ALTER TYPE mood ADD VALUE 'bad'; COMMIT; INSERT INTO t (id, mood) VALUES (1, 'bad');"
    assert "enum-add-value-transaction" not in loud(MOOD, sql)
