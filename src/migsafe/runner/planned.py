"""The plan's own steps behind migrations: what must hold before and after, and which of them are backfills.

A migration is the step of a plan where it says the same: a file that somebody has edited is run as it is written.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from migsafe.model.dialect import Dialect
from migsafe.model.operation import SetParameter, TransactionControl
from migsafe.model.script import Direction, Script, SourceText, TransactionRule
from migsafe.parse import read_script
from migsafe.plan.migrations import migration_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from migsafe.model.plan import ChangePlan, PlanStep
    from migsafe.model.statement import ReadScript, Statement


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
    told = _told(read.statements)
    return next((Planned(plan, step) for step in plan.steps if told in _ways_to_write(plan, step)), None)


def _ways_to_write(plan: ChangePlan, step: PlanStep) -> tuple[tuple[str, ...], ...]:
    """A step as its plan writes it, and without the check that may stand before it."""
    written = _statements(migration_of(plan, step).up)
    bare = _statements(step.forward)
    return tuple(one for one in (written, bare) if one)


def _statements(texts: Sequence[str]) -> tuple[str, ...]:
    text = "\n;\n".join(texts)
    script = Script(Direction.UP, text, SourceText("", text), TransactionRule.NONE, Dialect.POSTGRES)
    return _told(read_script(script).statements)


def _told(statements: Iterable[Statement]) -> tuple[str, ...]:
    """What statements say, but for transactions and settings, which tools and writers handle in their own ways."""
    return tuple(
        " ".join(one.text.split())
        for one in statements
        if not all(isinstance(operation, SetParameter | TransactionControl) for operation in one.operations)
    )
