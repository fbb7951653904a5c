"""What is said to the store, and what became of it; values only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

    from migsafe.model.phase import Part, Phase
    from migsafe.model.state import StepStatus, TargetName


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who says something.

    Attributes:
        actor: a person, or a system that deploys.
        host: the machine on which migsafe runs.
    """

    actor: str
    host: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFacts:
    """A step, as far as somebody knows it; what is None is not said, and takes nothing away that was said before."""

    migration: str | None = None
    name: str | None = None
    change: str | None = None
    phase: Phase | None = None
    part: Part | None = None
    release: str | None = None

    @property
    def label(self) -> str:
        """What a person calls it."""
        return self.migration or self.name or "a step without a name"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """What became of a step on a database.

    Attributes:
        at: since when; None where nobody knows.
        source: who ran it: `record`, `alembic`, `import`, `run`, …
        floor: the oldest release that works on the schema now; None where nobody said.
        backward: it is the way back that ran.
        fence: of the lease under which it ran; None without one.
        plan: the contract plan that allowed it, by its hash.
        error: why it failed.
    """

    where: TargetName
    status: StepStatus
    at: datetime | None = None
    checksum: str | None = None
    source: str = "record"
    reason: str | None = None
    floor: str | None = None
    backward: bool = False
    fence: int | None = None
    plan: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """What a call has changed.

    Attributes:
        changed: whether anything was written; what was so already is not written again.
        subject: what it is about, for people.
        before: what was known; None where nothing was.
    """

    changed: bool
    subject: str
    before: Any = None
    after: Any = None
