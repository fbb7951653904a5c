"""Partitions: made, attached and detached while the partitioned table is in use."""

from __future__ import annotations

from collections.abc import Iterator

from migsafe.model.catalogue import Index, Table
from migsafe.model.finding import Category, Severity
from migsafe.model.locks import Work
from migsafe.model.names import QualifiedName, quote_identifier
from migsafe.model.operation import (
    AttachPartition,
    CreateTable,
    DetachPartition,
    PartitionBound,
    PartitionKey,
    Query,
    RunCode,
)
from migsafe.model.script import Direction
from migsafe.rules.context import Context
from migsafe.rules.events import EndOfScript
from migsafe.rules.hazard import Hazard
from migsafe.rules.knowledge.partition_bounds import condition, rows_proved_inside, rows_proved_outside
from migsafe.rules.registry import rule
from migsafe.rules.wording import LATER_MIGRATION, OUTSIDE_TRANSACTION, column_list, name_list, recipe, shown

#: The version that brought DETACH PARTITION CONCURRENTLY (release notes of PostgreSQL 14).
_DETACH_CONCURRENTLY_SINCE = 14


@rule(Category.LOCK, AttachPartition)
def attach_partition_scan(op: AttachPartition, ctx: Context) -> Iterator[Hazard]:
    """A table is attached as a partition, and its rows are checked against the bound while it is out of use.

    Why it hurts: ACCESS EXCLUSIVE on the table and on the DEFAULT partition, and a scan of both: every read and write
    of them waits, and so does every query on the partitioned table that needs them.

    Do instead: a CHECK that implies the bound, NOT VALID; VALIDATE it in a later migration; then ATTACH, which takes
    the CHECK as its proof; then drop the CHECK. The same, the other way round, for the DEFAULT partition.

    Fine when: the migration itself makes the table, or validated CHECKs prove what the scan would find.

    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/sql-altertable.html (ATTACH PARTITION)
    """
    parent = ctx.table(op.table)
    key = parent.partition_by if parent is not None else None
    default = _default_in_use(parent, ctx)
    scanned = []
    if not ctx.is_new(op.partition) and not _proved_inside(ctx.table(op.partition), key, op.bound):
        scanned.append(str(op.partition))
    if default is not None and not op.bound.default and not rows_proved_outside(default, key, op.bound):
        scanned.append(shown(default.name, ctx.catalogue))
    if not scanned:
        return
    both = "both are" if len(scanned) > 1 else "it is"
    yield Hazard(
        message=f"attaching {op.partition} to {op.table} scans {name_list(scanned)}, "
        f"and all reads and writes wait while {both} scanned",
        instead=_attach_recipe(op, key, scanned, ctx),
        objects=(str(op.table), *scanned),
        work=Work.SCAN,
    )


@rule(Category.LOCK, AttachPartition)
def attach_partition_builds_index(op: AttachPartition, ctx: Context) -> Iterator[Hazard]:
    """A table is attached as a partition without an index that the partitioned table has.

    Why it hurts: Postgres builds the missing index at once, under ACCESS EXCLUSIVE on the table: every read and write
    of it waits for the whole build.

    Do instead: build each of them CONCURRENTLY on the table first; ATTACH PARTITION then takes them over.

    Fine when: the migration itself makes the table.

    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/sql-altertable.html (ATTACH PARTITION)
    """
    child = ctx.table(op.partition)
    if ctx.is_new(op.partition) or child is None:
        return
    own = list(ctx.catalogue.indexes_of(op.partition))
    missing = [index for index in ctx.catalogue.indexes_of(op.table) if not any(_serves(each, index) for each in own)]
    if not missing:
        return
    names = sorted(index.name.name for index in missing)
    yield Hazard(
        message=f"attaching {op.partition} builds its part of {name_list(names)}, and all its reads and writes wait",
        instead=recipe(
            OUTSIDE_TRANSACTION,
            *(line for index in missing for line in _own_index(op.partition, index)),
            LATER_MIGRATION,
            f"ALTER TABLE {op.table} ATTACH PARTITION {op.partition} {op.bound.text};",
        ),
        severity=Severity.ERROR if child.complete else Severity.WARNING,
        objects=(str(op.partition), *names),
        work=Work.INDEX_BUILD,
    )


@rule(Category.LOCK, CreateTable)
def create_partition_with_default(op: CreateTable, ctx: Context) -> Iterator[Hazard]:
    """A partition is created on a table that has a DEFAULT partition.

    Why it hurts: ACCESS EXCLUSIVE on the partitioned table and on the DEFAULT partition, and a scan of the DEFAULT
    partition for rows that belong to the new one: every read and write of the whole table waits.

    Do instead: a CHECK on the DEFAULT partition that excludes the new bound, NOT VALID, then validated: it saves the
    scan. Then CREATE TABLE … (LIKE parent) and ATTACH PARTITION, which takes only SHARE UPDATE EXCLUSIVE on the parent.

    Fine when: the migration itself makes the partitioned table or the DEFAULT partition; or there is no DEFAULT
    partition: then the lock is short.

    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/sql-createtable.html#SQL-CREATETABLE-PARTITION
    """
    if op.partition_of is None or ctx.is_new(op.partition_of) or op.bound is None or op.bound.default:
        return
    if op.if_not_exists and ctx.table(op.table) is not None:
        return
    parent = ctx.table(op.partition_of)
    default = _default_in_use(parent, ctx)
    if parent is not None and default is None:
        return
    if parent is not None and default is not None and rows_proved_outside(default, parent.partition_by, op.bound):
        return
    scanned = shown(default.name, ctx.catalogue) if default is not None else "its DEFAULT partition, if there is one"
    yield Hazard(
        message=f"creating {op.table} blocks all reads and writes of {op.partition_of} while Postgres scans {scanned}",
        instead=_create_recipe(op, op.bound, parent.partition_by if parent else None, scanned if default else None),
        severity=Severity.ERROR if default is not None else Severity.WARNING,
        objects=(str(op.table), str(op.partition_of)),
        work=Work.SCAN,
    )


@rule(Category.LOCK, DetachPartition, severity=Severity.WARNING)
def detach_partition_blocking(op: DetachPartition, ctx: Context) -> Iterator[Hazard]:
    """A partition is detached without CONCURRENTLY.

    Why it hurts: ACCESS EXCLUSIVE on the partitioned table, the partition and the DEFAULT partition. It is short once
    it is there, but it waits behind every running query, and every new query waits behind it.

    Do instead: DETACH PARTITION … CONCURRENTLY, in a migration that runs outside a transaction. Where there is a
    DEFAULT partition that does not work: a short lock_timeout, and another try.

    Fine when: the migration itself makes the partitioned table.

    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/sql-altertable.html (DETACH PARTITION)
    """
    parent = ctx.table(op.table)
    default = parent.default_partition if parent is not None else None
    if op.finalize:
        return
    short_wait = recipe("SET LOCAL lock_timeout = '500ms';", f"ALTER TABLE {op.table} DETACH PARTITION {op.partition};")
    if op.concurrently and default is not None:
        yield Hazard(
            message=f"{op.partition} cannot be detached CONCURRENTLY: {op.table} has the DEFAULT partition "
            f"{shown(default, ctx.catalogue)}",
            instead=short_wait,
            severity=Severity.ERROR,
            objects=(str(op.table), str(op.partition)),
        )
    if op.concurrently or ctx.is_new(op.table):
        return
    concurrent = default is None and ctx.server.major >= _DETACH_CONCURRENTLY_SINCE
    yield Hazard(
        message=f"detaching {op.partition} waits for every query on {op.table}, "
        "and blocks all reads and writes meanwhile",
        instead=recipe(OUTSIDE_TRANSACTION, f"ALTER TABLE {op.table} DETACH PARTITION {op.partition} CONCURRENTLY;")
        if concurrent
        else short_wait,
        severity=Severity.WARNING if concurrent else Severity.INFO,
        objects=(str(op.table), str(op.partition)),
    )


@rule(Category.DATA, EndOfScript, severity=Severity.WARNING)
def future_partition_missing(op: EndOfScript, ctx: Context) -> Iterator[Hazard]:
    """A partitioned table is made, and neither a partition nor a DEFAULT.

    Why it hurts: every INSERT fails with 23514: no partition of the relation found for row.

    Do instead: make partitions ahead, at least three periods, and alert when they run out; or a DEFAULT partition.

    Fine when: something else makes them before the first row comes: pg_partman, or code that the migration calls.

    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/ddl-partitioning.html#DDL-PARTITIONING-DECLARATIVE
    """
    if ctx.direction is Direction.DOWN or "pg_partman" in ctx.catalogue.extensions or _may_make_partitions(ctx):
        return
    for earlier in ctx.earlier:
        if not isinstance(earlier, CreateTable) or earlier.partition_by is None or earlier.temporary:
            continue
        table = ctx.table(earlier.table)
        if table is not None and table.partition_by is not None and not table.partitions:
            yield Hazard(
                message=f"{earlier.table} has no partition, so every INSERT into it fails",
                instead=_first_partitions(earlier.table, earlier.partition_by),
                objects=(str(earlier.table),),
                at=earlier.span,
            )


def _first_partitions(table: QualifiedName, key: PartitionKey) -> str:
    """A DEFAULT partition; or a first share, as tables by hash have no DEFAULT."""
    if key.strategy != "hash":
        return f"CREATE TABLE {table.renamed(f'{table.name}_default')} PARTITION OF {table} DEFAULT;"
    shares = [f"FOR VALUES WITH (MODULUS 4, REMAINDER {number})" for number in range(4)]
    return recipe(
        *(
            f"CREATE TABLE {table.renamed(f'{table.name}_{number}')} PARTITION OF {table} {share};"
            for number, share in enumerate(shares)
        )
    )


def _default_in_use(parent: Table | None, ctx: Context) -> Table | None:
    """The DEFAULT partition of a table, where it may hold rows."""
    name = parent.default_partition if parent is not None else None
    return None if name is None or ctx.is_new(name) else ctx.table(name)


def _proved_inside(child: Table | None, key: PartitionKey | None, bound: PartitionBound) -> bool:
    return child is not None and rows_proved_inside(child, key, bound)


def _attach_recipe(op: AttachPartition, key: PartitionKey | None, scanned: list[str], ctx: Context) -> str:
    inside = _condition(key, op.bound)
    checks = [(table, inside if table == str(op.partition) else f"NOT ({inside})") for table in scanned]
    make = f"CREATE TABLE {op.partition} (LIKE {op.table} INCLUDING ALL);" if ctx.is_new(op.partition) else ""
    attach = f"ALTER TABLE {op.table} ATTACH PARTITION {op.partition} {op.bound.text};"
    return _proved_first(op.partition, checks, make, attach)


def _create_recipe(op: CreateTable, bound: PartitionBound, key: PartitionKey | None, default: str | None) -> str:
    steps = (
        f"CREATE TABLE {op.table} (LIKE {op.partition_of} INCLUDING ALL);",
        f"ALTER TABLE {op.partition_of} ATTACH PARTITION {op.table} {bound.text};",
    )
    if default is None:
        return recipe(*steps)
    return _proved_first(op.table, [(default, f"NOT ({_condition(key, bound)})")], *steps)


def _condition(key: PartitionKey | None, bound: PartitionBound) -> str:
    return condition(key, bound) or f"… as {bound.text} says …"


def _proved_first(partition: QualifiedName, checks: list[tuple[str, str]], *steps: str) -> str:
    """CHECKs that save the scan, then the steps that would scan without them."""
    name = quote_identifier(f"{partition.name}_bound")
    return recipe(
        *(f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({check}) NOT VALID;" for table, check in checks),
        LATER_MIGRATION,
        *(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name};" for table, _ in checks),
        LATER_MIGRATION,
        *steps,
        *(f"ALTER TABLE {table} DROP CONSTRAINT {name};" for table, _ in checks),
    )


def _serves(own: Index, parent: Index) -> bool:
    """Whether a partition's index can be taken for its part of the parent's: the same in all that matters."""
    return (
        own.valid
        and own.elements == parent.elements
        and own.unique == parent.unique
        and own.method == parent.method
        and own.include == parent.include
        and (own.where.text if own.where else None) == (parent.where.text if parent.where else None)
        and (parent.constraint is None or own.constraint is not None)
    )


def _own_index(table: QualifiedName, parent: Index) -> tuple[str, ...]:
    """The statements that give a table its part of a partitioned index, as far as plain columns go."""
    name = f"{table.name}_{parent.name.name}"
    keys = column_list(parent.columns) if len(parent.columns) == len(parent.elements) else "…"
    unique = "UNIQUE " if parent.unique else ""
    build = f"CREATE {unique}INDEX CONCURRENTLY {name} ON {table} ({keys});"
    if parent.constraint is None:
        return (build,)
    kind = "PRIMARY KEY" if parent.primary else "UNIQUE"
    return build, f"ALTER TABLE {table} ADD CONSTRAINT {name} {kind} USING INDEX {name};"


def _may_make_partitions(ctx: Context) -> bool:
    """Whether code that cannot be seen through has run: it may have made the partitions."""
    return any(
        (isinstance(earlier, RunCode) and bool(earlier.opaque))
        or (isinstance(earlier, Query) and bool(earlier.functions))
        for earlier in ctx.earlier
    )
