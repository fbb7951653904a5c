"""A release plan as values: every step of a release in its order, with its gate and what happens when it fails."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migsafe.deploy.rollout import Desired, Rollout
    from migsafe.deploy.words import Strategy


class PlanKind(StrEnum):
    """What a step of a plan is; the words of `rollout.Kind`, and those around it."""

    PREFLIGHT = "preflight"
    EXPAND = "expand"
    SOAK = "soak"
    STAGE = "stage"
    SHIFT = "shift"
    PROMOTE = "promote"
    BAKE = "bake"
    RETIRE = "retire"
    MIGRATE = "migrate"
    VERIFY = "verify"
    CONTRACT = "contract"


#: `done`: it is so already · `due`: it comes before code moves · `planned`: in its turn · `later`: in its own time.
Standing = Literal["done", "due", "planned", "later"]
#: How far the schema is once a step has ended.
SchemaPhase = Literal["as it was", "expanded", "migrated", "contracted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanStep:
    """One row of a plan.

    Attributes:
        n: its place, from 1.
        title: what it does.
        desired: the state of the engine at its end; None of a step that moves no code.
        gate: what must be so, for the step behind it to begin.
        on_failure: what is done where it is not.
        seconds: for how long the running code is watched in it.
        at_most: how long it may take, in seconds; None where nobody says.
        database: how far the schema is at its end.
        by: the command that does it; None where `migsafe deploy run` does.
    """

    n: int
    kind: PlanKind
    title: str
    gate: str
    on_failure: str
    desired: Desired | None = None
    seconds: float = 0.0
    at_most: float | None = None
    database: SchemaPhase = "as it was"
    by: str | None = None
    standing: Standing = "planned"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasePlan:
    """The plan of one release in one environment. Two plans of the same id do the same.

    Attributes:
        stable: the release that has the traffic now; None where there is none yet.
        rollout: what the coordinator does: the steps that move code, by themselves.
        settings: what deploy.toml says of it, for the id and for those who read the plan.
        waits: what must be done before code moves, a sentence each; a plan that waits for nothing may run.
        warnings: what should be known, and stops nothing.
    """

    release: str
    environment: str
    stable: str | None
    strategy: Strategy
    provider: str
    steps: tuple[PlanStep, ...]
    rollout: Rollout
    settings: Mapping[str, Any]
    waits: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def plan_id(self) -> str:
        """The SHA-256 of what it does, in hexadecimal digits; what is so today is not in it."""
        from migsafe.deploy.plan_document import plan_id

        return plan_id(self)

    @property
    def short_id(self) -> str:
        """Enough of it for people."""
        return self.plan_id[:12]

    @property
    def watched(self) -> float:
        """For how many seconds running code is watched in all."""
        return sum(step.seconds for step in self.steps)
