"""What migrations do to rows: updates and deletes that grow with the table."""

from __future__ import annotations

from collections.abc import Iterator

from migsafe.model.finding import Category, Severity
from migsafe.model.names import QualifiedName, quote_identifier
from migsafe.model.operation import Delete, Insert, Operation, Update
from migsafe.rules.context import Context
from migsafe.rules.hazard import Hazard
from migsafe.rules.registry import EVERY_DIALECT, rule
from migsafe.rules.wording import shown


@rule(Category.DATA, Update, dialects=EVERY_DIALECT)
def update_without_where(op: Update, ctx: Context) -> Iterator[Hazard]:
    """UPDATE of every row of a table that is in use.

    Why it hurts: one transaction locks and rewrites every row: writers of those rows wait to its end, the table doubles
        in size, replicas fall behind.
    Do instead: change the rows in batches, outside of the migration.
    Fine when: the migration itself makes the table.
    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/routine-vacuuming.html#VACUUM-FOR-SPACE-RECOVERY
    """
    if ctx.is_new(op.table) or not _every_row(op) or op.bounded:
        return
    yield Hazard(
        message=f"every row of {op.table} is rewritten in one transaction",
        instead=_update_in_batches(op, ctx),
    )


@rule(Category.DATA, Delete, dialects=EVERY_DIALECT)
def delete_without_where(op: Delete, ctx: Context) -> Iterator[Hazard]:
    """DELETE of every row of a table that is in use.

    Why it hurts: the rows are gone for the running code too; one transaction locks every row, and fires every cascade
        and trigger.
    Do instead: delete in batches, outside of the migration, when no release reads the rows any more.
    Fine when: the migration itself makes the table.
    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/sql-delete.html
    """
    if ctx.is_new(op.table) or not _every_row(op) or op.bounded:
        return
    yield Hazard(message=f"every row of {op.table} is deleted in one transaction", instead=_delete_in_batches(op, ctx))


@rule(Category.DATA, Update, Delete, Insert, dialects=EVERY_DIALECT, severity=Severity.WARNING)
def unbatched_backfill(op: Update | Delete | Insert, ctx: Context) -> Iterator[Hazard]:
    """Rows are changed or copied in one statement, as many as there happen to be.

    Why it hurts: on a large table one transaction holds row locks for minutes, bloats the table, and makes replicas
        fall behind; a failure near the end throws everything away.
    Do instead: change the rows in batches, outside of the migration.
    Fine when: a key or a LIMIT bounds the rows, or the migration itself makes the table that they come from.
    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/explicit-locking.html#LOCKING-ROWS
    """
    if not _is_bulk(op, ctx):
        return
    match op:
        case Insert():
            sources = ", ".join(str(read) for read in op.reads if not ctx.is_new(read))
            yield Hazard(
                message=f"{op.table} is filled from {sources} in one statement, however many rows there are",
                instead=_insert_in_batches(op, ctx),
            )
        case Update() if not _every_row(op):
            yield Hazard(
                message=f"{op.table} is updated in one statement, however many rows match",
                instead=_update_in_batches(op, ctx),
            )
        case Delete() if not _every_row(op):
            yield Hazard(
                message=f"rows of {op.table} are deleted in one statement, however many match",
                instead=_delete_in_batches(op, ctx),
            )
        case _:
            pass


@rule(Category.TXN, Update, Delete, Insert)
def backfill_in_ddl_transaction(op: Update | Delete | Insert, ctx: Context) -> Iterator[Hazard]:
    """Rows are changed in bulk while the transaction holds a strong lock from earlier DDL.

    Why it hurts: the lock of the DDL is held for as long as the rows take, not for the instant that the DDL takes.
    Do instead: the DDL in one migration, the rows in another, in batches.
    Fine when: a key or a LIMIT bounds the rows, or the locked table is new.
    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/explicit-locking.html#LOCKING-TABLES
    """
    if ctx.transaction is None or not _is_bulk(op, ctx):
        return
    held = next(iter(ctx.transaction.blocking()), None)
    if held is None or any(_is_bulk(done, ctx) for done in ctx.transaction.since(held)):
        return
    strongest = max(ctx.transaction.blocking(), key=lambda lock: lock.claim.mode.value)
    locked, mode = shown(strongest.claim.table, ctx.catalogue), strongest.claim.mode
    yield Hazard(
        message=f"{locked}, locked since line {strongest.position.line} ({mode}), "
        f"blocks {mode.blocks} until all rows of {op.table} are done",
        instead=f"split: the DDL on {locked} in one migration; the rows of {op.table} in batches after it",
    )


def _is_bulk(op: Operation, ctx: Context) -> bool:
    """Whether as many rows of tables in use are changed or copied as there happen to be."""
    match op:
        case Insert(bounded=False):
            return _copies_rows(op, ctx)
        case Update(bounded=False) | Delete(bounded=False):
            return not ctx.is_new(op.table)
        case _:
            return False


def _copies_rows(op: Insert, ctx: Context) -> bool:
    return op.source == "query" and any(not ctx.is_new(read) for read in op.reads)


def _every_row(op: Update | Delete) -> bool:
    return op.where is None or op.tautology


def _key(table: QualifiedName, ctx: Context) -> str:
    """The column to batch by, as SQL: the primary key where it is known to be one column."""
    for index in ctx.catalogue.indexes_of(table):
        if index.primary and len(index.columns) == 1:
            return quote_identifier(index.columns[0])
    return "id"


def _update_in_batches(op: Update, ctx: Context) -> str:
    key = _key(op.table, ctx)
    condition = f" AND ({op.where.text})" if op.where is not None and not op.tautology else ""
    assigned = ", ".join(f"{quote_identifier(column)} = …" for column in op.columns) or "…"
    return (
        "-- outside of the migration, again and again until no row is left:\n"
        f"UPDATE {op.table} SET {assigned}\n"
        f"WHERE {key} > :last AND {key} <= :last + 1000{condition};"
    )


def _delete_in_batches(op: Delete, ctx: Context) -> str:
    key = _key(op.table, ctx)
    condition = f"WHERE {op.where.text} " if op.where is not None and not op.tautology and not op.reads else ""
    return (
        "-- outside of the migration, again and again until no row is left:\n"
        f"DELETE FROM {op.table}\nWHERE {key} IN (SELECT {key} FROM {op.table} {condition}LIMIT 1000);"
    )


def _insert_in_batches(op: Insert, ctx: Context) -> str:
    source = next((read for read in op.reads if not ctx.is_new(read)), None)
    key = _key(source, ctx) if source is not None else "id"
    return (
        "-- outside of the migration, again and again until no row is left:\n"
        f"INSERT INTO {op.table} (…) SELECT … FROM {source}\nWHERE {key} > :last AND {key} <= :last + 1000;"
    )
