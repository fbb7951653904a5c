"""Clusters as tests find them: manifests, a stub with its controllers, and a kubectl that asks the stub directly."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kube_controllers import Controllers
from kube_stub import KINDS, NAMESPACE, KubeStub, Object, Request
from migsafe.deploy.probes import Probes
from migsafe.deploy.providers.context import ProviderContext
from migsafe.deploy.providers.kubectl import Kubectl, Patch, read_failure
from migsafe.deploy.words import Strategy

IMAGE = "registry.example/shop:{version}"


def pod_template(version: str, **labels: str) -> Object:
    """What pods are made from."""
    probe = {"httpGet": {"path": "/readyz", "port": 8080}}
    container = {
        "name": "web",
        "image": IMAGE.format(version=version),
        "readinessProbe": probe,
        "livenessProbe": {"httpGet": {"path": "/livez", "port": 8080}},
    }
    helper = {"name": "proxy", "image": "registry.example/proxy:3"}
    return {"metadata": {"labels": {"app": "shop", **labels}}, "spec": {"containers": [container, helper]}}


def deployment(name: str = "web", version: str = "v1", *, replicas: int = 4, **changes: Any) -> Object:
    """A Deployment in good order."""
    labels = {"app": "shop", "part": name}
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 1}}
    spec = {
        "replicas": replicas,
        "progressDeadlineSeconds": 6,
        "selector": {"matchLabels": labels},
        "strategy": rolling,
        "template": pod_template(version, part=name),
        **changes,
    }
    return {"metadata": {"name": name, "labels": {"app": "shop"}}, "spec": spec}


def service(part: str) -> Object:
    """The Service before two Deployments."""
    return {"metadata": {"name": "shop"}, "spec": {"selector": {"app": "shop", "part": part}, "ports": [{"port": 80}]}}


def canary_steps(*weights: int) -> list[Object]:
    """Each part of the traffic with a pause that only somebody's word ends."""
    return [step for weight in weights for step in ({"setWeight": weight}, {"pause": {}})]


def rollout(version: str = "v1", *, replicas: int = 4, strategy: Object | None = None, **changes: Any) -> Object:
    """A Rollout in good order: a canary 5, 20, 50, 100 with a router."""
    routed = {"canary": {"trafficRouting": {"nginx": {}}, "steps": canary_steps(5, 20, 50, 100)}}
    spec = {
        "replicas": replicas,
        "selector": {"matchLabels": {"app": "shop"}},
        "strategy": strategy or routed,
        "template": pod_template(version),
        **changes,
    }
    return {"metadata": {"name": "web"}, "spec": spec}


class DirectKubectl(Kubectl):
    """A kubectl without a process: it asks the stub what the real one would ask, and complains as that one does."""

    stub: KubeStub

    def __init__(self, stub: KubeStub) -> None:
        super().__init__(program="kubectl", context="test", namespace=NAMESPACE, environ={})
        object.__setattr__(self, "stub", stub)

    def find(self, *references: str) -> dict[str, Object]:
        answers = {one: self._ask("GET", one, missing_ok=True) for one in references}
        return {one: found for one, found in answers.items() if found is not None}

    def select(self, kinds: str, labels: str) -> list[Object]:
        lists = [self._ask("GET", kind, query={"labelSelector": labels}) for kind in kinds.split(",")]
        return [one for found in lists if found is not None for one in found["items"]]

    def patch(self, reference: str, patch: Patch) -> Object:
        path = f"{reference}/{patch.subresource}" if patch.subresource else reference
        found = self._ask("PATCH", path, body=patch.body, sent=f"application/{patch.kind}-patch+json")
        assert found is not None
        return found

    def may(self, verb: str, reference: str, subresource: str | None = None) -> bool:
        resource = reference.partition("/")[0].partition(".")[0]
        return (verb, f"{resource}/{subresource}" if subresource else resource) not in self.stub.denied

    def version(self) -> tuple[int, int]:
        return 1, 32

    def _ask(
        self,
        method: str,
        reference: str,
        *,
        query: dict[str, str] | None = None,
        body: Any = None,
        sent: str = "",
        missing_ok: bool = False,
    ) -> Object | None:
        kind, _, rest = reference.partition("/")
        known = KINDS[kind.partition(".")[0]]
        root = f"/apis/{known.api_version}" if known.group else "/api/v1"
        path = f"{root}/namespaces/{self.namespace}/{known.plural}/{rest}"
        code, answer = self.stub.answer(Request(method, path, query or {}, sent, body))
        if code == 200:
            return answer
        if code == 404 and missing_ok and known.plural in self.stub.kinds:
            return None
        raise read_failure(f"Error from server ({answer['reason']}): {answer['message']}", "test", self.namespace)


@dataclass
class Timer:
    """A clock that only moves while somebody sleeps; the cluster moves then, too."""

    sleeping: Callable[[], None]
    now: float = 0.0

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.sleeping()


@dataclass
class Cluster:
    """A stub with its controllers, and how a provider comes to it."""

    stub: KubeStub = field(default_factory=KubeStub)

    def __post_init__(self) -> None:
        self.controllers = Controllers(self.stub)
        self.kubectl = DirectKubectl(self.stub)

    @classmethod
    def of(cls, **objects: Iterable[Object]) -> Cluster:
        """A cluster with these objects, at rest."""
        made = cls()
        for plural, some in objects.items():
            for one in some:
                made.stub.add(plural, one)
        made.controllers.settle()
        made.stub.writes.clear()
        return made

    def context(self, strategy: Strategy, *steps: int) -> ProviderContext:
        """What a provider is told; waiting lets the controllers work."""
        timer = Timer(self.controllers.tick)
        return ProviderContext(
            folder=Path(),
            environment="staging",
            strategy=strategy,
            probes=Probes(readiness="/readyz", liveness="/livez"),
            state=Path("state"),
            steps=steps or (100,),
            clock=timer.clock,
            sleep=timer.sleep,
        )


class Killed(BaseException):
    """The coordinator is gone, in the middle of a call."""


def kill_after(cluster: Cluster, count: int) -> None:
    """The n-th write of a cluster happens, and nobody is told."""
    real, done = cluster.kubectl.patch, []

    def patch(reference: str, change: Patch) -> Object:
        answer = real(reference, change)
        done.append(reference)
        if len(done) == count:
            raise Killed
        return answer

    object.__setattr__(cluster.kubectl, "patch", patch)


def set_image(cluster: Cluster, version: str, *, plural: str = "deployments", name: str = "web") -> None:
    """What `kubectl set image` of somebody else does."""
    container = {"image": IMAGE.format(version=version)}
    cluster.stub.edit(plural, name, lambda one: one["spec"]["template"]["spec"]["containers"][0].update(container))


def named_image(cluster: Cluster, *, plural: str = "deployments", name: str = "web") -> str:
    """The image that a template names."""
    return str(cluster.stub.get(plural, name)["spec"]["template"]["spec"]["containers"][0]["image"])
