"""What migsafe remembers in a cluster, and how it writes there: never over what somebody else has done meanwhile.

Two annotations, on the object that says who has the traffic. A write carries the resourceVersion of what was read, so
that it happens to that object or not at all.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from migsafe.deploy.errors import ProviderRefusedError
from migsafe.deploy.providers.kubectl import ConflictError, NotThereError, Patch

if TYPE_CHECKING:
    from collections.abc import Callable

    from migsafe.deploy.providers.kubectl import Kubectl, Object

#: The version that was promoted last.
STABLE = "migsafe.dev/stable"
#: The number of the coordinator that may write; a lower one comes too late.
FENCE = "migsafe.dev/fence"

#: How often a write is tried anew where only a controller has written in between.
_TRIES = 6


def annotation(found: Object, name: str) -> str | None:
    """What an annotation says."""
    value = (found["metadata"].get("annotations") or {}).get(name)
    return None if value is None else str(value)


def fence_of(found: Object) -> int:
    """The mark of the coordinator that has written last; 0 where there is none."""
    said = annotation(found, FENCE) or ""
    return int(said) if said.isascii() and said.isdigit() else 0


def annotated(found: Object, name: str, value: str) -> dict[str, Any]:
    """The operation of a JSON patch that sets an annotation, whether the object has had any or not."""
    all_of_them = {**(found["metadata"].get("annotations") or {}), name: value}
    return {"op": "add", "path": "/metadata/annotations", "value": all_of_them}


def fingerprint(found: Object) -> str:
    """Changes when a person changes an object: not with its status, its marks of order, or its number of pods,
    which an autoscaler may change at any moment.
    """
    spec = {key: value for key, value in found["spec"].items() if key != "replicas"}
    said = [found["metadata"].get("uid"), annotation(found, STABLE), spec]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]


class Pen:
    """Writes to the objects of one deployment."""

    def __init__(self, cluster: Kubectl, fenced: str) -> None:
        """
        Args:
            fenced: the object that carries the marks, as kubectl calls it.
        """
        self._cluster = cluster
        self._fenced = fenced
        self._token = 0
        self._seen: dict[str, str] = {}

    def look(self, found: Object, reference: str) -> Object:
        """Remember how an object was when it was looked at: what is decided, is decided on that."""
        self._seen[reference] = fingerprint(found)
        return found

    def meet(self, found: Object, reference: str) -> Object:
        """The same for a verb that reads before it writes: what the last look has shown still holds."""
        self._seen.setdefault(reference, fingerprint(found))
        return found

    def fence(self, token: int) -> None:
        """Write the mark of a coordinator.

        Raises:
            ProviderRefusedError: when a later one has written.
        """

        def mark(found: Object) -> Patch | None:
            if fence_of(found) == token:
                return None
            return Patch("merge", {"metadata": {"annotations": {FENCE: str(token)}}})

        self._token = token
        self.amend(self._fenced, mark, at_once=True)

    def amend(self, reference: str, change: Callable[[Object], Patch | None], *, at_once: bool = False) -> None:
        """Read an object, decide, and write, as if it were one act.

        Args:
            change: says what is to be written; None where all is as it should be. May be asked again.
            at_once: whatever else somebody has done, this is right: traffic that goes back.

        Raises:
            ProviderRefusedError: when a later coordinator has written.
            ConflictError: when somebody has changed the object since it was looked at.
            NotThereError: when there is no such object.
        """
        for _ in range(_TRIES):
            found = self.meet(self._read(reference), reference)
            if self._seen[reference] != fingerprint(found) and not at_once:
                break
            patch = change(found)
            if patch is None:
                return
            try:
                written = self._cluster.patch(reference, _bound(patch, found))
            except ConflictError:
                continue
            if self._seen[reference] == fingerprint(found):  # else somebody's change is still to be found out
                self.look(written, reference)
            return
        raise ConflictError(
            f"somebody else has changed {reference} since it was looked at; nothing was changed here",
            hint="look at it with kubectl, then: migsafe deploy resume",
        )

    def _read(self, reference: str) -> Object:
        """The object, if this coordinator may still write to it."""
        found = self._cluster.find(*dict.fromkeys((reference, self._fenced)))
        for name in (reference, self._fenced):
            if name not in found:
                raise NotThereError(f"{name} does not exist (namespace {self._cluster.namespace})")
        if (other := fence_of(found[self._fenced])) > self._token > 0:
            raise ProviderRefusedError(
                f"a later coordinator has taken over (its mark on {self._fenced} is {other}, ours is {self._token})",
                hint="migsafe deploy status shows who holds the environment",
            )
        return found[reference]


def _bound(patch: Patch, found: Object) -> Patch:
    """The patch as it is only to be done to what was read."""
    version = found["metadata"]["resourceVersion"]
    if patch.kind == "json":
        only = {"op": "replace", "path": "/metadata/resourceVersion", "value": version}
        return Patch("json", [only, *patch.body], patch.subresource)
    meta = {**patch.body.get("metadata", {}), "resourceVersion": version}
    return Patch("merge", {**patch.body, "metadata": meta}, patch.subresource)
