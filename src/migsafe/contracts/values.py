"""A contract plan as values: what goes, what it was held against, how it is done, and the way back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Literal

from migsafe.model.phase import Part
from migsafe.model.plan import Check, Reversible
from migsafe.model.state import StepStatus, TargetName

#: How long an approval counts, in hours.
APPROVAL_HOURS = 72

#: `pass`: it is so · `fail`: it is not · `unknown`: nobody knows, which blocks as well · `acknowledge`: whoever
#: approves must say that they have read it · `note`: worth knowing.
GateResult = Literal["pass", "fail", "unknown", "acknowledge", "note"]


class Verdict(StrEnum):
    """What all gates come to."""

    ELIGIBLE = "eligible"
    NEEDS_ACK = "needs-ack"
    """It may run when whoever approves accepts what it says."""
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True)
class Gate:
    """One thing that the contract was held against.

    Attributes:
        name: kebab-case: a rule about phases, or a gate of this package.
        text: what is so, one sentence without a full stop.
        source: who says so: `state`, `releases`, `database`, `tracker`, …
        place: what it is about, where there are several: an object, a node, a file.
        confidence: of evidence that nobody uses it: `strong`, `weak`, `none`; empty elsewhere.
    """

    name: str
    result: GateResult
    text: str
    source: str = ""
    place: str = ""
    confidence: str = ""

    @property
    def blocks(self) -> bool:
        """Whether nothing may run because of it."""
        return self.result in {"fail", "unknown"}


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenObject:
    """What goes, as the database has it: its identity without numbers that a dump would change.

    Attributes:
        kind: `column`, `table`, `view`.
        name: with its schema: `public.users`; of a column, its table's.
        column: None for anything else.
        number: `attnum` of a column: a column that was dropped and made again is another one.
        type: of a column, as SQL writes it; `kind` of a relation otherwise.
        now: how it is called where a step of this very plan has moved it already; None where it is not there.
    """

    kind: Literal["column", "table", "view"]
    name: str
    column: str | None = None
    number: int | None = None
    type: str | None = None
    now: str | None = None

    @property
    def label(self) -> str:
        """As people write it."""
        table = self.name.removeprefix("public.")
        return table if self.column is None else f"{table}.{self.column}"


@dataclass(frozen=True, slots=True)
class PlannedLock:
    """A lock that a statement takes: `ACCESS EXCLUSIVE` on `users`, for which `reads and writes` wait."""

    table: str
    mode: str
    blocks: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedStatement:
    """One statement.

    Attributes:
        work: what it does to rows that are there: `none`, `scan`, `index-build`, `rewrite`.
        seconds: how long that may take, estimated; 0 where only the catalogue is changed.
        how: what the estimate is made of.
        opaque: code that only a run could tell of.
    """

    sql: str
    locks: tuple[PlannedLock, ...] = ()
    work: str = "none"
    seconds: int = 0
    how: str = ""
    opaque: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractStep:
    """One step: a migration, or one that is to be written.

    Attributes:
        name: the migration as the tool calls it; else what the change's plan calls the step.
        migration: None where it is not written yet.
        planned: what the change's plan calls the step; None where its statements are not in that plan.
        transaction: whether it is one transaction; else each statement commits by itself.
        backward: the exact way back, in order.
        back: what the way back gives.
        back_rows: rows are written in batches after `backward`.
        no_way_back: why there is none; None where there is one, or nobody says why.
        loses_data: what it takes is in no other place.
        status: what became of it here; None where it has not run.
    """

    name: str
    title: str
    part: Part | None
    statements: tuple[PlannedStatement, ...]
    migration: str | None = None
    planned: str | None = None
    transaction: bool = True
    backward: tuple[str, ...] = ()
    back: Reversible = "exact"
    back_rows: str | None = None
    no_way_back: str | None = None
    before: tuple[Check, ...] = ()
    verify: tuple[Check, ...] = ()
    hold_days: int = 0
    point_of_no_return: str | None = None
    loses_data: bool = False
    status: StepStatus | None = None

    @property
    def is_open(self) -> bool:
        """Whether it has begun, and nobody knows yet how much of it is done."""
        return self.status in {StepStatus.RUNNING, StepStatus.PARTIAL}

    @property
    def is_over(self) -> bool:
        """Whether nothing of it is left to do."""
        return self.status in {StepStatus.DONE, StepStatus.QUARANTINED, StepStatus.PURGED, StepStatus.SKIPPED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """How long something stays in quarantine.

    Attributes:
        since: when it came there; None where nobody has said.
        until: before then nothing is purged.
    """

    days: int
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class RadiusFact:
    """One line of what is around an object: `index`, `users_name_idx`, `goes with the column, 12 MB`."""

    kind: str
    name: str
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Radius:
    """What is around one object.

    Attributes:
        rows: estimated, of its table; None where nobody has counted.
        size: bytes of its table by the pages of the last VACUUM or ANALYZE, indexes apart.
        index_size: bytes of its table's indexes.
        filled: share of rows in which a column has a value, in per mille; None where nobody knows.
    """

    object: str
    rows: int | None = None
    size: int = 0
    index_size: int = 0
    filled: int | None = None
    facts: tuple[RadiusFact, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """What gates ask for, in seconds; part of what is signed.

    Attributes:
        min_age: since full rollout.
        min_releases: between the expand and the contract.
        freshness: of a verification.
        quiet: since the last process of an older release is gone.
        backup: age of the last proof that a backup can be restored.
        approval: how long an approval counts.
    """

    min_age: int = 7 * 86_400
    min_releases: int = 1
    freshness: int = 86_400
    quiet: int = 30 * 60
    backup: int = 7 * 86_400
    approval: int = APPROVAL_HOURS * 3_600


@dataclass(frozen=True, kw_only=True)
class ContractPlan:
    """The plan of one part of a contract on one database.

    Attributes:
        kind: what the change is about, in the words of `migsafe plan`; None where nobody has said.
        database: its name, as the server says it.
        identity: what tells the database from any other, as far as the role may ask.
        part: None where the contract has no parts.
        made_at: when; not hashed.
        author: who made it; not hashed.
        floor: the oldest release that works after it; None where nobody can tell.
        follows: what comes after this plan, in words.
        facts: one line for each thing that the plan depends on in the database; what the fingerprint is made of.
        surroundings: other relations → a short digest of each, so that what has changed beside the plan can be named.
    """

    change: str
    where: TargetName
    database: str
    part: Part | None
    objects: tuple[TakenObject, ...]
    steps: tuple[ContractStep, ...]
    thresholds: Thresholds
    gates: tuple[Gate, ...] = ()
    usage: tuple[Gate, ...] = ()
    radius: tuple[Radius, ...] = ()
    kind: str | None = None
    identity: str = ""
    hold: Hold | None = None
    floor: str | None = None
    follows: str | None = None
    facts: tuple[str, ...] = ()
    surroundings: Mapping[str, str] = field(default_factory=dict)
    author: str = ""
    made_at: datetime | None = None

    @cached_property
    def plan_id(self) -> str:
        """SHA-256 of what is signed, and of what it was signed for; by it a plan is kept and named."""
        from migsafe.contracts.hashing import plan_id

        return plan_id(self)

    @cached_property
    def signed_hash(self) -> str:
        """SHA-256 of what is signed: the same inputs give the same one."""
        from migsafe.contracts.hashing import signed_hash

        return signed_hash(self)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of what the plan depends on in the database."""
        from migsafe.contracts.hashing import fingerprint

        return fingerprint(self.facts)

    @property
    def short_id(self) -> str:
        """What a person types."""
        return self.plan_id[:12]

    @property
    def verdict(self) -> Verdict:
        """What all gates come to."""
        if self.blockers:
            return Verdict.BLOCKED
        return Verdict.NEEDS_ACK if self.acknowledgements else Verdict.ELIGIBLE

    @property
    def blockers(self) -> tuple[Gate, ...]:
        """What stands in the way: what fails first, then what is not known."""
        found = (*self.gates, *self.usage)
        return (*(one for one in found if one.result == "fail"), *(one for one in found if one.result == "unknown"))

    @property
    def acknowledgements(self) -> tuple[Gate, ...]:
        """What whoever approves must have read."""
        return tuple(one for one in (*self.gates, *self.usage) if one.result == "acknowledge")

    @property
    def loses_data(self) -> bool:
        """Whether any step takes what is in no other place."""
        return any(step.loses_data for step in self.steps)

    @property
    def approvals_needed(self) -> int:
        """One person, two where data is lost."""
        return 2 if self.loses_data else 1

    @property
    def has_begun(self) -> bool:
        """Whether some of it has run here."""
        return any(step.is_over or step.is_open for step in self.steps)

    @property
    def unwritten(self) -> tuple[ContractStep, ...]:
        """Steps for which there is no migration yet."""
        return tuple(step for step in self.steps if step.migration is None)

    @property
    def point_of_no_return(self) -> str:
        """One line: after which statement nothing brings it back."""
        number = 0
        for step in self.steps:
            if step.point_of_no_return is not None or step.loses_data:
                what = step.point_of_no_return or step.no_way_back or "what it takes is in no other place"
                left = "; only a backup has it then" if step.loses_data else ""
                return f"after statement {number + 1} ({step.name}): {what}{left}"
            number += len(step.statements)
        return "none: every statement of this plan can be taken back"
