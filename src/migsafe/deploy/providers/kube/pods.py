"""ReplicaSets and their pods: which version has how many, and what the others wait for."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from migsafe.deploy.words import Readiness

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from migsafe.deploy.providers.kube.image import Image
    from migsafe.deploy.providers.kubectl import Kubectl, Object

#: Labels that a controller adds to a template; a template that is given back has none.
_HASHES = ("pod-template-hash", "rollouts-pod-template-hash")
_REVISIONS = ("deployment.kubernetes.io/revision", "rollout.argoproj.io/revision")
#: Where Argo keeps which labels and annotations it has given to the pods of one side alone.
_ADDED = "rollout.argoproj.io/ephemeral-metadata"
#: What every pod waits for once.
_USUAL = {"ContainerCreating", "PodInitializing"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A ReplicaSet and its pods.

    Attributes:
        hash: the label by which the controller tells it from the others.
        revision: the higher, the later it was the wanted one.
        wanted: pods that there are to be.
        template: what its pods are made from, as the owner had it.
    """

    version: str
    hash: str
    revision: int
    wanted: int
    template: Object
    pods: tuple[Object, ...]

    @property
    def ready(self) -> int:
        """Pods that can take traffic."""
        return sum(_is_ready(pod) for pod in self.standing)

    @property
    def standing(self) -> tuple[Object, ...]:
        """Pods that are there to stay."""
        return tuple(pod for pod in self.pods if not _is_ending(pod))

    @property
    def ending(self) -> int:
        """Pods that take no new requests, and still finish what they have: no controller's status counts them."""
        return sum(_is_ending(pod) for pod in self.pods)

    @property
    def is_there(self) -> bool:
        """Something of it runs, or is to run."""
        return self.wanted > 0 or bool(self.pods)


@dataclass(frozen=True, slots=True)
class Batches:
    """All of one Deployment or Rollout, the latest first."""

    all: tuple[Batch, ...]

    def __iter__(self) -> Iterator[Batch]:
        return iter(self.all)

    def of(self, version: str) -> tuple[Batch, ...]:
        """Those of a version: several, where more than the image was changed meanwhile."""
        return tuple(one for one in self.all if one.version == version)

    def hashed(self, label: str | None) -> Batch | None:
        """The one with this hash."""
        return next((one for one in self.all if one.hash == label), None)

    def template(self, version: str) -> Object | None:
        """The last template of a version; None where its history is gone."""
        return next((one.template for one in self.of(version)), None)

    @property
    def there(self) -> tuple[str, ...]:
        """The versions of which something is there, the latest first."""
        return tuple(dict.fromkeys(one.version for one in self.all if one.is_there))

    def readiness(self) -> dict[str, Readiness]:
        """Of each version that has something."""
        return {
            version: Readiness(self.ready(version), sum(one.wanted for one in self.of(version)))
            for version in self.there
        }

    def ready(self, version: str) -> int:
        """Pods of a version that can take traffic."""
        return sum(one.ready for one in self.of(version))

    def share(self, version: str) -> int:
        """A version's part of the pods that can take traffic, in per cent.

        Rounded so that 0 and 100 are said only where they are so: as long as a pod of the other side stands, it may be
        ready at any moment.
        """
        own = self.of(version)
        others = [one for one in self.all if one.version != version]
        mine, theirs = sum(one.ready for one in own), sum(one.ready for one in others)
        stand = any(one.standing for one in others)
        share = round(100 * mine / (mine + theirs)) if mine + theirs else 0 if stand else 100
        lowest = 1 if any(one.standing for one in own) else 0
        return max(lowest, min(share, 99 if stand else 100))

    @property
    def ending(self) -> dict[str, int]:
        """Versions with pods that are on their way out, and how many."""
        counted: dict[str, int] = defaultdict(int)
        for one in self.all:
            if one.ending:
                counted[one.version] += one.ending
        return counted

    def complaints(self) -> tuple[str, ...]:
        """Why pods are not ready, a sentence for each version and reason."""
        found: dict[tuple[str, str], int] = defaultdict(int)
        for one in self.all:
            for pod in one.standing:
                if (why := _waits_for(pod)) is not None:
                    found[one.version, why] += 1
        return tuple(f"{version}: {_pods(count)} not ready: {why}" for (version, why), count in found.items())

    def endings(self) -> tuple[str, ...]:
        """Which pods still finish their requests."""
        return tuple(f"{version}: {_pods(count)} still ending" for version, count in self.ending.items())


def read_batches(cluster: Kubectl, owners: Sequence[Object], image: Image) -> tuple[Batches, ...]:
    """What belongs to each of some Deployments or Rollouts, in one call.

    Raises:
        ForbiddenError: when ReplicaSets or pods may not be listed.
    """
    if not owners:
        return ()
    labels = common_selector([owner["spec"]["selector"].get("matchLabels", {}) for owner in owners])
    found = cluster.select("replicasets.apps,pods", labels)
    pods: dict[str, list[Object]] = defaultdict(list)
    for one in found:
        if one["kind"] == "Pod" and one.get("status", {}).get("phase") not in {"Succeeded", "Failed"}:
            pods[_owner(one)].append(one)
    sets = [one for one in found if one["kind"] == "ReplicaSet"]
    return tuple(_batches(_owned(sets, owner), pods, image) for owner in owners)


def common_selector(labels: Sequence[Mapping[str, str]]) -> str:
    """What selects the objects of all of some sets of labels; may select others beside them."""
    keys = [key for key in labels[0] if all(key in one for one in labels)]
    terms = []
    for key in sorted(keys):
        values = sorted({one[key] for one in labels})
        terms.append(f"{key}={values[0]}" if len(values) == 1 else f"{key} in ({','.join(values)})")
    return ",".join(terms)


def bare_template(found: Object) -> dict[str, Any]:
    """A ReplicaSet's template as its owner had it: without what the controller has added."""
    template = found["spec"]["template"]
    meta = dict(template.get("metadata") or {})
    added = json.loads((found["metadata"].get("annotations") or {}).get(_ADDED) or "{}")
    for kind, always in (("labels", _HASHES), ("annotations", ())):
        gone = {*always, *(added.get(kind) or {})}
        if kept := {key: value for key, value in (meta.pop(kind, None) or {}).items() if key not in gone}:
            meta[kind] = kept
    return {**template, "metadata": meta}


def _batches(sets: Iterable[Object], pods: Mapping[str, Sequence[Object]], image: Image) -> Batches:
    made = [_batch(one, pods.get(one["metadata"]["uid"], ()), image) for one in sets]
    return Batches(tuple(sorted(made, key=lambda one: -one.revision)))


def _version(template: Object, image: Image) -> str:
    """The version; where a template of old had no such container, its first image, which nobody takes for a version."""
    if image.place(template) is None:
        return str(template["spec"]["containers"][0]["image"])
    return image.current(template)


def _batch(found: Object, pods: Sequence[Object], image: Image) -> Batch:
    meta, spec = found["metadata"], found["spec"]
    annotations, labels = meta.get("annotations", {}), meta.get("labels", {})
    return Batch(
        version=_version(spec["template"], image),
        hash=next((labels[key] for key in _HASHES if key in labels), ""),
        revision=next((int(annotations[key]) for key in _REVISIONS if key in annotations), 0),
        wanted=spec.get("replicas", 1),
        template=bare_template(found),
        pods=tuple(pods),
    )


def _owned(found: Iterable[Object], owner: Object) -> list[Object]:
    return [one for one in found if _owner(one) == owner["metadata"]["uid"]]


def _owner(found: Object) -> str:
    """The uid of what has made it."""
    owners = found["metadata"].get("ownerReferences", [])
    return next((str(one["uid"]) for one in owners if one.get("controller")), "")


def _is_ending(pod: Object) -> bool:
    return "deletionTimestamp" in pod["metadata"]


def _is_ready(pod: Object) -> bool:
    return any(one["type"] == "Ready" and one["status"] == "True" for one in _conditions(pod))


def _conditions(found: Object) -> list[Object]:
    return list(found.get("status", {}).get("conditions") or [])


def _waits_for(pod: Object) -> str | None:
    """What keeps a pod from being ready, where it is more than time."""
    for one in _conditions(pod):
        if one["type"] == "PodScheduled" and one["status"] == "False":
            return f"no node takes it ({one.get('reason', 'Unschedulable')})"
    status = pod.get("status", {})
    for container in [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]:
        reason = container.get("state", {}).get("waiting", {}).get("reason")
        if reason and reason not in _USUAL:
            return str(reason)
    return None


def _pods(count: int) -> str:
    return f"{count} pod{'' if count == 1 else 's'}"
