"""A coordinator is killed before or after each write to AWS; another one begins the same verb again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

pytest.importorskip("boto3", reason="boto3 is not installed")

from alb_sites import Killed, ScriptedMemory, Site

if TYPE_CHECKING:
    from collections.abc import Callable

    from migsafe.deploy.providers.aws_alb.engine import AlbProvider

    Verb = Callable[[AlbProvider], None]

ROLLOUT: list[Verb] = [
    lambda provider: provider.fence(3),
    lambda provider: provider.stage("2.0"),
    lambda provider: provider.shift("2.0", 5),
    lambda provider: provider.shift("2.0", 100),
    lambda provider: provider.promote("2.0"),
    lambda provider: provider.abort("1.0"),
    lambda provider: provider.abort("2.0"),
    lambda provider: provider.retire("1.0"),
    lambda provider: provider.stage("3.0"),
]


def site_in_memory() -> Site:
    aws = ScriptedMemory()
    aws.forget()
    site = Site.make(aws, "vpc-1", ("subnet-1", "subnet-2"))
    aws.health = {}
    site.call("RegisterTargets", TargetGroupArn=site.groups["blue"], Targets=[{"Id": "10.0.0.4"}])
    site.tag("green", "migsafe:version", "0.9")
    aws.written.clear()
    return site


def roll_out(site: Site) -> int:
    """Each verb by a provider of its own, begun again where it was killed; tells how often that was."""
    kills = 0
    for verb in ROLLOUT:
        for _ in range(2):
            try:
                verb(site.provider(register=("10.0.0.5",), deregister=True))
                break
            except Killed:
                kills += 1
                seen = site.provider().observe()
                assert seen.stable in {"1.0", "2.0"}, "whoever looks in between sees what is promoted"
                assert seen.candidate in {None, "0.9", "1.0", "2.0", "3.0"}
    return kills


def picture(site: Site) -> tuple[object, ...]:
    """All that is kept in AWS, with colours for names, which are others at each site."""
    colours = {site.name(colour): colour for colour in site.groups}
    marks = [{key: colours.get(value, value) for key, value in site.tags(what).items()}
             for what in ("listener", "blue", "green")]  # fmt: skip
    return site.weights(), marks, site.registered("blue"), site.registered("green")


def test_whenever_it_is_killed_the_end_is_the_same() -> None:
    whole = site_in_memory()
    assert roll_out(whole) == 0
    writes = len(whole.aws.written)
    assert writes > 12
    for number in range(1, writes + 1):
        for done in (False, True):
            site = site_in_memory()
            site.aws.killed = (number, done)
            assert roll_out(site) == 1
            assert picture(site) == picture(whole), (number, done)
