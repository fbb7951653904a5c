"""Changes of type in MySQL, and what the message says where the type is not known."""

from __future__ import annotations

import pytest

from rule_cases import findings, loud

USERS = "CREATE TABLE users (id int PRIMARY KEY, name varchar(50), kind enum('a', 'b'), age int(11));"


@pytest.mark.parametrize("change", ["MODIFY age bigint", "CHANGE age age bigint", "MODIFY name text"])
def test_mysql_copies_the_table_for_another_type(change: str) -> None:
    assert "change-column-type" in loud(USERS, f"ALTER TABLE users {change};", dialect="mysql")


@pytest.mark.parametrize(
    "change",
    ["MODIFY age int NOT NULL", "MODIFY name varchar(60)", "CHANGE age years int", "MODIFY kind enum('a', 'b', 'c')"],
)
def test_mysql_repeats_a_type_without_changing_it(change: str) -> None:
    assert "change-column-type" not in loud(USERS, f"ALTER TABLE users {change};", dialect="mysql")


def test_mysql_modify_of_an_unknown_column_says_nothing() -> None:
    assert "change-column-type" not in loud("ALTER TABLE users MODIFY age bigint;", dialect="mysql")


def test_mysql_is_not_told_of_postgres() -> None:
    found = findings(USERS, "ALTER TABLE users MODIFY age bigint;", dialect="mysql")
    text = next(finding for finding in found if finding.rule == "change-column-type")
    assert "ACCESS EXCLUSIVE" not in text.message + text.instead
    assert "ALGORITHM=INPLACE" in text.instead


def test_an_unknown_type_is_a_warning_that_says_so() -> None:
    found = findings("ALTER TABLE users ALTER COLUMN age TYPE bigint;")
    finding = next(finding for finding in found if finding.rule == "change-column-type")
    assert finding.severity == "warning"
    assert "which no migration here shows" in finding.message


def test_both_types_are_named() -> None:
    found = findings("CREATE TABLE t (a int);", "ALTER TABLE t ALTER a TYPE bigint;")
    assert any("from integer to bigint" in finding.message for finding in found)
