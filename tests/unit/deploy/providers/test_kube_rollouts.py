"""Whole rollouts: what the coordinator decides, before stub clusters. All it goes by is what a provider shows."""

from __future__ import annotations

import pytest

from kube_sites import SCENES, GivenUp, Scene
from migsafe.deploy.decide import GoBack
from migsafe.deploy.rollout import Kind
from migsafe.deploy.words import Motion


@pytest.fixture(params=list(SCENES))
def scene(request: pytest.FixtureRequest) -> Scene:
    made: Scene = SCENES[request.param]()
    assert made.make(made.cluster).check() == ()
    return made


def test_a_rollout_comes_to_its_end_and_so_does_the_next_one(scene: Scene) -> None:
    for version in ("v2", "v3"):
        kinds = [step.kind for step in scene.go(version)]

        assert kinds[-2:] == [Kind.PROMOTE, Kind.RETIRE]
        scene.cluster.controllers.settle()
        seen = scene.make(scene.cluster).observe()
        assert (seen.stable, seen.candidate, seen.weight, seen.motion) == (version, None, 0, Motion.IDLE)


def test_from_every_step_there_is_a_way_back(scene: Scene) -> None:
    steps = sum(1 for _ in scene.go("v2"))
    list(scene.go("v1"))

    for stop in range(1, steps):  # what was retired is deployed anew
        for number, _ in enumerate(scene.go("v2"), 1):
            if number == stop:
                break
        scene.back("v1")
        seen = scene.make(scene.cluster).observe()
        assert (seen.stable, seen.weight) == ("v1", 0)
        assert seen.is_ready("v1")


def test_a_version_that_never_becomes_ready_is_gone_back_from(scene: Scene) -> None:
    with pytest.raises((GivenUp, AssertionError)) as caught:
        list(scene.go("bad", seconds=30))
    if isinstance(caught.value, GivenUp):
        assert isinstance(caught.value.args[0], GoBack)

    scene.back("v1")

    seen = scene.make(scene.cluster).observe()
    assert (seen.stable, seen.weight) == ("v1", 0)
    assert seen.is_ready("v1")
