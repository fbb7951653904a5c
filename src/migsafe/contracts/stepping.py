"""A contract's steps with what will become of a server, what has become of them, and how long they are held; pure."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from migsafe.contracts.values import ContractStep, Hold
from migsafe.model.operation import CreateView, DropTable, DropView
from migsafe.model.phase import Part
from migsafe.model.state import StepStatus
from migsafe.plan.wording import COLUMN_HOLD_DAYS, TABLE_HOLD_DAYS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from migsafe.contracts.drafts import Draft
    from migsafe.contracts.foresight import Foresight
    from migsafe.model.state import Run, StateDocument, TargetName

_TAKEN = frozenset({StepStatus.QUARANTINED, StepStatus.DONE, StepStatus.PURGED})


def step_of(draft: Draft, foresight: Foresight, run: Run | None) -> ContractStep:
    """One step.

    Args:
        foresight: has walked through the steps before it.
        run: what has become of it; None where nobody knows.
    """
    statements, losing = foresight.walk(draft)
    planned, backward = draft.planned, draft.backward
    no_way_back = None if backward else draft.migration.declaration.irreversible
    if planned is not None:
        no_way_back = planned.no_way_back
        losing = planned.back in {"loses data", "impossible"}
    return ContractStep(
        name=draft.name,
        title=planned.title if planned else f"Run {draft.name}",
        part=draft.part,
        statements=statements,
        migration=draft.migration.id if draft.written else None,
        planned=planned.name if planned else None,
        transaction=draft.transaction,
        backward=backward,
        back=planned.back if planned else ("exact" if backward and not losing else "impossible"),
        back_rows=_rows_back(draft),
        no_way_back=no_way_back,
        before=planned.before if planned and draft.begins else (),
        verify=planned.verify if planned and draft.ends else (),
        hold_days=hold_days(draft) if draft.part is Part.PURGE else 0,
        point_of_no_return=planned.point_of_no_return if planned else None,
        loses_data=losing,
        status=run.status if run is not None else None,
    )


def hold_days(draft: Draft) -> int:
    """What the plan says; else a table's month-end jobs, or a column's two weeks."""
    if draft.planned is not None and draft.planned.hold_days:
        return draft.planned.hold_days
    operations = [one for statement in draft.statements for one in statement.operations]
    whole = any(isinstance(one, DropTable | DropView) for one in operations)
    return TABLE_HOLD_DAYS if whole else COLUMN_HOLD_DAYS


def hold_of(
    steps: Sequence[ContractStep], drafts: Sequence[Draft], state: StateDocument, where: TargetName
) -> Hold | None:
    """Since when, and until when, what is purged stays in quarantine; None where it never was there.

    Args:
        steps: of the half that is due.
        drafts: all of the contract.
    """
    before = [draft for draft in drafts if draft.part is Part.QUARANTINE]
    if not steps or steps[0].part is not Part.PURGE or not before:
        return None
    days = max(step.hold_days for step in steps)
    runs = [run for run in runs_of(before, state, where) if run is not None and run.status in _TAKEN]
    moments = [run.at for run in runs if run.at is not None]
    if len(moments) < len(before):
        return Hold(days=days)
    return Hold(days=days, since=max(moments), until=max(moments) + timedelta(days=days))


def runs_of(drafts: Sequence[Draft], state: StateDocument, where: TargetName) -> list[Run | None]:
    """What became of each step on a database, as the tracker knows it."""
    known = {step.migration: step for step in state.steps if step.migration is not None}
    steps = [known.get(draft.migration.id) if draft.written else None for draft in drafts]
    return [step.run(where) if step is not None else None for step in steps]


def is_over(run: Run | None) -> bool:
    """Whether nothing is left to do."""
    return run is not None and (run.status in _TAKEN or run.status is StepStatus.SKIPPED)


def own_views(part: Sequence[Draft]) -> Iterator[str]:
    """Views that the plan's statements make themselves are nobody else's."""
    for draft in part:
        for statement in draft.statements:
            for operation in statement.operations:
                if isinstance(operation, CreateView):
                    yield str(operation.view)


def _rows_back(draft: Draft) -> str | None:
    backfill = draft.planned.backward_backfill if draft.planned and draft.ends else None
    if backfill is None:
        return None
    written = ", ".join(f"{column} = {expression}" for column, expression in backfill.assignments)
    return f"then in batches, {backfill.table}: {written} where {backfill.needs_work}"
