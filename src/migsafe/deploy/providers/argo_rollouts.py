"""The provider `argo-rollouts`: a Rollout, through kubectl; its plugin is not needed.

The controller moves the traffic; here it is only told when. What is written are the patches that Argo's own plugin
writes: a pause is ended by taking its condition out of the status, a way back begins with `abort: true` there.

Keys of `[provider]`:
    context: which cluster, as `kubectl config get-contexts` calls it; there is no default.
    namespace: where the Rollout is.
    rollout: its name.
    container: which container of the pods has the application.
    image: how its image follows from the version, as `registry/shop:{version}`.
    replicas: how many pods one version has, where nothing routes the traffic and weights are shares of pods.
    follow: true where Argo goes from step to step by itself, and migsafe only looks on.
    gitops: whether git says what the Rollout is like; looked up in its labels, where it is not said.
    abort_within: how long to wait until the stable version has the traffic back; 5 min.
    timeout: how long one request to the cluster may take; 30 s.
    kubectl: where the program is; the one on PATH.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from migsafe.deploy.errors import ProviderRefusedError
from migsafe.deploy.providers.kube.argo_looks import KINDS, rollout_looks
from migsafe.deploy.providers.kube.argo_settings import Settings, read_settings
from migsafe.deploy.providers.kube.argo_view import Status, View
from migsafe.deploy.providers.kube.looks import login_looks
from migsafe.deploy.providers.kube.marks import STABLE, Pen, annotated, annotation, fingerprint
from migsafe.deploy.providers.kube.pods import read_batches
from migsafe.deploy.providers.kube.progress import is_paused
from migsafe.deploy.providers.kubectl import Kubectl, NotThereError, Patch, read_kubectl
from migsafe.deploy.words import Capabilities, Observed, Strategy
from migsafe.errors import EnvironmentFailedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from migsafe.deploy.provider import Provider
    from migsafe.deploy.providers.context import ProviderContext
    from migsafe.deploy.providers.kubectl import Object
    from migsafe.deploy.tables import Table

#: Seconds between two looks on the way back.
_LOOK_S = 1.0

#: Argo's plugin writes these to the status, as merge patches (its commands promote and abort).
_GO_ON = {"pauseConditions": None}
_ABORT = {"abort": True}
_PROMOTE_FULL = {"promoteFull": True}


def open_provider(table: Table, context: ProviderContext) -> Provider:
    """The provider for a strategy; nothing is asked of the cluster yet.

    Raises:
        ConfigurationError: when a key is unknown, missing or wrong.
        EnvironmentFailedError: when kubectl is not there.
    """
    settings = read_settings(table)
    cluster = read_kubectl(table, context.environ)
    table.done()
    return ArgoProvider(cluster, settings, context)


class ArgoProvider:
    """One Rollout."""

    def __init__(self, cluster: Kubectl, settings: Settings, context: ProviderContext) -> None:
        self._cluster = cluster
        self._settings = settings
        self._context = context
        self._reference = f"rollouts.argoproj.io/{settings.name}"
        self._pen = Pen(cluster, self._reference)

    @property
    def capabilities(self) -> Capabilities:
        """A canary has its first part of the traffic as soon as it is there; a preview has none."""
        return Capabilities(
            strategies=frozenset(KINDS),
            weights="exact" if self._settings.replicas is None else "replicas",
            stages=self._context.strategy is Strategy.BLUE_GREEN,
            engine_owns_steps=self._settings.follow,
            keeps_old_warm=False,
            replicas=self._settings.replicas or 1,
        )

    def check(self) -> tuple[str, ...]:
        """See `Provider.check`."""
        status = f"{self._reference}#status"
        also = (("list", "replicasets.apps"), ("list", "pods"))
        if found := login_looks(self._cluster, get=(self._reference,), patch=(self._reference, status), also=also):
            return found
        try:
            rollout = self._cluster.find(self._reference).get(self._reference)
        except NotThereError:
            return (f"the cluster of context {self._cluster.context} has no Argo Rollouts",)
        return (self._missing(),) if rollout is None else rollout_looks(rollout, self._settings, self._context)

    def observe(self) -> Observed:
        """See `Provider.observe`."""
        view = self._view()
        self._pen.look(view.rollout, self._reference)
        candidate, weight = view.candidate()
        kept = self._settings.keeping.note(view.rollout, self._commit(view.stable)) if candidate is not None else ()
        return Observed(
            stable=view.stable,
            candidate=candidate,
            weight=weight,
            ready=view.readiness(),
            motion=view.motion(follow=self._settings.follow),
            etag=fingerprint(view.rollout),
            notes=(*view.notes(follow=self._settings.follow), *kept),
        )

    def stage(self, version: str) -> None:
        """See `Provider.stage`: the preview of a blue-green Rollout."""
        if self._context.strategy is not Strategy.BLUE_GREEN:
            raise ProviderRefusedError(f"a canary of Argo cannot have {version} ready without traffic")
        view = self._view()
        self._pen.amend(self._reference, lambda found: self._begin(found, version, view.stable))

    def shift(self, version: str, weight: int) -> None:
        """See `Provider.shift`: the first part begins the rollout; each further one ends a pause."""
        view = self._view()
        if self._context.strategy is Strategy.BLUE_GREEN:
            self._turn(view, version, weight)
        elif view.current != version:
            first = 100 if self._settings.follow else view.status.steps.weights[0]
            if weight != first:
                raise ProviderRefusedError(f"Argo begins with {first} % of the traffic, and not with {weight} %")
            self._pen.amend(self._reference, lambda found: self._begin(found, version, view.stable))
        else:
            self._status(lambda found: self._next(Status(found), version, weight))

    def promote(self, version: str) -> None:
        """See `Provider.promote`: Argo ends its steps, where it has not yet, and the mark follows."""
        view = self._view()
        if view.current != version:
            raise ProviderRefusedError(f"the Rollout names {view.current}, and not {version}")
        if not view.status.is_promoted:
            if (has := view.share_of(version)) != 100:
                raise ProviderRefusedError(f"{version} has {has} % of the traffic, and not all of it")
            self._promote_full()
        self._mark(version)

    def abort(self, stable: str) -> None:
        """See `Provider.abort`.

        In the midst, Argo takes the traffic back first, and then the template: the other way round, its status would be
        of another version. After a promotion the old template is a rollout of its own, which skips its steps. Which of
        the two it is may change while it is waited for; so it is asked again with each look.
        """
        clock, sleep = self._context.clock, self._context.sleep
        end = clock() + self._settings.abort_within_s
        while not self._go_back(view := self._view(), stable):
            if clock() >= end:
                why = "; ".join(view.notes()) or str(view.status["phase"])
                raise EnvironmentFailedError(
                    f"{stable} has not all of the traffic after {self._settings.abort_within_s:g} s: {why}",
                    hint="is Argo's controller running? migsafe deploy abort goes on",
                )
            sleep(_LOOK_S)

    def retire(self, version: str) -> None:
        """See `Provider.retire`: Argo ends old pods itself, after its `scaleDownDelaySeconds`."""
        if self._view().current == version:
            raise ProviderRefusedError(f"{version} is what the Rollout runs")

    def fence(self, token: int) -> None:
        """See `Fencing.fence`: an annotation of the Rollout."""
        self._pen.fence(token)

    def close(self) -> None:
        """There is no connection."""

    def _view(self) -> View:
        found = self._cluster.find(self._reference)
        if self._reference not in found:
            raise NotThereError(self._missing())
        rollout = self._pen.meet(found[self._reference], self._reference)
        if "template" not in rollout["spec"]:
            raise ProviderRefusedError(f"Rollout {self._settings.name} has no template of its own (workloadRef)")
        batches = read_batches(self._cluster, [rollout], self._settings.image)[0]
        return View(rollout, batches, self._settings.image.current(rollout["spec"]["template"]))

    def _missing(self) -> str:
        where = f"namespace {self._cluster.namespace} (context {self._cluster.context})"
        return f"there is no Rollout {self._settings.name} in {where}"

    def _begin(self, found: Object, version: str, stable: str) -> Patch | None:
        """The template names a version; with it, what is to be gone back to is written down."""
        template = found["spec"]["template"]
        if self._settings.image.current(template) == version:
            return None
        self._refuse_paused(found)
        self._settings.keeping.refuse(found, self._commit(version))
        changes = [self._settings.image.replacing(template, version)]
        if annotation(found, STABLE) is None:
            changes.append(annotated(found, STABLE, stable))
        return Patch("json", changes)

    def _next(self, status: Status, version: str, weight: int) -> Patch | None:
        """The end of the pause before a part of the traffic; None where Argo is there, or on its way."""
        self._refuse_paused(status.rollout)
        if not status.is_read or status.is_promoted:
            return None
        self._refuse_stopped(status, version)
        at = status.steps.target(status.index)
        if at > weight:
            raise ProviderRefusedError(
                f"{version} is at {at} %, and Argo does not go back to {weight} %, but to nothing"
            )
        if at == weight or self._settings.follow or not status.pauses or status.index is None:
            return None
        if (following := status.steps.following(status.index)) > weight:
            raise ProviderRefusedError(f"after {at} % Argo gives {following} % to {version}, and not {weight} %")
        return Patch("merge", {"status": _GO_ON}, "status")

    def _turn(self, view: View, version: str, weight: int) -> None:
        """A blue-green Rollout gives all of the traffic to its preview."""
        if view.current != version or weight != 100:
            raise ProviderRefusedError(f"the Rollout can give all of the traffic to {view.current}, and nothing else")

        def turn(found: Object) -> Patch | None:
            status = Status(found)
            self._refuse_paused(found)
            self._refuse_stopped(status, version)
            if status.is_promoted or view.share_of(version) == 100 or (status.is_read and status.is_unpausing):
                return None
            if not status.is_read or not status.pauses:
                raise ProviderRefusedError(f"{version} is not ready yet: {status['message'] or status['phase']}")
            return Patch("merge", {"status": _GO_ON}, "status")

        self._status(turn)

    def _go_back(self, view: View, stable: str) -> bool:
        """The next thing that brings all traffic to a version; whether it was the last one."""
        status = view.status
        if is_paused(view.rollout):
            self._pen.amend(self._reference, lambda _: Patch("merge", {"spec": {"paused": False}}), at_once=True)
        elif view.current == stable:
            self._mark(stable, at_once=True)
            if status.is_read and not status.is_promoted:
                self._promote_full(at_once=True)
            return status.is_read
        elif not status.is_read or view.kept != stable:
            self._restore(stable)
        elif not status.is_aborted:
            self._status(lambda _: Patch("merge", {"status": _ABORT}, "status"), at_once=True)
        elif view.share() == 0 and self._settings.keeping.of(view.rollout) is not None:
            self._mark(stable, at_once=True)
            return True
        elif view.share() == 0:
            self._restore(stable)
        return False

    def _restore(self, stable: str) -> None:
        """The last template of a version, as `kubectl argo rollouts undo` gives it back."""

        def restore(found: Object) -> Patch | None:
            template = found["spec"]["template"]
            if self._settings.image.current(template) == stable:
                return None
            old = read_batches(self._cluster, [found], self._settings.image)[0].template(stable)
            change = (
                self._settings.image.replacing(template, stable)
                if old is None
                else {"op": "replace", "path": "/spec/template", "value": old}
            )
            return Patch("json", [change, annotated(found, STABLE, stable)])

        self._pen.amend(self._reference, restore, at_once=True)

    def _promote_full(self, *, at_once: bool = False) -> None:
        """Skip what is left of the steps."""

        def skip(found: Object) -> Patch | None:
            status = Status(found)
            if status.is_promoted or status["promoteFull"]:
                return None
            return Patch("merge", {"status": _PROMOTE_FULL}, "status")

        self._status(skip, at_once=at_once)

    def _mark(self, stable: str, *, at_once: bool = False) -> None:
        def mark(found: Object) -> Patch | None:
            if annotation(found, STABLE) == stable:
                return None
            return Patch("merge", {"metadata": {"annotations": {STABLE: stable}}})

        self._pen.amend(self._reference, mark, at_once=at_once)

    def _status(self, change: Callable[[Object], Patch | None], *, at_once: bool = False) -> None:
        """Write to the status; to the object itself, where an old Argo has no such subresource."""
        try:
            self._pen.amend(self._reference, change, at_once=at_once)
        except NotThereError:
            self._pen.amend(self._reference, lambda found: _on_the_object(change(found)), at_once=at_once)

    def _refuse_paused(self, found: Object) -> None:
        if is_paused(found):
            name = self._settings.name
            raise ProviderRefusedError(
                f"Rollout {name} is paused by hand: what it is told would not happen",
                hint=f"kubectl argo rollouts promote {name}",
            )

    def _refuse_stopped(self, status: Status, version: str) -> None:
        name = self._settings.name
        if status.is_aborted:
            raise ProviderRefusedError(
                f"{version} was aborted: {status['message'] or ''}".rstrip(": "), hint="migsafe deploy abort"
            )
        if "InconclusiveAnalysisRun" in status.pauses:
            raise ProviderRefusedError(
                f"Argo's analysis cannot tell how {version} does: a person has to look",
                hint=f"kubectl argo rollouts get rollout {name}, then promote or abort",
            )

    def _commit(self, version: str) -> str:
        return f"image {self._settings.image.spell(version)}"


def _on_the_object(patch: Patch | None) -> Patch | None:
    return None if patch is None else replace(patch, subresource=None)
