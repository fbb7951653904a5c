"""The clusters of `kube_sites` for commands in processes of their own: behind a port, with controllers that work on."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from killed_rollouts import Told
from kube_program import environment, kubectl_program
from kube_scenes import IMAGE, Cluster
from kube_sites import SCENES, Scene
from kube_stub import NAMESPACE, KubeServer
from migsafe.deploy.words import Observed

#: Seconds of this machine that are one second of a cluster: a rollout goes on over several looks of a coordinator.
_SECOND = 0.05

_DEPLOYMENT, _ROLLOUT = {"deployment": "web"}, {"rollout": "web"}
#: Of each scene the strategy, the provider, and its keys of `[provider]`.
_SAID: dict[str, tuple[str, str, Mapping[str, object]]] = {
    "rolling": ("rolling", "kubernetes", _DEPLOYMENT),
    "recreate": ("recreate", "kubernetes", _DEPLOYMENT),
    "blue-green": ("blue-green", "kubernetes", {"blue": "blue", "green": "green", "service": "shop"}),
    "argo canary": ("canary", "argo-rollouts", _ROLLOUT),
    "argo canary that ends by itself": ("canary", "argo-rollouts", _ROLLOUT),
    "argo canary of pods": ("canary", "argo-rollouts", {**_ROLLOUT, "replicas": 4}),
    "argo blue-green": ("blue-green", "argo-rollouts", _ROLLOUT),
}


@dataclass(frozen=True, slots=True)
class ServedCluster:
    """A scene that the real kubectl reaches."""

    scene: Scene
    told: Told
    variables: Mapping[str, str]

    def shown(self) -> Observed:
        """What its provider shows once the controllers have nothing to do any more."""
        cluster = self.scene.cluster
        with cluster.stub.alone():
            cluster.controllers.settle()
            return self.scene.make(cluster).observe()


@contextmanager
def served_scene(name: str, folder: Path) -> Iterator[ServedCluster]:
    """A cluster of its own, whose time goes on until the context ends."""
    scene = SCENES[name]()
    with KubeServer(scene.cluster.stub) as server, _time_goes_on(scene.cluster):
        config = server.write_config(folder / "kubeconfig")
        yield ServedCluster(scene, _told(name, scene), environment(folder, config))


#: By what engine a scene is driven, and how it is made.
KUBERNETES = {name: partial(served_scene, name) for name, (_, provider, _) in _SAID.items() if provider == "kubernetes"}
ARGO = {name: partial(served_scene, name) for name, (_, provider, _) in _SAID.items() if provider == "argo-rollouts"}


def _told(name: str, scene: Scene) -> Told:
    strategy, provider, own = _SAID[name]
    common = {"context": "test", "namespace": NAMESPACE, "container": "web", "image": IMAGE}
    keys = {**common, "kubectl": kubectl_program(), **own}
    return Told(strategy, provider, keys, scene.weights if strategy == "canary" else ())


@contextmanager
def _time_goes_on(cluster: Cluster) -> Iterator[None]:
    over = threading.Event()

    def work() -> None:
        while not over.wait(_SECOND):
            with cluster.stub.alone():
                cluster.controllers.tick()

    worker = threading.Thread(target=work, name="controllers", daemon=True)
    worker.start()
    try:
        yield
    finally:
        over.set()
        worker.join()
