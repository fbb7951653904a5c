"""Shares and selectors, by hand and by chance."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from migsafe.deploy.providers.kube.pods import Batch, Batches, bare_template, common_selector

COUNTS = st.integers(min_value=0, max_value=30)


def batch(version: str, ready: int, waiting: int = 0, ending: int = 0) -> Batch:
    good = {"metadata": {}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}}
    gone = {**good, "metadata": {"deletionTimestamp": "2026-11-20T10:00:00Z"}}
    pods = (*[good] * ready, *[{"metadata": {}}] * waiting, *[gone] * ending)
    return Batch(version=version, hash=version, revision=1, wanted=ready + waiting, template={}, pods=pods)


@given(COUNTS, COUNTS, COUNTS, COUNTS, COUNTS)
def test_all_and_nothing_are_said_only_where_they_are_so(
    old: int, old_waiting: int, old_ending: int, new: int, new_waiting: int
) -> None:
    share = Batches((batch("v2", new, new_waiting), batch("v1", old, old_waiting, old_ending))).share("v2")

    assert 0 <= share <= 100
    if old + old_waiting:
        assert share < 100
    if new + new_waiting:
        assert share > 0
    if not old + old_waiting:
        assert share == 100
    elif not new + new_waiting:
        assert share == 0
    elif old and new:
        assert abs(share - 100 * new / (old + new)) <= 1


def test_pods_that_end_take_no_traffic_and_are_there() -> None:
    batches = Batches((batch("v2", 3), batch("v1", 0, ending=2)))

    assert batches.share("v2") == 100
    assert batches.there == ("v2", "v1")
    assert batches.endings() == ("v1: 2 pods still ending",)


def test_one_selector_for_two_sets_of_labels() -> None:
    assert common_selector([{"app": "shop", "part": "blue"}, {"app": "shop", "part": "green"}]) == (
        "app=shop,part in (blue,green)"
    )
    assert common_selector([{"app": "shop", "x": "1"}, {"app": "shop"}]) == "app=shop"


def test_a_template_that_is_given_back_has_nothing_of_the_controller() -> None:
    """Argo keeps in an annotation of the ReplicaSet what it has added to the pods of one side."""
    labels = {"app": "shop", "pod-template-hash": "1", "rollouts-pod-template-hash": "2", "role": "stable"}
    found: dict[str, Any] = {
        "metadata": {"annotations": {"rollout.argoproj.io/ephemeral-metadata": '{"labels":{"role":"stable"}}'}},
        "spec": {"template": {"metadata": {"labels": labels}, "spec": {"containers": []}}},
    }

    assert bare_template(found) == {"metadata": {"labels": {"app": "shop"}}, "spec": {"containers": []}}
