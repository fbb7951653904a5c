"""Indexes: what fails or is left behind depends on versions, timeouts and transactions."""

from __future__ import annotations

import pytest

from rule_answers import answers

USERS = "CREATE TABLE users (id bigint PRIMARY KEY, email text);"
EVENTS = "CREATE TABLE events (id bigint, day date) PARTITION BY RANGE (day);"


def test_reindex_of_a_partitioned_table_concurrently_failed_before_14() -> None:
    sql = "REINDEX TABLE CONCURRENTLY events;"
    assert answers("concurrent-index-on-partitioned", sql, before=[EVENTS], server=13, transaction=False)
    assert answers("concurrent-index-on-partitioned", sql, before=[EVENTS], server=14, transaction=False) == []


@pytest.mark.parametrize("value", ["0", "'0'", "'0ms'", "'0s'"])
def test_a_timeout_of_zero_never_strikes(value: str) -> None:
    sql = f"SET lock_timeout = {value}; CREATE INDEX CONCURRENTLY i ON users (email);"
    assert answers("invalid-index-left-behind", sql, before=[USERS], transaction=False) == []


def test_a_timeout_that_is_reset_does_not_strike_either() -> None:
    sql = "SET lock_timeout = '2s'; RESET lock_timeout; CREATE INDEX CONCURRENTLY i ON users (email);"
    assert answers("invalid-index-left-behind", sql, before=[USERS], transaction=False) == []


def test_a_drop_and_a_build_in_one_transaction_leave_no_gap() -> None:
    index = "CREATE INDEX users_email_idx ON users (email);"
    sql = "DROP INDEX users_email_idx; CREATE INDEX users_email_idx ON users (lower(email));"
    assert answers("index-replace-unsafe", sql, before=[USERS, index]) == []
    assert answers("index-replace-unsafe", sql, before=[USERS, index], transaction=False)
