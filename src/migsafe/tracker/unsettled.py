"""What is still of interest: changes that have not come to their end everywhere, and what is wrong; no more is read.

Most of a tracker is history. The database counts which changes are over, and only the others are read as values.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from migsafe.model.phase import Phase
from migsafe.model.state import ChangeState, StateDocument, StepStatus, TargetName
from migsafe.tracker import tables as t
from migsafe.tracker.reading import Compatibility, Selection, read_compatibility, read_selection

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from migsafe.tracker.ledger import Ledger

#: A step has come to its end on a database with one of these.
OVER = frozenset({StepStatus.DONE, StepStatus.PURGED, StepStatus.SKIPPED})
BROKEN = frozenset({StepStatus.FAILED, StepStatus.PARTIAL})
#: More than so many changes are not picked one by one (SQLite takes 32,766 values in a statement).
_PICKED = 2_000


@dataclass(frozen=True, slots=True)
class Loose:
    """Steps of no change in one environment.

    Attributes:
        counts: status → how many of them have it, over all databases.
        broken: what has failed, one sentence each.
    """

    counts: tuple[tuple[str, int], ...] = ()
    broken: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unsettled:
    """A part of what a tracker knows.

    Attributes:
        state: environments, releases, and the changes that are not over, with their steps, runs and checks.
        loose: by environment.
        compatibility: which releases work, by database.
        settled: how many changes are over everywhere, and left out.
    """

    state: StateDocument
    loose: Mapping[str, Loose]
    compatibility: Mapping[TargetName, Compatibility]
    settled: int


def read_unsettled(
    ledger: Ledger, now: datetime, environment: str | None = None, *, everything: bool = False
) -> Unsettled:
    """Read what is still of interest.

    Args:
        environment: only what is not over there counts; anywhere when None.
        everything: also changes that are over.
    """
    known = ledger.rows(sa.select(t.change.c.change_id, t.change.c.state))
    over = frozenset() if everything else _over(ledger, environment, {row.change_id: row.state for row in known})
    left = [row.change_id for row in known if row.change_id not in over]
    picked = bool(over) and len(left) <= _PICKED
    state = read_selection(ledger, now, Selection(tuple(left) if picked else None))
    if over and not picked:
        state = _only(state, frozenset(left))
    return Unsettled(state, _loose(ledger), read_compatibility(ledger), len(over))


def _over(ledger: Ledger, environment: str | None, states: Mapping[str, str]) -> frozenset[str]:
    """Changes of which every step is over on every database, and none is still to be written."""
    targets = _targets(ledger, environment)
    places, an_empty_one = sum(targets.values()), 0 in targets.values()
    done = {row.change_id: row.runs for row in ledger.rows(_runs_that_are_over(environment))}
    found = set()
    for row in ledger.rows(_STEPS):
        state = states.get(row.change_id)
        ended = state == ChangeState.CLOSED.value or (row.contracts and not an_empty_one)
        if state is not None and ended and done.get(row.change_id, 0) == row.steps * places:
            found.add(row.change_id)
    return frozenset(found)


def _targets(ledger: Ledger, environment: str | None) -> Mapping[str, int]:
    e, c = t.environment.c, t.target.c
    query = sa.select(e.env, sa.func.count(c.target).label("targets")).join_from(
        t.environment, t.target, c.env == e.env, isouter=True
    )
    rows = ledger.rows(query.group_by(e.env))
    return {row.env: row.targets for row in rows if environment in {None, row.env}}


_STEPS = (
    sa.select(
        t.step.c.change_id,
        sa.func.count().label("steps"),
        sa.func.sum(sa.case((t.step.c.phase == Phase.CONTRACT.value, 1), else_=0)).label("contracts"),
    )
    .where(t.step.c.change_id.isnot(None), t.step.c.phase.isnot(None))
    .group_by(t.step.c.change_id)
)


def _latest() -> sa.ColumnElement[bool]:
    """Nothing has become of the step there since."""
    run, later = t.run.c, t.run.alias("later")
    same = (later.c[name] == run[name] for name in ("step_id", "env", "target"))
    return ~sa.exists().where(*same, later.c.attempt > run.attempt)


def _runs_that_are_over(environment: str | None) -> sa.Select[Any]:
    s, r = t.step.c, t.run.c
    here = () if environment is None else (r.env == environment,)
    return (
        sa.select(s.change_id, sa.func.count().label("runs"))
        .join_from(t.run, t.step, s.step_id == r.step_id)
        .where(s.change_id.isnot(None), s.phase.isnot(None), r.status.in_(sorted(OVER)), _latest(), *here)
        .group_by(s.change_id)
    )


def _loose(ledger: Ledger) -> Mapping[str, Loose]:
    s, r = t.step.c, t.run.c
    loose = (s.change_id.is_(None), s.phase.isnot(None), _latest())
    joined = sa.join(t.run, t.step, s.step_id == r.step_id)
    counting = sa.select(r.env, r.status, sa.func.count().label("runs")).select_from(joined).where(*loose)
    counts: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for row in ledger.rows(counting.group_by(r.env, r.status).order_by(r.env, r.status)):
        counts[row.env].append((row.status, row.runs))
    naming = sa.select(s.migration, s.name, r.env, r.target, r.status).select_from(joined)
    broken: dict[str, list[str]] = defaultdict(list)
    for row in ledger.rows(naming.where(*loose, r.status.in_(sorted(BROKEN))).order_by(s.migration, s.name, r.target)):
        broken[row.env].append(f"{row.migration or row.name} is {row.status} on {TargetName(row.env, row.target)}")
    return {env: Loose(tuple(counts[env]), tuple(broken[env])) for env in counts}


def _only(state: StateDocument, changes: frozenset[str]) -> StateDocument:
    return replace(
        state,
        changes=tuple(change for change in state.changes if change.id in changes),
        steps=tuple(step for step in state.steps if step.change in changes),
    )
