"""Defaults that are dropped: by MySQL's MODIFY, which drops what it does not repeat, and by Django."""

from __future__ import annotations

import pytest

from lint_walks import migration, run
from migsafe.lint.engine import Settings
from rule_cases import loud

USERS = "CREATE TABLE users (id integer PRIMARY KEY, email varchar(50) NOT NULL DEFAULT '');"


def test_mysql_modify_that_leaves_the_default_out_drops_it() -> None:
    assert "drop-default" in loud(USERS, "ALTER TABLE users MODIFY email varchar(50) NOT NULL;", dialect="mysql")


def test_mysql_modify_that_repeats_the_default_does_not() -> None:
    sql = "ALTER TABLE users MODIFY email varchar(50) NOT NULL DEFAULT '';"
    assert "drop-default" not in loud(USERS, sql, dialect="mysql")


@pytest.mark.parametrize(
    ("tool", "words"), [("django", "= models.…Field(…, db_default=…)"), ("goose", "DROP DEFAULT;")]
)
def test_the_safe_form_of_a_dropped_default_is_the_tool_s(tool: str, words: str) -> None:
    added = "ALTER TABLE users ADD COLUMN n int DEFAULT 0 NOT NULL; ALTER TABLE users ALTER COLUMN n DROP DEFAULT;"
    outcome = run(
        migration(USERS, id="1"), migration(added, id="2"), names=("drop-default",), settings=Settings(tool=tool)
    )
    (finding,) = outcome.findings
    assert words in finding.instead
