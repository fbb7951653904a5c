"""Pages of a version, asked for on 127.0.0.1."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from check_cases import Dumb, Engine, context, table, window
from loopback import Asked, Says, free_address, serving
from migsafe.deploy.checks.http import open_check
from migsafe.deploy.verdict import Result, Verdict, Window
from migsafe.errors import ConfigurationError

PASS, FAIL, UNKNOWN = Result.PASS, Result.FAIL, Result.INCONCLUSIVE


def look(
    answer: Callable[[Asked], Says], path: str = "/", at: Window | None = None, **keys: Any
) -> tuple[Verdict, list[Asked]]:
    with serving(answer) as server:
        check = open_check(table(url=server.url + path, **keys), context())
        return check.judge(at or window()), server.asked


def says(status: int = 200, body: str = "", **headers: str) -> Callable[[Asked], Says]:
    return lambda _: Says(status, body, headers)


@pytest.mark.parametrize(
    ("answer", "keys", "expected"),
    [
        (says(), {}, PASS),
        (says(204), {}, PASS),
        (says(500), {}, FAIL),
        (says(404), {}, FAIL),
        (says(404), {"status": [404]}, PASS),
        (says(200), {"status": [204, 404]}, FAIL),
        (says(body="all is ready"), {"contains": "ready"}, PASS),
        (says(body="not yet"), {"contains": "ready"}, FAIL),
        (says(), {"max_time": "1min"}, PASS),
        (says(), {"max_time": 0}, FAIL),
        (lambda _: Says(drops=True), {}, FAIL),
    ],
)
def test_what_a_page_must_answer(answer: Callable[[Asked], Says], keys: dict[str, Any], expected: Result) -> None:
    assert look(answer, **keys)[0].result is expected


def test_a_page_has_several_tries() -> None:
    answers = [Says(503), Says(503), Says(200)]
    verdict, asked = look(lambda _: answers.pop(0))
    assert (verdict.result, len(asked)) == (PASS, 3)
    verdict, asked = look(says(503), "/readyz", tries=2)
    assert (verdict.result, len(asked)) == (FAIL, 2)
    assert verdict.text.endswith("/readyz: status 503, not 2xx (2 tries)")


def test_who_hangs_is_not_waited_for() -> None:
    verdict, _ = look(lambda _: Says(hangs=True), timeout="50ms", tries=1)
    assert verdict.result is FAIL
    assert "gave no answer in 0.05 s" in verdict.text


def test_nobody_there() -> None:
    check = open_check(table(url=free_address(), tries=1), context())
    assert "refuses connections" in check.judge(window()).text


def test_a_name_that_nobody_knows_says_nothing_of_the_version() -> None:
    check = open_check(table(url="http://nobody.invalid/", tries=1), context())
    verdict = check.judge(window())
    assert (verdict.result, verdict.text) == (UNKNOWN, "http://nobody.invalid: nobody here knows that name")


def test_redirects_are_followed_on_the_same_server_only() -> None:
    def answer(asked: Asked) -> Says:
        return Says(302, headers={"Location": "/login"}) if asked.path == "/" else Says(200, "please log in")

    verdict, asked = look(answer, contains="log in")
    assert (verdict.result, [one.path for one in asked]) == (PASS, ["/", "/login"])
    with serving(says()) as elsewhere:
        verdict, _ = look(says(302, Location=f"{elsewhere.url}/secret-path"), tries=1)
        assert elsewhere.asked == []
    assert verdict.result is FAIL
    assert f"status 302, to {elsewhere.url}, not 2xx" in verdict.text


def test_a_circle_of_redirects_ends() -> None:
    verdict, asked = look(says(302, Location="/"), tries=1)
    assert "redirects in a circle" in verdict.text
    assert len(asked) == 6


def test_the_version_stands_in_the_address() -> None:
    _, asked = look(says(), "/{version}/readyz", window(candidate="v2/x"))
    assert asked[0].path == "/v2%2Fx/readyz"
    _, asked = look(says(), "/{version}/", window(weight=0, candidate=None))
    assert asked[0].path == "/v1/"


def test_what_both_versions_fail_is_not_blamed_on_the_candidate() -> None:
    verdict, asked = look(says(500), "/{version}", tries=1)
    assert verdict.result is UNKNOWN
    assert verdict.text.endswith("the stable version fails it too")
    assert [one.path for one in asked] == ["/v2", "/v1"]
    verdict, _ = look(lambda asked: Says(500 if asked.path == "/v2" else 200), "/{version}", tries=1)
    assert verdict.result is FAIL
    verdict, _ = look(says(500), "/{version}", window(weight=100), tries=1)
    assert verdict.result is FAIL  # the stable version has no traffic, and may be away
    verdict, _ = look(says(500), "/", tries=1)
    assert verdict.result is FAIL  # one page for both says nothing of the other


def test_an_engine_that_knows_addresses_is_asked_for_every_instance() -> None:
    with serving(says()) as well, serving(says(500)) as ill:
        engine = Engine(places={"v1": (well.url,), "v2": (well.url, ill.url)})
        check = open_check(table(paths=["/a", "/b"], tries=1), context(engine))
        verdict = check.judge(window())
        assert (verdict.result, verdict.text) == (FAIL, f"{ill.url}/a: status 500, not 2xx")
        engine.places = {"v2": (well.url,)}
        assert check.judge(window()).result is PASS
        engine.places = {}
        assert check.judge(window()).text == "v2 has no instance to ask"


def test_without_paths_the_smoke_probes_are_asked_for() -> None:
    with serving(says()) as server:
        check = open_check(table(), context(Engine(places={"v2": (server.url,)})))
        assert check.judge(window()).result is PASS
    assert [one.path for one in server.asked] == ["/"]


def test_an_address_of_a_variable_is_not_shown() -> None:
    with serving(says(500)) as server:
        told = context(environ={"PAGE": f"{server.url}/hush"})
        verdict = open_check(table(url="env:PAGE", tries=1), told).judge(window())
    assert server.asked[0].path == "/hush"
    assert verdict.text == f"{server.url}: status 500, not 2xx"


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"url": "ftp://127.0.0.1/"}, "http:// or https://"),
        ({"url": "file:///etc/passwd"}, "http:// or https://"),
        ({"url": "http://127.0.0.1/{versoin}"}, "stands for nothing"),
        ({"url": "http://user:hush@127.0.0.1/"}, "env:NAME, or an address without a password"),
        ({"url": "env:NOT_SET"}, "NOT_SET is not set"),
        ({"paths": ["readyz"]}, '"readyz" is no path'),
        ({"url": "http://127.0.0.1/", "paths": ["/"]}, "url is given too"),
        ({"url": "http://127.0.0.1/", "status": [99]}, "status"),
    ],
)
def test_a_wrong_table_is_refused(keys: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said) as caught:
        open_check(table(**keys), context())
    assert "hush" not in str(caught.value)


def test_an_engine_without_addresses_needs_them_in_the_table() -> None:
    with pytest.raises(ConfigurationError, match="url: missing"):
        open_check(table(), context(Dumb()))
