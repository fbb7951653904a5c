"""The kinds of checks."""

from __future__ import annotations

from typing import Any

import pytest

from check_cases import context
from migsafe.deploy.checks.context import Closing
from migsafe.deploy.checks.in_a_row import InARow
from migsafe.deploy.checks.registry import min_requests_of, open_checks
from migsafe.deploy.tables import Table, parse_document
from migsafe.errors import ConfigurationError

BOTH = """
[[check]]
name = "errors"
kind = "proxy"

[[check]]
name = "pages"
kind = "http"
in_a_row = 2
url = "http://127.0.0.1:1/"
"""


def tables(text: str) -> tuple[Table, ...]:
    return parse_document(text).root.tables("check")


def test_checks_come_in_the_order_of_the_file() -> None:
    first, second = open_checks(tables(BOTH), context())
    assert (first.name, second.name) == ("errors", "pages")
    assert isinstance(second, InARow)
    assert not isinstance(first, Closing)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('name = "pages"', 'name = "errors"'), r"deploy.toml:7: .*another check is called errors"),
        (('kind = "http"', 'kind = "htp"'), r"deploy.toml:8: .*\[\[check\]\] 2 kind"),
        (("in_a_row = 2", "in_a_row = 0"), r"deploy.toml:9: .*in_a_row"),
        (("in_a_row = 2", "in_row = 2"), r"deploy.toml:9: .*in_row: no such key"),
    ],
)
def test_a_wrong_table_is_refused_with_its_place(change: tuple[str, str], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        open_checks(tables(BOTH.replace(*change)), context())


@pytest.mark.parametrize(
    "keys",
    [
        {"kind": "proxy", "max_error_rate": 0.02},
        {"kind": "http", "paths": ["/"]},
        {"kind": "prometheus", "url": "http://127.0.0.1:9090", "query": "up", "min": 1},
        {"kind": "sql", "query": "select 1", "max": 1, "url": "postgresql://127.0.0.1/shop"},
        {"kind": "command", "command": ["true"]},
    ],
    ids=lambda keys: keys["kind"],
)
def test_each_kind_can_be_opened_without_asking_anybody(keys: dict[str, Any]) -> None:
    (check,) = open_checks([Table.of({"name": "it", **keys}, "check")], context())
    assert check.name == "it"
    check.begin()


def test_a_step_must_see_what_the_most_demanding_check_wants() -> None:
    proxy, more = {"kind": "proxy"}, {"kind": "cloudwatch", "min_requests": 500}
    silent, counted = {"kind": "prometheus"}, {"kind": "prometheus", "requests_query": "q", "min_requests": 700}

    def least(*said: dict[str, Any]) -> int | None:
        return min_requests_of([Table.of({"name": "it", **keys}, "check") for keys in said])

    assert (least(proxy), least(proxy, more), least(proxy, more, counted)) == (100, 500, 700)
    assert (least(), least(silent), least({"kind": "http"})) == (None, None, None)
