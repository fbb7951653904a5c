"""The looks before a start: each thing that would go wrong, and the near misses that would not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from kube_scenes import IMAGE, Cluster, deployment
from migsafe.deploy.providers.kube.image import Image
from migsafe.deploy.providers.kube.keeper import Keeping
from migsafe.deploy.providers.kube.looks import may_be_down
from migsafe.deploy.providers.kube.rolling import RollingProvider
from migsafe.deploy.words import Strategy

Change = Callable[[dict[str, Any]], object]


def look(change: Change = lambda _: None, strategy: Strategy = Strategy.ROLLING) -> tuple[str, ...]:
    """What is said of a Deployment that was in good order before the change."""
    cluster = Cluster.of(deployments=[deployment()])
    cluster.stub.edit("deployments", "web", change)
    return RollingProvider(cluster.kubectl, "web", Image("web", IMAGE), strategy, Keeping(None)).check()


def web(found: dict[str, Any]) -> dict[str, Any]:
    """The application's container."""
    container: dict[str, Any] = found["spec"]["template"]["spec"]["containers"][0]
    return container


def test_nothing_is_said_of_a_deployment_in_good_order() -> None:
    assert look() == ()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda one: web(one).update(name="app"), "Deployment web has no container web; it has: app, proxy"),
        (
            lambda one: web(one).update(image="registry.example/shop@sha256:0"),
            "Deployment web runs registry.example/shop@sha256:0, which is not called like",
        ),
        (lambda one: web(one).pop("readinessProbe"), "container web of Deployment web has no readinessProbe"),
        (lambda one: web(one).pop("livenessProbe"), "container web of Deployment web has no livenessProbe"),
        (lambda one: one["spec"].update(paused=True), "Deployment web is paused"),
        (lambda one: one["spec"].update(replicas=0), "Deployment web has no pods: its replicas are 0"),
        (
            lambda one: one["spec"].update(strategy={"type": "Recreate"}),
            "the strategy of Deployment web is Recreate, and that of the plan is rolling",
        ),
        (
            lambda one: one["spec"]["strategy"]["rollingUpdate"].update(maxUnavailable="100%"),
            "may have all of its 4 pods down at once (maxUnavailable 4)",
        ),
    ],
)
def test_what_would_go_wrong(change: Change, said: str) -> None:
    (sentence,) = look(change)

    assert said in sentence


def test_two_things_are_two_sentences() -> None:
    def change(found: dict[str, Any]) -> None:
        web(found).pop("livenessProbe")
        found["spec"]["paused"] = True

    assert len(look(change)) == 2


def test_a_plan_for_parts_of_the_traffic() -> None:
    (sentence,) = look(strategy=Strategy.CANARY)

    assert "a Deployment cannot do canary" in sentence
    assert "argo-rollouts" in sentence


@pytest.mark.parametrize(
    ("rolling", "replicas", "down"),
    [
        ({}, 4, 1),
        ({}, 1, 0),
        ({"maxUnavailable": "99%"}, 4, 3),
        ({"maxUnavailable": "100%"}, 4, 4),
        ({"maxUnavailable": 4}, 4, 4),
        ({"maxUnavailable": 9}, 4, 4),
        ({"maxUnavailable": "25%", "maxSurge": 0}, 3, 1),
        ({"maxUnavailable": 0, "maxSurge": 0}, 1, 1),
        ({"maxUnavailable": 0, "maxSurge": 1}, 1, 0),
    ],
)
def test_how_many_pods_may_be_missing(rolling: dict[str, Any], replicas: int, down: int) -> None:
    """The defaults are a quarter; none and none is one (kube-controller-manager, ResolveFenceposts)."""
    assert may_be_down(rolling, replicas) == down


def test_a_deployment_that_does_not_exist() -> None:
    cluster = Cluster.of()

    said = RollingProvider(cluster.kubectl, "web", Image("web", IMAGE), Strategy.ROLLING, Keeping(None)).check()

    assert said == ("there is no Deployment web in namespace shop (context test)",)


def test_every_right_that_is_missing_is_named() -> None:
    cluster = Cluster.of(deployments=[deployment()])
    cluster.stub.denied |= {("patch", "deployments"), ("list", "pods")}

    said = RollingProvider(cluster.kubectl, "web", Image("web", IMAGE), Strategy.ROLLING, Keeping(None)).check()

    assert said == (
        "the login has no right to patch deployments.apps/web in namespace shop (context test)",
        "the login has no right to list pods in namespace shop (context test)",
    )


def test_a_kubectl_that_is_too_old() -> None:
    cluster = Cluster.of(deployments=[deployment()])
    object.__setattr__(cluster.kubectl, "version", lambda: (1, 23))

    said = RollingProvider(cluster.kubectl, "web", Image("web", IMAGE), Strategy.ROLLING, Keeping(None)).check()

    assert said == ("kubectl is 1.23, and 1.24 is the oldest that will do: kubectl",)
