"""When a Deployment is done: what `kubectl rollout status` goes by."""

from __future__ import annotations

from typing import Any

import pytest

from migsafe.deploy.providers.kube.pods import Batches
from migsafe.deploy.providers.kube.progress import is_complete, motion_of
from migsafe.deploy.words import Motion

DONE = {"observedGeneration": 2, "replicas": 3, "updatedReplicas": 3, "availableReplicas": 3}


def found(**status: Any) -> dict[str, Any]:
    """A Deployment of three pods, at rest but for what is said; it is Available all the time, as real ones are."""
    available = [{"type": "Available", "status": "True"}]
    return {
        "metadata": {"name": "web", "generation": 2},
        "spec": {"replicas": 3},
        "status": {"conditions": available, **DONE, **status},
    }


def test_at_rest() -> None:
    assert is_complete(found())
    assert motion_of(found(), Batches(()), "v1") is Motion.IDLE


@pytest.mark.parametrize(
    "status",
    [
        {"observedGeneration": 1},
        {"updatedReplicas": 2},
        {"replicas": 4},
        {"availableReplicas": 2},
        {"updatedReplicas": 0, "replicas": 0, "availableReplicas": 0},
    ],
)
def test_on_its_way(status: dict[str, int]) -> None:
    assert not is_complete(found(**status))
    assert motion_of(found(**status), Batches(()), "v1") is Motion.PROGRESSING


def test_a_controller_that_has_said_nothing_yet() -> None:
    new = {**found(), "status": {}}

    assert not is_complete(new)
    assert motion_of(new, Batches(()), "v1") is Motion.PROGRESSING


def test_what_was_given_up_before_a_change_says_nothing_of_the_change() -> None:
    late = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}

    assert motion_of(found(conditions=[late]), Batches(()), "v1") is Motion.DEGRADED
    assert motion_of(found(conditions=[late], observedGeneration=1), Batches(()), "v1") is Motion.PROGRESSING
