"""Make a column NOT NULL: rows first, then the CHECK, then the word.

`CHECK (c IS NOT NULL) NOT VALID` is enforced at once, and not only for new rows: an UPDATE of any other column of a row
that breaks it fails (23514; PostgreSQL 15 to 18, the same with the NOT NULL … NOT VALID of 18). So old writers are
gone and no row is NULL before it is added.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from migsafe.catalogue.spelling import one_line
from migsafe.model.phase import Phase
from migsafe.model.plan import ChangeKind, ChangePlan, PlanStep
from migsafe.plan import promises
from migsafe.plan.columns import backfill_step, not_null_steps
from migsafe.plan.recipe import Known, PlanRefusedError, argument, recipe, recorded
from migsafe.plan.sql import quoted
from migsafe.plan.targets import find_column, key_of
from migsafe.plan.triggers import refuse_bad_columns
from migsafe.plan.wording import NEW_ONLY, exclusive
from migsafe.plan.written import read_expression

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migsafe.plan.targets import ColumnTarget


@dataclass(frozen=True, kw_only=True, slots=True)
class SetNotNull:
    """Make a column NOT NULL without a scan under a strong lock."""

    column: str = argument("The column, as table.column or schema.table.column.")
    fill: str = argument("What rows that have no value get, an expression; none are filled when left out.", default="")
    default: str = argument("The column's default from the beginning on, for code that does not name it.", default="")


@recipe(
    ChangeKind.SET_NOT_NULL,
    examples=("users.email", "orders.currency --fill \"'EUR'\" --default \"'EUR'\""),
)
def set_not_null(arguments: SetNotNull, known: Known) -> ChangePlan:
    """The plan of a NOT NULL.

    Raises:
        UsageError: when an argument cannot be read.
        PlanRefusedError: when the column is not there, is NOT NULL, or cannot be filled.
    """
    target = find_column(arguments.column, known.catalogue)
    if not target.column.nullable:
        raise PlanRefusedError(f"{target} is NOT NULL already")
    if target.column.inherited:
        raise PlanRefusedError(f"{target} comes from a parent table: make the plan for that one")
    if arguments.fill:
        refuse_bad_columns(target.on, (target.column,))
    return ChangePlan(
        change=known.change,
        kind=ChangeKind.SET_NOT_NULL,
        objects=(str(target),),
        arguments=recorded(arguments),
        steps=tuple(_steps(target, arguments, known)),
        code=(f"before require-{target.name}: all code that runs gives {target} a value, or leaves it to its default",),
        promises=tuple(promises.of_backfill(target.on, known.catalogue)) if arguments.fill else (),
    )


def _steps(target: ColumnTarget, arguments: SetNotNull, known: Known) -> Iterator[PlanStep]:
    on, name = target.on, target.name
    if arguments.default:
        yield _default_step(target, arguments.default)
    if arguments.fill:
        read_expression(arguments.fill)
        yield backfill_step(
            f"fill-{name}",
            f"Give {name} a value in rows that have none",
            on,
            key_of(on, known.catalogue),
            ((name, arguments.fill),),
            needs_work=f"{quoted(name)} IS NULL",
        )
    yield from not_null_steps(on, name, releases=NEW_ONLY)


def _default_step(target: ColumnTarget, default: str) -> PlanStep:
    read_expression(default)
    altered = f"ALTER TABLE {target.on.name} ALTER COLUMN {quoted(target.name)}"
    before = target.column.default
    return PlanStep(
        name=f"default-{target.name}",
        title=f"Give {target} a default, for code that does not name it",
        phase=Phase.EXPAND,
        forward=(f"{altered} SET DEFAULT {default};",),
        backward=(f"{altered} {f'SET DEFAULT {one_line(before)}' if before else 'DROP DEFAULT'};",),
        locks=exclusive(target.on.name),
    )
