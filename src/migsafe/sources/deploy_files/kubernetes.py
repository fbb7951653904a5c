"""Kubernetes manifests, also those that Helm or Kustomize have rendered: what they say of migrations and rollouts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from migsafe.model.deploy import (
    AllUnavailable,
    DeployFact,
    MigratesAtStart,
    MigratesInDeploy,
    Occasion,
    ProbesMissing,
    ReadinessDemandsExactRevision,
    Starts,
)
from migsafe.model.script import SourceText, Span
from migsafe.sources.deploy_files.base import place
from migsafe.sources.deploy_files.manifests import ROLLED, Cluster, Service, ServicePort, Workload
from migsafe.sources.deploy_files.migrate_commands import demanding
from migsafe.sources.deploy_files.serving import migration_at_start, migrations
from migsafe.sources.deploy_files.shell import Command, commands_of
from migsafe.sources.deploy_files.yaml_nodes import Node

_HELM_HOOK = "helm.sh/hook"
_ARGO_HOOK = "argocd.argoproj.io/hook"
#: Those that run in each deployment of code; an installation has no code before it, a test changes no schema.
_OF_EACH_DEPLOYMENT = frozenset({"pre-upgrade", "post-upgrade", "pre-rollback", "post-rollback"})
_OF_EACH_SYNC = frozenset({"PreSync", "Sync", "PostSync"})
_PROBES = ("readinessProbe", "livenessProbe", "startupProbe")
#: Ports that are for other eyes than users'.
_ASIDE = re.compile(
    r"metrics?|prom(?:etheus)?|monitoring|telemetry|debug|pprof|admin|health|jmx|probes?|status", re.IGNORECASE
)
#: Services that are called after it, where their one port has no name.
_ASIDE_BY_NAME = re.compile(r"[-.](?:metrics|monitoring|prometheus|exporter)\Z", re.IGNORECASE)
_API = re.compile(r"^[ \t-]*[\"']?apiVersion[\"']?[ \t]*:", re.MULTILINE)
_KIND = re.compile(
    r"^[ \t-]*[\"']?kind[\"']?[ \t]*:[ \t]*[\"']?"
    r"(?:Deployment|StatefulSet|Rollout|DaemonSet|ReplicaSet|Job|Service|HorizontalPodAutoscaler|List)\b",
    re.MULTILINE,
)
_ALL = re.compile(r"1\d\d%|100 ?%")


def manifest_facts(workload: Workload, cluster: Cluster) -> Iterator[DeployFact]:
    """What one workload says.

    Args:
        cluster: what all files say together: Services, and overlays of the same workload.
    """
    if workload.kind == "Job":
        yield from _hook(workload)
        return
    yield from _migrates(workload)
    yield from _demands(workload)
    if workload.kind in ROLLED and workload.is_whole:
        yield from _probes(workload, cluster)
        yield from _unavailable(workload, cluster)


def _run(container: Node) -> tuple[Command, ...]:
    """What a container runs, as far as the manifest says it; the image's own command is not known here."""
    command, arguments = container.get("command"), container.get("args")
    words = (*(command.texts() if command else ()), *(arguments.texts() if arguments else ()))
    return commands_of(words, container.span)


def _at(container: Node, *keys: str) -> Span:
    return next((container.span_of(key) for key in keys if container.get(key) is not None), container.span)


def _hook(job: Workload) -> Iterator[DeployFact]:
    """A Job migrates as it should; one that the deployment itself runs is a fact."""
    for annotation, occasion, counted in (
        (_HELM_HOOK, Occasion.HELM_HOOK, _OF_EACH_DEPLOYMENT),
        (_ARGO_HOOK, Occasion.ARGO_CD_HOOK, _OF_EACH_SYNC),
    ):
        hooks = tuple(hook.strip() for hook in job.annotations.get(annotation, "").split(","))
        ours = tuple(hook for hook in hooks if hook in counted)
        if not ours:
            continue
        for container in (*job.init_containers, *job.containers):
            found = next(migrations(_run(container)), None)
            if found is not None:
                yield MigratesInDeploy(
                    **place(job.source, _at(container, "command", "args")),
                    occasion=occasion,
                    name=job.name,
                    tool=found.tool,
                    command=found.command,
                    hooks=ours,
                )
                return


def _migrates(workload: Workload) -> Iterator[DeployFact]:
    for starts, containers in (
        (Starts.INIT_CONTAINER, workload.init_containers),
        (Starts.CONTAINER, workload.containers),
    ):
        for container in containers:
            run = _run(container)
            found = migration_at_start(run) if starts is Starts.CONTAINER else next(migrations(run), None)
            if found is None:
                continue
            yield MigratesAtStart(
                **place(workload.source, _at(container, "command", "args")),
                starts=starts,
                name=container.value("name"),
                workload=workload.name,
                replicas=workload.replicas if workload.kind != "DaemonSet" else None,
                tool=found.tool,
                command=found.command,
                serves=found.serves,
                certain=found.known if starts is Starts.INIT_CONTAINER else found.certain,
                guard=found.guard,
            )


def _demands(workload: Workload) -> Iterator[DeployFact]:
    for container in workload.containers:
        for probe in _PROBES:
            told = container.get(probe, "exec", "command")
            words = told.texts() if told is not None else ()
            run = commands_of(words, container.span)
            demand = demanding([command.words for command in run], " ".join(words))
            if demand is not None:
                yield ReadinessDemandsExactRevision(
                    **place(workload.source, container.span_of(probe)),
                    probe=probe,
                    name=f"{container.value('name')} of {workload.name}",
                    tool=demand.tool,
                    command=" ".join(words),
                    refuses_ahead=demand.ahead,
                    refuses_behind=demand.behind,
                )


def _probes(workload: Workload, cluster: Cluster) -> Iterator[DeployFact]:
    fronts = _fronts(workload, cluster)
    for container in workload.containers:
        name = container.value("name")
        if not container.value("image") or not _serves(container, workload, cluster):
            continue
        lacks = {
            probe
            for probe in _PROBES
            if container.get(probe) is None and not cluster.probed_elsewhere(workload, name, probe)
        }
        readiness = {"readinessProbe", "startupProbe"} <= lacks
        if readiness or "livenessProbe" in lacks:
            at = container.get("name") or container
            yield ProbesMissing(
                **place(workload.source, at.span),
                workload=workload.name,
                container=name,
                readiness=readiness,
                liveness="livenessProbe" in lacks,
                behind=fronts[0].name if fronts else "",
            )


def _fronts(workload: Workload, cluster: Cluster) -> tuple[Service, ...]:
    """The Services that send users' requests to a workload; one for metrics alone is none."""
    services = cluster.services_of(workload)
    return tuple(one for one in services if not one.ports or not all(_is_aside(one, port) for port in one.ports))


def _is_aside(service: Service, port: ServicePort) -> bool:
    return bool(_ASIDE.search(port.name) if port.name else _ASIDE_BY_NAME.search(service.name))


def _serves(container: Node, workload: Workload, cluster: Cluster) -> bool:
    """Whether users' requests reach a container: it has a port for them, or is alone in a pod behind a Service.

    Where the Services before the pod say which port they mean, the container that has it is meant, and no other.
    """
    services, fronts = cluster.services_of(workload), _fronts(workload, cluster)
    if not container.list_at("ports"):
        return bool(fronts) and len(workload.containers) == 1
    means = {port.target for one in fronts for port in one.ports if not _is_aside(one, port)}
    aside = {port.target for one in services for port in one.ports if _is_aside(one, port)} - means
    if any(_ports(one) & means for one in workload.containers):
        return bool(_ports(container) & means)
    return any(
        not _ASIDE.search(port.value("name")) and aside.isdisjoint({port.value("name"), port.value("containerPort")})
        for port in container.list_at("ports")
    )


def _ports(container: Node) -> set[str]:
    """The ports of a container as a Service may call them: by name, or by number."""
    ports = container.list_at("ports")
    return {said for port in ports for said in (port.value("name"), port.value("containerPort")) if said}


def _unavailable(workload: Workload, cluster: Cluster) -> Iterator[DeployFact]:
    if not any(_serves(container, workload, cluster) for container in workload.containers):
        return  # nobody waits for a worker that is away for a moment
    strategy = workload.node.get("spec", "updateStrategy" if workload.kind == "StatefulSet" else "strategy")
    if strategy is None:
        return
    replicas = cluster.replicas_of(workload)
    if strategy.value("type") == "Recreate" and not workload.keeps_its_place:
        yield _all_unavailable(workload, strategy.span_of("type"), "recreate", "Recreate", replicas)
    for holder in ("rollingUpdate", "canary"):
        value = strategy.value(holder, "maxUnavailable")
        if value and _is_all(value, replicas):
            span = strategy.span_of(holder, "maxUnavailable")
            yield _all_unavailable(workload, span, "max-unavailable", value, replicas)


def _is_all(value: str, replicas: int | None) -> bool:
    if _ALL.fullmatch(value.strip()):
        return True
    return value.isascii() and value.isdigit() and replicas is not None and 0 < replicas <= int(value)


def _all_unavailable(
    workload: Workload, span: Span, how: Literal["recreate", "max-unavailable"], value: str, replicas: int | None
) -> AllUnavailable:
    return AllUnavailable(
        **place(workload.source, span),
        workload=workload.name,
        how=how,
        value=value,
        replicas=replicas,
    )


def looks_like_manifest(source: SourceText) -> bool:
    """Whether a text names a kind that is looked at; asked before YAML is read."""
    return bool(_KIND.search(source.text) and _API.search(source.text))
