"""How far a Deployment has come: what `kubectl rollout status` goes by, and the pods that it does not count."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.deploy.words import Motion

if TYPE_CHECKING:
    from migsafe.deploy.providers.kube.pods import Batches
    from migsafe.deploy.providers.kubectl import Object


def is_read(deployment: Object) -> bool:
    """The controller has seen the spec as it is now; before that, its status speaks of another one."""
    observed = int(deployment.get("status", {}).get("observedGeneration", 0))
    return observed >= int(deployment["metadata"]["generation"])


def is_complete(deployment: Object) -> bool:
    """All pods are new, all of them are available, and there are no others (measured on kube-apiserver 1.20: the
    condition Available alone says yes before anything has begun to roll).
    """
    status, wanted = deployment.get("status", {}), wanted_replicas(deployment)
    counts = {status.get(key, 0) for key in ("replicas", "updatedReplicas", "availableReplicas")}
    return is_read(deployment) and counts == {wanted}


def wanted_replicas(found: Object) -> int:
    """Pods that there are to be; one, where nobody has said."""
    return int(found["spec"].get("replicas", 1))


def is_paused(found: Object) -> bool:
    """Somebody has stopped it."""
    return bool(found["spec"].get("paused", False))


def motion_of(deployment: Object, batches: Batches, current: str) -> Motion:
    """What a Deployment is doing by itself.

    Args:
        current: the version that it is to run; pods of others are waited for until the last one has ended.
    """
    if not is_read(deployment):
        return Motion.PROGRESSING
    if is_paused(deployment):
        return Motion.PAUSED
    if _condition(deployment, "Progressing").get("reason") == "ProgressDeadlineExceeded":
        return Motion.DEGRADED
    left = [one for one in batches.ending if one != current]
    return Motion.IDLE if is_complete(deployment) and not left else Motion.PROGRESSING


def notes_of(deployment: Object, batches: Batches) -> tuple[str, ...]:
    """What a person should know of it."""
    name = deployment["metadata"]["name"]
    notes = []
    if is_paused(deployment):
        notes.append(f"Deployment {name} is paused: kubectl rollout resume deployment/{name}")
    for kind, is_bad in (("Progressing", "False"), ("ReplicaFailure", "True")):
        found = _condition(deployment, kind)
        if found.get("status") == is_bad:
            notes.append(f"Deployment {name}: {found.get('message') or found.get('reason')}")
    return (*notes, *batches.complaints(), *batches.endings())


def _condition(deployment: Object, kind: str) -> Object:
    conditions = deployment.get("status", {}).get("conditions") or []
    return next((one for one in conditions if one["type"] == kind), {})
