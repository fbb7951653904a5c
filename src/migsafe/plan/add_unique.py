"""Add a UNIQUE constraint: the index is built beside writers, and the constraint takes it over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from migsafe.model.phase import Phase
from migsafe.model.plan import ChangeKind, ChangePlan, Check, PlanStep
from migsafe.plan.indexes import build_index_step, constraint_is_valid, index_is_valid
from migsafe.plan.recipe import Known, PlanRefusedError, argument, recipe, recorded
from migsafe.plan.sql import quoted, quoted_list, safe_name
from migsafe.plan.targets import column_of, find_table
from migsafe.plan.wording import NEW_ONLY, exclusive

if TYPE_CHECKING:
    from migsafe.plan.targets import TableTarget


@dataclass(frozen=True, kw_only=True, slots=True)
class AddUnique:
    """Make one or several columns of a table unique."""

    table: str = argument("The table.")
    column: tuple[str, ...] = argument("A column; said several times for a key of several columns.", default=())
    name: str = argument("The constraint's name; made of table and columns when left out.", default="")
    nulls_not_distinct: bool = argument("At most one row may hold NULL.", default=False)


@recipe(ChangeKind.ADD_UNIQUE, examples=("users --column email", "members --column team_id --column user_id"))
def add_unique(arguments: AddUnique, known: Known) -> ChangePlan:
    """CREATE UNIQUE INDEX CONCURRENTLY, then ADD CONSTRAINT … UNIQUE USING INDEX, which scans nothing (PostgreSQL
    15–18 manual, ALTER TABLE, "ADD table_constraint_using_index").

    The index refuses duplicates from the moment on in which the build begins its second pass, also if the build fails
    later (CREATE INDEX, "Building Indexes Concurrently"): code that writes duplicates must be gone before.
    """
    on = find_table(arguments.table, known.catalogue)
    columns = tuple(column_of(on, name).name for name in arguments.column)
    _refuse(on, columns, known)
    name = arguments.name or safe_name(on.name.name, *columns, suffix="_key")
    return ChangePlan(
        change=known.change,
        kind=ChangeKind.ADD_UNIQUE,
        objects=tuple(f"{on.name}.{column}" for column in columns),
        arguments=recorded(arguments),
        steps=_steps(on, name, columns, null_counts=arguments.nulls_not_distinct),
        code=(
            "before the index: no running code writes duplicates, nor answers them with an error that nobody expects",
        ),
        promises=("rows that are duplicates are removed or changed by people, before the plan starts",),
    )


def no_duplicate(on: TableTarget, columns: tuple[str, ...], *, null_counts: bool) -> Check:
    """Whether no two rows have the same key; stops at the first key that two have."""
    rows = "" if null_counts else " WHERE " + " AND ".join(f"{quoted(column)} IS NOT NULL" for column in columns)
    return Check(
        name=f"no two rows of {on.name} have the same {', '.join(columns)}",
        sql=f"SELECT count(*) FROM (SELECT FROM {on.name}{rows}"
        f" GROUP BY {quoted_list(columns)} HAVING count(*) > 1 LIMIT 1) AS found",
    )


def _steps(on: TableTarget, name: str, columns: tuple[str, ...], *, null_counts: bool) -> tuple[PlanStep, ...]:
    """The way back of the second step builds the index again that goes with the constraint: it ends where it began."""
    build = build_index_step(
        on,
        name,
        columns,
        unique=True,
        definition=f"({quoted_list(columns)}){' NULLS NOT DISTINCT' if null_counts else ''}",
        phase=Phase.MIGRATE,
        releases=NEW_ONLY,
        before=(no_duplicate(on, columns, null_counts=null_counts),),
    )
    adopt = PlanStep(
        name=f"add-{name}",
        title=f"Let the constraint {name} take over the index",
        phase=Phase.MIGRATE,
        forward=(f"ALTER TABLE {on.name} ADD CONSTRAINT {quoted(name)} UNIQUE USING INDEX {quoted(name)};",),
        backward=(f"ALTER TABLE {on.name} DROP CONSTRAINT IF EXISTS {quoted(name)};", *build.forward),
        backward_transaction=False,
        before=(index_is_valid(on, name),),
        verify=(constraint_is_valid(on, name),),
        releases=NEW_ONLY,
        locks=exclusive(on.name),
    )
    return build, adopt


def _refuse(on: TableTarget, columns: tuple[str, ...], known: Known) -> None:
    if not columns:
        raise PlanRefusedError("no column is said that should be unique", hint="say --column, once for each")
    if on.table.partition_by is not None:
        raise PlanRefusedError(
            f"{on.name} is partitioned: no index of it can be built beside writers",
            hint="build it on each partition, then on the table with ON ONLY, and attach each",
        )
    for index in known.catalogue.indexes_of(on.table.name):
        if index.unique and index.where is None and index.valid and index.columns == columns and index.constraint:
            raise PlanRefusedError(f"{on.name} has a constraint {index.constraint} on these columns already")
