"""Clusters for whole rollouts: one for each way in which Kubernetes and Argo Rollouts bring a version out."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from kube_scenes import IMAGE, Cluster, canary_steps, deployment, rollout, service
from migsafe.deploy.decide import Met, Tell, Wait, decide, is_back
from migsafe.deploy.provider import Provider
from migsafe.deploy.providers.argo_rollouts import ArgoProvider
from migsafe.deploy.providers.kube.argo_settings import Settings
from migsafe.deploy.providers.kube.blue_green import BlueGreenProvider
from migsafe.deploy.providers.kube.image import Image
from migsafe.deploy.providers.kube.keeper import Keeping
from migsafe.deploy.providers.kube.rolling import RollingProvider
from migsafe.deploy.rollout import Pace, Step, make_rollout
from migsafe.deploy.words import Strategy

IMAGES = Image("web", IMAGE)
STEPS = (5, 20, 50, 100)


class Scene:
    """A cluster, and a provider that is made anew for each call, as one of a coordinator that was killed would be."""

    def __init__(
        self, cluster: Cluster, make: Callable[[Cluster], Provider], weights: tuple[int, ...] = (100,)
    ) -> None:
        self.cluster = cluster
        self.make = make
        self.weights = weights

    def go(self, version: str, *, seconds: int = 60) -> Iterator[Step]:
        """All steps of a rollout, each of them once it has come true."""
        capabilities = self.make(self.cluster).capabilities
        stable = self.make(self.cluster).observe().stable
        way = make_rollout(stable, version, self.weights, Pace(), stages=capabilities.stages)
        for step in way.steps:
            told = False
            for _ in range(seconds):
                provider = self.make(self.cluster)
                seen = provider.observe()
                found = decide(way, step, seen, {}, told=told, exact=capabilities.weights == "exact")
                match found:
                    case Met():
                        break
                    case Tell(order):
                        told = True
                        given = (order.version,) if order.weight is None else (order.version, order.weight)
                        getattr(provider, order.verb)(*given)
                    case Wait():
                        self.cluster.controllers.tick()
                    case _:
                        raise GivenUp(found)
            else:
                raise AssertionError(f"{step} did not come true: {seen}")
            yield step

    def back(self, stable: str) -> None:
        """The way back, until it is so."""
        for _ in range(60):
            provider = self.make(self.cluster)
            provider.abort(stable)
            if is_back(stable, provider.observe()):
                return
            self.cluster.controllers.tick()
        raise AssertionError("it did not go back")


class GivenUp(Exception):
    """The coordinator does not go on."""


def one_deployment(kind: str) -> Scene:
    own = (
        {"type": kind} if kind == "Recreate" else {"type": kind, "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 1}}
    )
    strategy = Strategy.RECREATE if kind == "Recreate" else Strategy.ROLLING
    cluster = Cluster.of(deployments=[deployment(strategy=own)])
    return Scene(cluster, lambda one: RollingProvider(one.kubectl, "web", IMAGES, strategy, Keeping(None)))


def two_deployments() -> Scene:
    cluster = Cluster.of(
        deployments=[deployment("blue", replicas=3), deployment("green", replicas=0)], services=[service("blue")]
    )
    return Scene(cluster, lambda one: BlueGreenProvider(one.kubectl, ("blue", "green"), "shop", IMAGES, Keeping(None)))


def argo(strategy: Strategy, own: dict[str, object], weights: tuple[int, ...], replicas: int | None = None) -> Scene:
    settings = Settings(
        name="web", image=IMAGES, keeping=Keeping(None), follow=False, replicas=replicas, abort_within_s=60
    )
    cluster = Cluster.of(rollouts=[rollout(strategy=own)])
    return Scene(cluster, lambda one: ArgoProvider(one.kubectl, settings, one.context(strategy, *weights)), weights)


def routed() -> Scene:
    own = {"canary": {"trafficRouting": {"nginx": {}}, "steps": canary_steps(*STEPS)}}
    return argo(Strategy.CANARY, own, STEPS)


SCENES = {
    "rolling": lambda: one_deployment("RollingUpdate"),
    "recreate": lambda: one_deployment("Recreate"),
    "blue-green": two_deployments,
    "argo canary": routed,
    "argo canary that ends by itself": lambda: argo(
        Strategy.CANARY, {"canary": {"trafficRouting": {"nginx": {}}, "steps": canary_steps(5, 20, 50)}}, STEPS
    ),
    "argo canary of pods": lambda: argo(
        Strategy.CANARY, {"canary": {"steps": canary_steps(25, 50, 75, 100)}}, (25, 50, 75, 100), 4
    ),
    "argo blue-green": lambda: argo(
        Strategy.BLUE_GREEN, {"blueGreen": {"activeService": "a", "autoPromotionEnabled": False}}, (100,)
    ),
}
