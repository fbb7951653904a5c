"""One Deployment, whose pods the cluster replaces: one after the other, or all at once.

It takes one order, the new image, and goes all the way by itself. Who has the traffic meanwhile is a share of pods.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.deploy.errors import ProviderRefusedError
from migsafe.deploy.providers.kube.looks import deployment_looks, login_looks, rolling_looks
from migsafe.deploy.providers.kube.marks import STABLE, Pen, annotated, annotation, fingerprint
from migsafe.deploy.providers.kube.pods import Batches, read_batches
from migsafe.deploy.providers.kube.progress import is_paused, motion_of, notes_of, wanted_replicas
from migsafe.deploy.providers.kubectl import NotThereError, Patch
from migsafe.deploy.words import Capabilities, Motion, Observed, Readiness, Strategy

if TYPE_CHECKING:
    from migsafe.deploy.providers.kube.image import Image
    from migsafe.deploy.providers.kube.keeper import Keeping
    from migsafe.deploy.providers.kubectl import Kubectl, Object


class RollingProvider:
    """Strategies `rolling` and `recreate`, as the Deployment's own `strategy` is."""

    def __init__(self, cluster: Kubectl, name: str, image: Image, strategy: Strategy, keeping: Keeping) -> None:
        self._cluster = cluster
        self._reference = f"deployments.apps/{name}"
        self._image = image
        self._strategy = strategy
        self._keeping = keeping
        self._pen = Pen(cluster, self._reference)

    @property
    def capabilities(self) -> Capabilities:
        """The cluster goes from one version to the other by itself, and has no two of them side by side."""
        strategies = frozenset({Strategy.RECREATE, Strategy.ROLLING, Strategy.BLUE_GREEN})
        return Capabilities(
            strategies=strategies, weights="replicas", stages=False, engine_owns_steps=True, keeps_old_warm=False
        )

    def check(self) -> tuple[str, ...]:
        """See `Provider.check`."""
        if found := login_looks(
            self._cluster,
            get=(self._reference,),
            patch=(self._reference,),
            also=(("list", "replicasets.apps"), ("list", "pods")),
        ):
            return found
        deployment = self._cluster.find(self._reference).get(self._reference)
        if deployment is None:
            return (self._missing(),)
        return (*deployment_looks(deployment, self._image), *rolling_looks(deployment, self._strategy))

    def observe(self) -> Observed:
        """See `Provider.observe`."""
        deployment = self._read()
        batches = self._batches(deployment)
        stable, current = self._stable(deployment, batches), self._current(deployment)
        candidate = current if current != stable else next((one for one in batches.there if one != stable), None)
        strangers = [one for one in batches.there if one not in {stable, candidate}]
        return Observed(
            stable=stable,
            candidate=candidate,
            weight=0 if candidate is None else self._weight(candidate, current, batches),
            ready=self._readiness(deployment, batches),
            motion=motion_of(deployment, batches, current),
            etag=fingerprint(deployment),
            notes=(
                *(f"{one} has pods, too" for one in strangers),
                *notes_of(deployment, batches),
                *(self._keeping.note(deployment, self._commit(stable)) if candidate is not None else ()),
            ),
        )

    def stage(self, version: str) -> None:
        """A Deployment's new pods have traffic as soon as they are ready."""
        raise ProviderRefusedError(
            f"a Deployment cannot have {version} ready without traffic", hint="strategy = blue-green has two of them"
        )

    def shift(self, version: str, weight: int) -> None:
        """See `Provider.shift`; all of it, as the cluster goes the whole way."""
        if weight != 100:
            raise ProviderRefusedError(f"a Deployment gives {version} all of the traffic, and not {weight} %")
        self._image.of(version)

        def roll(found: Object) -> Patch | None:
            self._refuse_paused(found)
            if self._current(found) == version:
                return None
            self._keeping.refuse(found, self._commit(version))
            changes = [self._image.replacing(found["spec"]["template"], version)]
            if annotation(found, STABLE) is None and (stable := self._stable(found, self._batches(found))):
                changes.append(annotated(found, STABLE, stable))
            return Patch("json", changes)

        self._pen.amend(self._reference, roll)

    def promote(self, version: str) -> None:
        """See `Provider.promote`: a mark, as the pods have been replaced already."""

        def mark(found: Object) -> Patch | None:
            if annotation(found, STABLE) == version == self._current(found):
                return None
            batches = self._batches(found)
            if self._current(found) != version:
                raise ProviderRefusedError(f"{version} is not what the Deployment runs: {self._current(found)} is")
            if (motion := motion_of(found, batches, version)) is not Motion.IDLE:
                why = "; ".join(notes_of(found, batches)) or motion.value
                raise ProviderRefusedError(f"{version} has not all the traffic yet: {why}")
            return Patch("merge", {"metadata": {"annotations": {STABLE: version}}})

        self._pen.amend(self._reference, mark)

    def abort(self, stable: str) -> None:
        """See `Provider.abort`: the template that this version had last, as `kubectl rollout undo` gives it back."""

        def go_back(found: Object) -> Patch | None:
            changes = []
            if self._current(found) != stable:
                template = self._batches(found).template(stable)
                changes.append(
                    self._image.replacing(found["spec"]["template"], stable)
                    if template is None
                    else {"op": "replace", "path": "/spec/template", "value": template}
                )
            if is_paused(found):
                changes.append({"op": "replace", "path": "/spec/paused", "value": False})
            if annotation(found, STABLE) != stable:
                changes.append(annotated(found, STABLE, stable))
            return Patch("json", changes) if changes else None

        self._pen.amend(self._reference, go_back, at_once=True)

    def retire(self, version: str) -> None:
        """See `Provider.retire`: the cluster ends old pods itself."""
        if self._current(self._read()) == version:
            raise ProviderRefusedError(f"{version} is what the Deployment runs")

    def fence(self, token: int) -> None:
        """See `Fencing.fence`: an annotation of the Deployment."""
        self._pen.fence(token)

    def close(self) -> None:
        """There is no connection."""

    def _read(self) -> Object:
        found = self._cluster.find(self._reference)
        if self._reference not in found:
            raise NotThereError(self._missing())
        return self._pen.look(found[self._reference], self._reference)

    def _missing(self) -> str:
        name = self._reference.partition("/")[2]
        return f"there is no Deployment {name} in namespace {self._cluster.namespace} (context {self._cluster.context})"

    def _batches(self, deployment: Object) -> Batches:
        return read_batches(self._cluster, [deployment], self._image)[0]

    def _current(self, deployment: Object) -> str:
        return self._image.current(deployment["spec"]["template"])

    def _stable(self, deployment: Object, batches: Batches) -> str:
        """What was promoted; where nobody ever was, what has run for longest."""
        return annotation(deployment, STABLE) or next(reversed(batches.there), self._current(deployment))

    def _weight(self, candidate: str, current: str, batches: Batches) -> int:
        """Its share of the pods; never 0 while its pods may come at any moment."""
        return max(batches.share(candidate), 1 if candidate == current else 0)

    def _readiness(self, deployment: Object, batches: Batches) -> dict[str, Readiness]:
        """Of the version that is to be, all pods count that there are to be: the cluster adds them step by step."""
        current = self._current(deployment)
        return {**batches.readiness(), current: Readiness(batches.ready(current), wanted_replicas(deployment))}

    def _refuse_paused(self, found: Object) -> None:
        if is_paused(found):
            name = found["metadata"]["name"]
            raise ProviderRefusedError(
                f"Deployment {name} is paused: what it is told would not happen",
                hint=f"kubectl rollout resume deployment/{name}",
            )

    def _commit(self, version: str) -> str:
        return f"image {self._image.spell(version)}"
