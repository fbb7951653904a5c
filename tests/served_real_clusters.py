"""Deployments on a real control plane for commands in processes of their own; each rollout has its own namespace."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from killed_rollouts import Told
from kube_cluster import RealCluster, real_cluster
from kube_program import kubectl_program
from kube_scenes import IMAGE, deployment, service
from kube_stub import Object
from migsafe.deploy.provider import Provider
from migsafe.deploy.providers.kube.blue_green import BlueGreenProvider
from migsafe.deploy.providers.kube.image import Image
from migsafe.deploy.providers.kube.keeper import Keeping
from migsafe.deploy.providers.kube.rolling import RollingProvider
from migsafe.deploy.providers.kubectl import Kubectl
from migsafe.deploy.words import Motion, Observed, Strategy

#: How long the controllers may take, in seconds.
_PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class _Scene:
    """What is there at first, and how it is driven."""

    strategy: str
    keys: Mapping[str, object]
    objects: tuple[tuple[str, Object], ...]
    provider: Callable[[Kubectl], Provider]


def _rolling(kubectl: Kubectl) -> Provider:
    return RollingProvider(kubectl, "web", Image("web", IMAGE), Strategy.ROLLING, Keeping(None))


def _blue_green(kubectl: Kubectl) -> Provider:
    return BlueGreenProvider(kubectl, ("blue", "green"), "shop", Image("web", IMAGE), Keeping(None))


_SCENES = {
    "rolling": _Scene("rolling", {"deployment": "web"}, (("deployments", deployment("web", replicas=3)),), _rolling),
    "blue-green": _Scene(
        "blue-green",
        {"blue": "blue", "green": "green", "service": "shop"},
        (
            ("deployments", deployment("blue", replicas=2)),
            ("deployments", deployment("green", replicas=0)),
            ("services", service("blue")),
        ),
        _blue_green,
    ),
}


@dataclass(frozen=True, slots=True)
class RealDeployment:
    """Somebody's shop on the control plane."""

    told: Told
    variables: Mapping[str, str]
    provider: Provider

    def shown(self) -> Observed:
        """What its provider shows once the controllers have nothing to do any more."""
        end = time.monotonic() + _PATIENCE_S
        while (seen := self.provider.observe()).motion is not Motion.IDLE:
            assert time.monotonic() < end, seen
            time.sleep(0.05)
        return seen


@contextmanager
def real_deployments(folder: Path) -> Iterator[dict[str, Callable[[Path], AbstractContextManager[RealDeployment]]]]:
    """A control plane, and by the names of scenes what makes one on it."""
    numbers = count(1)
    with real_cluster(folder) as cluster:

        def opened(scene: _Scene) -> Callable[[Path], AbstractContextManager[RealDeployment]]:
            return lambda folder: _opened(cluster, scene, f"shop-{next(numbers)}")

        yield {name: opened(scene) for name, scene in _SCENES.items()}


@contextmanager
def _opened(cluster: RealCluster, scene: _Scene, namespace: str) -> Iterator[RealDeployment]:
    program = kubectl_program()
    assert program is not None
    kubectl = cluster.furnish(program, namespace)
    for kind, found in scene.objects:
        cluster.make(kind, found, namespace)
    keys = {"context": kubectl.context, "namespace": namespace, "container": "web", "image": IMAGE, "kubectl": program}
    told = Told(scene.strategy, "kubernetes", {**keys, **scene.keys})
    real = RealDeployment(told, kubectl.environ, scene.provider(kubectl))
    real.shown()
    try:
        yield real
    finally:
        cluster.ask("DELETE", f"/apis/apps/v1/namespaces/{namespace}/deployments")
