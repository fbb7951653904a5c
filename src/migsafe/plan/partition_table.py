"""Turn a plain table into a partitioned one: it becomes the first partition, and no row moves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from migsafe.errors import UsageError
from migsafe.model.operation import ExclusionConstraint
from migsafe.model.phase import Part, Phase
from migsafe.model.plan import ChangeKind, ChangePlan, Check, PlanStep
from migsafe.plan.columns import no_row
from migsafe.plan.foreign_keys import keys_to
from migsafe.plan.indexes import constraint_is_valid
from migsafe.plan.partition_swap import PartitionSwap
from migsafe.plan.privileges import same_access
from migsafe.plan.published import SUBSCRIBERS_HELP, not_published, published_promises
from migsafe.plan.readers import is_free, no_foreign_key, no_view_reads
from migsafe.plan.recipe import Known, PlanRefusedError, argument, recipe, recorded
from migsafe.plan.smoke import ROLE_HELP
from migsafe.plan.sql import literal, quoted, regclass, safe_name
from migsafe.plan.targets import ColumnTarget, find_column
from migsafe.plan.wording import TABLE_HOLD_DAYS, beside_writers, exclusive

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from migsafe.plan.targets import TableTarget

#: Fewer partitions ahead leave no time to notice that nobody makes them.
_LEAST_AHEAD = 3

_TYPES = {"date": "", "timestamp without time zone": " 00:00:00", "timestamp with time zone": " 00:00:00+00"}

_PERIODS: dict[str, tuple[Callable[[date], date], str]] = {
    "day": (lambda day: day + timedelta(days=1), "%Y_%m_%d"),
    "week": (lambda day: day + timedelta(days=7), "%Y_%m_%d"),
    "month": (lambda day: _months_later(day, 1), "%Y_%m"),
    "quarter": (lambda day: _months_later(day, 3), "%Y_%m"),
    "year": (lambda day: _months_later(day, 12), "%Y"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class PartitionTable:
    """Turn a plain table into one partitioned by time, of which it becomes the first partition."""

    column: str = argument("The date or timestamp by which rows are spread: table.column.")
    start: str = argument("The first day of the first new partition, as 2027-01-01; in the future, with time to spare.")
    every: str = argument("How long a partition is: day, week, month, quarter, year.", default="month")
    ahead: str = argument("How many partitions are made at once, 3 at least.", default="6")
    without_default: bool = argument(
        "No DEFAULT partition: a row for which nobody has made a partition fails.", default=False
    )
    role: str = argument(ROLE_HELP, default="")
    subscribers_ready: bool = argument(SUBSCRIBERS_HELP, default=False)


@recipe(ChangeKind.PARTITION_TABLE, examples=("events.created_at 2027-01-01 --every month --ahead 6",))
def partition_table(arguments: PartitionTable, known: Known) -> ChangePlan:
    """A CHECK says where the table ends; with it, ATTACH PARTITION scans nothing (PostgreSQL 15–18 manual, "Table
    Partitioning"; ALTER TABLE, "ATTACH PARTITION")."""
    target = find_column(arguments.column, known.catalogue)
    _refuse(target, known)
    swap = _swap(arguments, target)
    ready = arguments.subscribers_ready
    published = published_promises(target.on, known.catalogue, f"partition {target.on.name} too", ready=ready)
    last = swap.partitions[-1][2]
    return ChangePlan(
        change=known.change,
        kind=ChangeKind.PARTITION_TABLE,
        objects=(str(target),),
        arguments=recorded(arguments),
        steps=tuple(_steps(swap, target, not_published(target.on, ready=ready))),
        code=("none: code goes on under the same name",),
        promises=(
            f"from the CHECK to the swap, rows of {target.on.name} from {swap.boundary} on are refused: swap before",
            f"somebody makes further partitions before {last}, and is told when nobody has: "
            + ("later rows fail" if swap.default is None else f"later rows pile up in {swap.default}"),
            "no code writes or reads partitions by their own names",
            *published,
        ),
    )


def _steps(swap: PartitionSwap, target: ColumnTarget, published: tuple[Check, ...]) -> Iterator[PlanStep]:
    table, column = swap.table, quoted(swap.column)
    add = (
        f"ALTER TABLE {table} ADD CONSTRAINT {quoted(swap.check)}"
        f" CHECK ({column} < {literal(swap.boundary)}) NOT VALID;"
    )
    later = no_row(
        f"no row of {table} is from {swap.boundary} or later", target.on, f"{column} >= {literal(swap.boundary)}"
    )
    yield PlanStep(
        name=f"bound-{table.name}",
        title=f"Refuse rows of {table} from {swap.boundary} on, until the swap",
        phase=Phase.MIGRATE,
        forward=(add,),
        backward=(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {quoted(swap.check)};",),
        before=(later, _in_time(swap, days=7)),
        locks=exclusive(table),
    )
    yield PlanStep(
        name=f"validate-{table.name}",
        title=f"Check that every row of {table} is from before {swap.boundary}",
        phase=Phase.MIGRATE,
        forward=(f"ALTER TABLE {table} VALIDATE CONSTRAINT {quoted(swap.check)};",),
        verify=(constraint_is_valid(target.on, swap.check),),
        locks=beside_writers(table),
        back="nothing to do",
        no_way_back="a check that passed may stay",
    )
    yield _swap_step(swap, target.on, published)
    yield _purge_step(swap, add)


def _swap_step(swap: PartitionSwap, on: TableTarget, published: tuple[Check, ...]) -> PlanStep:
    names = (swap.legacy, *(name for name, _, _ in swap.partitions), *([swap.default] if swap.default else []))
    return PlanStep(
        name=f"swap-{on.name.name}",
        title=f"Let a partitioned table take the place of {on.name}, with {swap.legacy} as its first partition",
        phase=Phase.CONTRACT,
        part=Part.QUARANTINE,
        forward=tuple(swap.forward()),
        backward=tuple(swap.backward()),
        before=(
            constraint_is_valid(on, swap.check),
            _in_time(swap, days=0),
            no_view_reads(on.name),
            no_foreign_key(on.name, inbound_only=True),
            *map(is_free, names),
            *published,
        ),
        verify=(
            same_access(swap.legacy, swap.table),
            _same_security(swap),
            Check(
                name=f"the application may read {swap.table}",
                sql=f"SELECT count(*) >= 0 FROM (SELECT FROM {swap.table} LIMIT 1) AS row",
                expected="true",
                as_role=True,
            ),
        ),
        locks=exclusive(on.name),
        point_of_no_return=f"the first row from {swap.boundary} or later",
    )


def _purge_step(swap: PartitionSwap, add: str) -> PlanStep:
    of_legacy = add.replace(f"ALTER TABLE {swap.table} ", f"ALTER TABLE {swap.legacy} ", 1)
    return PlanStep(
        name=f"purge-{swap.table.name}",
        title=f"Drop the CHECK of {swap.legacy}; its bound as a partition says the same",
        phase=Phase.CONTRACT,
        part=Part.PURGE,
        forward=(f"ALTER TABLE {swap.legacy} DROP CONSTRAINT {quoted(swap.check)};",),
        backward=(of_legacy, f"ALTER TABLE {swap.legacy} VALIDATE CONSTRAINT {quoted(swap.check)};"),
        backward_transaction=False,
        locks=exclusive(swap.legacy),
        hold_days=TABLE_HOLD_DAYS,
    )


def _swap(arguments: PartitionTable, target: ColumnTarget) -> PartitionSwap:
    on = target.on
    tail = _TYPES[target.column.type.name if target.column.type else ""]
    bounds = _bounds(arguments)
    name_format = _PERIODS[arguments.every][1]
    partitions = tuple(
        (on.beside(safe_name(on.name.name, low.strftime(name_format))), f"{low}{tail}", f"{high}{tail}")
        for low, high in pairwise(bounds)
    )
    return PartitionSwap(
        table=on.name,
        legacy=on.beside(safe_name(on.name.name, suffix="_legacy")),
        column=target.name,
        check=safe_name(on.name.name, target.name, suffix="_bound"),
        boundary=partitions[0][1],
        partitions=partitions,
        default=None if arguments.without_default else on.beside(safe_name(on.name.name, suffix="_default")),
        sequences=tuple(_sequences(on)),
        role=arguments.role,
    )


def _bounds(arguments: PartitionTable) -> list[date]:
    if arguments.every not in _PERIODS:
        raise UsageError(f'"{arguments.every}" is no length of a partition', hint=f"one of: {', '.join(_PERIODS)}")
    try:
        bounds, ahead = [date.fromisoformat(arguments.start)], int(arguments.ahead)
    except ValueError:
        raise UsageError(
            f'"{arguments.start}" is no day, or "{arguments.ahead}" no number', hint="write 2027-01-01, and --ahead 6"
        ) from None
    if ahead < _LEAST_AHEAD:
        raise PlanRefusedError(f"{ahead} partitions ahead are too few", hint=f"--ahead {_LEAST_AHEAD}, or more")
    if arguments.every in {"month", "quarter", "year"} and bounds[0].day != 1:
        raise PlanRefusedError(f"a {arguments.every} begins on the first, not on {bounds[0]}")
    for _ in range(ahead):
        bounds.append(_PERIODS[arguments.every][0](bounds[-1]))
    return bounds


def _months_later(day: date, months: int) -> date:
    years, month = divmod(day.month - 1 + months, 12)
    return day.replace(year=day.year + years, month=month + 1)


def _sequences(on: TableTarget) -> Iterator[tuple[str, str]]:
    wide = {"serial": "integer", "bigserial": "bigint", "smallserial": "smallint"}
    for column in on.table.columns.values():
        nextval = column.default is not None and column.default.nextval_of is not None
        name = column.type.name if column.type else "bigint"
        if column.identity is not None or nextval or name in wide:
            yield column.name, wide.get(name, name)


def _in_time(swap: PartitionSwap, *, days: int) -> Check:
    spare = f" - interval '{days} days'" if days else ""
    return Check(
        name=f"{swap.boundary} is {f'at least {days} days ' if days else ''}ahead",
        sql=f"SELECT now() < {literal(swap.boundary)}::timestamptz{spare}",
        expected="true",
    )


def _same_security(swap: PartitionSwap) -> Check:
    facts = (
        "SELECT c.relrowsecurity, c.relforcerowsecurity,"
        " (SELECT count(*) FROM pg_policy AS p WHERE p.polrelid = c.oid),"
        " (SELECT count(*) FROM pg_trigger AS t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgtype & 1 = 1)"
        " FROM pg_class AS c WHERE c.oid ="
    )
    return Check(
        name=f"{swap.table} has the row security, policies and row triggers of {swap.legacy}",
        sql=f"SELECT count(*) FROM ({facts} {regclass(swap.table)} EXCEPT {facts} {regclass(swap.legacy)}) AS other",
    )


def _refuse(target: ColumnTarget, known: Known) -> None:
    why, hint = _obstacle(target, known) or (None, None)
    if why is not None:
        raise PlanRefusedError(why, hint=hint)


def _obstacle(target: ColumnTarget, known: Known) -> tuple[str, str | None] | None:
    on, table = target.on, target.on.table
    if table.partition_by is not None or table.partition_of is not None or table.inherits or table.unlogged:
        return f"{on.name} is partitioned, part of another table, or unlogged", None
    if target.column.type is None or target.column.type.name not in _TYPES:
        return f"{target} is {target.column.type}, and not a date or timestamp", None
    if target.column.nullable:
        return f"{target} may be NULL, and such rows fit no range", f"migsafe plan set-not-null {target} first"
    for index in known.catalogue.indexes_of(table.name):
        if index.unique and target.name not in index.columns:
            return (
                f"the unique key {index.name.name} of {on.name} does not hold {target.name}",
                f"make it unique with {target.name} first; ON CONFLICT of running code must name the same columns",
            )
    for key in keys_to(on, known.catalogue):
        return f"the foreign key {key.name} of {key.table} points at {on.name}", "drop it, or keep the table as it is"
    for view in known.catalogue.views_on(table.name):
        name = on.spelt(view.name)
        return f"the view {name} would go on reading the first partition only", f"drop {name} first, and make it again"
    if any(isinstance(one.definition, ExclusionConstraint) for one in table.constraints.values()):
        return f"{on.name} has an exclusion constraint, which a partitioned table cannot take over", None
    if table.replica_identity == "index":
        return f"{on.name} is replicated by an index (REPLICA IDENTITY USING INDEX)", None
    return None
