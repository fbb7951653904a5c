"""Two Deployments and the Service before them: its selector says which of the two has the traffic.

One of them serves, and the other one is where the next version becomes ready. They change places with each rollout;
so "blue" and "green" are names, and say nothing of old and new.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from migsafe.deploy.errors import ProviderRefusedError
from migsafe.deploy.providers.kube.looks import deployment_looks, login_looks
from migsafe.deploy.providers.kube.marks import STABLE, Pen, annotation, fingerprint
from migsafe.deploy.providers.kube.pods import Batches, read_batches
from migsafe.deploy.providers.kube.progress import is_complete, is_paused, motion_of, notes_of, wanted_replicas
from migsafe.deploy.providers.kubectl import NotThereError, Patch
from migsafe.deploy.words import Capabilities, Motion, Observed, Readiness, Strategy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from migsafe.deploy.providers.kube.image import Image
    from migsafe.deploy.providers.kube.keeper import Keeping
    from migsafe.deploy.providers.kubectl import Kubectl, Object


@dataclass(frozen=True, slots=True)
class Part:
    """One of the two Deployments, as it was found."""

    reference: str
    deployment: Object
    batches: Batches
    version: str

    @property
    def labels(self) -> Mapping[str, str]:
        """Those of its pods."""
        found: Mapping[str, str] = self.deployment["spec"]["template"].get("metadata", {}).get("labels") or {}
        return found

    @property
    def is_there(self) -> bool:
        """It has pods, or is to have some."""
        return wanted_replicas(self.deployment) > 0 or any(one.is_there for one in self.batches)

    @property
    def readiness(self) -> Readiness:
        """Of the version that it is to run."""
        return Readiness(self.batches.ready(self.version), wanted_replicas(self.deployment))

    @property
    def motion(self) -> Motion:
        """What it is doing by itself."""
        return motion_of(self.deployment, self.batches, self.version)


@dataclass(frozen=True, slots=True)
class Scene:
    """The Service and both parts, as they were at one moment."""

    service: Object
    parts: tuple[Part, Part]

    @property
    def serving(self) -> Part | None:
        """The part that the Service sends the traffic to; None where it is both or neither."""
        chosen = [part for part in self.parts if self.selects(part)]
        return chosen[0] if len(chosen) == 1 else None

    @property
    def stable(self) -> str | None:
        """The version that was promoted last; where none ever was, the one that has the traffic."""
        return annotation(self.service, STABLE) or (self.serving.version if self.serving else None)

    def selects(self, part: Part) -> bool:
        """Whether the Service sends traffic to a part."""
        selector = self.service["spec"].get("selector") or {}
        return bool(selector) and all(part.labels.get(key) == value for key, value in selector.items())

    def other(self, part: Part) -> Part:
        """The one beside it."""
        return self.parts[1] if part is self.parts[0] else self.parts[0]

    def running(self, version: str) -> Part | None:
        """The part that a version is in; the one that has the traffic, where both have it."""
        found = [part for part in self.parts if part.version == version]
        return next((part for part in found if part is self.serving), found[0] if found else None)

    def selector_of(self, part: Part) -> dict[str, str]:
        """What the Service's selector is where this part has the traffic: the labels by which the two differ."""
        selector, other = self.service["spec"].get("selector") or {}, self.other(part)
        return {key: value for key, value in part.labels.items() if key in selector and value != other.labels.get(key)}

    def __iter__(self) -> Iterator[Part]:
        return iter(self.parts)


class BlueGreenProvider:
    """Strategy `blue-green`: all of the traffic moves at once, and the way back is one write."""

    def __init__(self, cluster: Kubectl, names: tuple[str, str], service: str, image: Image, keeping: Keeping) -> None:
        """
        Args:
            names: of the two Deployments.
        """
        self._cluster = cluster
        self._parts = (f"deployments.apps/{names[0]}", f"deployments.apps/{names[1]}")
        self._service = f"services/{service}"
        self._image = image
        self._keeping = keeping
        self._pen = Pen(cluster, self._service)

    @property
    def capabilities(self) -> Capabilities:
        """All or nothing, and both versions warm."""
        strategies = frozenset({Strategy.RECREATE, Strategy.ROLLING, Strategy.BLUE_GREEN})
        return Capabilities(strategies=strategies, weights="none")

    def check(self) -> tuple[str, ...]:
        """See `Provider.check`."""
        every = (self._service, *self._parts)
        if found := login_looks(
            self._cluster, get=every, patch=every, also=(("list", "replicasets.apps"), ("list", "pods"))
        ):
            return found
        objects = self._cluster.find(*every)
        if missing := tuple(self._missing(name) for name in every if name not in objects):
            return missing
        said = [one for name in self._parts for one in deployment_looks(objects[name], self._image)]
        return tuple(said) or self._service_looks(self._scene())

    def observe(self) -> Observed:
        """See `Provider.observe`."""
        scene = self._scene()
        for found, name in ((scene.service, self._service), *((part.deployment, part.reference) for part in scene)):
            self._pen.look(found, name)
        serving, stable = scene.serving, scene.stable
        candidate, weight = _candidate(scene)
        etags = [fingerprint(scene.service), *(fingerprint(part.deployment) for part in scene)]
        notes = [note for part in scene if part.is_there for note in notes_of(part.deployment, part.batches)]
        if serving is None:
            notes.append(f"{self._service} does not send its traffic to one of the two Deployments")
        if candidate is not None and stable is not None:
            notes.extend(self._keeping.note(scene.service, f"the selector of {stable}"))
        return Observed(
            stable=stable,
            candidate=candidate,
            weight=weight,
            ready={version: ready for part in scene if part.is_there for version, ready in _readiness(part).items()},
            motion=_motion(scene),
            etag="-".join(etags),
            notes=tuple(notes),
        )

    def stage(self, version: str) -> None:
        """See `Provider.stage`: the Deployment without traffic gets the version, and as many pods as the other one."""
        scene = self._scene()
        serving = self._serving(scene)
        if serving.version == version:
            raise ProviderRefusedError(f"{version} has the traffic already: there is nothing to stage")
        wanted, idle = max(1, wanted_replicas(serving.deployment)), scene.other(serving)

        def become(found: Object) -> Patch | None:
            changes = []
            if is_paused(found):
                raise ProviderRefusedError(f"{idle.reference} is paused: kubectl rollout resume {idle.reference}")
            if self._image.current(found["spec"]["template"]) != version:
                self._keeping.refuse(found, f"image {self._image.of(version)}")
                changes.append(self._image.replacing(found["spec"]["template"], version))
            if wanted_replicas(found) != wanted:
                changes.append({"op": "add", "path": "/spec/replicas", "value": wanted})
            return Patch("json", changes) if changes else None

        self._pen.amend(idle.reference, become)

    def shift(self, version: str, weight: int) -> None:
        """See `Provider.shift`; all of the traffic, or none of it."""
        if weight not in {0, 100}:
            raise ProviderRefusedError(f"a Service gives {version} all of the traffic or none, and not {weight} %")
        scene = self._scene()
        part = self._part(scene, version)
        if weight == 0:
            part = scene.other(part)
        elif part is not scene.serving and not (part.readiness.is_full and is_complete(part.deployment)):
            ready = part.readiness
            raise ProviderRefusedError(f"{version} is not ready: {ready.ready} of {ready.wanted} pods")
        self._select(scene, part, scene.stable)

    def promote(self, version: str) -> None:
        """See `Provider.promote`: a mark on the Service."""
        scene = self._scene()
        serving = self._serving(scene)
        if serving.version != version:
            raise ProviderRefusedError(f"{version} has not the traffic: {serving.version} has it")
        self._select(scene, serving, version)

    def abort(self, stable: str) -> None:
        """See `Provider.abort`: one write, as long as the version has a pod that is ready."""
        scene = self._scene()
        part = self._part(scene, stable)
        if part is not scene.serving and not part.batches.ready(stable):
            raise ProviderRefusedError(
                f"{stable} has no pod that is ready: the traffic stays where it is",
                hint=f"it was retired: deploy {stable} as any other version",
            )
        self._select(scene, part, stable, at_once=True)

    def retire(self, version: str) -> None:
        """See `Provider.retire`: the Deployment stays, and has no pods."""
        scene = self._scene()
        part = scene.running(version)
        if part is None:
            return
        if part is scene.serving or scene.serving is None:
            raise ProviderRefusedError(f"{version} has traffic, or may have: it is not retired")

        def end(found: Object) -> Patch | None:
            return Patch("merge", {"spec": {"replicas": 0}}) if wanted_replicas(found) else None

        self._pen.amend(part.reference, end)

    def fence(self, token: int) -> None:
        """See `Fencing.fence`: an annotation of the Service."""
        self._pen.fence(token)

    def close(self) -> None:
        """There is no connection."""

    def _scene(self) -> Scene:
        every = (self._service, *self._parts)
        found = self._cluster.find(*every)
        if missing := next((name for name in every if name not in found), None):
            raise NotThereError(self._missing(missing))
        deployments = [self._pen.meet(found[name], name) for name in self._parts]
        batches = read_batches(self._cluster, deployments, self._image)
        first, second = (
            Part(name, one, own, self._image.current(one["spec"]["template"]))
            for name, one, own in zip(self._parts, deployments, batches, strict=True)
        )
        return Scene(self._pen.meet(found[self._service], self._service), (first, second))

    def _select(self, scene: Scene, part: Part, stable: str | None, *, at_once: bool = False) -> None:
        """Let the Service send the traffic to a part, and remember which version is the promoted one."""
        wanted = scene.selector_of(part)
        if not wanted and part is not scene.serving:
            raise ProviderRefusedError(f"the selector of {self._service} cannot tell the two Deployments apart")

        def turn(found: Object) -> Patch | None:
            selector = found["spec"].get("selector") or {}
            moves = any(selector.get(key) != value for key, value in wanted.items())
            if moves and not at_once:
                self._keeping.refuse(found, f"the selector {wanted}")
            if not moves and annotation(found, STABLE) == stable:
                return None
            return Patch("merge", {"metadata": {"annotations": {STABLE: stable}}, "spec": {"selector": wanted}})

        self._pen.amend(self._service, turn, at_once=at_once)

    def _serving(self, scene: Scene) -> Part:
        if scene.serving is None:
            raise ProviderRefusedError(f"{self._service} does not send its traffic to one of the two Deployments")
        return scene.serving

    def _part(self, scene: Scene, version: str) -> Part:
        found = scene.running(version)
        if found is None:
            there = " and ".join(part.version for part in scene)
            raise ProviderRefusedError(f"{version} is in neither Deployment: they have {there}")
        return found

    def _service_looks(self, scene: Scene) -> tuple[str, ...]:
        name = self._service.partition("/")[2]
        if scene.serving is None:
            both = all(scene.selects(part) for part in scene)
            which = "both Deployments" if both else "neither of the two Deployments"
            return (f"Service {name} sends its traffic to {which}: its selector has to name a label that differs",)
        if wanted_replicas(scene.serving.deployment) == 0:
            return (f"{scene.serving.reference} has the traffic of Service {name}, and no pods: its replicas are 0",)
        return ()

    def _missing(self, reference: str) -> str:
        kind, _, name = reference.partition("/")
        kind = "Service" if kind == "services" else "Deployment"
        return f"there is no {kind} {name} in namespace {self._cluster.namespace} (context {self._cluster.context})"


def _candidate(scene: Scene) -> tuple[str | None, int]:
    """The version beside the stable one, and its share."""
    serving, stable = scene.serving, scene.stable
    if serving is None:
        return next((part.version for part in scene if part.version != stable), None), 0
    if serving.version != stable:  # it was given the traffic, and nobody has promoted it
        return serving.version, serving.batches.share(serving.version)
    strangers = [one for one in serving.batches.there if one != stable]
    if strangers:  # somebody rolls what serves
        return strangers[0], serving.batches.share(strangers[0])
    other = scene.other(serving)
    there = other.is_there and other.version != stable
    return (other.version, 0) if there else (None, 0)


def _readiness(part: Part) -> dict[str, Readiness]:
    return {**part.batches.readiness(), part.version: part.readiness}


def _motion(scene: Scene) -> Motion:
    """Of what has the traffic; of what stands beside it, only that it was given up: how ready it is, is said apart."""
    if scene.serving is None:
        return Motion.DEGRADED
    if (serving := scene.serving.motion) is not Motion.IDLE:
        return serving
    other = scene.other(scene.serving)
    return Motion.DEGRADED if other.is_there and other.motion is Motion.DEGRADED else Motion.IDLE
