"""A tool's table held against project and tracker: what is to be recorded, what a person must look at. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from migsafe.books.base import Outcome
from migsafe.model.state import StepStatus

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from migsafe.bookkeeping.project import ProjectStep
    from migsafe.books.base import Applied

#: The table says of all of them only that the migration has run.
_RAN = frozenset({StepStatus.DONE, StepStatus.QUARANTINED, StepStatus.PURGED})
_BROKEN = frozenset({StepStatus.FAILED, StepStatus.PARTIAL})
_STATUS = {
    Outcome.DONE: StepStatus.DONE,
    Outcome.FAILED: StepStatus.FAILED,
    Outcome.PARTIAL: StepStatus.PARTIAL,
}
_NO_REASON = "its tool has not said why"


class Trouble(StrEnum):
    """What a person has to look at."""

    FAILED = "failed"
    """The tool would not go on before somebody has."""
    CHANGED = "changed"
    """The file is not the text that ran."""
    UNKNOWN = "unknown"
    """The table has what the project has not."""
    DISPUTED = "disputed"
    """The tracker and the table do not agree; the tracker is left as it is."""


@dataclass(frozen=True, slots=True)
class Concern:
    """One thing to look at."""

    kind: Trouble
    migration: str
    text: str


@dataclass(frozen=True, slots=True)
class Adopted:
    """One migration, as it is recorded after this.

    Attributes:
        at: when the tool ran it; None where the tool does not keep that.
        changed: whether it is recorded now; false where it was before.
        note: what the tool's table says beside.
    """

    migration: str
    status: StepStatus
    at: datetime | None
    changed: bool
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One migration that is to be recorded.

    Attributes:
        at: when it ran; where the tool does not keep that, a moment at which it had.
        checksum: of the text that ran; None where the file is another one by now, so that nothing is claimed.
    """

    step: ProjectStep
    status: StepStatus
    at: datetime
    checksum: str | None
    note: str | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """What came of it for one layout.

    Attributes:
        entries: what is to be recorded, in the order in which it ran.
        adopted: what is recorded after that, so far as the table has it.
        left: migrations of the project that have not run there, in the tool's order.
    """

    entries: tuple[Entry, ...]
    adopted: tuple[Adopted, ...]
    left: tuple[str, ...]
    concerns: tuple[Concern, ...]


def compare(
    steps: Sequence[ProjectStep],
    applied: Sequence[Applied],
    known: Mapping[str, StepStatus],
    now: datetime,
    *,
    table: str,
    seen: datetime | None = None,
) -> Comparison:
    """Hold a tool's table against the project and the tracker.

    Args:
        steps: the project's migrations, in the tool's order.
        applied: what the table tells.
        known: what the tracker has recorded of each on this database.
        now: a time after it is taken for now: the clocks of two machines, or their zones, are apart.
        table: as people write it.
        seen: when at the latest it had run, where the tool does not keep that; now when None.
    """
    by_id = {step.migration.id: step for step in steps}
    judged = [_judge(one, by_id[one.id], known.get(one.id), now, seen or now) for one in applied if one.id in by_id]
    told = {one.id for one in applied}
    concerns = (
        *(concern for one in applied for concern in _concerns(one, by_id.get(one.id), known.get(one.id), table)),
        *_unconfirmed(steps, told, known, table),
    )
    return Comparison(
        entries=tuple(entry for entry, _ in judged if entry is not None),
        adopted=tuple(one for _, one in judged),
        left=tuple(name for name, step in by_id.items() if name not in told and step.migration.up is not None),
        concerns=tuple(sorted(concerns, key=lambda concern: list(Trouble).index(concern.kind))),
    )


def _judge(
    one: Applied, step: ProjectStep, known: StepStatus | None, now: datetime, seen: datetime
) -> tuple[Entry | None, Adopted]:
    status = _STATUS[one.outcome]
    at = min(one.at, now) if one.at is not None else None
    if known is not None and (_agrees(one, known) or _disputes(one, known)):
        return None, Adopted(one.id, known, at, False, one.note)
    checksum = None if one.changed else step.checksum
    return Entry(step, status, at or seen, checksum, one.note), Adopted(one.id, status, at, True, one.note)


def _agrees(one: Applied, known: StepStatus) -> bool:
    return known in (_BROKEN if one.failed else _RAN)


def _disputes(one: Applied, known: StepStatus) -> bool:
    """Whether the tracker knows better than to be overruled by the table."""
    return known is StepStatus.RUNNING or (one.failed and known in _RAN)


def _concerns(one: Applied, step: ProjectStep | None, known: StepStatus | None, table: str) -> Iterator[Concern]:
    if not one.known:
        note = f"; {one.note}" if one.note else ""
        yield Concern(Trouble.UNKNOWN, one.id, f"{table} has it, and the project has not{note}")
    if one.failed:
        yield Concern(Trouble.FAILED, one.id, f"{_STATUS[one.outcome]}: {one.note or _NO_REASON}")
    if one.changed and step is not None and not step.migration.repeatable:  # those are meant to change
        yield Concern(Trouble.CHANGED, one.id, "the file is not the text that ran: its checksum is another one")
    if one.known and known is not None and _disputes(one, known):
        says = "failed" if one.failed else "ran"
        yield Concern(Trouble.DISPUTED, one.id, f"{table} says that it {says}; the tracker, that it is {known}")


def _unconfirmed(
    steps: Sequence[ProjectStep], told: set[str], known: Mapping[str, StepStatus], table: str
) -> Iterator[Concern]:
    for step in steps:
        status = known.get(step.migration.id)
        if step.migration.id not in told and status in _RAN:
            text = f"the tracker says that it is {status}; {table} does not have it"
            yield Concern(Trouble.DISPUTED, step.migration.id, text)
