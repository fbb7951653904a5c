"""The looks before anything is moved: a sentence for each thing that would go wrong. Read-only."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from migsafe.deploy.providers.kube.progress import is_paused, wanted_replicas
from migsafe.deploy.providers.kubectl import OLDEST, ForbiddenError, NotThereError
from migsafe.deploy.words import Strategy

if TYPE_CHECKING:
    from collections.abc import Iterable

    from migsafe.deploy.providers.kube.image import Image
    from migsafe.deploy.providers.kubectl import Kubectl, Object

_TYPES = {Strategy.ROLLING: "RollingUpdate", Strategy.RECREATE: "Recreate"}


def login_looks(
    cluster: Kubectl, *, get: Iterable[str], patch: Iterable[str], also: Iterable[tuple[str, str]] = ()
) -> tuple[str, ...]:
    """kubectl is new enough, and its login has the rights.

    Args:
        get, patch: objects that are read and changed; `rollouts.argoproj.io/web --subresource` is written `…#status`.
        also: further pairs of verb and kind.

    Raises:
        ClusterAwayError: when the cluster does not answer.
    """
    found = cluster.version()
    if found < OLDEST:
        return (f"kubectl is {_spell(found)}, and {_spell(OLDEST)} is the oldest that will do: {cluster.program}",)
    asked = [*(("get", one) for one in get), *(("patch", one) for one in patch), *also]
    try:
        return tuple(_lacking(cluster, verb, what) for verb, what in asked if not _may(cluster, verb, what))
    except (ForbiddenError, NotThereError) as error:
        return (error.message,)


def _may(cluster: Kubectl, verb: str, what: str) -> bool:
    reference, _, inside = what.partition("#")
    return cluster.may(verb, reference, inside or None)


def _lacking(cluster: Kubectl, verb: str, what: str) -> str:
    where = f"in namespace {cluster.namespace} (context {cluster.context})"
    return f"the login has no right to {verb} {what.replace('#', ', subresource ')} {where}"


def _spell(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))


def pod_looks(found: Object, image: Image) -> tuple[str, ...]:
    """The template of a Deployment or Rollout: the container, its image, its probes."""
    template = found["spec"]["template"]
    name = f"{found['kind']} {found['metadata']['name']}"
    if image.place(template) is None:
        names = ", ".join(one["name"] for one in template["spec"]["containers"])
        return (f"{name} has no container {image.container}; it has: {names}",)
    container = image.described(template)
    said = []
    if not image.fits(container["image"]):
        said.append(f"{name} runs {container['image']}, which is not called like {image.pattern}")
    for probe, why in (
        ("readinessProbe", "nobody can tell when a new pod can take traffic"),
        ("livenessProbe", "a pod that hangs is never started anew"),
    ):
        if not container.get(probe):
            said.append(f"container {image.container} of {name} has no {probe}: {why}")
    return tuple(said)


def deployment_looks(deployment: Object, image: Image) -> tuple[str, ...]:
    """A Deployment that is to be changed."""
    name = deployment["metadata"]["name"]
    said = list(pod_looks(deployment, image))
    if is_paused(deployment):
        said.append(f"Deployment {name} is paused: kubectl rollout resume deployment/{name}")
    return tuple(said)


def rolling_looks(deployment: Object, strategy: Strategy) -> tuple[str, ...]:
    """Whether a Deployment replaces its pods as the plan says."""
    name, own = deployment["metadata"]["name"], deployment["spec"].get("strategy", {})
    if strategy not in _TYPES:
        return (
            f"a Deployment cannot do {strategy.value}: use rolling or recreate, or the provider argo-rollouts "
            "for parts of the traffic",
        )
    said = []
    kind = own.get("type", "RollingUpdate")
    if kind != _TYPES[strategy]:
        said.append(f"the strategy of Deployment {name} is {kind}, and that of the plan is {strategy.value}")
    replicas = wanted_replicas(deployment)
    if replicas == 0:
        said.append(f"Deployment {name} has no pods: its replicas are 0")
    elif kind == "RollingUpdate" and (down := may_be_down(own.get("rollingUpdate") or {}, replicas)) >= replicas:
        said.append(
            f"Deployment {name} may have all of its {replicas} pods down at once (maxUnavailable {down}): "
            "a rollout would be a gap"
        )
    return tuple(said)


def may_be_down(rolling: Object, replicas: int) -> int:
    """How many pods may be missing while a Deployment rolls: percentages are rounded down, and those of maxSurge up;
    where both come to none, one may be missing (kube-controller-manager, ResolveFenceposts).
    """
    down = math.floor(_part(rolling.get("maxUnavailable", "25%"), replicas))
    surge = math.ceil(_part(rolling.get("maxSurge", "25%"), replicas))
    return 1 if down == surge == 0 else min(down, replicas)


def _part(said: object, replicas: int) -> float:
    text = str(said)
    return int(text[:-1]) * replicas / 100 if text.endswith("%") else int(text)
