"""Change a column's type: in place where that is free, else through a second column.

In place is free only where neither rows nor indexes are written, and nothing is read again: a CHECK on the column is
held against every row, partial and expression indexes are built again, views stand in the way; and the column's
statistics are deleted, so ANALYZE comes after (PostgreSQL 15 to 18, ALTER TABLE, "SET DATA TYPE"; each was run on 15.18
and 18.6).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from migsafe.catalogue.spelling import one_line, spell_type
from migsafe.model.locks import Work
from migsafe.model.phase import Phase
from migsafe.model.plan import ChangeKind, ChangePlan, PlanStep
from migsafe.plan import promises
from migsafe.plan.columns import analyze_step
from migsafe.plan.dependents import code_steps
from migsafe.plan.lossy import promise_of_loss, proved_both_ways
from migsafe.plan.published import SUBSCRIBERS_HELP, published_promises
from migsafe.plan.recipe import Known, PlanRefusedError, argument, recipe, recorded
from migsafe.plan.rename_column import type_of
from migsafe.plan.smoke import ROLE_HELP
from migsafe.plan.sql import quoted, safe_name
from migsafe.plan.synced import NewColumn, Synced
from migsafe.plan.targets import find_column, new_column_name
from migsafe.plan.wording import exclusive
from migsafe.plan.written import check_expression, read_type
from migsafe.rules.knowledge.dependents import of_column
from migsafe.rules.knowledge.type_changes import Change, change_of_type, work_of_type_change

if TYPE_CHECKING:
    from migsafe.model.operation import AlterColumnType
    from migsafe.plan.targets import ColumnTarget


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangeType:
    """Give a column another type while old and new code run."""

    column: str = argument("The column, as table.column or schema.table.column.")
    type: str = argument("The new type.")
    to: str = argument("The name of the column of the new type, where a second one is needed.", default="")
    up: str = argument("The new value, an expression over the column; a cast when left out.", default="")
    down: str = argument("The old value, an expression over the new column; a cast when left out.", default="")
    lossy: bool = argument("The way there and back may change values.", default=False)
    role: str = argument(ROLE_HELP, default="")
    subscribers_ready: bool = argument(SUBSCRIBERS_HELP, default=False)


@recipe(
    ChangeKind.CHANGE_TYPE,
    examples=(
        "users.name 'varchar(100)'",
        "orders.price 'numeric(12,2)' --to price_exact --lossy",
    ),
)
def change_type(arguments: ChangeType, known: Known) -> ChangePlan:
    """The plan of a change of type: two steps where it is free, else those of a rename with casts.

    Raises:
        UsageError: when an argument cannot be read.
        PlanRefusedError: when the column has that type, or cannot be kept in step with another.
    """
    target = find_column(arguments.column, known.catalogue)
    operation = read_type(arguments.type, target.on, target.name)
    old = target.column.type
    if change_of_type(old, operation.type, known.catalogue) is Change.NOTHING:
        raise PlanRefusedError(f"{target} has the type {arguments.type} already")
    said_more = arguments.to or arguments.up or arguments.down
    if not said_more and is_free(target, operation, known):
        return _in_place(target, operation, arguments, known)
    return _through_another(target, operation, arguments, known)


def is_free(target: ColumnTarget, operation: AlterColumnType, known: Known) -> bool:
    """Whether a type changes without a look at any row, and nothing stands in the way."""
    if any(of_column(known.catalogue, target.on.table.name, target.name)):
        return False
    return work_of_type_change(operation, known.catalogue) is Work.NONE


def _in_place(target: ColumnTarget, operation: AlterColumnType, arguments: ChangeType, known: Known) -> ChangePlan:
    on, name = target.on, target.name
    new, old = spell_type(operation.type), type_of(target.column, str(target))
    return ChangePlan(
        change=known.change,
        kind=ChangeKind.CHANGE_TYPE,
        objects=(str(target),),
        arguments=recorded(arguments),
        steps=(
            PlanStep(
                name=f"widen-{name}",
                title=f"Make {target} a {new}; no row is read",
                phase=Phase.EXPAND,
                forward=(f"ALTER TABLE {on.name} ALTER COLUMN {quoted(name)} TYPE {new};",),
                locks=exclusive(on.name),
                back="nothing to do",
                no_way_back=f"it holds all that {old} holds, and the way back would read every row",
            ),
            analyze_step(on, (name,)),
        ),
        code=("no code has to change",),
        promises=published_promises(on, known.catalogue, "do the same", ready=arguments.subscribers_ready),
    )


def _through_another(
    target: ColumnTarget, operation: AlterColumnType, arguments: ChangeType, known: Known
) -> ChangePlan:
    on, name = target.on, target.name
    new = new_column_name(arguments.to or quoted(safe_name(name, suffix="_new")), on)
    new_type, old_type = spell_type(operation.type), type_of(target.column, str(target))
    up = ((new, arguments.up or f"{quoted(name)}::{new_type}"),)
    down = ((name, arguments.down or f"{quoted(new)}::{_bare(target)}"),)
    check_expression(up[0][1], (name,), known.catalogue)
    check_expression(down[0][1], (new,), known.catalogue)
    default = target.column.default
    synced = Synced(
        on=on,
        known=known,
        old=(target.column,),
        new=(
            NewColumn(
                name=new,
                type=new_type,
                not_null=not target.column.nullable,
                default=f"({one_line(default)})::{new_type}" if default else None,
            ),
        ),
        up=up,
        down=down,
        twins=True,
        role=arguments.role,
        proofs=() if arguments.lossy else (proved_both_ways(on, up, down),),
    )
    synced.refuse_what_cannot_be()
    return ChangePlan(
        change=known.change,
        kind=ChangeKind.CHANGE_TYPE,
        objects=(str(target), f"{on.name}.{quoted(new)}"),
        arguments=recorded(arguments),
        steps=synced.steps(),
        code=code_steps(target, (new,), known.catalogue),
        promises=(
            *published_promises(on, known.catalogue, "do the same", ready=arguments.subscribers_ready),
            *promises.of_backfill(on, known.catalogue),
            f"until the contract, a value of {quoted(new)} that {old_type} does not hold fails, or is stored changed"
            f" in {quoted(name)}",
            *(promise_of_loss(up, down) if arguments.lossy else ()),
            promises.of_explicit_null((new,)),
        ),
    )


def _bare(target: ColumnTarget) -> str:
    """The old type without its collation, for a cast."""
    assert target.column.type is not None  # `type_of` refuses it
    return spell_type(target.column.type)
