"""A Rollout at one moment: which version has which part of the traffic, and what Argo is doing. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from migsafe.deploy.providers.kube.argo_steps import Steps, steps_of
from migsafe.deploy.providers.kube.marks import STABLE, annotation
from migsafe.deploy.providers.kube.progress import is_paused
from migsafe.deploy.words import Motion, Readiness

if TYPE_CHECKING:
    from migsafe.deploy.providers.kube.pods import Batch, Batches
    from migsafe.deploy.providers.kubectl import Object


@dataclass(frozen=True, slots=True)
class Status:
    """What the controller says of a Rollout."""

    rollout: Object

    def __getitem__(self, key: str) -> object:
        return (self.rollout.get("status") or {}).get(key)

    @property
    def is_read(self) -> bool:
        """It speaks of the spec as it is now (`observedGeneration` is a text here)."""
        return str(self["observedGeneration"]) == str(self.rollout["metadata"]["generation"])

    @property
    def pauses(self) -> tuple[str, ...]:
        """Why the controller waits."""
        found = (self.rollout.get("status") or {}).get("pauseConditions") or []
        return tuple(one["reason"] for one in found)

    @property
    def is_unpausing(self) -> bool:
        """It was told to go on, and has not yet."""
        return bool(self["controllerPause"]) and not self.pauses

    @property
    def is_promoted(self) -> bool:
        """The version of the spec is the only one."""
        return self.is_read and self["stableRS"] is not None and self["stableRS"] == self["currentPodHash"]

    @property
    def is_aborted(self) -> bool:
        """It was given up, by somebody or by an analysis."""
        return self.is_read and bool(self["abort"])

    @property
    def index(self) -> int | None:
        """The step that it is at, from 0."""
        found = (self.rollout.get("status") or {}).get("currentStepIndex")
        return None if found is None else int(found)

    @property
    def steps(self) -> Steps:
        """Those that it goes through."""
        return steps_of(self.rollout)


@dataclass(frozen=True, slots=True)
class View:
    """A Rollout with its pods.

    Attributes:
        current: the version that its template names.
    """

    rollout: Object
    batches: Batches
    current: str

    @property
    def status(self) -> Status:
        """What the controller says."""
        return Status(self.rollout)

    @property
    def kept(self) -> str | None:
        """The version that Argo calls stable: the one that it goes back to."""
        found = self._hashed("stableRS")
        return found.version if found else None

    @property
    def stable(self) -> str:
        """What was promoted last; where nobody ever was, what Argo calls so."""
        return annotation(self.rollout, STABLE) or self.kept or self.current

    @property
    def running(self) -> str | None:
        """The version that the controller's status is about: a moment late, where the template has just changed."""
        found = self._hashed("currentPodHash")
        return found.version if found else None

    def share(self) -> int:
        """The part of the traffic that `running` has, in per cent."""
        status = self.status
        if status["stableRS"] == status["currentPodHash"]:
            return 100
        if self.is_blue_green:
            active = (self.rollout["status"].get("blueGreen") or {}).get("activeSelector")
            return 100 if active == status["currentPodHash"] else 0
        if self.is_routed:
            weights = (self.rollout["status"].get("canary") or {}).get("weights") or {}
            return int((weights.get("canary") or {}).get("weight", 0))
        return self.batches.share(self.running) if self.running else 0

    def share_of(self, version: str) -> int:
        """The same of the template's version: nothing, as long as the controller speaks of another one."""
        return self.share() if self.running == version and self.status.is_read else 0

    def readiness(self) -> dict[str, Readiness]:
        """Of each version; what an earlier rollout has left behind cannot be given traffic, as well as its pods are."""
        known = {self.current, self.kept}
        found = self.batches.readiness()
        return {name: one if name in known else Readiness(0, one.wanted) for name, one in found.items()}

    def candidate(self) -> tuple[str | None, int]:
        """The version beside the stable one, and its part of the traffic."""
        stable, running = self.stable, self.running
        if running is not None and running != stable:
            part = self.share()
            if running == self.current or self.current == stable or part > 0:
                return running, part
        if self.current != stable:
            return self.current, 0
        if running == stable and self.kept not in {None, stable}:  # on its way back to what was stable before
            return self.kept, 100 - self.share()
        return next((one for one in self.batches.there if one != stable), None), 0

    @property
    def is_blue_green(self) -> bool:
        """Its strategy."""
        return "blueGreen" in self.rollout["spec"].get("strategy", {})

    @property
    def is_routed(self) -> bool:
        """Something routes the traffic by weight; else it goes to all pods alike."""
        return bool((self.rollout["spec"].get("strategy", {}).get("canary") or {}).get("trafficRouting"))

    def motion(self, *, follow: bool) -> Motion:
        """What Argo is doing.

        A pause that waits for migsafe is none to speak of: it is what was ordered. Where Argo follows its own steps,
        its pauses are on the way.
        """
        status = self.status
        if not status.is_read:
            return Motion.PROGRESSING
        if is_paused(self.rollout):
            return Motion.PAUSED
        if status.is_aborted or status["phase"] == "Degraded":
            return Motion.DEGRADED
        if status["phase"] == "Paused" and not status.is_unpausing:
            return self._pause_motion(follow=follow)
        return Motion.IDLE if status["phase"] == "Healthy" else Motion.PROGRESSING

    def _pause_motion(self, *, follow: bool) -> Motion:
        status = self.status
        if "InconclusiveAnalysisRun" in status.pauses:
            return Motion.PAUSED
        return Motion.PROGRESSING if follow else Motion.IDLE

    def notes(self, *, follow: bool = False) -> tuple[str, ...]:
        """What a person should know."""
        status, name = self.status, self.rollout["metadata"]["name"]
        notes = []
        if follow and status.is_read and status.pauses and not status.steps.goes_on_alone(status.index):
            notes.append(f"Rollout {name} waits for somebody: kubectl argo rollouts promote {name}")
        if is_paused(self.rollout):
            notes.append(f"Rollout {name} is paused by hand: kubectl argo rollouts promote {name}")
        if status.is_read and status["phase"] in {"Degraded", "Paused"} and status["message"]:
            notes.append(f"Rollout {name}: {status['message']}")
        if status.is_aborted and self.current != self.stable:
            notes.append(f"Rollout {name} was aborted and still names {self.current}: migsafe deploy abort ends that")
        if not self.is_blue_green and not self.is_routed and not status.is_promoted:
            notes.append(f"Rollout {name} has no trafficRouting: the weight is a share of its pods")
        return (*notes, *self.batches.complaints())

    def _hashed(self, key: str) -> Batch | None:
        label = self.status[key]
        return self.batches.hashed(label) if isinstance(label, str) else None
