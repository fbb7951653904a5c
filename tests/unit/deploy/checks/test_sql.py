"""What is sent to a database, and what is refused before; the answers are in the integration tests."""

from __future__ import annotations

from typing import Any

import pytest

from check_cases import context, table, window
from migsafe.deploy.checks.sql import bound, open_check
from migsafe.errors import ConfigurationError, UsageError


def test_places_are_bound_in_their_order_and_per_cents_are_kept() -> None:
    query = "select {seconds} * count(*) % 7 from t where v in ({candidate}, {stable}) and x like 'a%' or '{}' = y"
    statement, values = bound(query, window(seconds=30))
    assert statement == (
        "select * from (\nselect %s::float8 * count(*) %% 7 from t where v in (%s::text, %s::text)"
        " and x like 'a%%' or '{}' = y\n) as migsafe_look limit %s"
    )
    assert values == (30, "v2", "v1", 2)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"query": "select 1", "max": 1, "min": 2}, "nothing can pass"),
        ({"max": 1}, "query: missing"),
        ({"query": "select 1", "maximum": 1}, "no such key"),
        ({"query": "select true"}, "the environment has no database of its own"),
    ],
)
def test_a_wrong_table_is_refused(keys: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        open_check(table(**keys), context())


@pytest.mark.parametrize("url", ["env:NOT_SET", "mysql://127.0.0.1/shop", "sqlite:shop.db"])
def test_an_address_of_no_postgres_is_refused_before_anything_moves(url: str) -> None:
    with pytest.raises(UsageError):
        open_check(table(query="select true", url=url), context())


def test_the_database_of_the_target_is_asked_unless_another_is_named() -> None:
    told = context(database="postgresql://127.0.0.1/shop")
    assert open_check(table(query="select true"), told).name == "it"
