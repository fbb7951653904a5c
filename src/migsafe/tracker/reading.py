"""What the tracker knows, as a state document."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from migsafe.model.dialect import Dialect
from migsafe.model.phase import Part, Phase
from migsafe.model.plan import ChangeKind
from migsafe.model.state import (
    Chain,
    Change,
    ChangeState,
    Check,
    Environment,
    KnownRelease,
    NodeReading,
    Run,
    StateDocument,
    StatisticsFact,
    Step,
    StepStatus,
    Target,
    TargetName,
)
from migsafe.model.usage import Use
from migsafe.tracker import tables as t
from migsafe.tracker.store import rollout_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from migsafe.tracker.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Compatibility:
    """Which releases work on a database's schema; see `Store.put_compatibility`."""

    floor: str | None = None
    ceiling: str | None = None
    doubt: str | None = None

    @property
    def spelt(self) -> str:
        """For people: `from 1.8.0 to 1.9.0`."""
        if self.floor and self.ceiling:
            return f"from {self.floor} to {self.ceiling}"
        if self.floor:
            return f"from {self.floor} on"
        return f"up to {self.ceiling}" if self.ceiling else "with every release so far"


@dataclass(frozen=True, slots=True)
class Known:
    """All that a tracker knows.

    Attributes:
        state: as a document.
        unphased: steps of which nobody has said the phase, and which no document can hold.
        compatibility: by database.
    """

    state: StateDocument
    unphased: tuple[Step, ...]
    compatibility: Mapping[TargetName, Compatibility]


@dataclass(frozen=True, slots=True)
class Selection:
    """Which steps, and what belongs to them, are read.

    Attributes:
        changes: those of these changes; all, and also those of no change, when None.
        history: also statistics.
    """

    changes: tuple[str, ...] | None = None
    history: bool = False

    def of(self, column: sa.Column[Any]) -> tuple[sa.ColumnElement[bool], ...]:
        """As a condition on a column that names a change."""
        return () if self.changes is None else (column.in_(self.changes),)


def read_known(ledger: Ledger, now: datetime) -> Known:
    """Read everything.

    Args:
        now: when that is, for the document.
    """
    return Known(read_selection(ledger, now, Selection(history=True)), _unphased(ledger), read_compatibility(ledger))


def read_selection(ledger: Ledger, now: datetime, selection: Selection) -> StateDocument:
    """Read a part.

    Args:
        now: when that is, for the document.
    """
    meta = ledger.meta()
    count, head = ledger.last_event()
    return StateDocument(
        exported=now,
        installation=meta.get("installation", "?"),
        chain=Chain(head, count),
        releases=_releases(ledger),
        environments=tuple(_environments(ledger, read_compatibility(ledger))),
        changes=tuple(_changes(ledger, selection)),
        steps=tuple(_steps(ledger, selection)),
        checks=tuple(_checks(ledger, selection)),
        statistics=tuple(_statistics(ledger)) if selection.history else (),
    )


def read_target(ledger: Ledger, where: TargetName) -> Target | None:
    """What is known of one database; None where it is not known. Nothing else is read, however many there are."""
    c, b = t.target.c, t.compat.c
    row = ledger.first(
        sa.select(c.dialect, c.identity, c.nodes, b.floor)
        .join_from(t.target, t.compat, sa.and_(b.env == c.env, b.target == c.target), isouter=True)
        .where(c.env == where.environment, c.target == where.target)
    )
    if row is None:
        return None
    dialect, nodes = Dialect(row.dialect), tuple(row.nodes)
    return Target(name=where.target, dialect=dialect, identity=row.identity, floor=row.floor, nodes=nodes)


def read_compatibility(ledger: Ledger) -> dict[TargetName, Compatibility]:
    """Which releases work on each database, where somebody has said so."""
    return {
        TargetName(row.env, row.target): Compatibility(row.floor, row.ceiling, row.doubt)
        for row in ledger.rows(sa.select(t.compat))
    }


def _releases(ledger: Ledger) -> tuple[KnownRelease, ...]:
    c = t.release.c
    rows = ledger.rows(sa.select(t.release).where(c.seq.isnot(None)).order_by(c.seq))
    return tuple(KnownRelease(row.release_id, row.day) for row in rows)


def _environments(ledger: Ledger, compatibility: Mapping[TargetName, Compatibility]) -> Iterable[Environment]:
    targets, rollouts = defaultdict(list), defaultdict(list)
    for row in ledger.rows(sa.select(t.target)):
        known = compatibility.get(TargetName(row.env, row.target), Compatibility())
        targets[row.env].append(
            Target(
                name=row.target,
                dialect=Dialect(row.dialect),
                identity=row.identity,
                floor=known.floor,
                nodes=tuple(row.nodes),
            )
        )
    for row in ledger.rows(sa.select(t.rollout)):
        rollouts[row.env].append(rollout_of(row))
    for row in ledger.rows(sa.select(t.environment).order_by(t.environment.c.env)):
        yield Environment(
            name=row.env,
            protected=row.protected,
            rollback_to=row.rollback_to,
            targets=tuple(targets[row.env]),
            rollouts=tuple(rollouts[row.env]),
        )


def _changes(ledger: Ledger, selection: Selection) -> Iterable[Change]:
    for row in ledger.rows(sa.select(t.change).where(*selection.of(t.change.c.change_id))):
        yield Change(
            id=row.change_id,
            state=ChangeState(row.state),
            kind=ChangeKind(row.kind) if row.kind else None,
            objects=tuple(row.objects),
            owner=row.owner,
            introduced_in=row.introduced_in,
            due=row.due,
            due_release=row.due_release,
        )


def _steps(ledger: Ledger, selection: Selection) -> Iterable[Step]:
    runs = _latest_runs(ledger, selection)
    for row in ledger.rows(sa.select(t.step).where(t.step.c.phase.isnot(None), *selection.of(t.step.c.change_id))):
        yield replace(_step(row, Phase(row.phase)), runs=tuple(runs[row.step_id]))


def _unphased(ledger: Ledger) -> tuple[Step, ...]:
    """As expand, which is what a document would have to guess."""
    rows = ledger.rows(sa.select(t.step).where(t.step.c.phase.is_(None)).order_by(t.step.c.migration))
    return tuple(_step(row, Phase.EXPAND) for row in rows)


def _step(row: sa.Row[Any], phase: Phase) -> Step:
    return Step(
        phase=phase,
        migration=row.migration,
        name=row.name,
        change=row.change_id,
        part=Part(row.part) if row.part else None,
        release=row.release_id,
    )


def _latest_runs(ledger: Ledger, selection: Selection) -> dict[str, list[Run]]:
    """What has become of each step on each database: its last run there."""
    c = t.run.c
    # A later attempt takes the place of an earlier one: cheaper than to join the table with itself.
    query = sa.select(c.step_id, c.env, c.target, c.status, c.at, c.checksum).order_by(c.attempt)
    if selection.changes is not None:
        query = query.where(c.step_id.in_(sa.select(t.step.c.step_id).where(*selection.of(t.step.c.change_id))))
    latest = {(row.step_id, row.env, row.target): row for row in ledger.rows(query)}
    runs: dict[str, list[Run]] = defaultdict(list)
    for row in latest.values():
        runs[row.step_id].append(
            Run(
                environment=row.env,
                target=row.target,
                status=StepStatus(row.status),
                at=row.at,
                checksum=row.checksum,
            )
        )
    return runs


def _checks(ledger: Ledger, selection: Selection) -> Iterable[Check]:
    for row in ledger.rows(sa.select(t.check).where(*selection.of(t.check.c.change_id))):
        yield Check(
            change=row.change_id,
            name=row.name,
            environment=row.env,
            target=row.target,
            ok=row.ok,
            at=row.at,
            observed=row.observed,
        )


def _statistics(ledger: Ledger) -> Iterable[StatisticsFact]:
    for row in ledger.rows(sa.select(t.statistic)):
        yield StatisticsFact(
            object=row.object,
            environment=row.env,
            target=row.target,
            use=Use(row.known_use),
            since=row.since_at,
            until=row.until_at,
            calls=row.calls,
            readings=tuple(_reading(one) for one in row.readings),
        )


def _reading(kept: Mapping[str, Any]) -> NodeReading:
    reset = kept["stats_reset"]
    return NodeReading(
        node=kept["node"],
        reads_all=kept["reads_all"],
        stats_reset=datetime.fromisoformat(reset).astimezone(UTC) if reset else None,
        evicted=kept["evicted"],
    )
