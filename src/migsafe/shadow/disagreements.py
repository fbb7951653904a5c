"""Prediction beside observation: where the server does something else than migsafe's knowledge says.

No disagreement are: locks weaker than SHARE UPDATE EXCLUSIVE, which a statement takes on all that it reads; locks on
indexes; a lock in a mode that the transaction has already, which cannot be seen a second time; what a branch or code
out of sight decides; scans that the planner chooses, or a trigger makes; what happens to tables that such code made.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from migsafe.model.finding import Finding, Severity
from migsafe.model.locks import LockClaim, LockMode, Work
from migsafe.model.names import QualifiedName
from migsafe.rules.knowledge.table_work import Bounds
from migsafe.rules.proofs import LOCK_NOT_AS_PREDICTED
from migsafe.shadow.seen import finding_of
from migsafe.shadow.zones import UTC, WITH_OFFSET

if TYPE_CHECKING:
    from migsafe.model.evidence import ObservedMigration, ObservedStatement
    from migsafe.model.statement import ReadScript
    from migsafe.shadow.migration import ShadowMigration
    from migsafe.shadow.prediction import Prediction

#: Weaker locks keep no DDL and no DML waiting.
_WEAKEST_COMPARED = LockMode.SHARE_UPDATE_EXCLUSIVE


class Scene(NamedTuple):
    """What stood around a statement.

    Attributes:
        existing: relations from before the migration, under the names that they had just before the statement.
        held: locks on them that the transaction had already.
    """

    existing: frozenset[QualifiedName]
    held: frozenset[tuple[QualifiedName, LockMode]]


class Disagreement(NamedTuple):
    """One relation of which the two sides say different things, in words: "no lock", "SHARE", "a rewrite"."""

    table: QualifiedName
    predicted: str
    observed: str


def compare(
    migration: ShadowMigration,
    predictions: Sequence[Prediction],
    seen: ObservedMigration,
    scenes: Mapping[int, Scene],
) -> Iterator[Finding]:
    """One finding for each statement of which the two sides say different things.

    Args:
        migration: whose way up has run.
        predictions: of each of its statements.
        seen: what was observed.
        scenes: by index of the statement; one that has none is not compared.
    """
    for statement in seen.statements:
        scene = scenes.get(statement.index)
        if scene is None or statement.observation.error is not None or migration.up is None:
            continue
        found = tuple(disagreements(predictions[statement.index], statement, scene))
        if found:
            yield _finding(migration, migration.up, predictions[statement.index], statement, found)


def disagreements(prediction: Prediction, seen: ObservedStatement, scene: Scene) -> Iterator[Disagreement]:
    """What the two sides say differently of one statement, by name."""
    if not prediction.complete:
        return
    named = prediction.known | prediction.locks.keys()
    for table in sorted(scene.existing & named):
        locks = _locks(prediction, seen, scene, table)
        if locks is not None:
            yield Disagreement(table, *locks)
        work = _work(prediction, seen, table)
        if work is not None:
            yield Disagreement(table, *work)


def _locks(
    prediction: Prediction, seen: ObservedStatement, scene: Scene, table: QualifiedName
) -> tuple[str, str] | None:
    predicted, observed = _strong(prediction.locks.get(table)), _strong(seen.observation.mode(table))
    if predicted == observed:
        return None
    missing = observed is None or (predicted is not None and observed < predicted)
    if missing and (not prediction.certain or (predicted is not None and (table, predicted) in scene.held)):
        return None
    return _lock_words(predicted), _lock_words(observed)


def _strong(mode: LockMode | None) -> LockMode | None:
    return mode if mode is not None and mode >= _WEAKEST_COMPARED else None


def _lock_words(mode: LockMode | None) -> str:
    return "no lock that keeps others waiting" if mode is None else str(mode)


def _work(prediction: Prediction, seen: ObservedStatement, table: QualifiedName) -> tuple[str, str] | None:
    bounds = prediction.work.get(table, Bounds())
    observed = _observed_work(prediction, seen, table)
    if bounds.allow(observed) or (observed is Work.NONE and not prediction.certain):
        return None
    if observed is Work.SCAN and prediction.changes_rows:
        return None
    most = _WORK_WORDS[bounds.most]
    return most if bounds.least is bounds.most else f"at most {most}", _WORK_WORDS[observed]


def _observed_work(prediction: Prediction, seen: ObservedStatement, table: QualifiedName) -> Work:
    """What was seen; where it depends on the time zone, in the one that the prediction is about."""
    zone = UTC if prediction.in_utc else WITH_OFFSET
    trial = next((trial for trial in seen.zones if trial.time_zone == zone), None)
    observation = seen.observation if trial is None else replace(seen.observation, rewritten=trial.rewritten)
    return observation.work(table)


_WORK_WORDS = {
    Work.NONE: "no work",
    Work.SCAN: "a scan",
    Work.INDEX_BUILD: "an index build",
    Work.REWRITE: "a rewrite",
}


def _finding(
    migration: ShadowMigration,
    up: ReadScript,
    prediction: Prediction,
    seen: ObservedStatement,
    found: Sequence[Disagreement],
) -> Finding:
    statement = up.statements[seen.index]
    tables = tuple(dict.fromkeys(one.table for one in found))
    objects = tuple(map(str, tables))
    said = "; ".join(f"on {one.table} migsafe predicts {one.predicted}, and {one.observed} was seen" for one in found)
    predicted = (LockClaim(table, mode) for table, mode in prediction.locks.items() if table in tables)
    observed = (claim for claim in seen.observation.locks if claim.table in tables)
    found_there = finding_of(
        LOCK_NOT_AS_PREDICTED,
        migration.id,
        up,
        severity=Severity.WARNING,
        message=said,
        statement=statement,
        objects=objects,
        kind="statement",
    )
    work = max((seen.observation.work(table) for table in tables), key=list(_WORK_WORDS).index)
    return replace(found_there, locks=(*predicted, *observed), work=work)
