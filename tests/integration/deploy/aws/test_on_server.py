"""Through boto3, over HTTP, against a server that stands in for AWS: what the tests in memory take for granted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from migsafe.deploy.checks.cloudwatch import CloudWatchCheck
from migsafe.deploy.checks.judging import RateLimits
from migsafe.deploy.errors import ProviderRefusedError
from migsafe.deploy.probes import Probes
from migsafe.deploy.providers.context import ProviderContext
from migsafe.deploy.providers.registry import open_provider
from migsafe.deploy.tables import Table
from migsafe.deploy.verdict import Result, Window
from migsafe.deploy.words import Strategy

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from alb_sites import Site

pytestmark = pytest.mark.long


def test_a_canary_and_the_way_back(on_server: Callable[..., Site]) -> None:
    site = on_server()
    site.tag("green", "migsafe:version", "2.0")
    provider = site.provider()
    assert provider.check() == ()
    provider.fence(1)
    provider.stage("2.0")
    for weight in (5, 100):
        provider.shift("2.0", weight)
        assert site.weights() == {"blue": 100 - weight, "green": weight}
    provider.promote("2.0")
    seen = site.provider().observe()
    assert (seen.stable, seen.candidate, seen.weight) == ("2.0", "1.0", 0)
    provider.abort("1.0")
    provider.retire("2.0")
    assert site.weights() == {"blue": 100}
    assert site.tags("listener") == {"migsafe:stable": site.name("blue"), "migsafe:fence": "1"}


def test_as_deploy_toml_says_it(on_server: Callable[..., Site], tmp_path: Path) -> None:
    site = on_server()
    keys = {"listener": site.listener, "blue": site.name("blue"), "green": site.groups["green"],
            "endpoint_url": site.aws.endpoint_url}  # fmt: skip
    context = ProviderContext(
        folder=tmp_path, environment="staging", strategy=Strategy.BLUE_GREEN, state=tmp_path / "state",
        probes=Probes(readiness="/readyz", liveness="/livez"),
    )  # fmt: skip
    provider = open_provider("aws-alb", Table.of(keys), context)
    assert Strategy.BLUE_GREEN in provider.capabilities.strategies
    assert provider.capabilities.weights == "exact"
    assert provider.check() == ()
    assert provider.observe().stable == "1.0"
    provider.close()


def test_a_rule(on_server: Callable[..., Site]) -> None:
    site = on_server()
    rule = site.make_rule("blue")
    site.do([{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}])
    site.tag("green", "migsafe:version", "2.0")
    provider = site.provider(entry=rule)
    assert provider.check() == ()
    provider.stage("2.0")
    provider.shift("2.0", 5)
    assert site.weights(rule) == {"blue": 95, "green": 5}


def test_instances_with_a_tag(on_server: Callable[..., Site]) -> None:
    site = on_server(TargetType="instance")
    site.aws.health.clear()
    made = [site.launch(version) for version in ("2.0", "2.0", "1.0")]
    provider = site.provider(register=(f"tag:app={site.name('blue')}-{{version}}",), deregister=True)
    provider.stage("2.0")
    assert site.registered("green") == {(one, 8080) for one in made[:2]}
    provider.retire("2.0")
    assert site.registered("green") == set()


def test_what_does_not_exist_is_named(on_server: Callable[..., Site]) -> None:
    site = on_server()
    provider = site.provider(green="gren")
    assert provider.check() == (
        "there is no target group gren in eu-west-1 (is it another account or region? "
        "aws elbv2 describe-target-groups shows what there is)",
    )
    with pytest.raises(ProviderRefusedError, match="there is no target group gren in eu-west-1"):
        provider.stage("2.0")
    gone = site.provider(entry=f"{site.listener}0")
    assert any(one.startswith(f"there is no {site.listener}0") for one in gone.check())
    assert site.aws.written == []


def test_counts_of_cloudwatch(on_server: Callable[..., Site]) -> None:
    site = on_server()
    site.tag("green", "migsafe:version", "2.0")
    provider = site.provider()
    provider.stage("2.0")
    begun = datetime(2026, 11, 23, 12, 0, 30, tzinfo=UTC)
    for minute in (0, 1, 2, 3):  # the first is not whole, the last may not be there yet
        for version, errors in (("1.0", 1), ("2.0", 20)):
            meter = provider.meter(version)
            assert meter is not None
            when = begun.replace(second=0) + timedelta(minutes=minute)
            _count(site, meter, when, RequestCount=100, HTTPCode_Target_5XX_Count=errors)
    moments = [begun, begun + timedelta(minutes=3, seconds=40)]
    check = CloudWatchCheck("errors", provider, RateLimits(min_requests=100), now=lambda: moments[-1])
    check._begun = moments[0]
    verdict = check.judge(Window(stable="1.0", candidate="2.0", weight=50, seconds=220, over=True))
    assert verdict.result is Result.FAIL
    assert "candidate 40 of 200 failed (20.0 %)" in verdict.text
    assert "stable 2 of 200 failed (1.0 %)" in verdict.text


def _count(site: Site, meter: tuple[str, str], when: datetime, **values: int) -> None:
    dimensions = [{"Name": "LoadBalancer", "Value": meter[0]}, {"Name": "TargetGroup", "Value": meter[1]}]
    data = [{"MetricName": name, "Dimensions": dimensions, "Timestamp": when, "Value": value}
            for name, value in values.items()]  # fmt: skip
    site.aws.call("cloudwatch", "PutMetricData", Namespace="AWS/ApplicationELB", MetricData=data)
