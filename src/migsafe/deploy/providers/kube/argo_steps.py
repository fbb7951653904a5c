"""The steps of a canary as its Rollout has them, and where it stands among them. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from migsafe.deploy.providers.kubectl import Object


@dataclass(frozen=True, slots=True)
class Steps:
    """What Argo goes through, from 0; after the last one the new version has all the traffic."""

    all: tuple[Object, ...]

    @property
    def weights(self) -> tuple[int, ...]:
        """The parts of the traffic one after the other, the last one 100."""
        said = [int(one["setWeight"]) for one in self.all if "setWeight" in one]
        kept = [weight for place, weight in enumerate(said) if weight != said[place - 1] or place == 0]
        return tuple(kept) if kept[-1:] == [100] else (*kept, 100)

    def target(self, index: int | None) -> int:
        """The part that Argo goes to, or stays at, when it is at a step."""
        if index is None or index >= len(self.all):
            return 100 if index is not None else 0
        return next((int(one["setWeight"]) for one in reversed(self.all[: index + 1]) if "setWeight" in one), 0)

    def following(self, index: int) -> int:
        """The part that comes when a pause is over."""
        return next((int(one["setWeight"]) for one in self.all[index + 1 :] if "setWeight" in one), 100)

    def goes_on_alone(self, index: int | None) -> bool:
        """The step is a pause that ends by itself."""
        if index is None or index >= len(self.all):
            return False
        return bool((self.all[index].get("pause") or {}).get("duration"))

    def unattended(self) -> Iterator[str]:
        """Where Argo goes on without having been told, a sentence each."""
        for index, one in enumerate(self.all):
            weight = int(one.get("setWeight", 100))
            if weight >= 100:
                continue
            pauses = [pause for pause in self._until_next(index) if pause is not None]
            if not any(not pause.get("duration") for pause in pauses):
                why = f"pauses for {pauses[0]['duration']} and goes on" if pauses else "has no pause after it"
                yield f"step {index + 1} (setWeight {weight}) {why} without migsafe's word"

    def _until_next(self, index: int) -> Iterator[Object | None]:
        for one in self.all[index + 1 :]:
            if "setWeight" in one:
                return
            if "pause" in one:
                yield one["pause"] or {}


def steps_of(rollout: Object) -> Steps:
    """The steps of a Rollout; none, where it is no canary."""
    return Steps(tuple((rollout["spec"].get("strategy", {}).get("canary") or {}).get("steps") or ()))


def step_looks(rollout: Object, wanted: Sequence[int], replicas: int | None, *, follow: bool) -> tuple[str, ...]:
    """What does not fit between the steps of a Rollout and those of the plan.

    Args:
        wanted: the plan's, in per cent.
        replicas: pods of one version, where the weights are parts of them; None where something routes the traffic.
        follow: Argo goes from one step to the next by itself.
    """
    name, canary, steps = rollout["metadata"]["name"], rollout["spec"]["strategy"]["canary"] or {}, steps_of(rollout)
    said = []
    if follow and tuple(wanted) != (100,):
        said.append("follow = true leaves the steps to Argo: the plan has one, steps = [100]")
    elif not follow and steps.weights != tuple(wanted):
        said.append(
            f"Rollout {name} goes {_spell(steps.weights)}, and the plan goes {_spell(wanted)}: make them the same"
        )
    if not follow:
        said.extend(f"Rollout {name}: {one}: write pause: {{}}, or follow = true" for one in steps.unattended())
    said.extend(_routing_looks(name, bool(canary.get("trafficRouting")), steps.weights, replicas))
    begins = (canary.get("analysis") or {}).get("startingStep")
    if begins is not None and int(begins) >= len(steps.all):
        said.append(f"Rollout {name}: its analysis begins at step {begins}, and there are {len(steps.all)} steps")
    return tuple(said)


def _routing_looks(name: str, routed: bool, weights: Sequence[int], replicas: int | None) -> Iterator[str]:
    if routed and replicas is not None:
        yield f"Rollout {name} has trafficRouting: its weights are shares of the traffic, so take replicas out"
    if not routed and replicas is None:
        yield (
            f"Rollout {name} has no trafficRouting: its weights are shares of its pods; replicas = in [provider] says "
            "that this is meant"
        )
    if not routed and replicas is not None:
        for weight in (one for one in weights if one * replicas % 100):
            share = weight * replicas / 100
            yield f"Rollout {name}: {weight} % of {replicas} pods is {share:g} pods, and Argo cannot have parts of them"


def _spell(weights: Sequence[int]) -> str:
    return ", ".join(map(str, weights))
