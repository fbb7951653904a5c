"""The words of a rollout: strategies, the two sides, and what an engine shows of them. Values only."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping


class Strategy(StrEnum):
    """How new code takes over.

    RECREATE: all old instances end, then new ones begin: a gap, said so.
    ROLLING: one instance after the other.
    BLUE_GREEN: new ones stand beside the old ones, and all traffic moves at once.
    CANARY: new ones stand beside the old ones, and traffic moves in parts.
    """

    RECREATE = "recreate"
    ROLLING = "rolling"
    BLUE_GREEN = "blue-green"
    CANARY = "canary"


#: The version that has had the traffic, and the one that is to have it.
Side = Literal["stable", "candidate"]


class Motion(StrEnum):
    """What an engine is doing by itself.

    IDLE: nothing; what it shows is what it was told.
    PROGRESSING: on its way to what it was told.
    PAUSED: it waits for somebody.
    DEGRADED: it has given up on what it was told, for a reason that `Observed.notes` says.
    """

    IDLE = "idle"
    PROGRESSING = "progressing"
    PAUSED = "paused"
    DEGRADED = "degraded"


@dataclass(frozen=True, slots=True)
class Readiness:
    """How many instances of a version can take traffic.

    Attributes:
        ready: that can.
        wanted: that there are to be.
    """

    ready: int
    wanted: int

    @property
    def is_full(self) -> bool:
        """All of them can; of none, nobody can say so."""
        return self.wanted > 0 and self.ready >= self.wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What an engine shows: the only truth about traffic.

    Attributes:
        stable: the version that is promoted; None before the first one.
        candidate: the other version, if there is one.
        weight: the candidate's share of the traffic in per cent, as the engine is set; 0 where there is no candidate.
        ready: of each version that has instances.
        motion: what it does by itself.
        etag: changes when anybody changes anything; empty where the engine has no such thing.
        notes: what a person should know, a sentence each.
    """

    stable: str | None
    candidate: str | None = None
    weight: int = 0
    ready: Mapping[str, Readiness] = field(default_factory=dict)
    motion: Motion = Motion.IDLE
    etag: str = ""
    notes: tuple[str, ...] = ()

    def is_ready(self, version: str) -> bool:
        """Whether all instances of a version can take traffic."""
        found = self.ready.get(version)
        return found is not None and found.is_full

    @property
    def serving(self) -> frozenset[str]:
        """The versions that have traffic, or may have it at any moment."""
        stable = {self.stable} if self.stable is not None and self.weight < 100 else set()
        candidate = {self.candidate} if self.candidate is not None and self.weight > 0 else set()
        return frozenset(stable | candidate)


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What an engine can do; a plan refuses what it cannot.

    Attributes:
        strategies: those that it can follow.
        weights: `exact` is a share of the requests; `replicas` a share of the instances, which is not the same;
            `none` is all or nothing.
        stages: a candidate can be ready and have no traffic.
        engine_owns_steps: it moves from one weight to the next by itself.
        keeps_old_warm: the old version goes on running after the switch, so that the way back is instant.
        replicas: how many instances one version has, where `weights` is `replicas`.
    """

    strategies: frozenset[Strategy]
    weights: Literal["exact", "replicas", "none"]
    stages: bool = True
    engine_owns_steps: bool = False
    keeps_old_warm: bool = True
    replicas: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A process that was ended.

    Attributes:
        name: what it was in the engine.
        version: of which it was an instance; None where it was no instance.
        killed: it did not end by itself when it was asked to.
    """

    name: str
    pid: int
    version: str | None = None
    killed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What one side has answered since the engine began to count. A smaller number than before is a new beginning.

    Attributes:
        requests: all of them.
        errors: answers of 5xx that a client has seen, and requests without an answer.
        hidden: failures that the engine hid by asking another instance: refused connections, empty answers, retries.
    """

    requests: int
    errors: int
    hidden: int = 0
