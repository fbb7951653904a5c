"""Add a foreign key beside code that writes: index, constraint without a look at the rows, the look."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from migsafe.errors import UsageError
from migsafe.model.operation import ReferentialAction
from migsafe.model.phase import Phase
from migsafe.model.plan import ChangeKind, ChangePlan, Check, PlanStep
from migsafe.plan.indexes import build_index_step, constraint_is_valid, has_index_on
from migsafe.plan.recipe import Known, PlanRefusedError, argument, recipe, recorded
from migsafe.plan.sql import quoted, quoted_list, safe_name
from migsafe.plan.targets import find_column
from migsafe.plan.wording import NEW_ONLY, beside_writers

if TYPE_CHECKING:
    from migsafe.plan.targets import ColumnTarget, TableTarget

#: The first version that takes NOT VALID foreign keys on partitioned tables (PostgreSQL 18, release notes E.4.3.4).
_NOT_VALID_ON_PARTITIONED = 18


@dataclass(frozen=True, kw_only=True, slots=True)
class AddForeignKey:
    """Add a foreign key without a scan under a lock that keeps writers out."""

    column: str = argument("The column that refers: table.column.")
    to: str = argument("The column that it refers to: table.column.")
    on_delete: str = argument(
        "What happens to rows whose row goes: no action, restrict, cascade, …", default="no action"
    )
    name: str = argument("The constraint's name; made of table and column when left out.", default="")


@recipe(ChangeKind.ADD_FOREIGN_KEY, examples=("orders.customer_id customers.id --on-delete cascade",))
def add_foreign_key(arguments: AddForeignKey, known: Known) -> ChangePlan:
    """NOT VALID first, VALIDATE later: SHARE ROW EXCLUSIVE on both tables for a moment, and then a scan that lets
    writers go on (PostgreSQL 15–18 manual, ALTER TABLE, "ADD table_constraint [NOT VALID]", "VALIDATE CONSTRAINT")."""
    child, parent = find_column(arguments.column, known.catalogue), find_column(arguments.to, known.catalogue)
    action = _action(arguments.on_delete)
    _refuse(child, parent, known)
    name = arguments.name or safe_name(child.on.name.name, child.name, suffix="_fkey")
    index: tuple[PlanStep, ...] = ()
    if not has_index_on(child.on, child.name, known.catalogue):
        index = (build_index_step(child.on, safe_name(child.on.name.name, child.name, suffix="_idx"), (child.name,)),)
    return ChangePlan(
        change=known.change,
        kind=ChangeKind.ADD_FOREIGN_KEY,
        objects=(str(child), str(parent)),
        arguments=recorded(arguments),
        steps=(*index, _add_step(child, parent, name, action), _validate_step(child.on, parent.on, name)),
        code=("before the constraint: no running code writes rows without their row, in any order",),
        promises=_promises(child.on, parent.on, action),
    )


def orphans(child: ColumnTarget, parent: ColumnTarget) -> Check:
    """Whether every row that refers to one has it; stops at the first that has not."""
    return Check(
        name=f"every {child} is in {parent}",
        sql=f"SELECT count(*) FROM (SELECT FROM {child.on.name} AS c WHERE c.{quoted(child.name)} IS NOT NULL"
        f" AND NOT EXISTS (SELECT FROM {parent.on.name} AS p"
        f" WHERE p.{quoted(parent.name)} = c.{quoted(child.name)}) LIMIT 1) AS found",
    )


def _add_step(child: ColumnTarget, parent: ColumnTarget, name: str, action: ReferentialAction) -> PlanStep:
    clause = "" if action is ReferentialAction.NO_ACTION else f" ON DELETE {action.value.upper()}"
    table = child.on.name
    return PlanStep(
        name=f"add-{name}",
        title=f"Refuse new rows of {table} without their row in {parent.on.name}",
        phase=Phase.MIGRATE,
        forward=(
            f"ALTER TABLE {table} ADD CONSTRAINT {quoted(name)} FOREIGN KEY ({quoted_list([child.name])})\n"
            f"    REFERENCES {parent.on.name} ({quoted_list([parent.name])}){clause} NOT VALID;",
        ),
        backward=(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {quoted(name)};",),
        before=(orphans(child, parent),),
        releases=NEW_ONLY,
        locks=f"SHARE ROW EXCLUSIVE on {table} and {parent.on.name}, for a moment; "
        f"on the way back ACCESS EXCLUSIVE on both",
    )


def _validate_step(child: TableTarget, parent: TableTarget, name: str) -> PlanStep:
    return PlanStep(
        name=f"validate-{name}",
        title=f"Check that every row of {child.name} has its row in {parent.name}",
        phase=Phase.MIGRATE,
        forward=(f"ALTER TABLE {child.name} VALIDATE CONSTRAINT {quoted(name)};",),
        verify=(constraint_is_valid(child, name),),
        releases=NEW_ONLY,
        locks=f"{beside_writers(child.name)}; ROW SHARE on {parent.name}",
        back="nothing to do",
        no_way_back="a check that passed may stay",
    )


def _action(text: str) -> ReferentialAction:
    try:
        return ReferentialAction(text.lower().replace("-", " "))
    except ValueError:
        known = ", ".join(action.value for action in ReferentialAction)
        raise UsageError(f'there is no "ON DELETE {text}"', hint=f"one of: {known}") from None


def _refuse(child: ColumnTarget, parent: ColumnTarget, known: Known) -> None:
    unique = {index.columns for index in known.catalogue.indexes_of(parent.on.table.name) if index.unique}
    if (parent.name,) not in unique:
        raise PlanRefusedError(
            f"{parent} is not unique, so no foreign key can refer to it",
            hint=f"migsafe plan add-unique {parent} first",
        )
    if child.column.type != parent.column.type:
        raise PlanRefusedError(
            f"{child} is {child.column.type} and {parent} is {parent.column.type}",
            hint="make both the same type first (migsafe plan change-type): a key of another type cannot use its index",
        )
    if child.on.table.partition_by is not None and known.server_major < _NOT_VALID_ON_PARTITIONED:
        raise PlanRefusedError(
            f"{child.on.name} is partitioned: before Postgres 18 it takes no foreign key without a scan under the lock",
            hint="add the key to each partition, NOT VALID, validate there, and then to the table",
        )


def _promises(child: TableTarget, parent: TableTarget, action: ReferentialAction) -> tuple[str, ...]:
    if action in {ReferentialAction.CASCADE, ReferentialAction.SET_NULL, ReferentialAction.SET_DEFAULT}:
        return (f"whoever deletes from {parent.name} changes rows of {child.name} from now on: ON DELETE {action}",)
    return ()
