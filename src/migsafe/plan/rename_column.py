"""Rename a column: the new one is added, kept in step, filled; the old one goes when no code uses it.

RENAME COLUMN itself would break whatever runs (42703), and a view of both names cannot take an INSERT that names both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from migsafe.catalogue.spelling import one_line, spell_type
from migsafe.model.plan import ChangeKind, ChangePlan
from migsafe.plan import promises
from migsafe.plan.dependents import code_steps
from migsafe.plan.published import SUBSCRIBERS_HELP, published_promises
from migsafe.plan.recipe import Known, PlanRefusedError, argument, recipe, recorded
from migsafe.plan.smoke import ROLE_HELP
from migsafe.plan.sql import collation, quoted
from migsafe.plan.synced import NewColumn, Synced
from migsafe.plan.targets import find_column, new_column_name

if TYPE_CHECKING:
    from migsafe.model.catalogue import Column


@dataclass(frozen=True, kw_only=True, slots=True)
class RenameColumn:
    """Give a column another name while old and new code run."""

    column: str = argument("The column, as table.column or schema.table.column.")
    to: str = argument("Its new name.")
    role: str = argument(ROLE_HELP, default="")
    subscribers_ready: bool = argument(SUBSCRIBERS_HELP, default=False)


@recipe(
    ChangeKind.RENAME_COLUMN,
    examples=("users.name full_name", "app.orders.state status --explain"),
    named="{column}-to-{to}",
)
def rename_column(arguments: RenameColumn, known: Known) -> ChangePlan:
    """The plan of a rename.

    Raises:
        UsageError: when an argument is no name.
        PlanRefusedError: when the column is not there, or cannot be kept in step with another.
    """
    target = find_column(arguments.column, known.catalogue)
    on, column = target.on, target.column
    new = new_column_name(arguments.to, on)
    synced = Synced(
        on=on,
        known=known,
        old=(column,),
        new=(
            NewColumn(
                name=new,
                type=type_of(column, str(target)),
                not_null=not column.nullable,
                default=one_line(column.default) if column.default else None,
            ),
        ),
        up=((new, quoted(column.name)),),
        down=((column.name, quoted(new)),),
        twins=True,
        role=arguments.role,
    )
    synced.refuse_what_cannot_be()
    return ChangePlan(
        change=known.change,
        kind=ChangeKind.RENAME_COLUMN,
        objects=(str(target), f"{on.name}.{quoted(new)}"),
        arguments=recorded(arguments),
        steps=synced.steps(),
        code=code_steps(target, (new,), known.catalogue),
        promises=(
            *published_promises(on, known.catalogue, "add the new column", ready=arguments.subscribers_ready),
            *promises.of_backfill(on, known.catalogue),
            promises.of_explicit_null((new,)),
        ),
    )


def type_of(column: Column, spelt: str) -> str:
    """A column's type and collation, for another column of the same.

    Raises:
        PlanRefusedError: when the migrations do not show it, or its values come from a sequence of its own.
    """
    if column.type is None:
        raise PlanRefusedError(f"the migrations do not show the type of {spelt}")
    if "serial" in column.type.name or (column.default is not None and column.default.nextval_of is not None):
        raise PlanRefusedError(f"{spelt} is filled by a sequence of its own, which belongs to that one column")
    collated = f" COLLATE {collation(column.collation)}" if column.collation else ""
    return spell_type(column.type) + collated
