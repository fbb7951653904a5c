"""The six verbs on a load balancer."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

from migsafe.deploy.errors import ProviderRefusedError
from migsafe.deploy.provider import Counting, Fencing
from migsafe.deploy.words import Readiness
from migsafe.errors import EnvironmentFailedError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from alb_sites import Site
    from migsafe.deploy.words import Observed

OIDC = {
    "Type": "authenticate-oidc",
    "Order": 1,
    "AuthenticateOidcConfig": {
        "Issuer": "https://id.example.com", "AuthorizationEndpoint": "https://id.example.com/a", "ClientId": "shop",
        "TokenEndpoint": "https://id.example.com/t", "UserInfoEndpoint": "https://id.example.com/u",
        "ClientSecret": "hush", "OnUnauthenticatedRequest": "authenticate",
    },
}  # fmt: skip


def sides(seen: Observed) -> tuple[str | None, str | None, int]:
    return seen.stable, seen.candidate, seen.weight


def staged(site: Site, version: str = "2.0") -> Any:
    """A provider that has staged a version which somebody else had put onto green."""
    site.tag("green", "migsafe:version", version)
    provider = site.provider()
    provider.stage(version)
    site.aws.written.clear()
    return provider


def test_a_whole_canary_and_what_is_seen_of_it(site: Site) -> None:
    site.tag("green", "migsafe:version", "2.0")
    provider = site.provider()
    assert provider.check() == ()
    assert sides(provider.observe()) == ("1.0", None, 0)

    provider.stage("2.0")
    seen = provider.observe()
    assert sides(seen) == ("1.0", "2.0", 0)
    assert seen.ready == {"1.0": Readiness(1, 1), "2.0": Readiness(1, 1)}
    for weight in (5, 20, 50, 100):
        provider.shift("2.0", weight)
        assert site.weights() == {"blue": 100 - weight, "green": weight}
        assert sides(provider.observe()) == ("1.0", "2.0", weight)
    provider.promote("2.0")
    assert sides(provider.observe()) == ("2.0", "1.0", 0)
    assert site.weights() == {"blue": 0, "green": 100}
    provider.retire("1.0")
    assert sides(provider.observe()) == ("2.0", None, 0)
    assert site.weights() == {"green": 100}


def test_the_way_back_while_the_old_version_is_warm(site: Site) -> None:
    provider = staged(site)
    provider.shift("2.0", 100)
    provider.promote("2.0")
    provider.abort("1.0")
    assert sides(provider.observe()) == ("1.0", "2.0", 0)
    assert site.weights() == {"blue": 100, "green": 0}


def test_the_next_release_goes_the_other_way_round(site: Site) -> None:
    provider = staged(site)
    provider.shift("2.0", 100)
    provider.promote("2.0")
    provider.retire("1.0")
    site.tag("blue", "migsafe:version", "3.0")
    provider.stage("3.0")
    provider.shift("3.0", 5)
    assert sides(provider.observe()) == ("2.0", "3.0", 5)
    assert site.weights() == {"green": 95, "blue": 5}


def test_every_verb_twice_is_once(site: Site) -> None:
    site.tag("green", "migsafe:version", "2.0")
    provider = site.provider()
    for verb in (
        lambda: provider.stage("2.0"),
        lambda: provider.shift("2.0", 20),
        lambda: provider.abort("1.0"),
        lambda: provider.shift("2.0", 100),
        lambda: provider.promote("2.0"),
        lambda: provider.retire("1.0"),
        lambda: provider.shift("2.0", 100),
        lambda: provider.abort("2.0"),
    ):
        verb()
        seen = provider.observe()
        site.aws.written.clear()
        verb()
        assert site.aws.written == []
        assert provider.observe() == seen


def test_another_coordinator_made_anew_knows_who_is_promoted(site: Site) -> None:
    provider = staged(site)
    provider.shift("2.0", 50)
    assert sides(site.provider().observe()) == ("1.0", "2.0", 50)


def test_a_rule_is_driven_as_a_listener_is(site: Site) -> None:
    rule = site.make_rule("blue")
    site.do([{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}])
    site.tag("green", "migsafe:version", "2.0")
    provider = site.provider(entry=rule)
    assert provider.check() == ()
    provider.stage("2.0")
    provider.shift("2.0", 5)
    assert sides(provider.observe()) == ("1.0", "2.0", 5)
    assert site.weights(rule) == {"blue": 95, "green": 5}
    assert site.tags(rule)["migsafe:stable"] == site.name("blue")


def test_the_mark_changes_after_the_traffic_and_never_without_it(site: Site) -> None:
    provider = staged(site)
    with pytest.raises(ProviderRefusedError, match=r"2\.0 has 0 % of the traffic; only all of it can be promoted"):
        provider.promote("2.0")
    provider.shift("2.0", 100)
    site.aws.written.clear()
    provider.promote("2.0")
    assert site.aws.written == ["AddTags"]
    site.aws.written.clear()
    provider.abort("1.0")
    assert site.aws.written == ["ModifyListener", "AddTags"]


def test_other_actions_and_stickiness_are_kept(site: Site) -> None:
    site.do([OIDC, {"Type": "forward", "Order": 2, "TargetGroupArn": site.groups["blue"]}])
    provider = staged(site)
    provider.shift("2.0", 5)
    sign_in, forward = site.actions()
    assert sign_in["AuthenticateOidcConfig"]["UseExistingClientSecret"] in {True, "true"}
    assert "ClientSecret" not in sign_in["AuthenticateOidcConfig"]
    assert [one["Weight"] for one in forward["ForwardConfig"]["TargetGroups"]] == [95, 5]


def test_group_stickiness_is_kept_and_said(site: Site) -> None:
    site.split(blue=1, sticky=True)
    provider = staged(site)
    provider.shift("2.0", 5)
    (action,) = site.actions()
    assert action["ForwardConfig"]["TargetGroupStickinessConfig"]["Enabled"] in {True, "true"}
    assert any("group stickiness is on: a client stays with its version for 600 s" in one
               for one in provider.observe().notes)  # fmt: skip


@pytest.mark.parametrize("state", ["initial Elb.RegistrationInProgress", "unhealthy Target.ResponseCodeMismatch",
                                   "unused Target.NotInUse", "unavailable Target.HealthCheckDisabled"])  # fmt: skip
def test_traffic_waits_for_health(site: Site, state: str) -> None:
    provider = staged(site)
    site.aws.health[site.name("green")] = {"i-2": "healthy", "i-3": state}
    seen = provider.observe()
    assert seen.ready["2.0"] == Readiness(1, 2)
    assert any(f"i-3:8080 is {state.split()[0]}" in one for one in seen.notes)
    with pytest.raises(ProviderRefusedError, match=r"1 of 2 targets of green-.* are healthy: i-3:8080 is"):
        provider.shift("2.0", 5)
    assert site.aws.written == []


def test_targets_that_leave_are_not_waited_for(site: Site) -> None:
    provider = staged(site)
    site.aws.health[site.name("green")] = {"i-2": "healthy", "i-3": "draining", "i-4": "unhealthy.draining"}
    assert provider.observe().ready["2.0"] == Readiness(1, 1)


def test_a_version_has_as_many_targets_as_deploy_toml_wants(site: Site) -> None:
    site.tag("green", "migsafe:version", "2.0")
    provider = site.provider(targets=2)
    provider.stage("2.0")
    assert provider.observe().ready["2.0"] == Readiness(1, 2)
    site.aws.health[site.name("green")] = {}
    assert site.provider().observe().ready["2.0"] == Readiness(0, 1)


def test_less_traffic_needs_no_health(site: Site) -> None:
    provider = staged(site)
    provider.shift("2.0", 50)
    site.aws.health[site.name("green")] = {"i-2": "unhealthy"}
    assert any("fail open" in one for one in provider.observe().notes)
    provider.shift("2.0", 5)
    provider.abort("1.0")
    assert site.weights() == {"blue": 100, "green": 0}


@pytest.mark.parametrize("weight", [-1, 101, 1000])
def test_a_weight_that_is_none_is_refused(site: Site, weight: int) -> None:
    provider = staged(site)
    with pytest.raises(ProviderRefusedError, match=rf"a weight of {weight}: it is in per cent"):
        provider.shift("2.0", weight)
    assert site.aws.written == []


def test_what_is_not_staged_is_not_shifted(site: Site) -> None:
    provider = site.provider()
    with pytest.raises(ProviderRefusedError, match=r"2\.0 is not staged: blue-.* holds 1\.0, green-.* holds no known"):
        provider.shift("2.0", 5)
    with pytest.raises(ProviderRefusedError, match=r"green-.* holds no version that a tag names, not 2\.0"):
        provider.stage("2.0")
    assert site.aws.written == []


def test_traffic_of_somebody_else_is_seen_and_stops_everything_but_the_way_back(site: Site) -> None:
    provider = staged(site)
    site.groups["old"] = site.make_group(f"old-{site.name('blue')}")
    site.split(blue=60, green=10, old=30)
    seen = provider.observe()
    assert sides(seen) == ("1.0", f"unknown (old-{site.name('blue')})", 30)
    assert any("has 30 % of the traffic, and is neither blue nor green" in one for one in provider.check())
    with pytest.raises(ProviderRefusedError, match="somebody else has changed the listener"):
        provider.shift("2.0", 20)
    assert site.aws.written == []
    provider.abort("1.0")
    assert site.weights() == {"blue": 100, "green": 0, "old": 0}
    site.split(blue=70, green=0, old=30)
    for verb in (lambda: provider.retire("2.0"), lambda: site.provider(register=("10.0.0.5",)).stage("3.0")):
        with pytest.raises(ProviderRefusedError, match="somebody else has changed the listener"):
            verb()
    assert site.aws.written == []
    site.split(blue=100, green=0, old=0)
    provider.shift("2.0", 20)
    assert site.weights() == {"blue": 80, "green": 20, "old": 0}


def test_a_maintenance_page_is_not_torn_down(site: Site) -> None:
    provider = staged(site)
    site.do([{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503"}}])
    assert sides(provider.observe()) == ("1.0", "unknown (fixed-response)", 100)
    for verb in (
        lambda: provider.stage("2.0"), lambda: provider.shift("2.0", 5), lambda: provider.promote("2.0"),
        lambda: provider.abort("1.0"), lambda: provider.retire("2.0"),
    ):  # fmt: skip
        with pytest.raises(ProviderRefusedError, match=r"answers by itself \(fixed-response\)") as caught:
            verb()
        assert caught.value.hint == "if that is over, let it forward to the stable target group again"
    assert site.aws.written == []


def test_when_nobody_has_traffic_nobody_is_said_to(site: Site) -> None:
    provider = staged(site)
    site.split(blue=0, green=0)
    assert sides(provider.observe()) == ("1.0", "unknown (nobody)", 100)
    assert "all weights are 0, so nobody has traffic" in provider.check()
    provider.abort("1.0")
    assert sides(provider.observe()) == ("1.0", "2.0", 0)


def test_weights_that_somebody_set_are_shown_as_they_are(site: Site) -> None:
    provider = staged(site)
    before = provider.observe()
    site.split(blue=2, green=1)
    assert sides(provider.observe()) == ("1.0", "2.0", 33)
    assert provider.observe().etag != before.etag
    site.split(blue=999, green=1)
    assert provider.observe().weight == 1


def test_a_version_that_nobody_knows_is_shown_and_refused(site: Site) -> None:
    provider = site.provider()
    site.tag("listener", "migsafe:stable", site.name("blue"))
    site.split(blue=70, green=30)
    assert sides(provider.observe()) == ("1.0", f"unknown ({site.name('green')})", 30)
    assert any("no tag says which version it holds: aws elbv2 add-tags" in one for one in provider.check())
    with pytest.raises(ProviderRefusedError, match="has 30 % of the traffic, so nothing is put onto it"):
        provider.stage("2.0")


def test_without_a_mark_shares_say_nothing(site: Site) -> None:
    site.tag("green", "migsafe:version", "2.0")
    site.split(blue=50, green=50)
    provider = site.provider()
    assert provider.observe().stable is None
    assert any("no tag migsafe:stable says which one is promoted" in one for one in provider.check())
    with pytest.raises(ProviderRefusedError):
        provider.shift("2.0", 60)
    provider.abort("1.0")
    assert sides(provider.observe()) == ("1.0", "2.0", 0)


def test_a_coordinator_that_comes_back_late_is_found_out(site: Site) -> None:
    late, now = staged(site), site.provider()
    assert isinstance(late, Fencing)
    assert not isinstance(late, Counting)
    late.fence(7)
    late.shift("2.0", 5)
    now.fence(8)
    now.fence(8)
    for verb in (lambda: late.shift("2.0", 20), lambda: late.abort("1.0"), lambda: late.fence(7)):
        with pytest.raises(ProviderRefusedError, match=r"another coordinator has taken over \(mark 8, ours is 7\)"):
            verb()
    now.shift("2.0", 20)
    assert site.weights() == {"blue": 80, "green": 20}


class TestNewTargets:
    def test_named_ones_are_registered_for_the_version_and_leave_with_it(self, site: Site) -> None:
        site.aws.health.clear()
        provider = site.provider(register=("10.0.0.5", "10.0.0.6:9000"), deregister=True)
        provider.stage("2.0")
        assert site.registered("green") == {("10.0.0.5", 8080), ("10.0.0.6", 9000)}
        assert provider.observe().ready["2.0"] == Readiness(2, 2)
        provider.shift("2.0", 5)
        provider.abort("1.0")
        provider.retire("2.0")
        assert site.registered("green") == set()
        assert "migsafe:version" not in site.tags("green")
        assert sides(provider.observe()) == ("1.0", None, 0)

    def test_those_of_an_older_version_leave(self, site: Site) -> None:
        site.aws.health.clear()
        old = [{"Id": "10.0.0.4", "Port": 8080}, {"Id": "10.0.0.5"}]
        site.call("RegisterTargets", TargetGroupArn=site.groups["green"], Targets=old)
        site.tag("green", "migsafe:version", "0.9")
        site.provider(register=("10.0.0.5",)).stage("2.0")
        assert site.registered("green") == {("10.0.0.5", 8080)}
        assert site.tags("green")["migsafe:version"] == "2.0"

    def test_instances_are_found_by_their_tag(self, make_site: Callable[..., Site]) -> None:
        site = make_site(TargetType="instance")
        site.aws.health.clear()
        made = site.launch("2.0")
        site.launch("1.0")
        provider = site.provider(register=(f"tag:app={site.name('blue')}-{{version}}",))
        assert provider.check() == ()
        provider.stage("2.0")
        assert site.registered("green") == {(made, 8080)}
        with pytest.raises(ProviderRefusedError, match=r"no running instance of vpc-\w+ is meant by tag:app=blue-"):
            provider.stage("3.0")

    def test_a_target_of_another_type_is_refused(self, site: Site) -> None:
        provider = site.provider(register=("i-0abc",))
        assert any("has targets of type ip, which i-0abc is not" in one for one in provider.check())
        with pytest.raises(ProviderRefusedError, match="has targets of type ip, not i-0abc"):
            provider.stage("2.0")

    def test_a_command_brings_the_version_after_the_group_is_attached(self, site: Site, tmp_path: Path) -> None:
        tell = "import os, sys; open('told', 'a').write(' '.join([*sys.argv[1:], os.environ['MIGSAFE_VERSION']]))"
        words = (sys.executable, "-c", tell, "{version}", "{target_group}", "{environment}")
        provider = site.provider(tmp_path, stage_command=words)
        provider.stage("2.0")
        provider.stage("2.0")
        assert (tmp_path / "told").read_text() == f"2.0 {site.groups['green']} staging 2.0"
        assert site.aws.written == ["AddTags", "ModifyListener", "AddTags"]
        assert sides(provider.observe()) == ("1.0", "2.0", 0)

    def test_a_command_that_fails_leaves_a_group_without_version(self, site: Site, tmp_path: Path) -> None:
        site.tag("green", "migsafe:version", "0.9")
        fail = (sys.executable, "-c", "import sys; sys.exit('no capacity in eu-west-1a')")
        provider = site.provider(tmp_path, stage_command=fail)
        with pytest.raises(
            EnvironmentFailedError, match="stage_command ended with status 1: no capacity in eu-west-1a"
        ):
            provider.stage("2.0")
        assert sides(provider.observe()) == ("1.0", None, 0)
        with pytest.raises(ProviderRefusedError, match="is not staged"):
            provider.shift("2.0", 5)

    def test_a_right_that_is_missing_shows_before_anything_is_started(self, site: Site, tmp_path: Path) -> None:
        site.aws.refusals["ModifyListener"] = ("AccessDenied", "is not authorized")
        provider = site.provider(tmp_path, stage_command=(sys.executable, "-c", "open('started', 'w')"))
        with pytest.raises(EnvironmentFailedError, match="lack the right elasticloadbalancing:ModifyListener"):
            provider.stage("2.0")
        assert not (tmp_path / "started").exists()

    def test_a_command_takes_the_version_away(self, site: Site, tmp_path: Path) -> None:
        site.tag("green", "migsafe:version", "2.0")
        away = (sys.executable, "-c", "import sys; open('away', 'a').write(sys.argv[1])", "{version}")
        provider = site.provider(tmp_path, retire_command=away)
        provider.stage("2.0")
        provider.retire("2.0")
        provider.retire("2.0")
        assert (tmp_path / "away").read_text() == "2.0"
        assert "migsafe:version" not in site.tags("green")


@pytest.mark.parametrize("version", ["", " 2.0", "2~rc1", "-2", "2\n", "v" * 257])
def test_a_version_that_no_tag_can_hold_is_refused(site: Site, version: str) -> None:
    with pytest.raises(ProviderRefusedError, match="cannot be kept as a tag"):
        site.provider(register=("10.0.0.5",)).stage(version)
    assert site.aws.written == []


def test_what_has_traffic_is_not_retired(site: Site) -> None:
    provider = staged(site)
    provider.shift("2.0", 5)
    site.aws.written.clear()
    for version, why in (("1.0", "is the promoted version"), ("2.0", "has 5 % of the traffic")):
        with pytest.raises(ProviderRefusedError, match=why):
            provider.retire(version)
    provider.retire("0.9")
    assert site.aws.written == []


def test_a_retired_version_is_no_way_back(site: Site) -> None:
    provider = staged(site)
    provider.shift("2.0", 100)
    provider.promote("2.0")
    provider.retire("1.0")
    with pytest.raises(ProviderRefusedError, match=r"1\.0 cannot have traffic: blue-.* holds 1\.0 and is not attached"):
        provider.abort("1.0")
    assert site.weights() == {"green": 100}
