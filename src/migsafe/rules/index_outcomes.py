"""Indexes that fail, are left behind, or leave a gap."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import takewhile

from migsafe.model.catalogue import Index
from migsafe.model.finding import Category, Severity
from migsafe.model.names import quote_identifier
from migsafe.model.operation import CreateIndex, DropColumn, DropIndex, Reindex
from migsafe.rules.context import Context
from migsafe.rules.hazard import Hazard
from migsafe.rules.index_names import beside, called, objects_of, touched_table
from migsafe.rules.registry import rule
from migsafe.rules.wording import (
    LATER_MIGRATION,
    OUTSIDE_TRANSACTION,
    column_list,
    index_per_partition,
    index_sql,
    name_list,
    recipe,
    shown,
)

#: Since this version REINDEX CONCURRENTLY also takes a partitioned table (release notes of PostgreSQL 14).
_REINDEX_PARTITIONED_SINCE = 14


@rule(Category.FAIL, CreateIndex, DropIndex, Reindex)
def concurrent_index_on_partitioned(op: CreateIndex | DropIndex | Reindex, ctx: Context) -> Iterator[Hazard]:
    """An index of a partitioned table is created, dropped or rebuilt CONCURRENTLY, which Postgres refuses.

    Why it hurts: the statement fails (0A000), on every version; only REINDEX works, since PostgreSQL 14.

    Do instead: CREATE INDEX … ON ONLY the parent, one index CONCURRENTLY per partition, then ALTER INDEX … ATTACH
    PARTITION for each. To drop one: DROP INDEX without CONCURRENTLY, with a short lock_timeout.

    Fine when: the statement names a partition, not the partitioned table.

    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/ddl-partitioning.html
    """
    table = touched_table(op, ctx)
    if not op.concurrently or table is None or not ctx.is_partitioned(table):
        return
    match op:
        case CreateIndex():
            yield Hazard(
                message=f"{called(op)} cannot be built CONCURRENTLY: {op.table} is partitioned",
                instead=index_per_partition(op, ctx.catalogue),
                objects=objects_of(op),
            )
        case DropIndex():
            yield Hazard(
                message=f"{op.index} cannot be dropped CONCURRENTLY: {shown(table, ctx.catalogue)} is partitioned",
                instead=recipe("SET LOCAL lock_timeout = '500ms';", f"DROP INDEX {op.index};"),
                objects=(str(op.index),),
            )
        case Reindex() if ctx.server.major < _REINDEX_PARTITIONED_SINCE:
            yield Hazard(
                message=f"{op.target} cannot be rebuilt CONCURRENTLY before PostgreSQL 14: it is partitioned",
                instead=recipe(
                    OUTSIDE_TRANSACTION,
                    *(
                        f"REINDEX TABLE CONCURRENTLY {shown(leaf, ctx.catalogue)};"
                        for leaf in ctx.catalogue.leaves(table)
                    ),
                )
                if list(ctx.catalogue.leaves(table))
                else None,
                objects=(str(op.target),),
            )


@rule(Category.FAIL, CreateIndex, severity=Severity.WARNING)
def invalid_index_left_behind(op: CreateIndex, ctx: Context) -> Iterator[Hazard]:
    """A concurrent build that fails leaves an invalid index, and IF NOT EXISTS then takes it for a good one.

    Why it hurts: a build that is cancelled (by a lock_timeout, a statement_timeout, a duplicate key or a deadlock)
    leaves an INVALID index: it slows every write, no query uses it, and the retry with IF NOT EXISTS does nothing and
    succeeds.

    Do instead: DROP INDEX CONCURRENTLY IF EXISTS right before the build; lock_timeout and statement_timeout 0 around
    it.

    Fine when: the index is dropped first, or the retry looks at pg_index.indisvalid.

    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY
    """
    if not op.concurrently or ctx.is_new(op.table):
        return
    timeout = next((name for name in ("lock_timeout", "statement_timeout") if _limits(ctx.parameters.get(name))), None)
    if timeout is not None:
        yield Hazard(
            message=f"{timeout} = {ctx.parameters[timeout]} can cancel the build of {called(op)}, "
            "and leaves an INVALID index behind",
            instead=recipe("SET lock_timeout = 0;", "SET statement_timeout = 0;", index_sql(op, concurrently=True)),
            severity=Severity.WARNING if timeout == "lock_timeout" else Severity.INFO,
            objects=objects_of(op),
        )
    if op.if_not_exists and op.name is not None and not _dropped_before(op.name, ctx):
        known = ctx.catalogue.index(beside(op))
        yield Hazard(
            message=f"if an earlier build of {op.name} failed, an INVALID index of that name is there, "
            "and IF NOT EXISTS leaves it so",
            instead=recipe(
                OUTSIDE_TRANSACTION,
                f"DROP INDEX CONCURRENTLY IF EXISTS {beside(op)};",
                index_sql(op, concurrently=True, guarded=False),
            ),
            severity=Severity.INFO if known is None else Severity.WARNING,
            objects=objects_of(op),
        )


@rule(Category.COMPAT, DropIndex, severity=Severity.WARNING)
def index_replace_unsafe(op: DropIndex, ctx: Context) -> Iterator[Hazard]:
    """An index is dropped before the one that replaces it is built.

    Why it hurts: from the drop until the new index is ready, which may take hours, every query that needs it scans the
    whole table.

    Do instead: build the new index first, under another name, and drop the old one afterwards.

    Fine when: both happen in one transaction (nobody sees the gap), or the drop only clears away what a failed build of
    the same index left behind.

    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/sql-createindex.html
    """
    old = ctx.catalogue.index(op.index)
    if ctx.transaction is not None or old is None or ctx.is_new(old.table):
        return
    new = _successor(op, old, ctx)
    if new is None or (new.elements == old.elements and new.where == old.where):
        return
    yield Hazard(
        message=f"{op.index} is dropped before its successor is built: queries on {new.table} have neither meanwhile",
        instead=_replace_recipe(op, new),
        objects=(str(op.index), str(new.table)),
    )


@rule(Category.PERF, DropColumn)
def index_dropped_with_column(op: DropColumn, ctx: Context) -> Iterator[Hazard]:
    """A column goes, and an index or constraint over several columns goes with it, without a word.

    Why it hurts: DROP COLUMN drops every index that mentions the column, also those that serve queries on the other
    columns; those queries scan from then on, and a unique key stops being enforced.

    Do instead: build an index on the remaining columns first, CONCURRENTLY; then drop the column.

    Fine when: no query needs what is left of the index.

    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/sql-altertable.html#SQL-ALTERTABLE-DESC-DROP-COLUMN
    """
    if ctx.is_new(op.table):
        return
    for index in ctx.catalogue.indexes_of(op.table):
        others = sorted(index.mentioned_columns - {op.column})
        if op.column in index.mentioned_columns and others:
            yield Hazard(
                message=f"dropping {op.table}.{op.column} also drops {index.name.name}, "
                f"which serves {name_list(others)} too",
                instead=recipe(
                    OUTSIDE_TRANSACTION,
                    f"CREATE INDEX CONCURRENTLY ON {op.table} ({column_list(others)});",
                    LATER_MIGRATION,
                    f"ALTER TABLE {op.table} DROP COLUMN {quote_identifier(op.column)};",
                ),
                objects=(f"{op.table}.{op.column}", index.name.name),
            )


def _limits(timeout: str | None) -> bool:
    """Whether the script has set a timeout that can strike: not 0, and not the server's own."""
    return timeout is not None and timeout.strip("' ").rstrip("msinhd ") != "0"


def _dropped_before(index: str, ctx: Context) -> bool:
    return any(isinstance(earlier, DropIndex) and earlier.index.name == index for earlier in ctx.earlier)


def _successor(op: DropIndex, old: Index, ctx: Context) -> CreateIndex | None:
    """The index that comes nearest to the dropped one: that of its name, else the one with most leading keys of it."""
    fit = [later for later in ctx.later(op) if isinstance(later, CreateIndex) and _replaces(later, old, ctx)]
    return max(fit, key=lambda new: (new.name == old.name.name, _shared_keys(new, old)), default=None)


def _shared_keys(new: CreateIndex, old: Index) -> int:
    pairs = zip(new.elements, old.elements, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _replaces(new: CreateIndex, old: Index, ctx: Context) -> bool:
    """Whether an index takes over from another: the same name, or the same first key, on the same table."""
    if ctx.catalogue.resolve(new.table) != old.table:
        return False
    return new.name == old.name.name or new.elements[:1] == old.elements[:1]


def _replace_recipe(op: DropIndex, new: CreateIndex) -> str:
    drop = f"DROP INDEX CONCURRENTLY {op.index};"
    if new.name != op.index.name:
        return recipe(OUTSIDE_TRANSACTION, index_sql(new, concurrently=True), drop)
    fresh = op.index.renamed(f"{op.index.name}_new")
    rename = f"ALTER INDEX {fresh} RENAME TO {quote_identifier(op.index.name)};"
    build = index_sql(replace(new, name=fresh.name), concurrently=True)
    return recipe(OUTSIDE_TRANSACTION, build, drop, rename)
