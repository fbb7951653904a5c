"""The looks at a Rollout, beside those at its steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from kube_scenes import IMAGE, Cluster, rollout
from migsafe.deploy.providers.argo_rollouts import ArgoProvider
from migsafe.deploy.providers.kube.argo_settings import Settings
from migsafe.deploy.providers.kube.image import Image
from migsafe.deploy.providers.kube.keeper import Keeping
from migsafe.deploy.words import Strategy

Change = Callable[[dict[str, Any]], object]
PREVIEW = {"blueGreen": {"activeService": "a", "autoPromotionEnabled": False}}


def provider(
    cluster: Cluster, strategy: Strategy = Strategy.CANARY, *steps: int, replicas: int | None = None
) -> ArgoProvider:
    settings = Settings(
        name="web",
        image=Image("web", IMAGE),
        keeping=Keeping(None),
        follow=False,
        replicas=replicas,
        abort_within_s=60,
    )
    return ArgoProvider(cluster.kubectl, settings, cluster.context(strategy, *steps or (5, 20, 50, 100)))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda one: one["spec"].update(paused=True), "Rollout web is paused by hand"),
        (lambda one: one["spec"].update(replicas=0), "Rollout web has no pods"),
        (
            lambda one: one["spec"].update(strategy=PREVIEW),
            "the strategy of Rollout web is blueGreen, and that of the plan is canary",
        ),
        (lambda one: one["spec"].pop("template"), "takes its pods from elsewhere (workloadRef)"),
        (
            lambda one: one["spec"]["template"]["spec"]["containers"][0].pop("readinessProbe"),
            "container web of Rollout web has no readinessProbe",
        ),
        (
            lambda one: one["spec"]["strategy"]["canary"]["steps"][1].update(pause={"duration": "1h"}),
            "step 1 (setWeight 5) pauses for 1h and goes on without migsafe's word",
        ),
    ],
)
def test_what_would_go_wrong(change: Change, said: str) -> None:
    cluster = Cluster.of(rollouts=[rollout()])
    cluster.stub.edit("rollouts", "web", change)

    (sentence,) = provider(cluster).check()

    assert said in sentence


def test_a_preview_that_would_be_switched_to_by_itself() -> None:
    cluster = Cluster.of(rollouts=[rollout(strategy={"blueGreen": {"activeService": "a"}})])

    (sentence,) = provider(cluster, Strategy.BLUE_GREEN, 100).check()

    assert "autoPromotionEnabled: false" in sentence


def test_another_number_of_pods_than_is_said() -> None:
    cluster = Cluster.of(rollouts=[rollout(replicas=4, strategy={"canary": {"steps": []}})])

    (sentence,) = provider(cluster, Strategy.CANARY, 100, replicas=2).check()

    assert sentence == "Rollout web has 4 replicas, and [provider] says 2"


def test_a_strategy_that_a_rollout_has_not() -> None:
    cluster = Cluster.of(rollouts=[rollout()])

    assert provider(cluster, Strategy.ROLLING).check() == ("a Rollout cannot do rolling: use canary or blue-green",)


def test_a_rollout_and_a_kind_that_do_not_exist() -> None:
    cluster = Cluster.of()

    assert provider(cluster).check() == ("there is no Rollout web in namespace shop (context test)",)
    del cluster.stub.kinds["rollouts"]
    assert provider(cluster).check() == ("the cluster of context test has no Argo Rollouts",)


def test_the_right_to_write_to_the_status_is_one_of_its_own() -> None:
    cluster = Cluster.of(rollouts=[rollout()])
    cluster.stub.denied.add(("patch", "rollouts/status"))

    (sentence,) = provider(cluster).check()

    assert "no right to patch rollouts.argoproj.io/web, subresource status in namespace shop" in sentence
