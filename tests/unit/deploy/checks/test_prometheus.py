"""Numbers of a stand-in for Prometheus on 127.0.0.1, in the shapes of its HTTP API."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from check_cases import context, table, window
from loopback import JSON, Asked, Loopback, Says, free_address, serving
from migsafe.deploy.checks.prometheus import fill, open_check
from migsafe.deploy.verdict import Result, Verdict, Window
from migsafe.errors import ConfigurationError

PASS, FAIL, UNKNOWN = Result.PASS, Result.FAIL, Result.INCONCLUSIVE


def data(kind: str, result: object) -> Says:
    return Says(200, json.dumps({"status": "success", "data": {"resultType": kind, "result": result}}), JSON)


def vector(*values: str) -> Says:
    return data("vector", [{"metric": {}, "value": [1_700_000_000.5, value]} for value in values])


def query_of(asked: Asked) -> str:
    parts = urlsplit(asked.path)
    assert (asked.method, parts.path) == ("GET", "/api/v1/query")
    return parse_qs(parts.query)["query"][0]


def look(
    answers: Mapping[str, Says] | Callable[[Asked], Says], at: Window | None = None, **keys: Any
) -> tuple[Verdict, Loopback]:
    answer = answers if callable(answers) else lambda asked: answers[query_of(asked)]
    with serving(answer) as server:
        check = open_check(table(**{"url": server.url, "query": "new", "max": 0.02, **keys}), context())
        check.begin()
        return check.judge(at or window()), server


@pytest.mark.parametrize(
    ("answer", "expected", "text"),
    [
        (vector("0.01"), PASS, "0.01"),
        (vector("0.03"), FAIL, "0.03: more than 0.02"),
        (data("scalar", [1, "0.01"]), PASS, "0.01"),
        (vector("+Inf"), FAIL, "inf: more than 0.02"),
        (vector("NaN"), UNKNOWN, "no data"),
        (vector(), UNKNOWN, "no data"),
        (vector("0", "0"), UNKNOWN, "the query gives 2 series and must give one: aggregate it, as with sum()"),
        (data("matrix", []), UNKNOWN, "the query gives a matrix and must give one number"),
        (data("vector", [{}]), UNKNOWN, "the query gives no number"),
        (data("vector", ["?"]), UNKNOWN, "the query gives no number"),
        (data("scalar", {"0": 1}), UNKNOWN, "the query gives no number"),
        (Says(400, '{"status": "error", "error": "parse error"}', JSON), UNKNOWN, "status 400: parse error"),
        (Says(200, "[]"), UNKNOWN, "status 200: no success, and no reason"),
        (Says(200, '{"status": "success"}'), UNKNOWN, "an answer without data"),
        (Says(502, "<html>"), UNKNOWN, "status 502, and no JSON: is url a Prometheus server?"),
    ],
)
def test_every_answer_has_a_verdict(answer: Says, expected: Result, text: str) -> None:
    verdict, _ = look({"new": answer})
    assert (verdict.result, verdict.text) == (expected, text)


def test_a_server_that_is_away_is_inconclusive() -> None:
    check = open_check(table(url=free_address(), query="new", max=1), context())
    verdict = check.judge(window())
    assert verdict.result is UNKNOWN
    assert verdict.text.endswith("refuses connections")


def test_a_server_that_hangs_is_inconclusive() -> None:
    verdict, _ = look({"new": Says(hangs=True)}, timeout="50ms")
    assert (verdict.result, "gave no answer" in verdict.text) == (UNKNOWN, True)


@pytest.mark.parametrize(
    ("new", "old", "expected"),
    [
        (vector("0.01"), vector("0"), PASS),
        (vector("0.015"), vector("0"), FAIL),
        (vector("0.9"), vector("0.9"), UNKNOWN),
        (vector("0.01"), vector(), UNKNOWN),
        (vector("0.01"), vector("NaN"), UNKNOWN),
    ],
)
def test_beside_the_stable_version(new: Says, old: Says, expected: Result) -> None:
    verdict, _ = look({"new": new, "old": old}, stable_query="old", max_delta=0.01)
    assert verdict.result is expected


def test_there_is_nothing_to_compare_with_where_one_version_has_all_the_traffic() -> None:
    for weight in (0, 100):
        verdict, server = look({"new": vector("0")}, window(weight=weight), stable_query="old", max_delta=0.01)
        assert (verdict.result, len(server.asked)) == (PASS, 1)


@pytest.mark.parametrize(("seen", "expected"), [("100", FAIL), ("99", UNKNOWN), ("NaN", UNKNOWN), (None, UNKNOWN)])
def test_few_requests_say_nothing(seen: str | None, expected: Result) -> None:
    requests = vector() if seen is None else vector(seen)
    verdict, _ = look({"new": vector("1"), "count": requests}, requests_query="count")
    assert verdict.result is expected


def test_only_the_places_of_a_window_are_filled_in() -> None:
    query = 'rate(errors{version="{candidate}",job="{job}"}[{seconds}s]) / {stable}'
    assert fill(query, window(seconds=59.2)) == 'rate(errors{version="v2",job="{job}"}[60s]) / v1'
    assert fill("{candidate}", window(weight=0)) == "v1"
    assert fill("[{seconds}s]", window(seconds=0)) == "[1s]"


def test_a_version_cannot_end_a_text_of_the_query() -> None:
    assert fill('{v="{candidate}"}', window(candidate='v2"} or vector(0) #\\')) == '{v="v2\\"} or vector(0) #\\\\"}'


def test_the_token_goes_to_the_server_and_to_nobody_else() -> None:
    told = context(environ={"PROM_TOKEN": "hush-hush"})
    with (
        serving(lambda _: vector("0")) as elsewhere,
        serving(lambda _: Says(302, headers={"Location": f"{elsewhere.url}/api"})) as server,
    ):
        check = open_check(table(url=server.url, query="new", max=1, token="env:PROM_TOKEN"), told)
        verdict = check.judge(window())
    assert server.asked[0].headers["authorization"] == "Bearer hush-hush"
    assert (elsewhere.asked, verdict.result) == ([], UNKNOWN)
    assert "hush" not in verdict.text


def test_user_and_password_of_the_address_go_into_a_header() -> None:
    with serving(lambda _: vector("0")) as server:
        told = context(environ={"PROM": server.url.replace("http://", "http://me:a%2Fb@") + "/prom/"})
        assert open_check(table(url="env:PROM", query="new", max=1), told).judge(window()).result is PASS
    assert server.asked[0].headers["authorization"] == "Basic bWU6YS9i"
    assert server.asked[0].path.startswith("/prom/api/v1/query?")
    assert "@" not in server.asked[0].headers["host"]


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"url": "prometheus:9090"}, "http:// or https://"),
        ({"query": "", "max": 1}, "query"),
        ({"max_delta": 0.1, "max": 1}, "stable_query"),
        ({"min_requests": 5, "max": 1}, "requests_query"),
        ({}, "no max, min or equals"),
        ({"token": "abcdef", "max": 1}, "env:NAME"),
        ({"max": 1, "treshold": 1}, "no such key"),
    ],
)
def test_a_wrong_table_is_refused(keys: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        open_check(table(**{"url": "http://127.0.0.1:9090", "query": "up", **keys}), context())
    assert said in f"{caught.value} {caught.value.hint}"
    assert "abcdef" not in str(caught.value)
