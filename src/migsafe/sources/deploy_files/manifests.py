"""Kubernetes manifests as values: workloads, Services, and what belongs to them; no judgement yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from migsafe.model.script import SourceText
from migsafe.sources.deploy_files.yaml_nodes import Node

#: Kinds whose pods come and go with a rollout.
ROLLED = frozenset({"Deployment", "StatefulSet", "Rollout"})
_WITH_PODS = ROLLED | {"DaemonSet", "ReplicaSet", "Job"}


@dataclass(frozen=True)
class Workload:
    """Something that makes pods."""

    source: SourceText
    node: Node

    @cached_property
    def kind(self) -> str:
        """For example `Deployment`."""
        return self.node.value("kind")

    @cached_property
    def name(self) -> str:
        """Kind and name, for example "Deployment/shop"."""
        given = self.node.value("metadata", "name") or self.node.value("metadata", "generateName") + "…"
        return f"{self.kind}/{given}"

    @cached_property
    def key(self) -> tuple[str, str]:
        """What an overlay names it by; its namespace may be said elsewhere."""
        return self.kind, self.node.value("metadata", "name")

    @property
    def namespace(self) -> str:
        """Its namespace; empty where the file does not say it."""
        return self.node.value("metadata", "namespace")

    @cached_property
    def replicas(self) -> int | None:
        """How many pods; None where something else decides that."""
        found = self.node.get("spec", "replicas")
        return None if found is None else found.number

    @property
    def is_whole(self) -> bool:
        """Whether this is all of it, and no patch: the API demands a selector of those that are rolled out."""
        return self.kind not in ROLLED or self.node.get("spec", "selector") is not None

    @cached_property
    def pod(self) -> Node | None:
        """The description of its pods."""
        return self.node.get("spec", "template", "spec")

    @cached_property
    def labels(self) -> Mapping[str, str]:
        """The labels of its pods."""
        return _texts(self.node.get("spec", "template", "metadata", "labels"))

    @cached_property
    def annotations(self) -> Mapping[str, str]:
        """Its own annotations."""
        return _texts(self.node.get("metadata", "annotations"))

    @property
    def containers(self) -> list[Node]:
        """Those that run as long as the pod."""
        return [] if self.pod is None else self.pod.list_at("containers")

    @property
    def init_containers(self) -> list[Node]:
        """Those that run before; helpers that stay beside the others are none."""
        every = [] if self.pod is None else self.pod.list_at("initContainers")
        return [container for container in every if container.value("restartPolicy") != "Always"]

    @property
    def keeps_a_volume(self) -> bool:
        """Whether its pods hold a volume that most storage gives to one node at a time."""
        volumes = [] if self.pod is None else self.pod.list_at("volumes")
        return any(volume.get("persistentVolumeClaim") is not None for volume in volumes)


@dataclass(frozen=True)
class Service:
    """What sends traffic to pods."""

    name: str
    namespace: str
    selector: Mapping[str, str]

    def selects(self, workload: Workload) -> bool:
        """Whether pods of a workload get its traffic."""
        apart = self.namespace and workload.namespace and self.namespace != workload.namespace
        return bool(self.selector) and not apart and self.selector.items() <= workload.labels.items()


@dataclass(frozen=True)
class Cluster:
    """What several files say together."""

    workloads: tuple[Workload, ...] = ()
    services: tuple[Service, ...] = field(default_factory=tuple)

    def service_of(self, workload: Workload) -> Service | None:
        """The first Service that sends traffic to a workload's pods."""
        return next((service for service in self.services if service.selects(workload)), None)

    def probed_elsewhere(self, workload: Workload, container: str, probe: str) -> bool:
        """Whether a patch of the same name, in an overlay, gives the container a probe."""
        return any(
            one.value("name") == container and one.get(probe) is not None
            for other in self.workloads
            if other.key == workload.key and not other.is_whole
            for one in other.containers
        )


def read_manifests(source: SourceText, documents: tuple[Node, ...]) -> Cluster:
    """The workloads and Services of a file."""
    workloads: list[Workload] = []
    services: list[Service] = []
    for node in _objects(documents):
        kind = node.value("kind")
        if kind in _WITH_PODS:
            workloads.append(Workload(source, node))
        elif kind == "Service":
            metadata = node.value("metadata", "name"), node.value("metadata", "namespace")
            services.append(Service(*metadata, _texts(node.get("spec", "selector"))))
    return Cluster(tuple(workloads), tuple(services))


def together(clusters: list[Cluster]) -> Cluster:
    """What several files say together."""
    return Cluster(
        tuple(workload for one in clusters for workload in one.workloads),
        tuple(service for one in clusters for service in one.services),
    )


def _objects(documents: tuple[Node, ...]) -> Iterator[Node]:
    for document in documents:
        if not document.is_mapping or not document.value("apiVersion"):
            continue
        if document.value("kind") == "List":
            yield from document.list_at("items")
        else:
            yield document


def _texts(node: Node | None) -> dict[str, str]:
    pairs = node.items() if node is not None else ()
    return {key.text: value.text for key, value in pairs if key.text is not None and value.text is not None}
