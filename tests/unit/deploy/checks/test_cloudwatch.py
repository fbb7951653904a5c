"""The counts of a load balancer, minute by minute."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migsafe.deploy.checks.cloudwatch import CloudWatchCheck, open_check, read_counts, whole_minutes
from migsafe.deploy.checks.context import CheckContext, Probes
from migsafe.deploy.checks.judging import RateLimits
from migsafe.deploy.tables import Table
from migsafe.deploy.verdict import Result, Window
from migsafe.deploy.words import Counts
from migsafe.errors import ConfigurationError, EnvironmentFailedError

if TYPE_CHECKING:
    from collections.abc import Iterator

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class _Meter(NamedTuple):
    load_balancer: str
    target_group: str


@dataclass
class _Engine:
    """Counts for versions, by the name of the metric; and what was asked."""

    sums: dict[str, dict[str, list[float]]]
    asked: list[dict[str, Any]] = field(default_factory=list)
    failure: EnvironmentFailedError | None = None

    @property
    def aws(self) -> Any:
        return self

    def meter(self, version: str) -> _Meter | None:
        return _Meter("app/web/1", f"targetgroup/{version}/2") if version in self.sums else None

    def every(self, service: str, operation: str, key: str, **asked: Any) -> Iterator[dict[str, Any]]:
        assert (service, operation, key) == ("cloudwatch", "GetMetricData", "MetricDataResults")
        if self.failure is not None:
            raise self.failure
        self.asked.append(asked)
        version = asked["MetricDataQueries"][0]["MetricStat"]["Metric"]["Dimensions"][1]["Value"].split("/")[1]
        for query in asked["MetricDataQueries"]:
            yield {"Label": query["Label"], "Values": self.sums[version].get(query["Label"], [])}


@dataclass
class _Clock:
    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now


def window(seconds: float = 300, weight: int = 20, *, over: bool = True) -> Window:
    return Window(stable="1.0", candidate="2.0", weight=weight, seconds=seconds, over=over)


def check_of(engine: _Engine, clock: _Clock | None = None) -> CloudWatchCheck:
    clock = clock or _Clock()
    check = CloudWatchCheck("errors", cast("Any", engine), RateLimits(min_requests=100), now=clock)
    check.begin()
    clock.now += timedelta(seconds=300)
    return check


def test_two_sums_make_a_rate() -> None:
    engine = _Engine({"1.0": {"RequestCount": [400.0, 400.0]}, "2.0": {"RequestCount": [100.0, 100.0]}})
    assert check_of(engine).judge(window()).result is Result.PASS
    engine.sums["2.0"]["HTTPCode_Target_5XX_Count"] = [15.0, 5.0]
    verdict = check_of(engine).judge(window())
    assert verdict.result is Result.FAIL
    assert "candidate 20 of 200 failed (10.0 %)" in verdict.text


def test_a_dead_target_that_answers_nothing_is_seen() -> None:
    dead = {"RequestCount": [200.0], "TargetConnectionErrorCount": [180.0]}
    engine = _Engine({"1.0": {"RequestCount": [800.0]}, "2.0": dead})
    assert check_of(engine).judge(window()).result is Result.FAIL


@pytest.mark.parametrize("sums", [{}, {"RequestCount": []}, {"HTTPCode_Target_5XX_Count": [3.0]}])
def test_no_datapoint_of_requests_is_no_data(sums: dict[str, list[float]]) -> None:
    engine = _Engine({"1.0": {"RequestCount": [800.0]}, "2.0": sums})
    verdict = check_of(engine).judge(window())
    assert (verdict.result, verdict.text) == (Result.INCONCLUSIVE, "no counts of the candidate")


def test_a_version_that_no_group_holds_is_no_data() -> None:
    assert check_of(_Engine({"1.0": {"RequestCount": [800.0]}})).judge(window()).result is Result.INCONCLUSIVE


def test_before_traffic_moves_the_stable_version_is_looked_at() -> None:
    engine = _Engine({"1.0": {"RequestCount": [100.0], "HTTPCode_Target_5XX_Count": [50.0]}})
    verdict = check_of(engine).judge(window(weight=0))
    assert verdict.result is Result.FAIL
    assert verdict.text.startswith("stable 50 of 100 failed")


@pytest.mark.parametrize(("over", "hint"), [(False, False), (True, True)])
def test_a_short_window_says_nothing(over: bool, hint: bool) -> None:
    engine = _Engine({"2.0": {"RequestCount": [200.0], "HTTPCode_Target_5XX_Count": [200.0]}})
    verdict = check_of(engine).judge(window(179, over=over))
    assert verdict.result is Result.INCONCLUSIVE
    assert verdict.text.startswith("CloudWatch counts by the minute and is late, so 179 s say nothing")
    assert ('let step_time, soak and bake be "3min" or more' in verdict.text) is hint
    assert engine.asked == []


def test_aws_that_is_away_is_inconclusive() -> None:
    engine = _Engine({"1.0": {}}, failure=EnvironmentFailedError("the AWS credentials have expired"))
    verdict = check_of(engine).judge(window())
    assert (verdict.result, verdict.text) == (
        Result.INCONCLUSIVE, "CloudWatch cannot be asked: the AWS credentials have expired",
    )  # fmt: skip


def test_it_asks_for_whole_minutes_and_not_at_every_look() -> None:
    engine, clock = _Engine({"1.0": {"RequestCount": [800.0]}}), _Clock(NOON + timedelta(seconds=1))
    check = check_of(engine, clock)
    for _ in range(3):
        check.judge(window(weight=0, over=False))
        clock.now += timedelta(seconds=7)
    assert len(engine.asked) == 1
    assert (engine.asked[0]["StartTime"], engine.asked[0]["EndTime"]) == (
        NOON + timedelta(minutes=1), NOON + timedelta(minutes=4),
    )  # fmt: skip
    check.judge(window(weight=0))
    check.judge(window(weight=0))
    assert len(engine.asked) == 3, "what ends a window is asked for anew"


@given(st.integers(0, 59_999), st.integers(180_000, 600_000))
def test_three_minutes_have_a_whole_one_in_them(begin_ms: int, lasted_ms: int) -> None:
    begun = NOON + timedelta(milliseconds=begin_ms)
    now = begun + timedelta(milliseconds=lasted_ms)
    span = whole_minutes(begun, now)
    assert begun <= span.begin
    assert span.end <= now - timedelta(minutes=1)
    assert span.end - span.begin >= timedelta(minutes=1)
    assert span.begin.second == span.end.second == 0


def test_pages_of_one_metric_are_added() -> None:
    pages = [{"Label": "RequestCount", "Values": [1.0, 2.0]}, {"Label": "RequestCount", "Values": [4.0]}]
    assert read_counts(pages) == Counts(requests=7, errors=0)


def test_it_needs_an_engine_that_knows_where_its_answers_are_counted() -> None:
    table = Table.of({"name": "errors", "kind": "cloudwatch"}, "check")
    table.choice("kind", ["cloudwatch"])
    probes = Probes(readiness="/readyz", liveness="/livez")
    context = CheckContext(provider=cast("Any", object()), environment="x", folder=Path(), probes=probes)
    with pytest.raises(ConfigurationError, match="cloudwatch counts for an Application Load Balancer"):
        open_check(table, context)
    opened = open_check(
        table, CheckContext(provider=cast("Any", _Engine({})), environment="x", folder=Path(), probes=probes)
    )
    assert opened.name == "errors"
