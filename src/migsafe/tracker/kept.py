"""The text that ran, and the way back from it: kept when it ran, so that going back needs no checkout.

Kept once for each text of a step; nothing here is ever changed or taken away.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from migsafe.model.phase import Part, Phase
from migsafe.model.script import TransactionRule
from migsafe.model.state import StepStatus
from migsafe.tracker import tables as t
from migsafe.tracker.errors import TrackerBrokenError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from migsafe.model.state import TargetName
    from migsafe.tracker.ledger import Ledger
    from migsafe.tracker.store import Store

#: A run in one of these has left something on its database.
_STANDS = frozenset(
    {StepStatus.DONE, StepStatus.RUNNING, StepStatus.PARTIAL, StepStatus.QUARANTINED, StepStatus.PURGED}
)
_BACKWARD = "backward"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What was run, and what takes it back.

    Attributes:
        checksum: of the text, as its run has it.
        forward: the SQL that ran.
        backward: the SQL that takes it back; None where there is none.
        forward_rule: who opens a transaction around `forward`.
        no_way_back: why `backward` is None on purpose; None where nobody has said so.
    """

    checksum: str
    forward: str
    backward: str | None
    forward_rule: TransactionRule
    backward_rule: TransactionRule | None = None
    no_way_back: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingStep:
    """A step that stands on a database, as the tracker knows it.

    Attributes:
        step_id: its key in the tracker.
        order: the later it came to the database, the greater.
        status: of its last run there; a way back that has failed and left nothing does not count.
        stood: the status of its last run forward.
        going_back: its way back was begun, and has not come to its end.
        at: since when it is so.
        run_checksum: of the text that its last run forward ran; None where nobody knows.
        source: who ran it: `run`, `record`, `adopt`, …
        kept: what was kept when it ran; None where it was run by another tool, or before anything was kept.
    """

    step_id: str
    order: int
    label: str
    migration: str | None
    change: str | None
    phase: Phase | None
    part: Part | None
    release: str | None
    status: StepStatus
    stood: StepStatus
    going_back: bool
    at: datetime | None
    run_checksum: str | None
    source: str
    kept: Kept | None


def keep(store: Store, step_id: str, kept: Kept) -> bool:
    """Keep a text before it runs; false where it is kept already.

    Raises:
        TrackerBrokenError: when another text is kept under the same checksum.
    """
    known = kept_of(store.ledger, step_id, kept.checksum)
    if known is None:
        store.ledger.insert(t.kept, [{"step_id": step_id, "kept_at": store.now, **_row(kept)}])
        return True
    if known.forward != kept.forward or (known.backward != kept.backward and known.backward is not None):
        raise TrackerBrokenError(f"another text is kept under the checksum {kept.checksum} of the step {step_id}")
    return False


def kept_of(ledger: Ledger, step_id: str, checksum: str | None = None) -> Kept | None:
    """What was kept of a step.

    Args:
        checksum: of the text that is meant; the one that was kept last when None.
    """
    c = t.kept.c
    query = sa.select(t.kept).where(c.step_id == step_id).order_by(c.kept_at.desc())
    row = ledger.first(query if checksum is None else query.where(c.checksum == checksum))
    return None if row is None else _kept(row)


def standing_steps(ledger: Ledger, where: TargetName) -> tuple[StandingStep, ...]:
    """The steps that stand on a database, wholly or in part, the latest first."""
    runs = _last_runs(ledger, where)
    rows = {row.step_id: row for row in ledger.rows(sa.select(t.step))}
    texts = {(row.step_id, row.checksum): _kept(row) for row in ledger.rows(sa.select(t.kept))}
    standing = [
        _standing(rows[last.step_id], last, forward, order, texts) for order, (last, forward) in enumerate(runs)
    ]
    return tuple(reversed([one for one in standing if one.status in _STANDS]))


def _last_runs(ledger: Ledger, where: TargetName) -> list[tuple[Any, Any]]:
    """The last run of each step, with its last one forward, in the order in which the steps came to the database."""
    c = t.run.c
    query = sa.select(t.run).where(c.env == where.environment, c.target == where.target).order_by(c.attempt)
    last: dict[str, Any] = {}
    forward: dict[str, Any] = {}
    for row in ledger.rows(query):
        if _is_void(row):
            last[row.step_id] = forward.get(row.step_id, row)
            continue
        last[row.step_id] = row
        if row.direction != _BACKWARD and row.status != StepStatus.REVERTED.value:
            forward[row.step_id] = row
    found = [(row, forward[step_id]) for step_id, row in last.items() if step_id in forward]
    return sorted(found, key=lambda pair: (pair[1].at or pair[1].recorded_at, pair[1].recorded_at))


def _is_void(run: Any) -> bool:
    """A way back that has failed: nothing of it is left, so that all is as it was before."""
    return bool(run.direction == _BACKWARD and run.status == StepStatus.FAILED.value)


def _standing(step: Any, last: Any, forward: Any, order: int, texts: Mapping[tuple[str, str], Kept]) -> StandingStep:
    return StandingStep(
        step_id=step.step_id,
        order=order,
        label=step.migration or step.name or "a step without a name",
        migration=step.migration,
        change=step.change_id,
        phase=Phase(step.phase) if step.phase else None,
        part=Part(step.part) if step.part else None,
        release=step.release_id,
        status=StepStatus(last.status),
        stood=StepStatus(forward.status),
        going_back=last.direction == _BACKWARD,
        at=last.at,
        run_checksum=forward.checksum,
        source=forward.source,
        kept=texts.get((step.step_id, forward.checksum)),
    )


def _row(kept: Kept) -> dict[str, str | None]:
    return {
        "checksum": kept.checksum,
        "forward": kept.forward,
        "backward": kept.backward,
        "forward_rule": kept.forward_rule.value,
        "backward_rule": kept.backward_rule.value if kept.backward_rule else None,
        "no_way_back": kept.no_way_back,
    }


def _kept(row: Any) -> Kept:
    return Kept(
        checksum=row.checksum,
        forward=row.forward,
        backward=row.backward,
        forward_rule=TransactionRule(row.forward_rule),
        backward_rule=TransactionRule(row.backward_rule) if row.backward_rule else None,
        no_way_back=row.no_way_back,
    )
