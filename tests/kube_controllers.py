"""The controllers of a stub cluster: Deployments, a scripted Argo Rollouts, and a kubelet. One step for each tick.

What they show is what was measured on a kube-controller-manager 1.20: the counts of the status while pods are replaced,
`ProgressDeadlineExceeded`, the revision of a template that comes back going up, nobody counting pods that are ending.
Of Argo it is what its controller writes to the status. A pod whose image says `bad` never becomes ready; an analysis
of one whose image says `sick` fails.
"""

from __future__ import annotations

import copy
import hashlib
import json
import math
from typing import Any

from kube_stub import KubeStub, Object

DEPLOYMENT_HASH = "pod-template-hash"
ROLLOUT_HASH = "rollouts-pod-template-hash"
DEPLOYMENT_REVISION = "deployment.kubernetes.io/revision"
ROLLOUT_REVISION = "rollout.argoproj.io/revision"
_ENDING = {"deletionTimestamp": "2026-11-20T10:00:00Z"}


class Controllers:
    """All that moves by itself.

    Attributes:
        stuck_endings: pods that are deleted do not end.
    """

    def __init__(self, stub: KubeStub) -> None:
        self._stub = stub
        self._made = 0
        self._quiet: dict[str, int] = {}
        self._paused_for: dict[str, int] = {}
        self.stuck_endings = False

    def tick(self, times: int = 1) -> None:
        """One second of a cluster."""
        for _ in range(times):
            self._kubelet()
            for deployment in self._stub.all("deployments"):
                self._roll(deployment)
            for rollout in self._stub.all("rollouts"):
                self._argo(rollout)

    def settle(self, most: int = 60) -> None:
        """Ticks until nothing changes any more."""
        for _ in range(most):
            before = self._stub.version
            self.tick()
            if self._stub.version == before:
                return
        raise AssertionError("the cluster does not come to rest")

    # -- pods -----------------------------------------------------------------------------------------------------

    def _kubelet(self) -> None:
        for pod in self._stub.all("pods"):
            name = pod["metadata"]["name"]
            if "deletionTimestamp" in pod["metadata"]:
                if not self.stuck_endings:
                    self._stub.remove("pods", name)
                continue
            image = pod["spec"]["containers"][0]["image"]
            status = _bad_pod() if "bad" in image else {"phase": "Running", "conditions": [_condition("Ready", "True")]}
            self._stub.edit("pods", name, lambda one, status=status: one.update(status=status))

    def _scale(self, found: Object, wanted: int) -> None:
        """A ReplicaSet gets or loses pods at once; those that go are ending for a tick."""
        name, uid = found["metadata"]["name"], found["metadata"]["uid"]
        self._stub.edit("replicasets", name, lambda one: one["spec"].update(replicas=wanted))
        pods = [pod for pod in self._pods(uid) if "deletionTimestamp" not in pod["metadata"]]
        for _ in range(wanted - len(pods)):
            self._made += 1
            template, owner = (
                found["spec"]["template"],
                {"uid": uid, "controller": True, "kind": "ReplicaSet", "name": name},
            )
            meta = {**template["metadata"], "name": f"{name}-{self._made}", "ownerReferences": [owner]}
            self._stub.add("pods", {"metadata": meta, "spec": copy.deepcopy(template["spec"])})
        for pod in sorted(pods, key=_is_ready)[: max(0, len(pods) - wanted)]:
            self._stub.edit("pods", pod["metadata"]["name"], lambda one: one["metadata"].update(_ENDING))

    def _pods(self, uid: str) -> list[Object]:
        return [pod for pod in self._stub.all("pods") if pod["metadata"]["ownerReferences"][0]["uid"] == uid]

    def _count(self, found: Object) -> tuple[int, int]:
        """Pods of a ReplicaSet that are there, and those of them that are ready."""
        pods = [pod for pod in self._pods(found["metadata"]["uid"]) if "deletionTimestamp" not in pod["metadata"]]
        return len(pods), sum(_is_ready(pod) for pod in pods)

    # -- ReplicaSets ----------------------------------------------------------------------------------------------

    def _sets(self, owner: Object) -> list[Object]:
        uid = owner["metadata"]["uid"]
        return [one for one in self._stub.all("replicasets") if one["metadata"]["ownerReferences"][0]["uid"] == uid]

    def _newest(self, owner: Object, hash_label: str, revision: str) -> Object:
        """The ReplicaSet of the template as it is; one that comes back gets a new revision."""
        template, name = owner["spec"]["template"], owner["metadata"]["name"]
        digest = hashlib.sha256(json.dumps(template, sort_keys=True).encode()).hexdigest()[:10]
        sets = self._sets(owner)
        last = max((int(one["metadata"]["annotations"][revision]) for one in sets), default=0)
        found = next((one for one in sets if one["metadata"]["labels"][hash_label] == digest), None)
        if found is None:
            full = copy.deepcopy(template)
            full["metadata"]["labels"][hash_label] = digest
            reference = {"uid": owner["metadata"]["uid"], "controller": True, "kind": owner["kind"], "name": name}
            meta = {
                "name": f"{name}-{digest}",
                "labels": full["metadata"]["labels"],
                "annotations": {revision: str(last + 1)},
                "ownerReferences": [reference],
            }
            return self._stub.add("replicasets", {"metadata": meta, "spec": {"replicas": 0, "template": full}})
        if int(found["metadata"]["annotations"][revision]) < last:
            mark = {revision: str(last + 1)}
            found = self._stub.edit(
                "replicasets", found["metadata"]["name"], lambda one: one["metadata"]["annotations"].update(mark)
            )
        return found

    # -- Deployments ----------------------------------------------------------------------------------------------

    def _roll(self, deployment: Object) -> None:
        name, spec = deployment["metadata"]["name"], deployment["spec"]
        before = json.dumps(deployment.get("status", {}).get("replicaCounts"))
        if not spec.get("paused"):
            newest = self._newest(deployment, DEPLOYMENT_HASH, DEPLOYMENT_REVISION)
            newest = self._copy_annotations(deployment, newest)
            old = [one for one in self._sets(deployment) if one["metadata"]["name"] != newest["metadata"]["name"]]
            if spec["strategy"]["type"] == "Recreate":
                self._recreate(newest, old, spec["replicas"])
            else:
                self._replace(newest, old, spec)
            revision = {DEPLOYMENT_REVISION: newest["metadata"]["annotations"][DEPLOYMENT_REVISION]}
            self._stub.edit(
                "deployments", name, lambda one: one["metadata"].setdefault("annotations", {}).update(revision)
            )
        self._report(self._stub.get("deployments", name), before)

    def _copy_annotations(self, deployment: Object, newest: Object) -> Object:
        """Those of the Deployment go to its newest ReplicaSet; `kubectl rollout undo` brings them back from there."""
        own = deployment["metadata"].get("annotations", {})
        copied = {key: value for key, value in own.items() if key != DEPLOYMENT_REVISION}
        return self._stub.edit(
            "replicasets", newest["metadata"]["name"], lambda one: one["metadata"]["annotations"].update(copied)
        )

    def _recreate(self, newest: Object, old: list[Object], wanted: int) -> None:
        for one in old:
            self._scale(one, 0)
        if not any(self._pods(one["metadata"]["uid"]) for one in old):
            self._scale(newest, wanted)

    def _replace(self, newest: Object, old: list[Object], spec: Object) -> None:
        wanted, rolling = spec["replicas"], spec["strategy"].get("rollingUpdate", {})
        surge = _part(rolling.get("maxSurge", "25%"), wanted, math.ceil)
        down = _part(rolling.get("maxUnavailable", "25%"), wanted, math.floor)
        new, _ = self._count(newest)
        total = new + sum(self._count(one)[0] for one in old)
        self._scale(newest, max(0, min(wanted, new + wanted + surge - total)))
        available = sum(self._count(one)[1] for one in (newest, *old))
        may_go = max(0, available - (wanted - down))
        for one in old:
            there, ready = self._count(one)
            goes = min(there, there - ready + may_go)
            self._scale(one, there - goes)
            may_go -= min(ready, may_go)

    def _report(self, deployment: Object, before: str) -> None:
        """The status, with the condition that says whether it still moves."""
        name, spec = deployment["metadata"]["name"], deployment["spec"]
        counts = {one["metadata"]["name"]: self._count(one) for one in self._sets(deployment)}
        mine = [one for one in self._sets(deployment) if _template_of(one) == spec["template"]]
        new, new_ready = counts[mine[0]["metadata"]["name"]] if mine else (0, 0)
        total, ready = (sum(one[place] for one in counts.values()) for place in (0, 1))
        done = new == new_ready == total == spec["replicas"]
        moved = json.dumps(counts) != before or deployment["metadata"]["generation"] != deployment.get(
            "status", {}
        ).get("observedGeneration")
        self._quiet[name] = 0 if moved or done else self._quiet.get(name, 0) + 1
        late = self._quiet[name] > spec.get("progressDeadlineSeconds", 600)
        reason = "NewReplicaSetAvailable" if done else "ProgressDeadlineExceeded" if late else "ReplicaSetUpdated"
        words = f'ReplicaSet "{mine[0]["metadata"]["name"] if mine else name}" '
        words += "has timed out progressing." if late else "is progressing."
        status = {
            "observedGeneration": deployment["metadata"]["generation"],
            "replicas": total,
            "updatedReplicas": new,
            "readyReplicas": ready,
            "availableReplicas": ready,
            "replicaCounts": counts,
            "conditions": [
                _condition("Available", "True"),
                _condition("Progressing", str(not late), reason, words),
            ],
        }
        self._stub.edit("deployments", name, lambda one: one.update(status=json.loads(json.dumps(status))))

    # -- Argo Rollouts --------------------------------------------------------------------------------------------

    def _argo(self, rollout: Object) -> None:
        newest = self._newest(rollout, ROLLOUT_HASH, ROLLOUT_REVISION)
        digest = newest["metadata"]["labels"][ROLLOUT_HASH]
        status = copy.deepcopy(rollout.get("status", {}))
        status["observedGeneration"] = str(rollout["metadata"]["generation"])
        if status.get("currentPodHash") != digest:
            steps = _steps(rollout)
            back = digest == status.get("stableRS")
            status.update(currentPodHash=digest, currentStepIndex=len(steps) if back else 0, message="")
            for gone in ("abort", "promoteFull", "pauseConditions", "controllerPause"):
                status.pop(gone, None)
        if status.get("stableRS") is None:
            self._promote(status, digest)
        if not rollout["spec"].get("paused"):
            play = self._blue_green if "blueGreen" in rollout["spec"]["strategy"] else self._canary
            play(rollout, newest, status)
        if rollout["spec"].get("paused"):
            status.update(phase="Paused", message="manually paused")
        self._stub.edit("rollouts", rollout["metadata"]["name"], lambda one: one.update(status=status))

    def _promote(self, status: Object, digest: str) -> None:
        status["stableRS"] = digest
        for gone in ("promoteFull", "pauseConditions", "controllerPause"):
            status.pop(gone, None)

    def _canary(self, rollout: Object, newest: Object, status: Object) -> None:
        steps = _steps(rollout)
        digest, index = status["currentPodHash"], status.get("currentStepIndex", 0)
        stable = next(
            one for one in self._sets(rollout) if one["metadata"]["labels"][ROLLOUT_HASH] == status["stableRS"]
        )
        routed = "trafficRouting" in rollout["spec"]["strategy"]["canary"]
        if digest == status["stableRS"]:
            status["currentStepIndex"] = len(steps)
            self._share(rollout, newest, stable, 100, routed)
            status.update(phase="Healthy", message="")
            status.pop("canary", None)
            return
        if self._analysis_fails(rollout, newest, index):
            status["abort"] = True
        if status.get("abort"):
            self._share(rollout, newest, stable, 0, routed)
            status.pop("pauseConditions", None)
            status.update(phase="Degraded", message="RolloutAborted: Rollout aborted update", currentStepIndex=0)
            status["canary"] = _weights(0)
            return
        if status.get("promoteFull"):
            status["currentStepIndex"] = index = len(steps)
        weight = next((one["setWeight"] for one in reversed(steps[: index + 1]) if "setWeight" in one), 0)
        weight = 100 if index >= len(steps) else weight
        ready = self._share(rollout, newest, stable, weight, routed)
        status.update(phase="Progressing", message="more replicas need to be updated")
        if not ready:
            return
        status["canary"] = _weights(weight)
        if index >= len(steps):
            self._promote(status, digest)
        elif "pause" not in steps[index]:
            status["currentStepIndex"] = index + 1
        else:
            self._pause(rollout, status, steps[index]["pause"] or {}, "CanaryPauseStep")

    def _pause(self, rollout: Object, status: Object, pause: Object, reason: str) -> None:
        name = rollout["metadata"]["name"]
        if status.get("controllerPause") and not status.get("pauseConditions"):
            status.pop("controllerPause")
            status["currentStepIndex"] = status.get("currentStepIndex", 0) + 1
            status["resumed"] = True
            self._paused_for[name] = 0
            return
        self._paused_for[name] = self._paused_for.get(name, 0) + 1
        if "duration" in pause and self._paused_for[name] > int(pause["duration"]):
            status.update(pauseConditions=[])
            return
        conditions = [{"reason": reason, "startTime": "2026-11-20T10:00:00Z"}]
        status.update(pauseConditions=conditions, controllerPause=True, phase="Paused", message=reason)

    def _blue_green(self, rollout: Object, newest: Object, status: Object) -> None:
        digest, wanted = status["currentPodHash"], rollout["spec"]["replicas"]
        stable = next(
            one for one in self._sets(rollout) if one["metadata"]["labels"][ROLLOUT_HASH] == status["stableRS"]
        )
        active = status.setdefault("blueGreen", {}).get("activeSelector")
        self._scale(newest, wanted)
        if digest == status["stableRS"]:
            status["blueGreen"]["activeSelector"] = digest
            for one in self._sets(rollout):
                if one["metadata"]["name"] != newest["metadata"]["name"]:
                    self._scale(one, 0)
            status.update(phase="Healthy", message="")
        elif status.get("abort"):
            status["blueGreen"]["activeSelector"] = status["stableRS"]
            self._scale(newest, 0)
            self._scale(stable, wanted)
            status.update(phase="Degraded", message="RolloutAborted: Rollout aborted update")
        elif self._count(newest)[1] < wanted:
            status.update(phase="Progressing", message="updated replicas are still becoming available")
        elif status.pop("resumed", False) or status.get("promoteFull"):
            status["blueGreen"]["activeSelector"] = digest
            self._promote(status, digest)
        elif active != digest:
            self._pause(rollout, status, {}, "BlueGreenPause")

    def _share(self, rollout: Object, newest: Object, stable: Object, weight: int, routed: bool) -> bool:
        """The pods of a part of the traffic; whether they are ready."""
        wanted = rollout["spec"]["replicas"]
        own = 0 if weight == 0 else max(1, round(weight * wanted / 100))
        self._scale(newest, own)
        if self._count(newest)[1] >= own and newest["metadata"]["name"] != stable["metadata"]["name"]:
            self._scale(stable, wanted if routed else wanted - own)
        for one in self._sets(rollout):
            if one["metadata"]["name"] not in {newest["metadata"]["name"], stable["metadata"]["name"]}:
                self._scale(one, 0)
        return self._count(newest)[1] >= own

    def _analysis_fails(self, rollout: Object, newest: Object, index: int) -> bool:
        analysis = rollout["spec"]["strategy"]["canary"].get("analysis")
        sick = "sick" in newest["spec"]["template"]["spec"]["containers"][0]["image"]
        return bool(analysis) and sick and index >= analysis.get("startingStep", 0)


def _steps(rollout: Object) -> list[Object]:
    return list((rollout["spec"]["strategy"].get("canary") or {}).get("steps", []))


def _weights(canary: int) -> Object:
    return {"weights": {"canary": {"weight": canary}, "stable": {"weight": 100 - canary}}}


def _template_of(replica_set: Object) -> Object:
    template: Object = copy.deepcopy(replica_set["spec"]["template"])
    template["metadata"]["labels"].pop(DEPLOYMENT_HASH, None)
    return template


def _condition(kind: str, status: str, reason: str = "", message: str = "") -> Object:
    return {"type": kind, "status": status, "reason": reason, "message": message}


def _bad_pod() -> Object:
    waiting = {"waiting": {"reason": "ImagePullBackOff", "message": "pull access denied"}}
    return {
        "phase": "Pending",
        "conditions": [_condition("Ready", "False")],
        "containerStatuses": [{"name": "web", "ready": False, "state": waiting}],
    }


def _is_ready(pod: Object) -> bool:
    return any(
        one["type"] == "Ready" and one["status"] == "True" for one in pod.get("status", {}).get("conditions", [])
    )


def _part(said: Any, whole: int, rounded: Any) -> int:
    return int(rounded(int(said[:-1]) * whole / 100)) if isinstance(said, str) else int(said)
