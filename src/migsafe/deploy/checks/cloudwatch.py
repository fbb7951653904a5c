"""`kind = "cloudwatch"`: what an Application Load Balancer has counted for each version, by the minute.

Keys: `max_error_rate` (0.02), `max_delta` (0.01), `min_requests` (100). Needs `provider = "aws-alb"`, which knows the
target group of each version. Sums are asked for and the rate is made here. No datapoint of requests is no data; no
datapoint of errors beside requests is no error, as AWS reports those only where there are some.
See https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, runtime_checkable

from migsafe.deploy.checks.judging import Judgement, RateLimits, judge_alone, judge_rates, read_rate_limits
from migsafe.deploy.verdict import Result, Verdict
from migsafe.deploy.words import Counts
from migsafe.errors import MigsafeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from migsafe.deploy.aws import Aws
    from migsafe.deploy.checks.context import CheckContext
    from migsafe.deploy.tables import Table
    from migsafe.deploy.verdict import Check, Window

_MINUTE = timedelta(minutes=1)
#: The first minute is begun before traffic moves, and the last two may not be there yet: of fewer, none is whole.
_SHORTEST_S = 180.0
#: Each question costs money, and the answer is a new one once a minute.
_FRESH = timedelta(seconds=20)
_REQUESTS = "RequestCount"
#: Answers of 5xx, and targets that did not even take the connection: a target that is dead answers nothing.
_ERRORS = ("HTTPCode_Target_5XX_Count", "TargetConnectionErrorCount")


class Counted(Protocol):
    """What CloudWatch calls the two that count."""

    @property
    def load_balancer(self) -> str:
        """`app/name/id`."""

    @property
    def target_group(self) -> str:
        """`targetgroup/name/id`."""


@runtime_checkable
class Metered(Protocol):
    """An engine that knows where CloudWatch counts the answers of a version."""

    @property
    def aws(self) -> Aws:
        """The account and region."""

    def meter(self, version: str) -> Counted | None:
        """Where they are counted; None where it does not know the version."""


class Span(NamedTuple):
    """Whole minutes, from the first to the one after the last."""

    begin: datetime
    end: datetime


def open_check(table: Table, context: CheckContext) -> Check:
    """The check that one `[[check]]` describes.

    Raises:
        ConfigurationError: when a key is unknown or wrong, or the provider is no load balancer of AWS.
    """
    name, limits = table.text("name"), read_rate_limits(table)
    table.done()
    if not isinstance(context.provider, Metered):
        raise table.error(
            "kind", "cloudwatch counts for an Application Load Balancer", 'with provider = "aws-alb"; else: prometheus'
        )
    return CloudWatchCheck(name, context.provider, limits)


class CloudWatchCheck:
    """The error rates of both sides in the whole minutes since the window began."""

    def __init__(
        self,
        name: str,
        engine: Metered,
        limits: RateLimits,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._name = name
        self._engine = engine
        self._limits = limits
        self._now = now
        self._begun = now()
        self._kept: dict[str, tuple[datetime, Counts | None]] = {}

    @property
    def name(self) -> str:
        """As deploy.toml calls it."""
        return self._name

    def begin(self) -> None:
        """Minutes count from here."""
        self._begun = self._now()
        self._kept.clear()

    def judge(self, window: Window) -> Verdict:
        """The verdict on the minutes that are over."""
        result, text = self._judge(window)
        return Verdict(check=self._name, result=result, text=text)

    def _judge(self, window: Window) -> Judgement:
        if window.seconds < _SHORTEST_S:
            return Judgement(Result.INCONCLUSIVE, _too_short(window))
        try:
            stable = self._counts(window.stable, over=window.over)
            if window.weight == 0:
                return judge_alone(stable, self._limits, over=window.over)
            candidate = self._counts(window.candidate, over=window.over)
        except MigsafeError as error:
            return Judgement(Result.INCONCLUSIVE, f"CloudWatch cannot be asked: {error.message}")
        return judge_rates(candidate, stable, self._limits, weight=window.weight, over=window.over)

    def _counts(self, version: str | None, *, over: bool) -> Counts | None:
        if version is None:
            return None
        now = self._now()
        asked, kept = self._kept.get(version, (None, None))
        if asked is None or over or now - asked >= _FRESH:
            kept = self._ask(version, whole_minutes(self._begun, now))
            self._kept[version] = (now, kept)
        return kept

    def _ask(self, version: str, span: Span) -> Counts | None:
        meter = self._engine.meter(version)
        if meter is None or span.begin >= span.end:
            return None
        return read_counts(
            self._engine.aws.every("cloudwatch", "GetMetricData", "MetricDataResults", **_question(meter, span))
        )


def whole_minutes(begun: datetime, now: datetime) -> Span:
    """The minutes that lie wholly between two moments, without the last one: its counts may still be on their way."""
    begin = begun.replace(second=0, microsecond=0)
    return Span(begin if begin == begun else begin + _MINUTE, now.replace(second=0, microsecond=0) - _MINUTE)


def read_counts(results: Iterable[Mapping[str, Any]]) -> Counts | None:
    """What the answer of GetMetricData says; None where no request was counted."""
    sums: dict[str, float] = {}
    for one in results:
        if one["Values"]:
            sums[one["Label"]] = sums.get(one["Label"], 0) + sum(one["Values"])
    if not sums.get(_REQUESTS):
        return None
    return Counts(requests=round(sums[_REQUESTS]), errors=round(sum(sums.get(name, 0) for name in _ERRORS)))


def _question(meter: Counted, span: Span) -> dict[str, Any]:
    dimensions = [
        {"Name": "LoadBalancer", "Value": meter.load_balancer},
        {"Name": "TargetGroup", "Value": meter.target_group},
    ]
    queries = [
        {
            "Id": f"q{number}",
            "Label": name,
            "MetricStat": {
                "Metric": {"Namespace": "AWS/ApplicationELB", "MetricName": name, "Dimensions": dimensions},
                "Period": 60,
                "Stat": "Sum",
            },
        }
        for number, name in enumerate((_REQUESTS, *_ERRORS))
    ]
    return {"MetricDataQueries": queries, "StartTime": span.begin, "EndTime": span.end}


def _too_short(window: Window) -> str:
    text = f"CloudWatch counts by the minute and is late, so {window.seconds:.0f} s say nothing"
    return f'{text}: let step_time, soak and bake be "3min" or more' if window.over else text
