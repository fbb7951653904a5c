"""A rollout as steps with the state that each of them brings about; pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class Kind(StrEnum):
    """What a step does.

    SOAK: nothing; the running version is watched on the schema as it is now.
    STAGE: the new version becomes ready, with no traffic.
    SHIFT: it gets a share of the traffic, and is watched.
    PROMOTE: it becomes the stable one; the old one stays warm.
    BAKE: nothing; the new version is watched while the way back is a moment long.
    RETIRE: the old version ends.
    """

    SOAK = "soak"
    STAGE = "stage"
    SHIFT = "shift"
    PROMOTE = "promote"
    BAKE = "bake"
    RETIRE = "retire"


@dataclass(frozen=True, slots=True)
class Desired:
    """A state of an engine, in absolute values.

    Attributes:
        stable: the version that is promoted; None before the first one.
        candidate: the other one; None where there is to be none.
        weight: the candidate's share of the traffic in per cent.
    """

    stable: str | None
    candidate: str | None
    weight: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """One step.

    Attributes:
        n: its place, from 1.
        desired: what is so at its end.
        seconds: for how long the running code is watched once it is so.
    """

    n: int
    kind: Kind
    desired: Desired
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Order:
    """One verb for an engine.

    Attributes:
        verb: as `Provider` calls it.
        weight: of `shift` alone.
    """

    verb: str
    version: str
    weight: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long each part is watched, in seconds.

    Attributes:
        soak: the running version, before code moves.
        step: the new version, at each of its shares.
        bake: the new version, while the old one is kept warm.
    """

    soak: float = 0.0
    step: float = 0.0
    bake: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """The way from one version to another.

    Attributes:
        stable: the version that has the traffic; None where there is none yet.
        candidate: the version that is to have it.
    """

    stable: str | None
    candidate: str
    steps: tuple[Step, ...]

    def before(self, n: int) -> Desired:
        """What is so when a step begins."""
        return self.steps[n - 2].desired if n > 1 else Desired(self.stable, None)


def make_rollout(
    stable: str | None, candidate: str, weights: Sequence[int], pace: Pace, *, stages: bool = True
) -> Rollout:
    """The whole way.

    Args:
        weights: the shares of the candidate one after the other, rising, the last one 100.
        stages: the engine can have a version ready that has no traffic.
    """
    made: list[Step] = []

    def add(kind: Kind, desired: Desired, seconds: float = 0.0) -> None:
        made.append(Step(len(made) + 1, kind, desired, seconds))

    if stable is not None and pace.soak > 0:
        add(Kind.SOAK, Desired(stable, None), pace.soak)
    if stages:
        add(Kind.STAGE, Desired(stable, candidate, 0))
    for weight in weights:
        add(Kind.SHIFT, Desired(stable, candidate, weight), pace.step)
    promoted = Desired(candidate, stable, 0)
    add(Kind.PROMOTE, promoted)
    if stable is not None:
        if pace.bake > 0:
            add(Kind.BAKE, promoted, pace.bake)
        add(Kind.RETIRE, Desired(candidate, None))
    return Rollout(stable=stable, candidate=candidate, steps=tuple(made))


def without_soak(rollout: Rollout) -> Rollout:
    """The same without watching the running version first: it is known to be unwell."""
    kept = [step for step in rollout.steps if step.kind is not Kind.SOAK]
    steps = tuple(replace(step, n=number) for number, step in enumerate(kept, start=1))
    return replace(rollout, steps=steps)


def rehearsal_of(rollout: Rollout) -> Rollout:
    """The same as far as the first share of the traffic: from there it goes back."""
    first = next(step.n for step in rollout.steps if step.kind is Kind.SHIFT)
    return replace(rollout, steps=rollout.steps[:first])


def order_of(rollout: Rollout, step: Step) -> Order | None:
    """What an engine is told so that a step comes true; None where nothing is."""
    match step.kind:
        case Kind.SOAK | Kind.BAKE:
            return None
        case Kind.SHIFT:
            return Order("shift", rollout.candidate, step.desired.weight)
        case Kind.RETIRE:
            assert rollout.stable is not None, "there is nothing to retire of a first version"
            return Order("retire", rollout.stable)
        case Kind.STAGE | Kind.PROMOTE:
            return Order(step.kind.value, rollout.candidate)
