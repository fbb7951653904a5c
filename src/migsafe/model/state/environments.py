"""Where the application runs: environments, their databases, and the releases that run there."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from datetime import datetime

    from migsafe.model.dialect import Dialect


class RolloutStatus(StrEnum):
    """How far a release has come in an environment, in the order in which it comes there."""

    PLANNED = "planned"
    """It does not run there, and never did."""
    EXPANDING = "expanding"
    """Its expand steps run; its code is about to follow."""
    ROLLING = "rolling"
    """Its code runs beside that of other releases, and is getting more."""
    DEPLOYED = "deployed"
    """Its code takes the traffic."""
    DRAINING = "draining"
    """A later release takes the traffic; processes of this one still live."""
    RETIRED = "retired"
    """None of its processes lives any more: no worker, no job, no terminating pod."""
    ROLLED_BACK = "rolled_back"
    """It was taken back; none of its processes lives."""

    @property
    def runs(self) -> bool:
        """Whether its code runs, and must get along with the schema."""
        return self in {RolloutStatus.ROLLING, RolloutStatus.DEPLOYED, RolloutStatus.DRAINING}


class TargetName(NamedTuple):
    """One database of one environment, by name."""

    environment: str
    target: str

    def __str__(self) -> str:
        return f"{self.environment}/{self.target}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One database.

    Attributes:
        name: unique in its environment.
        identity: what tells this database from any other (`system_identifier` and name); None where nobody looked.
        floor: the oldest release that still works on the schema as it is now; None while every one does.
        nodes: names of all servers that answer queries on it, replicas included; empty where nobody said.
    """

    name: str
    dialect: Dialect
    identity: str | None = None
    floor: str | None = None
    nodes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """One release in one environment.

    Attributes:
        percent: of the traffic, 0 to 100; None where nobody said.
        full_at: since when it has had all the traffic, or had it until a later release took over; after a rollback it
            counts anew. None where it never had it, or nobody said.
        retired_at: when the last of its processes was gone.
        source: who says so: `human`, `kubernetes`, `argo`, …
    """

    release: str
    status: RolloutStatus
    percent: int | None = None
    full_at: datetime | None = None
    retired_at: datetime | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """A place where the application runs.

    Attributes:
        protected: what happens here hurts users: the gates hold for these environments.
        rollback_to: the release to which a rollback would go; it must work on the schema too. None where none is
            declared.
        rollouts: one of each release that was ever heard of here. A release that is missing is one of which nobody
            knows; one that never ran here is `planned`.
    """

    name: str
    protected: bool
    targets: tuple[Target, ...] = ()
    rollouts: tuple[Rollout, ...] = ()
    rollback_to: str | None = None

    def rollout(self, release: str) -> Rollout | None:
        """How far a release has come here; None where nobody knows."""
        return next((rollout for rollout in self.rollouts if rollout.release == release), None)

    @property
    def running(self) -> tuple[Rollout, ...]:
        """The releases whose code runs here."""
        return tuple(rollout for rollout in self.rollouts if rollout.status.runs)
