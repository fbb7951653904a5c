"""Make a narrow integer key a bigint, with every column that refers to it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from migsafe.model.phase import Part, Phase
from migsafe.model.plan import ChangeKind, ChangePlan, Check, PlanStep
from migsafe.plan import columns, promises
from migsafe.plan.indexes import build_index_step, constraint_is_valid
from migsafe.plan.key_columns import key_tables, nothing_is_bound_to, referring_columns
from migsafe.plan.key_swap import add_twin_key, prepare_way_back, swap, swap_back, validate_keys
from migsafe.plan.published import SUBSCRIBERS_HELP, not_published, published_promises
from migsafe.plan.recipe import Known, argument, recipe, recorded
from migsafe.plan.smoke import ROLE_HELP
from migsafe.plan.sql import literal, quoted, quoted_list, regclass
from migsafe.plan.targets import find_table, key_of
from migsafe.plan.triggers import drop_trigger, trigger_is_live
from migsafe.plan.wording import COLUMN_HOLD_DAYS, beside_writers, exclusive, no_writers

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from migsafe.plan.key_columns import KeyColumn, KeyTable


@dataclass(frozen=True, kw_only=True, slots=True)
class WidenKey:
    """Make a narrow integer primary key a bigint, with every column that refers to it."""

    table: str = argument("The table whose key it is.")
    role: str = argument(ROLE_HELP, default="")
    subscribers_ready: bool = argument(SUBSCRIBERS_HELP, default=False)


@recipe(ChangeKind.WIDEN_KEY, examples=("events", "events --role app"))
def widen_key(arguments: WidenKey, known: Known) -> ChangePlan:
    """Wide columns beside the narrow ones, filled and checked while code goes on, and one swap of names.

    `ALTER COLUMN … TYPE bigint` rewrites the table and its indexes under ACCESS EXCLUSIVE (PostgreSQL 15–18 manual,
    ALTER TABLE, "Notes"). Code sees one name before and after; it must take 64 bits before the first wide value.
    """
    on = find_table(arguments.table, known.catalogue)
    tables = key_tables(on, known.change, known.catalogue)
    ready = arguments.subscribers_ready
    published = [
        text
        for table in tables
        for text in published_promises(
            table.on, known.catalogue, "add the wide columns, and make them bigint", ready=ready
        )
    ]
    key = tables[0].columns[0]
    return ChangePlan(
        change=known.change,
        kind=ChangeKind.WIDEN_KEY,
        objects=tuple(str(one) for table in tables for one in table.columns),
        arguments=recorded(arguments),
        steps=tuple(_steps(tables, arguments, known)),
        code=(
            f"before the contract: all code that runs takes values of {key} above {key.limit}: models, variables of"
            " functions, message formats, clients",
        ),
        promises=(
            f"no value above {key.limit} is written before the old release can no longer come back",
            "no code inserts into these tables without a list of columns, or reads SELECT * by position: it changes",
            f"functions that hold {key} in a variable of type {key.type} are changed before",
            *(text for table in tables for text in promises.of_backfill(table.on, known.catalogue)),
            *published,
        ),
    )


def _steps(tables: Sequence[KeyTable], arguments: WidenKey, known: Known) -> Iterator[PlanStep]:
    for table in tables:
        yield _add_step(table, not_published(table.on, ready=arguments.subscribers_ready))
    for table in tables:
        yield _backfill_step(table, known)
    for table in tables:
        # Statistics go with a column when it is renamed: plans do not change at the swap.
        analyze = columns.analyze_step(table.on, [one.new for one in table.columns])
        yield replace(analyze, name=f"analyze-{table.on.name.name}")
        for index, twin in table.indexes():
            body = table.index_over(index, table.widened)
            yield build_index_step(
                table.on, twin, (), unique=index.unique, definition=body, phase=Phase.MIGRATE, before=_filled(table)
            )
    for table in tables:
        for one in table.columns:
            if not one.column.nullable:
                yield from columns.not_null_steps(table.on, one.new, prefix=f"{table.on.name.name}-")
    for one in referring_columns(tables):
        yield from _twin_key_steps(one, tables[0])
    yield from _contract(tables, arguments)


def _add_step(table: KeyTable, published: tuple[Check, ...]) -> PlanStep:
    """The trigger comes with the columns, on each table, before any backfill."""
    on = table.on
    added = ", ".join(f"ADD COLUMN {quoted(one.new)} bigint" for one in table.columns)
    dropped = ", ".join(f"DROP COLUMN {quoted(one.new)}" for one in table.columns)
    return PlanStep(
        name=f"widen-{on.name.name}",
        title=f"Add {quoted_list(one.new for one in table.columns)} to {on.name}, filled for every row that is written",
        phase=Phase.EXPAND,
        forward=(f"ALTER TABLE {on.name} {added};", *table.create_forth()),
        backward=(
            *drop_trigger(table.forth, on, on.beside(table.forth)),
            f"ALTER TABLE {on.name} {dropped};",
        ),
        before=(*published, *(columns.column_exists(on, one.new, expected=False) for one in table.columns)),
        verify=(trigger_is_live(table.forth, on),),
        locks=exclusive(on.name),
    )


def _backfill_step(table: KeyTable, known: Known) -> PlanStep:
    work = " OR ".join(f"({quoted(one.new)} IS NULL AND {quoted(one.name)} IS NOT NULL)" for one in table.columns)
    return columns.backfill_step(
        f"backfill-{table.on.name.name}",
        f"Fill {quoted_list(one.new for one in table.columns)} in rows of {table.on.name} that nobody wrote since",
        table.on,
        key_of(table.on, known.catalogue),
        [(one.new, quoted(one.name)) for one in table.columns],
        needs_work=work,
        before=(trigger_is_live(table.forth, table.on),),
        verify=_filled(table),
    )


def _twin_key_steps(one: KeyColumn, parent: KeyTable) -> Iterator[PlanStep]:
    table = one.on.name
    yield PlanStep(
        name=f"add-{one.twin_key}",
        title=f"Let {one.new} of {table} refer to the wide key",
        phase=Phase.MIGRATE,
        forward=(add_twin_key(one),),
        backward=(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {quoted(one.twin_key)};",),
        before=_filled(parent),
        locks=no_writers(*dict.fromkeys((table, parent.on.name))),
    )
    yield PlanStep(
        name=f"validate-{one.twin_key}",
        title=f"Check that every row of {table} has its row",
        phase=Phase.MIGRATE,
        forward=(f"ALTER TABLE {table} VALIDATE CONSTRAINT {quoted(one.twin_key)};",),
        verify=(constraint_is_valid(one.on, one.twin_key),),
        locks=beside_writers(table),
        back="nothing to do",
        no_way_back="a check that passed may stay",
    )


def _contract(tables: Sequence[KeyTable], arguments: WidenKey) -> Iterator[PlanStep]:
    key = tables[0].columns[0]
    names = tuple(table.on.name for table in tables)
    if keys := tuple(validate_keys(tables)):
        yield PlanStep(
            name="validate-keys",
            title="Check the foreign keys once more; on the way back they are not valid",
            forward=keys,
            backward=keys,
            transaction=False,
            backward_transaction=False,
            locks=beside_writers(*names),
            phase=Phase.CONTRACT,
            part=Part.QUARANTINE,
        )
    yield PlanStep(
        name=f"swap-{key.name}",
        title=f"Let wide columns take the place of {', '.join(str(one) for table in tables for one in table.columns)}",
        forward=tuple(swap(tables, arguments.role)),
        backward=tuple(swap_back(tables)),
        before=(
            *(check for table in tables for check in _filled(table)),
            *(constraint_is_valid(one.on, one.twin_key) for one in referring_columns(tables)),
            *(nothing_is_bound_to(one) for table in tables for one in table.columns),
        ),
        verify=tuple(_is_wide(one) for table in tables for one in table.columns),
        locks=exclusive(*names),
        point_of_no_return=f"the first value of {key} above {key.limit}",
        phase=Phase.CONTRACT,
        part=Part.QUARANTINE,
    )
    yield PlanStep(
        name=f"analyze-{key.name}-again",
        title="Let the planner know the values; on the way back, build what the narrow key needs",
        forward=tuple(
            f"ANALYZE {table.on.name} ({quoted_list(one.name for one in table.columns)});" for table in tables
        ),
        backward=tuple(prepare_way_back(tables)),
        transaction=False,
        backward_transaction=False,
        locks=beside_writers(*names),
        phase=Phase.CONTRACT,
        part=Part.QUARANTINE,
    )
    for table in tables:
        yield _purge_step(table)


def _purge_step(table: KeyTable) -> PlanStep:
    on = table.on
    dropped = ", ".join(f"DROP COLUMN {quoted(one.old)}" for one in table.columns)
    return PlanStep(
        name=f"purge-{on.name.name}",
        title=f"Drop {quoted_list(one.old for one in table.columns)} of {on.name}",
        phase=Phase.CONTRACT,
        part=Part.PURGE,
        forward=(*drop_trigger(table.back, on, on.beside(table.back)), f"ALTER TABLE {on.name} {dropped};"),
        before=tuple(nothing_is_bound_to(one, one.old) for one in table.columns),
        verify=tuple(columns.column_exists(on, one.old, expected=False) for one in table.columns),
        locks=exclusive(on.name),
        back="impossible",
        point_of_no_return="the narrow columns are dropped",
        no_way_back="nothing fills narrow columns any more; the wide ones hold all values",
        hold_days=COLUMN_HOLD_DAYS,
    )


def _filled(table: KeyTable) -> tuple[Check, ...]:
    return tuple(
        columns.no_row(
            f"{one.new} is equal to {one} in every row",
            table.on,
            f"{quoted(one.new)} IS DISTINCT FROM {quoted(one.name)}",
        )
        for one in table.columns
    )


def _is_wide(one: KeyColumn) -> Check:
    return Check(
        name=f"{one} is a bigint",
        sql=f"SELECT atttypid::regtype FROM pg_attribute WHERE attrelid = {regclass(one.on.name)}"
        f" AND attname = {literal(one.name)}",
        expected="bigint",
    )
