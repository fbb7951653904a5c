"""What a migration's proof means: findings, with the project's own names and places."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from migsafe.model.finding import Finding, Severity
from migsafe.model.locks import Work
from migsafe.model.operation import AddColumn
from migsafe.model.script import Direction
from migsafe.rules.proofs import (
    CHECKS,
    MIGRATION_FAILS,
    NO_WAY_BACK,
    SECOND_UP_FAILS,
    UNPROVED,
    WAY_BACK_DIFFERS,
    WAY_BACK_FAILS,
)
from migsafe.rules.wording import name_list
from migsafe.shadow.differences import classify
from migsafe.shadow.seen import finding_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migsafe.model.statement import ReadScript, Statement
    from migsafe.shadow.differences import Loss
    from migsafe.shadow.irreversible import Marker
    from migsafe.shadow.migration import Failure, ShadowMigration
    from migsafe.shadow.round_trip import RoundTrip

_WORD = re.compile(r"\w+")
_NOT_NULL_VIOLATION = "23502"

#: string_data_right_truncation and numeric_value_out_of_range: a narrower type.
_DOES_NOT_FIT = frozenset({"22001", "22003"})

_NEEDS_REASON = 'The marker of this migration gives no reason="…", and does not hold without one.'
_NOT_REPAIRED = "Applying the migration again does not bring it back either."
_ONLY_ROWS = "It works on empty tables, and fails on generated rows that obeyed every constraint until then."

#: How many objects a message names.
_NAMED = 5


def verdict(
    migration: ShadowMigration, trip: RoundTrip, marker: Marker | None = None, *, keeps_ways_back: bool = True
) -> Iterator[Finding]:
    """All that a round trip says against a migration.

    Args:
        marker: where the migration says that it has no way back on purpose.
        keeps_ways_back: other migrations of the project have one, so that a missing one is no custom of its tool.
    """
    up_failure = trip.clean.up or trip.filled.up
    if up_failure is not None:
        yield failed(MIGRATION_FAILS, migration, up_failure, only_rows=trip.clean.up is None)
    if marker is not None and marker.reason:
        return
    advice = _NEEDS_REASON if marker is not None else ""
    if _is_empty(migration.down):
        if keeps_ways_back:
            yield from _no_way_back(migration, trip, advice)
    else:
        yield from _way_back(migration, trip, advice)
    again = trip.clean.second_up or (trip.filled.second_up if trip.filled.down is None else None)
    if again is not None:
        yield failed(SECOND_UP_FAILS, migration, again, only_rows=trip.clean.second_up is None, advice=advice)


def failed(
    check: str, migration: ShadowMigration, failure: Failure, *, only_rows: bool = False, advice: str = ""
) -> Finding:
    """A script that the server refuses.

    Args:
        only_rows: it does so only where the tables have rows.
        advice: is added to what to do.
    """
    read = migration.down if failure.script.direction is Direction.DOWN else migration.up
    subject = {
        MIGRATION_FAILS: migration.id,
        WAY_BACK_FAILS: f"the way back of {migration.id}",
        SECOND_UP_FAILS: f"{migration.id}, applied again after its way back,",
        UNPROVED: f"{migration.id} could not be tried: the shadow refuses it, as it",
    }[check]
    state = f" ({failure.sqlstate})" if failure.sqlstate else ""
    end = " at the end of the transaction" if failure.statement is None and failure.placed else ""
    rows = " on tables with rows" if only_rows else ""
    return finding_of(
        check,
        migration.id,
        read,
        severity=_weight(failure) if only_rows else Severity.ERROR,
        statement=failure.statement,
        message=f"{subject} fails{rows}{end}: {failure.message}{state}",
        why=_ONLY_ROWS if only_rows else CHECKS[check].why,
        advice=advice,
    )


def unproved(migration: ShadowMigration, reason: str, *, statement: Statement | None = None) -> Finding:
    """A migration of which nothing can be said, and why."""
    return finding_of(
        UNPROVED,
        migration.id,
        migration.up or migration.down,
        severity=Severity.WARNING,
        statement=statement,
        message=f"{migration.id} is not proved: {reason}",
    )


def observed(
    check: str,
    migration: ShadowMigration,
    statement: Statement | None,
    *,
    severity: Severity,
    objects: tuple[str, ...],
    message: str,
    work: Work = Work.NONE,
) -> Finding:
    """What was seen of one statement of a way up, and is no failure."""
    found = finding_of(
        check,
        migration.id,
        migration.up,
        severity=severity,
        statement=statement,
        objects=objects,
        message=message,
    )
    return replace(found, work=work)


def no_ways_back(migration: ShadowMigration, missing: int, of: int) -> Finding:
    """Said once of a project that keeps few ways back or none: its tool has none, or nobody writes them."""
    return finding_of(
        NO_WAY_BACK,
        migration.id,
        migration.up,
        severity=Severity.INFO,
        message=f"this project keeps no ways back: {missing} of {of} migrations have none",
    )


def _weight(failure: Failure) -> Severity:
    """Of a failure on generated rows: a warning where any row does it, a note where it depends on their values."""
    operations = failure.statement.operations if failure.statement is not None else ()
    if failure.sqlstate == _NOT_NULL_VIOLATION and any(isinstance(o, AddColumn) for o in operations):
        return Severity.WARNING
    return Severity.WARNING if failure.sqlstate in _DOES_NOT_FIT else Severity.INFO


def _no_way_back(migration: ShadowMigration, trip: RoundTrip, advice: str) -> Iterator[Finding]:
    losses = classify(trip.clean.lost) if trip.clean.complete else ()
    if not losses:
        return
    objects = tuple(dict.fromkeys(name for loss in losses for name in loss.objects))
    how = "no way back" if migration.down is None else "an empty way back"
    yield finding_of(
        NO_WAY_BACK,
        migration.id,
        migration.down or migration.up,
        severity=Severity.WARNING,
        objects=objects,
        message=f"{migration.id} has {how}, and changes {_some(objects)}",
        advice=advice,
    )


def _way_back(migration: ShadowMigration, trip: RoundTrip, advice: str) -> Iterator[Finding]:
    failure = trip.clean.down or (trip.filled.down if trip.filled.up is None else None)
    if failure is not None:
        yield failed(WAY_BACK_FAILS, migration, failure, only_rows=trip.clean.down is None, advice=advice)
    for_good = {difference.key for difference in trip.clean.lost_for_good}
    for loss in classify(trip.clean.lost):
        repaired = for_good.isdisjoint(loss.keys)
        why = CHECKS[WAY_BACK_DIFFERS].why
        yield finding_of(
            WAY_BACK_DIFFERS,
            migration.id,
            migration.down,
            severity=loss.severity,
            statement=_nearest(loss, migration.down),
            objects=loss.objects,
            kind=loss.kind,
            message=f"the way back of {migration.id} {loss.predicate}",
            why=why if repaired else f"{why} {_NOT_REPAIRED}",
            advice=advice,
        )


def _is_empty(read: ReadScript | None) -> bool:
    return read is None or not (read.statements or read.script.gaps)


def _some(names: tuple[str, ...]) -> str:
    if len(names) <= _NAMED:
        return name_list(names)
    return f"{', '.join(names[:_NAMED])} and {len(names) - _NAMED} more"


def _nearest(loss: Loss, read: ReadScript | None) -> Statement | None:
    """The statement of a script that shares most words with what is lost; the first one of equals."""
    wanted = {word.lower() for name in (*loss.objects, loss.predicate) for word in _WORD.findall(name)}

    def likeness(statement: Statement) -> int:
        return len(wanted & {word.lower() for word in _WORD.findall(statement.text)})

    return max(read.statements, key=likeness, default=None) if read is not None else None
