"""The steps of a Rollout, against those of a plan."""

from __future__ import annotations

from typing import Any

import pytest

from kube_scenes import canary_steps, rollout
from migsafe.deploy.providers.kube.argo_steps import Steps, step_looks

ROUTED = {"nginx": {}}


def look(
    steps: list[dict[str, Any]], *wanted: int, replicas: int | None = None, follow: bool = False, **canary: Any
) -> tuple[str, ...]:
    own = {"steps": steps, **({} if replicas else {"trafficRouting": ROUTED}), **canary}
    return step_looks(rollout(strategy={"canary": own}), wanted, replicas, follow=follow)


@pytest.mark.parametrize(
    "steps",
    [
        canary_steps(5, 20, 50, 100),
        canary_steps(5, 20, 50),
        [*canary_steps(5, 20, 50), {"setWeight": 100}],
        [{"setCanaryScale": {"replicas": 1}}, *canary_steps(5), {"analysis": {}}, *canary_steps(20, 50)],
        [*canary_steps(5, 5, 20, 50)],
    ],
)
def test_steps_that_are_those_of_the_plan(steps: list[dict[str, Any]]) -> None:
    assert look(steps, 5, 20, 50, 100) == ()


def test_other_parts_than_those_of_the_plan() -> None:
    assert look(canary_steps(10, 50), 5, 20, 50, 100) == (
        "Rollout web goes 10, 50, 100, and the plan goes 5, 20, 50, 100: make them the same",
    )


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ([{"setWeight": 5}], "step 1 (setWeight 5) has no pause after it"),
        ([{"setWeight": 5}, {"pause": {"duration": "10m"}}], "step 1 (setWeight 5) pauses for 10m and goes on"),
    ],
)
def test_where_argo_would_go_on_by_itself(step: list[dict[str, Any]], said: str) -> None:
    steps = [*step, *canary_steps(50)]

    (sentence,) = look(steps, 5, 50, 100)

    assert said in sentence
    assert "follow = true" in sentence
    assert look(steps, 100, follow=True) == ()


def test_where_argo_follows_its_own_steps_the_plan_has_one() -> None:
    (sentence,) = look(canary_steps(5, 50), 5, 50, 100, follow=True)

    assert sentence == "follow = true leaves the steps to Argo: the plan has one, steps = [100]"


def test_a_pause_with_a_duration_and_one_without() -> None:
    steps = [{"setWeight": 5}, {"pause": {"duration": "10m"}}, {"pause": {}}, *canary_steps(50)]

    assert look(steps, 5, 50, 100) == ()


def test_parts_that_pods_cannot_be() -> None:
    """setWeight 5 of 4 pods is one pod of four."""
    (sentence,) = look(canary_steps(5, 50), 5, 50, 100, replicas=4)

    assert sentence == "Rollout web: 5 % of 4 pods is 0.2 pods, and Argo cannot have parts of them"
    assert look(canary_steps(25, 50), 25, 50, 100, replicas=4) == ()
    assert look(canary_steps(5, 50), 5, 50, 100, replicas=20) == ()


def test_what_routes_the_traffic_has_to_be_known() -> None:
    steps = canary_steps(5, 50)
    (unrouted,) = look(steps, 5, 50, 100, trafficRouting=None)
    (routed,) = look(steps, 5, 50, 100, replicas=20, trafficRouting=ROUTED)

    assert "has no trafficRouting" in unrouted
    assert "take replicas out" in routed


def test_an_analysis_that_would_never_begin() -> None:
    (sentence,) = look(canary_steps(5, 50), 5, 50, 100, analysis={"startingStep": 4})

    assert sentence == "Rollout web: its analysis begins at step 4, and there are 4 steps"
    assert look(canary_steps(5, 50), 5, 50, 100, analysis={"startingStep": 3}) == ()


@pytest.mark.parametrize(("index", "target"), [(None, 0), (0, 5), (1, 5), (2, 20), (3, 20), (4, 100), (9, 100)])
def test_the_part_that_a_step_goes_to(index: int | None, target: int) -> None:
    assert Steps(tuple(canary_steps(5, 20))).target(index) == target


def test_before_the_first_part_there_is_none() -> None:
    steps = Steps(({"setCanaryScale": {"replicas": 1}}, {"pause": {}}, *canary_steps(5)))

    assert steps.target(1) == 0
    assert steps.following(1) == 5
    assert steps.following(3) == 100
