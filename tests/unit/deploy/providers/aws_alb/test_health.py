"""What a target group says of its targets."""

from __future__ import annotations

from typing import Any

from migsafe.deploy.providers.aws_alb.health import read_health, staying_targets
from migsafe.deploy.words import Readiness


def target(identity: str, state: str, **more: str) -> dict[str, Any]:
    return {"Target": {"Id": identity, "Port": 80}, "TargetHealth": {"State": state, **more}}


def test_only_healthy_ones_count() -> None:
    states = ("healthy", "initial", "unhealthy", "unused", "unavailable", "something-new")
    health = read_health(target(f"i-{n}", state) for n, state in enumerate(states))
    assert health.readiness() == Readiness(1, 6)
    assert not health.readiness().is_full


def test_those_that_leave_are_no_part_of_it() -> None:
    leaving = [target("i-1", "healthy"), target("i-2", "draining"), target("i-3", "unhealthy.draining")]
    assert read_health(leaving).readiness() == Readiness(1, 1)
    assert staying_targets(leaving) == [{"Id": "i-1", "Port": 80}]


def test_of_nothing_nobody_can_say_that_it_is_ready() -> None:
    assert not read_health([]).readiness().is_full
    assert read_health([target("i-1", "healthy")]).readiness(at_least=3) == Readiness(1, 3)


def test_why_not() -> None:
    found = read_health(
        [
            target(
                "i-1", "unhealthy", Reason="Target.ResponseCodeMismatch", Description="failed with these codes: [500]"
            ),
            target("i-2", "initial", Reason="Elb.RegistrationInProgress"),
            target("i-3", "unused"),
            target("i-4", "unused"),
            target("i-5", "healthy"),
        ]
    )
    assert found.why_not == (
        "i-1:80 is unhealthy (failed with these codes: [500]); i-2:80 is initial (Elb.RegistrationInProgress); "
        "i-3:80 is unused; and 1 more"
    )
