"""Add a column: in one step where no row is written for it, else empty first.

A constant default, also `now()`, is kept in the catalogue since Postgres 11; a volatile one, a stored generated column
and an identity rewrite the table under ACCESS EXCLUSIVE (ALTER TABLE, "Notes").
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from migsafe.catalogue.spelling import spell_type
from migsafe.errors import UsageError
from migsafe.model.locks import Work
from migsafe.model.operation import AddColumn as AddColumnOperation
from migsafe.model.phase import Phase
from migsafe.model.plan import ChangeKind, ChangePlan, PlanStep
from migsafe.model.script import Span
from migsafe.plan import promises
from migsafe.plan.columns import analyze_step, backfill_step, column_exists, no_null, not_null_steps
from migsafe.plan.published import SUBSCRIBERS_HELP, published_promises
from migsafe.plan.recipe import Known, PlanRefusedError, argument, recipe, recorded
from migsafe.plan.sql import collation, quoted, split_name
from migsafe.plan.targets import find_table, key_of, new_column_name
from migsafe.plan.wording import exclusive
from migsafe.plan.written import read_column
from migsafe.rules.knowledge.work import rewrites_for_default, work

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migsafe.model.operation import ColumnDefinition
    from migsafe.plan.targets import TableTarget


@dataclass(frozen=True, kw_only=True, slots=True)
class AddColumn:
    """Add a column that old code need not know."""

    column: str = argument("The column, as table.column or schema.table.column.")
    type: str = argument("Its type.")
    default: str = argument("Its default, an expression.", default="")
    required: bool = argument("It is NOT NULL; it needs a default, because old code does not name it.", default=False)
    subscribers_ready: bool = argument(SUBSCRIBERS_HELP, default=False)


@recipe(
    ChangeKind.ADD_COLUMN,
    examples=("users.plan text --default \"'free'\" --required", "users.token uuid --default 'gen_random_uuid()'"),
)
def add_column(arguments: AddColumn, known: Known) -> ChangePlan:
    """The plan of a new column.

    Raises:
        UsageError: when an argument cannot be read.
        PlanRefusedError: when the column is there, would need a rewrite, or old code could not insert rows any more.
    """
    on, definition = _read(arguments, known)
    published = published_promises(on, known.catalogue, "add the column", ready=arguments.subscribers_ready)
    late = rewrites_for_default(definition, known.catalogue)
    return ChangePlan(
        change=known.change,
        kind=ChangeKind.ADD_COLUMN,
        objects=(f"{on.name}.{quoted(definition.name)}",),
        arguments=recorded(arguments),
        steps=tuple(_in_batches(on, definition, known) if late else (_at_once(on, definition),)),
        code=(f"after the expand: deploy code that uses {on.name}.{quoted(definition.name)}",),
        promises=(*published, *(_promises(on, definition, known) if late else ())),
    )


def _read(arguments: AddColumn, known: Known) -> tuple[TableTarget, ColumnDefinition]:
    parts = split_name(arguments.column)
    if parts is None or not 2 <= len(parts) <= 3:
        raise UsageError(
            f'"{arguments.column}" is no name of a column', hint="write table.column, or schema.table.column"
        )
    on = find_table(".".join(map(quoted, parts[:-1])), known.catalogue)
    name = new_column_name(quoted(parts[-1]), on)
    default = f" DEFAULT {arguments.default}" if arguments.default else ""
    definition = read_column(f"{quoted(name)} {arguments.type}{default}{' NOT NULL' * arguments.required}", on)
    _refuse(on, definition, known)
    return on, definition


def _refuse(on: TableTarget, definition: ColumnDefinition, known: Known) -> None:
    name = f"{on.name}.{quoted(definition.name)}"
    if definition.constraints:
        raise PlanRefusedError(
            f"{name} gets its keys and checks in changes of their own",
            hint="migsafe plan add-unique, add-foreign-key; a CHECK as NOT VALID and then VALIDATE",
        )
    if definition.not_null and (definition.default is None or definition.default.null):
        raise PlanRefusedError(
            f"old code does not name {name}, so a NOT NULL without a default would refuse its rows",
            hint="say --default, or add it without --required and plan set-not-null when all code writes it",
        )
    bare = AddColumnOperation(span=Span(0, 0), table=on.table.name, definition=definition)
    if work(bare, known.catalogue) is not Work.NONE and not rewrites_for_default(definition, known.catalogue):
        raise PlanRefusedError(
            f"{name} would rewrite {on.name} while nobody may read it",
            hint="add a plain column, and fill it by a backfill",
        )


def _at_once(on: TableTarget, definition: ColumnDefinition) -> PlanStep:
    return _add_step(on, definition, f"ADD COLUMN {_spelt(definition)}{_default(definition)}{_not_null(definition)}")


def _in_batches(on: TableTarget, definition: ColumnDefinition, known: Known) -> Iterator[PlanStep]:
    """The default counts for rows from now on; those that are there get theirs in batches."""
    name = quoted(definition.name)
    altered = f"ALTER TABLE {on.name} ALTER COLUMN {name} SET{_default(definition)};"
    yield _add_step(on, definition, f"ADD COLUMN {_spelt(definition)}", altered)
    assert definition.default is not None  # without one nothing is late
    yield backfill_step(
        f"fill-{definition.name}",
        f"Give {name} a value in rows that were there before",
        on,
        key_of(on, known.catalogue),
        ((definition.name, definition.default.text),),
        needs_work=f"{name} IS NULL",
        verify=(no_null(on, definition.name),) if definition.not_null else (),
    )
    yield analyze_step(on, (definition.name,))
    if definition.not_null:
        yield from not_null_steps(on, definition.name)


def _add_step(on: TableTarget, definition: ColumnDefinition, action: str, *then: str) -> PlanStep:
    return PlanStep(
        name=f"add-{definition.name}",
        title=f"Add {on.name}.{quoted(definition.name)}",
        phase=Phase.EXPAND,
        forward=(f"ALTER TABLE {on.name} {action};", *then),
        backward=(f"ALTER TABLE {on.name} DROP COLUMN {quoted(definition.name)};",),
        before=(column_exists(on, definition.name, expected=False),),
        verify=(column_exists(on, definition.name),),
        locks=exclusive(on.name),
        back="loses data",
        point_of_no_return="new code writes the first value that only this column has",
    )


def _promises(on: TableTarget, definition: ColumnDefinition, known: Known) -> Iterator[str]:
    yield from promises.of_backfill(on, known.catalogue)
    if not definition.not_null:
        yield f"until the backfill is done, a NULL that new code writes to {quoted(definition.name)} is filled too"


def _spelt(definition: ColumnDefinition) -> str:
    assert definition.type is not None  # the reader needs one
    collated = f" COLLATE {collation(definition.collation)}" if definition.collation else ""
    return f"{quoted(definition.name)} {spell_type(definition.type)}{collated}"


def _default(definition: ColumnDefinition) -> str:
    return f" DEFAULT {definition.default.text}" if definition.default else ""


def _not_null(definition: ColumnDefinition) -> str:
    return " NOT NULL" if definition.not_null else ""
