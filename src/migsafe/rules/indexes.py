"""Indexes: built, rebuilt and dropped while the table is in use."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import dropwhile

from migsafe.model.dialect import Dialect
from migsafe.model.finding import Category, Severity
from migsafe.model.operation import CreateIndex, DropIndex, Operation, Reindex
from migsafe.rules.context import Context, HeldLock, OpenTransaction
from migsafe.rules.grouping import locks_of, together
from migsafe.rules.hazard import Hazard
from migsafe.rules.index_names import beside, called, objects_of, touched_table
from migsafe.rules.registry import rule
from migsafe.rules.wording import (
    OUTSIDE_TRANSACTION,
    index_per_partition,
    index_sql,
    name_list,
    recipe,
    shown,
)

#: More keys than this are unlikely to help ("Multicolumn Indexes" in the manual of PostgreSQL).
_USEFUL_KEYS = 3


@rule(Category.LOCK, CreateIndex)
def create_index_blocking(op: CreateIndex, ctx: Context) -> Iterator[Hazard]:
    """An index is built without CONCURRENTLY on a table that is in use.

    Why it hurts: SHARE on the table for the whole build: every INSERT, UPDATE and DELETE waits until it is done.

    Do instead: CREATE INDEX CONCURRENTLY, in a migration that runs outside a transaction. On a partitioned table:
    CREATE INDEX … ON ONLY the parent, one index CONCURRENTLY per partition, then ALTER INDEX … ATTACH PARTITION.

    Fine when: the migration itself makes the table.

    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY
    """
    if op.concurrently or not _builds(op, ctx) or ctx.is_new(op.table):
        return
    view = ctx.catalogue.view(op.table)
    if view is not None:
        yield Hazard(
            message=f"building {called(op)} makes a REFRESH of {op.table} wait until it is done",
            severity=Severity.INFO,
            objects=objects_of(op),
        )
        return
    partitioned = ctx.is_partitioned(op.table)
    whom, why = _blocked_by_build(op, ctx)
    below = " and all its partitions" if partitioned else ""
    yield Hazard(
        message=f"building {called(op)} blocks every {whom} {op.table}{below} until it is done{why}",
        instead=index_per_partition(op, ctx.catalogue)
        if partitioned
        else recipe(OUTSIDE_TRANSACTION, index_sql(op, concurrently=True)),
        objects=objects_of(op),
    )


@rule(Category.TXN, CreateIndex)
def index_build_while_holding_lock(op: CreateIndex, ctx: Context) -> Iterator[Hazard]:
    """An index is built while the transaction holds a blocking lock on another table.

    Why it hurts: the lock that an earlier statement took is kept until the transaction ends, so a second table is
    out of use for as long as the index takes.

    Do instead: build the index in a migration of its own, CONCURRENTLY.

    Fine when: the index is on a table that this migration made, so that the build takes no time. Said once for each
    transaction.

    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/explicit-locking.html#LOCKING-TABLES
    """
    if op.concurrently or ctx.transaction is None or not _builds(op, ctx) or ctx.is_new(op.table):
        return
    held = _held_elsewhere(op, ctx.transaction, ctx)
    if held is None:
        return
    other = held.claim.table
    yield Hazard(
        message=f"{called(op)} on {op.table} is built while {_holding(held)} keeps "
        f"{held.claim.mode.blocks} of {shown(other, ctx.catalogue)} waiting",
        instead=recipe(OUTSIDE_TRANSACTION, index_sql(op, concurrently=True)),
        objects=(str(op.table), shown(other, ctx.catalogue)),
    )


@rule(Category.LOCK, DropIndex, severity=Severity.WARNING)
def drop_index_blocking(op: DropIndex, ctx: Context) -> Iterator[Hazard]:
    """An index is dropped without CONCURRENTLY from a table that is in use.

    Why it hurts: ACCESS EXCLUSIVE on the table. It is short once it is there, but it waits behind every running query,
    and every new query waits behind it.

    Do instead: DROP INDEX CONCURRENTLY, in a migration that runs outside a transaction. It takes one index at a time,
    and no CASCADE.

    Fine when: the migration itself makes the table, or the table is partitioned: there is no concurrent form for that.

    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/sql-dropindex.html
    """
    dropped = together(op, ctx, lambda each: _drop_blocks(each, ctx))
    if not dropped:
        return
    names = [str(each.index) for each in dropped]
    tables = {shown(index.table, ctx.catalogue) for each in dropped if (index := ctx.catalogue.index(each.index))}
    where = name_list(sorted(tables)) or "the index's table"
    guard = " IF EXISTS" if op.if_exists else ""
    yield Hazard(
        message=f"dropping {name_list(names)} waits for every query on {where}, "
        "and blocks all reads and writes meanwhile",
        instead=recipe(OUTSIDE_TRANSACTION, *(f"DROP INDEX CONCURRENTLY{guard} {name};" for name in names)),
        objects=tuple(names),
        at=dropped[0].span,
        locks=locks_of(dropped, ctx),
    )


@rule(Category.LOCK, Reindex)
def reindex_blocking(op: Reindex, ctx: Context) -> Iterator[Hazard]:
    """An index is rebuilt without CONCURRENTLY.

    Why it hurts: SHARE on the table blocks every write, and ACCESS EXCLUSIVE on the index blocks the readers that plan
    with it, for the whole rebuild.

    Do instead: REINDEX … CONCURRENTLY, outside a transaction.

    Fine when: the migration itself makes the table.

    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/sql-reindex.html
    """
    if op.concurrently or _reindexed_table_is_new(op, ctx):
        return
    target = f" {op.target}" if op.target is not None else ""
    what = f"REINDEX {op.kind.upper()}{target}"
    if op.kind == "system":
        instead = recipe("-- there is no concurrent form: in a maintenance window, not in a migration:", f"{what};")
    else:
        instead = recipe(OUTSIDE_TRANSACTION, f"REINDEX {op.kind.upper()} CONCURRENTLY{target};")
    yield Hazard(
        message=f"{what} blocks writes, and reads that would use the index, until the rebuild is done",
        instead=instead,
        objects=(str(op.target),) if op.target is not None else (),
    )


@rule(Category.STYLE, CreateIndex, dialects=(Dialect.POSTGRES, Dialect.MYSQL))
def index_wide(op: CreateIndex, ctx: Context) -> Iterator[Hazard]:
    """A btree index that is not unique has more than three columns.

    Why it hurts: the first columns have narrowed the search down already; each further one makes the index larger and
    every write slower.

    Do instead: index the most selective columns only.

    Fine when: a query that matters needs all of them, and its plan was measured; or the index is unique, or of a method
    made for many columns (gin, brin, full text).

    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/indexes-multicolumn.html; MySQL 8.4,
    https://dev.mysql.com/doc/refman/8.4/en/multiple-column-indexes.html
    """
    if op.unique or op.method not in {None, "btree"} or len(op.elements) <= _USEFUL_KEYS:
        return
    yield Hazard(
        message=f"{called(op)} on {op.table} has {len(op.elements)} columns",
        instead=_narrow_recipe(op, ctx),
        objects=objects_of(op),
    )


def _narrow_recipe(op: CreateIndex, ctx: Context) -> str:
    """The index on its first keys: migsafe cannot know which are the most selective."""
    if ctx.dialect is Dialect.MYSQL:
        name = f"{op.name} " if op.name else ""
        return recipe("-- the most selective columns only:", f"ALTER TABLE {op.table} ADD INDEX {name}(…);")
    guess = f"-- the most selective columns, if those are the first {_USEFUL_KEYS}:"
    narrow = replace(op, elements=op.elements[:_USEFUL_KEYS])
    concurrently = not op.only and not ctx.is_new(op.table) and not ctx.is_partitioned(op.table)
    return recipe(
        OUTSIDE_TRANSACTION if concurrently else "", guess, index_sql(narrow, concurrently=concurrently, only=op.only)
    )


def _held_elsewhere(op: CreateIndex, transaction: OpenTransaction, ctx: Context) -> HeldLock | None:
    """The strongest lock that keeps another table waiting for this build, when this is the first build to hold it up.

    The locks of other builds are no reason: each of those is a finding of its own.
    """
    table = ctx.catalogue.resolve(op.table)
    held = [
        lock
        for lock in transaction.blocking()
        if lock.claim.table != table and not isinstance(lock.operation, CreateIndex)
    ]
    strongest = max(held, key=lambda lock: lock.claim.mode, default=None)
    if strongest is None:
        return None
    since = [*dropwhile(lambda earlier: earlier is not held[0].operation, transaction.operations)]
    return None if any(_is_slow_build(earlier, ctx) for earlier in since) else strongest


def _is_slow_build(earlier: Operation, ctx: Context) -> bool:
    return isinstance(earlier, CreateIndex) and not ctx.is_new(earlier.table)


def _builds(op: CreateIndex, ctx: Context) -> bool:
    """Whether it reads any rows: not ON ONLY a partitioned table, and not what IF NOT EXISTS finds to be there."""
    if op.only and (ctx.is_partitioned(op.table) or ctx.table(op.table) is None):
        return False
    there = ctx.catalogue.index(beside(op)) if op.if_not_exists and op.name else None
    return there is None or there.table != ctx.catalogue.resolve(op.table)


def _blocked_by_build(op: CreateIndex, ctx: Context) -> tuple[str, str]:
    """Who waits for a plain build, and why it is more than the build asks for."""
    held = [] if ctx.transaction is None else ctx.transaction.held
    table = ctx.catalogue.resolve(op.table)
    strongest = next((lock for lock in held if lock.claim.table == table and lock.claim.mode.blocks_reads), None)
    if strongest is None:
        return "write to", ""
    return "read and write of", f", because {_holding(strongest)} is still held"


def _holding(held: HeldLock) -> str:
    return f"{held.claim.mode} from line {held.position.line}"


def _drop_blocks(op: DropIndex, ctx: Context) -> bool:
    if op.concurrently:
        return False
    index = ctx.catalogue.index(op.index)
    if index is None:
        return True
    return index.constraint is None and not ctx.is_new(index.table) and not ctx.is_partitioned(index.table)


def _reindexed_table_is_new(op: Reindex, ctx: Context) -> bool:
    table = touched_table(op, ctx)
    return table is not None and ctx.is_new(table)
