"""What is said to the tracker, as values: of a release, of migrations, of a verification, of what works."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from migsafe.model.phase import Part, Phase
    from migsafe.model.state import RolloutStatus, StepStatus

#: The oldest release that works, or the latest.
Side = Literal["floor", "ceiling"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """On which database something has happened.

    Attributes:
        target: the only one of the environment when None.
        create: what nobody knows of the two is made known.
        protected: of a new environment: the gates hold for it.
    """

    environment: str
    target: str | None = None
    create: bool = False
    protected: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What is said of a release.

    Attributes:
        at: since when, with its zone; now when None.
        percent: of the traffic, from 0 to 100; None where nobody says.
        source: what says so: `argo`, `helm`, …
        create: a release that nobody knows is the latest.
        create_environment: an environment that nobody knows is a new one.
        protected: of a new environment: the gates hold for it.
    """

    release: str
    environment: str
    status: RolloutStatus
    at: datetime | None = None
    percent: int | None = None
    source: str | None = None
    reason: str | None = None
    create: bool = False
    create_environment: bool = False
    protected: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What became of migrations.

    Attributes:
        change: the one that they belong to, where their project does not say so; it wins over what that says. So do
            `phase`, `part` and `release`.
        at: since when, with its zone; now when None.
        floor: of a contract: the oldest release that works on the schema now.
    """

    migrations: Sequence[str]
    where: Where
    status: StepStatus
    change: str | None = None
    phase: Phase | None = None
    part: Part | None = None
    release: str | None = None
    at: datetime | None = None
    floor: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What a verification of a change has found.

    Attributes:
        name: what was verified.
        ok: whether it held.
        observed: what its query gave.
        at: when that was, with its zone; now when None.
    """

    name: str
    change: str
    where: Where
    ok: bool
    observed: str | None = None
    at: datetime | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """Which release is the oldest, or the latest, that works on a database's schema.

    Attributes:
        release: None takes the bound away: every release works, as far as this side goes.
        target: the only one of the environment when None.
    """

    side: Side
    release: str | None
    environment: str
    reason: str
    target: str | None = None
