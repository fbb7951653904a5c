"""What keeps a load balancer from being driven, before anything is moved."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from migsafe.errors import EnvironmentFailedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from alb_sites import Site

WHO = "User: arn:aws:sts::123456789012:assumed-role/ci/x is not authorized to perform"


def test_all_is_well(site: Site) -> None:
    assert site.provider().check() == ()
    assert site.aws.written == []


def test_each_right_that_is_missing_is_named(site: Site) -> None:
    for operation in ("DescribeTargetHealth", "DescribeRules", "DescribeTags"):
        words = f"{WHO}: elasticloadbalancing:{operation} on resource: arn:…"
        site.aws.refusals[operation] = ("AccessDenied", words)
    assert [one.split(" (")[0] for one in site.provider().check()] == [
        f"the AWS credentials lack the right elasticloadbalancing:{operation}"
        for operation in ("DescribeRules", "DescribeTargetHealth", "DescribeTags")
    ]


def test_a_right_on_instances_is_asked_for_only_where_it_is_needed(site: Site) -> None:
    site.aws.refusals["DescribeInstances"] = ("UnauthorizedOperation", "You are not authorized")
    assert site.provider().check() == ()
    found = site.provider(register=("tag:app={version}",)).check()
    assert [one.split(" (")[0] for one in found] == ["the AWS credentials lack the right ec2:DescribeInstances"]


def test_expired_credentials_are_said_once(site: Site) -> None:
    for operation in ("DescribeListeners", "DescribeTargetGroups", "DescribeRules", "DescribeTags"):
        site.aws.refusals[operation] = ("ExpiredToken", "The security token included in the request is expired")
    provider = site.provider()
    assert provider.check() == ("the AWS credentials have expired (sign in again, then go on: migsafe deploy resume)",)
    for verb in (provider.observe, lambda: provider.stage("2.0"), lambda: provider.abort("1.0")):
        with pytest.raises(EnvironmentFailedError, match="the AWS credentials have expired"):
            verb()
    assert site.aws.written == []


def test_groups_that_cannot_take_each_others_place(site: Site) -> None:
    number = site.name("blue")
    vpc = site.aws.call("ec2", "CreateVpc", CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    site.groups["other"] = site.make_group(f"o-{number}", VpcId=vpc, Protocol="HTTPS", Port=8443)
    found = site.provider(green=site.name("other")).check()
    assert f"{number} and o-{number} differ in their protocol: HTTP and HTTPS" in found
    assert any("differ in their VPC" in one and one.endswith(f"and {vpc}") for one in found)


def test_one_group_under_two_names(site: Site) -> None:
    assert site.provider(green=site.groups["blue"]).check() == (
        f"blue and green are one target group, {site.name('blue')}",
    )


def test_a_group_without_a_version(make_site: Callable[..., Site]) -> None:
    site = make_site()
    site.call("RemoveTags", ResourceArns=[site.groups["blue"]], TagKeys=["migsafe:version"])
    (said,) = site.provider().check()
    assert said.startswith(
        f"{site.name('blue')} has traffic, and no tag says which version it holds: aws elbv2 add-tags"
    )
    assert site.groups["blue"] in said


def test_a_mark_that_names_another_group(site: Site) -> None:
    site.tag("listener", "migsafe:stable", "web-old")
    (said,) = site.provider().check()
    assert said.startswith("the tag migsafe:stable names web-old, which is neither blue-")


def test_a_rule_past_the_listener(site: Site) -> None:
    site.make_rule("blue", priority=7)
    assert site.provider().check() == (
        f"the rule of priority 7 also sends requests to {site.name('blue')}; they would neither be seen nor moved",
    )


def test_a_listener_past_the_rule(site: Site) -> None:
    rule = site.make_rule("blue", priority=7)
    assert site.provider(entry=rule).check() == (
        f"the listener's default action also sends requests to {site.name('blue')}; "
        "they would neither be seen nor moved",
    )


def test_sticky_sessions_keep_a_second_group_out(site: Site) -> None:
    sticky = [{"Key": "stickiness.enabled", "Value": "true"}]
    site.call("ModifyTargetGroupAttributes", TargetGroupArn=site.groups["green"], Attributes=sticky)
    (said,) = site.provider().check()
    assert said.startswith(f"{site.name('green')} has sticky sessions, and with them AWS takes no second target group")
    site.split(blue=1, sticky=True)
    assert site.provider().check() == ()


def test_a_group_that_looks_at_no_health(make_site: Callable[..., Site]) -> None:
    site = make_site()
    for group in site.groups.values():  # a group of functions, as it is made
        site.call("ModifyTargetGroup", TargetGroupArn=group, HealthCheckEnabled=False)
    assert any("looks at no health" in one for one in site.provider().check())
