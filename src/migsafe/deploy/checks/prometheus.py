"""`kind = "prometheus"`: a number that a Prometheus server works out, or anything that speaks its `/api/v1/query`.

Keys: `url` (the server, `env:NAME` where it holds a password), `query`, `stable_query`, `requests_query`,
`max`, `min`, `equals`, `max_delta`, `min_requests` (100, with `requests_query`), `token` (`env:NAME`, sent as bearer),
`timeout` (4s). In queries `{candidate}`, `{stable}` and `{seconds}` (of the window so far) are filled in; other braces
are PromQL's own. An empty vector and NaN are no data, and not 0.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from math import ceil, isnan
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from migsafe.deploy.checks.anew import PLACE, AskedAnew
from migsafe.deploy.checks.bounds import Bounds, judge_number, read_bounds
from migsafe.deploy.checks.context import judged_version
from migsafe.deploy.checks.judging import Judgement
from migsafe.deploy.verdict import Result
from migsafe.deploy.web import Answer, Question, WebAwayError, ask, is_web_address
from migsafe.errors import EnvironmentFailedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migsafe.deploy.checks.context import CheckContext
    from migsafe.deploy.tables import Table
    from migsafe.deploy.verdict import Check, Window


class _NoAnswerError(EnvironmentFailedError):
    """The server cannot be asked, or its answer is no number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Queries:
    """PromQL.

    Attributes:
        candidate: of the version that is judged.
        stable: the same of the stable version; None where nothing is compared.
        requests: how many requests the judged version has seen in the window; None where nobody counts.
        min_requests: how many it must have seen.
    """

    candidate: str
    stable: str | None = None
    requests: str | None = None
    min_requests: int = 100


def open_check(table: Table, context: CheckContext) -> Check:
    """The check that one `[[check]]` describes.

    Raises:
        ConfigurationError: when a key is unknown, missing or wrong, or a variable is not set.
    """
    name = table.text("name")
    url = table.address("url").resolve(context.environ)
    if not is_web_address(url):
        raise table.error("url", "must be an address that begins with http:// or https://")
    queries = _read_queries(table)
    bounds = _read_bounds(table, queries)
    token = table.secret("token", None)
    timeout_s = table.duration_s("timeout", 4.0)
    table.done()
    headers = {} if token is None else {"Authorization": f"Bearer {token.resolve(context.environ)}"}
    return PrometheusCheck(name, Server(url, headers, timeout_s), queries, bounds)


def _read_queries(table: Table) -> Queries:
    requests = table.text("requests_query", None)
    least = table.whole("min_requests", 100, at_least=1)
    if requests is None and "min_requests" in table.keys:
        raise table.error("min_requests", "nobody counts them", "write requests_query beside it")
    return Queries(
        candidate=table.text("query"), stable=table.text("stable_query", None), requests=requests, min_requests=least
    )


def _read_bounds(table: Table, queries: Queries) -> Bounds:
    delta = table.number("max_delta", None)
    if delta is not None and queries.stable is None:
        raise table.error("max_delta", "there is nothing to compare with", "write stable_query beside it")
    bounds = read_bounds(table)
    return Bounds(max=bounds.max, min=bounds.min, equals=bounds.equals, max_delta=delta)


@dataclass(frozen=True, slots=True)
class Server:
    """Where to ask, and as whom."""

    url: str
    headers: Mapping[str, str]
    timeout_s: float

    def value(self, query: str) -> float | None:
        """The number that a query gives; None where it gives none."""
        address = f"{self.url.rstrip('/')}/api/v1/query?{urlencode({'query': query})}"
        try:
            answer = ask(Question(url=address, headers=self.headers, timeout_s=self.timeout_s))
        except WebAwayError as error:
            raise _NoAnswerError(error.message) from None
        return _value_of(_data_of(answer))


class PrometheusCheck(AskedAnew):
    """Asks for one number, and for the stable version's beside it."""

    def __init__(self, name: str, server: Server, queries: Queries, bounds: Bounds) -> None:
        super().__init__(name)
        self._server = server
        self._queries = queries
        self._bounds = bounds

    def _judge(self, window: Window) -> Judgement:
        if judged_version(window) is None:
            return Judgement(Result.INCONCLUSIVE, "there is no version to ask about")
        missing = self._missing_requests(window)
        if missing is not None:
            return missing
        compares = self._queries.stable is not None and 0 < window.weight < 100
        value = self._ask(self._queries.candidate, window)
        stable = self._ask(self._queries.stable, window) if compares and self._queries.stable is not None else None
        return judge_number(value, self._bounds, stable=stable, compares=compares)

    def _missing_requests(self, window: Window) -> Judgement | None:
        if self._queries.requests is None:
            return None
        seen = self._ask(self._queries.requests, window) or 0.0
        if seen >= self._queries.min_requests:
            return None
        return Judgement(Result.INCONCLUSIVE, f"{seen:,.0f} of {self._queries.min_requests:,} requests seen")

    def _ask(self, query: str, window: Window) -> float | None:
        value = self._server.value(fill(query, window))
        return None if value is None or isnan(value) else value


def fill(query: str, window: Window) -> str:
    """A query with what a window gives; versions are written so that they end no text of PromQL."""
    filled = {
        "candidate": _inside_quotes(judged_version(window) or ""),
        "stable": _inside_quotes(window.stable or ""),
        "seconds": str(max(1, ceil(window.seconds))),
    }
    return PLACE.sub(lambda place: filled[place[1]], query)


def _inside_quotes(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _data_of(answer: Answer) -> Mapping[str, Any]:
    """The `data` of an answer (HTTP API of Prometheus, "Format overview")."""
    try:
        document = json.loads(answer.text)
    except ValueError:
        raise _NoAnswerError(f"status {answer.status}, and no JSON: is url a Prometheus server?") from None
    if not isinstance(document, dict) or document.get("status") != "success":
        said = document.get("error") if isinstance(document, dict) else None
        raise _NoAnswerError(f"status {answer.status}: {said or 'no success, and no reason'}")
    data = document.get("data")
    if not isinstance(data, dict):
        raise _NoAnswerError("an answer without data")
    return data


def _value_of(data: Mapping[str, Any]) -> float | None:
    """The number; None for an empty vector."""
    kind, result = data.get("resultType"), data.get("result")
    if kind == "vector" and isinstance(result, list):
        if len(result) > 1:
            raise _NoAnswerError(f"the query gives {len(result)} series and must give one: aggregate it, as with sum()")
        if not result:
            return None
        result = result[0].get("value") if isinstance(result[0], dict) else None
    elif kind != "scalar":
        raise _NoAnswerError(f"the query gives a {kind} and must give one number")
    try:
        return float(result[1])  # type: ignore[index]  # whatever it is instead of a pair is said below
    except (TypeError, ValueError, IndexError, KeyError):
        raise _NoAnswerError("the query gives no number") from None
