"""Columns that go, in every dialect, and views that may need them."""

from __future__ import annotations

import pytest

from rule_cases import findings, loud

USERS = "CREATE TABLE users (id integer PRIMARY KEY, email varchar(50) NOT NULL DEFAULT '');"


@pytest.mark.parametrize("dialect", ["postgres", "mysql", "sqlite"])
def test_dropping_and_renaming_break_code_in_every_dialect(dialect: str) -> None:
    assert "drop-column" in loud(USERS, "ALTER TABLE users DROP COLUMN email;", dialect=dialect)
    assert "rename-column" in loud(USERS, "ALTER TABLE users RENAME COLUMN email TO mail;", dialect=dialect)


def test_a_view_that_names_a_column_of_two_tables_may_use_it() -> None:
    made = USERS + "CREATE TABLE mails (id int, email text); CREATE VIEW v AS SELECT email FROM users, mails;"
    found = findings(made, "ALTER TABLE users ALTER COLUMN email TYPE text;")
    assert [f.severity for f in found if f.rule == "type-change-with-dependent"] == ["warning"]


def test_a_view_whose_other_tables_lack_the_column_uses_it() -> None:
    made = USERS + "CREATE TABLE mails (id int); CREATE VIEW v AS SELECT email FROM users, mails;"
    found = findings(made, "ALTER TABLE users ALTER COLUMN email TYPE text;")
    assert [f.severity for f in found if f.rule == "type-change-with-dependent"] == ["error"]


def test_another_column_may_take_the_name_of_one_that_goes() -> None:
    swap = (
        "ALTER TABLE users ADD COLUMN mail text; UPDATE users SET mail = email;"
        "ALTER TABLE users DROP COLUMN email; ALTER TABLE users RENAME COLUMN mail TO email;"
    )
    found = [f for f in findings(USERS, swap) if f.rule == "drop-column"]
    assert [(f.severity, f.message.partition("; ")[2]) for f in found] == [("warning", "another column takes the name")]


def test_a_new_column_of_the_same_name_does_not_hold_the_data() -> None:
    again = "ALTER TABLE users DROP COLUMN email; ALTER TABLE users ADD COLUMN email text;"
    found = [f for f in findings(USERS, again) if f.rule == "drop-column"]
    assert [(f.severity, f.message.partition("; ")[2]) for f in found] == [("error", "code that still names it fails")]
