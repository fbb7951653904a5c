"""How far each database of an environment is: which steps are known, and what became of each there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from migsafe.model.phase import Part, Phase
from migsafe.model.state import StepStatus
from migsafe.tracker import tables as t
from migsafe.tracker.errors import UnknownNameError
from migsafe.tracker.names import Names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migsafe.tracker.ledger import Ledger


@dataclass(frozen=True, slots=True)
class StepName:
    """A step as every tracker of a fleet knows it.

    Attributes:
        label: its migration, or its name.
        change: None where it belongs to none.
        part: of a contract.
    """

    phase: Phase
    label: str
    change: str | None = None
    part: Part | None = None


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """What a tracker says of an environment.

    Attributes:
        runs: database → step → what became of it there last; of steps of which somebody has said the phase.
    """

    environment: str | None
    runs: Mapping[str, Mapping[StepName, StepStatus]]


def read_whereabouts(ledger: Ledger, environment: str | None = None) -> Whereabouts:
    """Read how far each database is.

    Args:
        environment: the only one that the tracker knows when None. A tracker that does not know it has nothing to say.

    Raises:
        UnknownNameError: when it knows several, and nobody says which.
    """
    environment = environment or _only(ledger)
    s, r = t.step.c, t.run.c
    named = sa.select(s.step_id, s.migration, s.name, s.change_id, s.phase, s.part).where(s.phase.isnot(None))
    steps = {row.step_id: _name(row) for row in ledger.rows(named)}
    runs: dict[str, dict[StepName, StepStatus]] = {}
    # A later attempt takes the place of an earlier one.
    query = sa.select(r.step_id, r.target, r.status).where(r.env == environment).order_by(r.attempt)
    for row in ledger.rows(query):
        if (step := steps.get(row.step_id)) is not None:
            runs.setdefault(row.target, {})[step] = StepStatus(row.status)
    return Whereabouts(environment, runs)


def _name(row: sa.Row[Any]) -> StepName:
    part = Part(row.part) if row.part else None
    return StepName(Phase(row.phase), row.migration or row.name, row.change_id, part)


def _only(ledger: Ledger) -> str | None:
    marker = ledger.meta().get("environment")
    known = Names(ledger).environments()
    if marker is None and len(known) > 1:
        raise UnknownNameError(
            f"the tracker knows {len(known)} environments: {', '.join(known[:5])}", hint="--env says which one is meant"
        )
    return marker or next(iter(known), None)
