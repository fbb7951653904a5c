"""Kubernetes manifests as values: workloads, Services, and what belongs to them; no judgement yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from migsafe.model.script import SourceText
from migsafe.sources.deploy_files.yaml_nodes import Node

#: Kinds whose pods come and go with a rollout.
ROLLED = frozenset({"Deployment", "StatefulSet", "Rollout"})
_WITH_PODS = ROLLED | {"DaemonSet", "ReplicaSet", "Job"}
#: Volumes that most storage gives to one node at a time, or that one node alone has.
_OF_ONE_NODE = (
    "persistentVolumeClaim", "hostPath", "awsElasticBlockStore", "gcePersistentDisk", "azureDisk", "cinder", "iscsi",
    "fc", "rbd", "vsphereVolume",
)  # fmt: skip


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
    def keeps_its_place(self) -> bool:
        """Whether a second pod may find no room beside the first: it holds a volume of one node, or a node's port."""
        if self.pod is None:
            return False
        bound = any(volume.get(kind) is not None for volume in self.pod.list_at("volumes") for kind in _OF_ONE_NODE)
        ports = [port for container in self.containers for port in container.list_at("ports")]
        on_the_node = self.pod.value("hostNetwork") == "true" or any(port.value("hostPort") for port in ports)
        return bound or on_the_node


@dataclass(frozen=True)
class ServicePort:
    """A port of a Service.

    Attributes:
        name: empty where it has none.
        target: the name or number of the port in the pod.
    """

    name: str
    target: str


@dataclass(frozen=True)
class Service:
    """What sends traffic to pods."""

    name: str
    namespace: str
    selector: Mapping[str, str]
    ports: tuple[ServicePort, ...] = ()

    def selects(self, workload: Workload) -> bool:
        """Whether pods of a workload get its traffic."""
        apart = self.namespace and workload.namespace and self.namespace != workload.namespace
        return bool(self.selector) and not apart and self.selector.items() <= workload.labels.items()


@dataclass(frozen=True)
class Autoscaler:
    """What says how many pods a workload has.

    Attributes:
        scales: kind and name of the workload, as `Workload.key`.
        least: pods that there are at any time.
    """

    scales: tuple[str, str]
    least: int


@dataclass(frozen=True)
class Cluster:
    """What several files say together."""

    workloads: tuple[Workload, ...] = ()
    services: tuple[Service, ...] = ()
    autoscalers: tuple[Autoscaler, ...] = ()

    def services_of(self, workload: Workload) -> tuple[Service, ...]:
        """The Services that send traffic to a workload's pods."""
        return tuple(service for service in self.services if service.selects(workload))

    def replicas_of(self, workload: Workload) -> int | None:
        """How many pods a workload has at the least; None where a patch in an overlay says it otherwise."""
        if any(other.replicas is not None for other in self._patches_of(workload)):
            return None
        scaled = (one.least for one in self.autoscalers if one.scales == workload.key)
        return next(scaled, workload.replicas)

    def probed_elsewhere(self, workload: Workload, container: str, probe: str) -> bool:
        """Whether a patch of the same name, in an overlay, gives the container a probe."""
        return any(
            one.value("name") == container and one.get(probe) is not None
            for other in self._patches_of(workload)
            for one in other.containers
        )

    def _patches_of(self, workload: Workload) -> Iterator[Workload]:
        """Patches of the same name, in an overlay."""
        return (one for one in self.workloads if one.key == workload.key and not one.is_whole)


def read_manifests(source: SourceText, documents: tuple[Node, ...]) -> Cluster:
    """The workloads of a file, and what belongs to them."""
    workloads: list[Workload] = []
    services: list[Service] = []
    autoscalers: list[Autoscaler] = []
    for node in _objects(documents):
        kind = node.value("kind")
        if kind in _WITH_PODS:
            workloads.append(Workload(source, node))
        elif kind == "Service":
            services.append(_service(node))
        elif kind == "HorizontalPodAutoscaler":
            autoscalers.append(_autoscaler(node))
    return Cluster(tuple(workloads), tuple(services), tuple(autoscalers))


def together(clusters: list[Cluster]) -> Cluster:
    """What several files say together."""
    return Cluster(
        tuple(workload for one in clusters for workload in one.workloads),
        tuple(service for one in clusters for service in one.services),
        tuple(autoscaler for one in clusters for autoscaler in one.autoscalers),
    )


def _service(node: Node) -> Service:
    ports = node.list_at("spec", "ports")
    return Service(
        name=node.value("metadata", "name"),
        namespace=node.value("metadata", "namespace"),
        selector=_texts(node.get("spec", "selector")),
        ports=tuple(ServicePort(one.value("name"), one.value("targetPort") or one.value("port")) for one in ports),
    )


def _autoscaler(node: Node) -> Autoscaler:
    """Where it does not say how many pods there are at the least, one is (API reference, minReplicas)."""
    target = node.get("spec", "scaleTargetRef")
    least = node.get("spec", "minReplicas")
    scales = ("", "") if target is None else (target.value("kind"), target.value("name"))
    return Autoscaler(scales, 1 if least is None or least.number is None else least.number)


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
