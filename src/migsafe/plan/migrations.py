"""The steps of expand and migrate as migrations; those of the contract are written when they are due.

A contract that stood in the chain of migrations before its time would hold up every migration after it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.evidence.plan import document_path
from migsafe.model.declaration import Declaration
from migsafe.model.phase import Phase
from migsafe.plan.batches import backfill_block, guard_block
from migsafe.sources.writing import NewMigration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migsafe.model.plan import ChangePlan, PlanStep

#: How long a strong lock is waited for: while one waits, everybody waits behind it.
LOCK_TIMEOUT = "500ms"

#: What does not go into a transaction, and waits for snapshots, which `lock_timeout` would cut off.
_CONCURRENTLY = "CONCURRENTLY"


def migrations_of(plan: ChangePlan, *, timeouts: bool = True) -> tuple[NewMigration, ...]:
    """The migrations to write now.

    Args:
        timeouts: each sets a `lock_timeout` of its own; false where the tool's connection sets one.
    """
    return tuple(migration_of(plan, step, timeouts=timeouts) for step in plan.steps if step.phase is not Phase.CONTRACT)


def forward_of(step: PlanStep) -> tuple[str, ...]:
    """What a step does, as statements that any tool can run."""
    return (backfill_block(step.backfill, before=step.before),) if step.backfill else step.forward


def migration_of(plan: ChangePlan, step: PlanStep, *, timeouts: bool = True) -> NewMigration:
    """One step as a migration."""
    up = forward_of(step)
    down, reason = _way_back(plan, step)
    together = step.transaction and (step.backward_transaction or not down)
    if together and step.backfill is None and (checks := [check for check in step.before if not check.as_role]):
        up = (guard_block(checks), *up)
    guarded = timeouts and step.backfill is None
    return NewMigration(
        name=f"{plan.change}-{step.name}",
        up=_with_timeout(up, together) if guarded else up,
        down=_with_timeout(down, together) if guarded else down,
        transaction=together,
        declaration=Declaration(phase=step.phase, change=plan.change, part=step.part),
        note="\n".join(_note(plan, step)),
        no_way_back=reason,
    )


def _way_back(plan: ChangePlan, step: PlanStep) -> tuple[tuple[str, ...], str | None]:
    """The way back, or why there is none.

    Statements that each need a transaction of their own are left to the plan: few tools can run them from one file.
    """
    if not step.backward:
        return (), step.no_way_back
    if not step.backward_transaction and len(step.backward) > 1:
        return (), f"it takes several transactions, which are in {document_path(plan.change).as_posix()}"
    return step.backward, None


def _with_timeout(statements: tuple[str, ...], together: bool) -> tuple[str, ...]:
    if not statements or any(_CONCURRENTLY in statement for statement in statements):
        return statements
    if together:
        return (f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}';", *statements)
    # One file each where a tool has no other way: only a setting of the session lasts that long.
    return (f"SET lock_timeout = '{LOCK_TIMEOUT}';", *statements, "RESET lock_timeout;")


def _note(plan: ChangePlan, step: PlanStep) -> Iterator[str]:
    """What somebody wants to know who finds the file."""
    yield f"{step.title}."
    yield f"Runs beside {step.releases}. Locks: {step.locks or 'none that matter'}."
    for check in step.verify:
        yield f"Afterwards ({check.expected}: {check.name}): {check.sql}"
