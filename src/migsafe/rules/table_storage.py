"""How and where a table is kept: durability, place, order of rows, replication."""

from __future__ import annotations

from collections.abc import Iterator

from migsafe.model.finding import Category, Severity
from migsafe.model.names import QualifiedName, quote_identifier
from migsafe.model.operation import (
    AddColumn,
    AlterColumnType,
    BaseOperation,
    ClusterTable,
    CreateTable,
    DropColumn,
    ObjectKind,
    RenameColumn,
    RenameTable,
    SetAccessMethod,
    SetLogged,
    SetReplicaIdentity,
    SetSchema,
    SetTablespace,
    VacuumTable,
)
from migsafe.rules.context import Context
from migsafe.rules.hazard import Hazard
from migsafe.rules.registry import rule
from migsafe.rules.wording import name_list, recipe


@rule(Category.LOCK, SetLogged, CreateTable)
def set_logged_unlogged(op: SetLogged | CreateTable, ctx: Context) -> Iterator[Hazard]:
    """A table becomes logged or unlogged, or is made unlogged.

    Why it hurts: SET LOGGED and SET UNLOGGED rewrite the table under ACCESS EXCLUSIVE. An unlogged table is empty
        after a crash, and does not exist for replicas.
    Do instead: make a new table the other way, copy in batches, and swap the names.
    Fine when: the table is so already, or the migration itself makes the table.
    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/sql-altertable.html
    """
    if isinstance(op, CreateTable):
        if op.unlogged:
            yield Hazard(
                message=f"{op.table} is empty after a crash, and on replicas",
                severity=Severity.INFO,
                objects=(str(op.table),),
            )
        return
    known = ctx.table(op.table)
    if ctx.is_new(op.table) or (known is not None and known.unlogged is not op.logged):
        return
    yield Hazard(
        message=f"SET {'LOGGED' if op.logged else 'UNLOGGED'} rewrites all of {op.table}",
        objects=(str(op.table),),
    )


@rule(Category.LOCK, SetTablespace, SetAccessMethod)
def set_tablespace(op: SetTablespace | SetAccessMethod, ctx: Context) -> Iterator[Hazard]:
    """A table or index moves to another tablespace, or a table to another access method.

    Why it hurts: all of it is copied under ACCESS EXCLUSIVE: nobody reads or writes the table until that is done.
    Do instead: pg_repack, which moves a table with a short lock at the end; for an index, build a new one there with
        CREATE INDEX CONCURRENTLY … TABLESPACE, and drop the old one.
    Fine when: the migration itself makes the table.
    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/sql-altertable.html
    """
    if isinstance(op, SetAccessMethod):
        if not ctx.is_new(op.table):
            yield Hazard(
                message=f"moving {op.table} to the access method {quote_identifier(op.method)} rewrites all of it",
                objects=(str(op.table),),
            )
        return
    if op.all_in_tablespace:
        what = "index" if op.of_index else "table"
        yield Hazard(
            message=f"every {what} in the tablespace {op.table} is locked and copied", objects=(str(op.table),)
        )
    elif not ctx.is_new(_table_of(op, ctx)):
        yield _moved(op)


def _table_of(op: SetTablespace, ctx: Context) -> QualifiedName:
    index = ctx.catalogue.index(op.table) if op.of_index else None
    return index.table if index is not None else op.table


def _moved(op: SetTablespace) -> Hazard:
    place = quote_identifier(op.tablespace)
    return Hazard(
        message=f"all of {op.table} is copied to the tablespace {place} under ACCESS EXCLUSIVE",
        instead=f"REINDEX (TABLESPACE {place}) INDEX CONCURRENTLY {op.table};"
        if op.of_index
        else f"-- outside of the migration:\npg_repack --table={op.table} --tablespace={op.tablespace}",
        objects=(str(op.table),),
    )


@rule(Category.LOCK, VacuumTable, ClusterTable)
def vacuum_full_or_cluster(op: VacuumTable | ClusterTable, ctx: Context) -> Iterator[Hazard]:
    """VACUUM FULL or CLUSTER rewrites a table.

    Why it hurts: ACCESS EXCLUSIVE while the table and its indexes are written anew: nobody reads or writes.
    Do instead: plain VACUUM, which locks nobody out; or pg_repack outside of the migration.
    Fine when: the migration itself makes the table.
    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/sql-vacuum.html, sql-cluster.html
    """
    if (isinstance(op, VacuumTable) and not op.full) or (op.table is not None and ctx.is_new(op.table)):
        return
    command = "CLUSTER" if isinstance(op, ClusterTable) else "VACUUM FULL"
    table = str(op.table) if op.table is not None else "every table"
    yield Hazard(
        message=f"{command} rewrites {table} while nobody can read or write it",
        instead=recipe(
            f"VACUUM{f' {op.table}' if op.table else ''};",
            "-- or, to give space back, outside of the migration:",
            f"pg_repack{f' --table={op.table}' if op.table else ''}",
        ),
        objects=(str(op.table),) if op.table is not None else (),
    )


@rule(Category.COMPAT, SetReplicaIdentity, severity=Severity.INFO)
def replica_identity(op: SetReplicaIdentity, ctx: Context) -> Iterator[Hazard]:
    """What logical replication sends to name a row changes.

    Why it hurts: with NOTHING, UPDATE and DELETE fail on a published table (55000). FULL makes every update write and
        send whole rows.
    Do instead: DEFAULT (the primary key), or USING INDEX of a unique index on NOT NULL columns.
    Fine when: the migration itself makes the table, or nothing publishes it.
    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/logical-replication-publication.html
    """
    known = ctx.table(op.table)
    if ctx.is_new(op.table) or (known is not None and known.replica_identity == op.identity != "index"):
        return
    published = bool(_publications(ctx, op.table))
    stops = op.identity == "nothing"
    yield Hazard(
        message=f"UPDATE and DELETE on {op.table} fail while a publication has it"
        if stops
        else f"replicas tell the rows of {op.table} apart by another key",
        severity=(Severity.ERROR if published else Severity.WARNING) if stops else None,
        instead=f"ALTER TABLE {op.table} REPLICA IDENTITY DEFAULT;" if stops else None,
        objects=(str(op.table),),
    )


@rule(Category.DEPLOY, BaseOperation, severity=Severity.WARNING)
def published_table_ddl(op: BaseOperation, ctx: Context) -> Iterator[Hazard]:
    """A table that is published to logical replicas changes its shape or name.

    Why it hurts: DDL is not replicated. As soon as a row arrives that does not fit, the subscriber stops to apply
        ("missing replicated column", "target relation … does not exist"), its slot keeps the WAL, and the primary's
        disk fills.
    Do instead: additions and new types go to the subscribers first, drops last; for a table that FOR ALL TABLES takes
        in, make it on the subscribers before.
    Fine when: no publication has the table.
    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/logical-replication-restrictions.html; observed on
        18.6
    """
    table = _reshaped(op) if ctx.catalogue.publications else None
    if table is None:
        return
    publications = _publications(ctx, table)
    if not publications or (ctx.is_new(table) and not isinstance(op, CreateTable)) or _is_repeated(op, ctx):
        return
    first = "last" if isinstance(op, DropColumn) else "first"
    yield Hazard(
        message=f"{table} is published by {name_list(quote_identifier(name) for name in publications)}: "
        "its subscribers stop unless they get the same change",
        instead=recipe(
            f"-- run the same statement on every subscriber {first}, then there:",
            "ALTER SUBSCRIPTION <name> REFRESH PUBLICATION;",
        ),
        objects=(str(table), *publications),
    )


def _reshaped(op: BaseOperation) -> QualifiedName | None:
    match op:
        case AddColumn() | DropColumn() | RenameColumn() | RenameTable() | AlterColumnType(implied=False):
            return op.table
        case CreateTable(temporary=False, unlogged=False, foreign=False):
            return op.table
        case SetSchema(kind=ObjectKind.TABLE):
            return op.name
        case _:
            return None


def _is_repeated(op: BaseOperation, ctx: Context) -> bool:
    """Whether an earlier action of the same statement has said it of the same table."""
    siblings = ctx.statement.operations if ctx.statement is not None and ctx.code is None else ()
    before = siblings[: siblings.index(op)] if op in siblings else ()
    return any(_reshaped(other) == _reshaped(op) for other in before)


def _publications(ctx: Context, table: QualifiedName) -> list[str]:
    """The publications that have a table: those that name it, and those for all tables."""
    full = ctx.catalogue.resolve(table)
    return [name for name, tables in sorted(ctx.catalogue.publications.items()) if tables is None or full in tables]
