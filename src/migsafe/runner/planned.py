"""The plan's own steps behind migrations: what must hold before and after, and which of them are backfills.

A migration is the step of a plan where it says the same: a file that somebody has edited is run as it is written.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from migsafe.plan.recognition import recognise, unframed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from migsafe.model.plan import ChangePlan, PlanStep
    from migsafe.model.statement import ReadScript


@dataclass(frozen=True, slots=True)
class Planned:
    """A step of a plan."""

    plan: ChangePlan
    step: PlanStep


def planned_step(read: ReadScript, change: str | None, plans: Iterable[ChangePlan]) -> Planned | None:
    """The step of a plan that a migration is; None where it is none, or is no longer what the plan wrote.

    Args:
        change: the change that the migration declares.
    """
    plan = next((one for one in plans if one.change == change), None)
    if plan is None:
        return None
    return next((Planned(plan, step) for step in plan.steps if _is(read, step)), None)


def _is(read: ReadScript, step: PlanStep) -> bool:
    found = recognise(read.statements, step, unframed)
    return found is not None and found.is_whole
