"""Keys: unique, primary and exclusion constraints on tables that are in use."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TypeVar

from migsafe.model.dialect import Dialect
from migsafe.model.finding import Category, Severity
from migsafe.model.locks import Work
from migsafe.model.names import QualifiedName, quote_identifier
from migsafe.model.operation import (
    AddColumn,
    AddConstraint,
    CreateIndex,
    DropConstraint,
    DropIndex,
    ExclusionConstraint,
    PrimaryKey,
    UniqueConstraint,
)
from migsafe.rules.context import Context
from migsafe.rules.grouping import together
from migsafe.rules.hazard import Hazard
from migsafe.rules.knowledge.constraints import added, index_behind, known_nullable
from migsafe.rules.knowledge.upserts import BrokenUpsert, broken_upsert
from migsafe.rules.knowledge.work import proved_not_null, work
from migsafe.rules.neighbours import is_same
from migsafe.rules.registry import EVERY_DIALECT, rule
from migsafe.rules.wording import (
    LATER_MIGRATION,
    OUTSIDE_TRANSACTION,
    column_list,
    column_sql,
    index_per_partition,
    index_sql,
    name_list,
    recipe,
    set_not_null_recipe,
    shown,
)

K = TypeVar("K", UniqueConstraint, PrimaryKey)

_CERTAINTY = {
    "later statement": Severity.ERROR,
    "function": Severity.ERROR,
    "earlier statement": Severity.WARNING,
    "nobody seen": Severity.INFO,
}


@rule(Category.LOCK, AddConstraint, AddColumn)
def add_unique_constraint(op: AddConstraint | AddColumn, ctx: Context) -> Iterator[Hazard]:
    """A unique constraint is added, and its index is built while nobody can use the table.

    Why it hurts: ACCESS EXCLUSIVE on the table for the whole index build: every read and write waits. It also fails
    when there are duplicates.

    Do instead: CREATE UNIQUE INDEX CONCURRENTLY, outside a transaction; then ADD CONSTRAINT … UNIQUE USING INDEX, which
    takes no time.

    Fine when: the migration itself makes the table, or the constraint takes over an index by USING INDEX.

    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/sql-altertable.html#SQL-ALTERTABLE-NOTES
    """
    adding = together(op, ctx, lambda each: _built_key(each, UniqueConstraint, ctx) is not None)
    keys = [(each, key) for each in adding if (key := _built_key(each, UniqueConstraint, ctx)) is not None]
    if not keys:
        return
    columns = [f"({column_list(key.columns)})" for _, key in keys]
    yield Hazard(
        message=f"making {name_list(columns)} UNIQUE blocks all reads and writes of {op.table} during the index build",
        instead=recipe(*(_unique_recipe(each, key, ctx) for each, key in keys)),
        objects=(str(op.table), *(index_behind(each, key).name or "" for each, key in keys)),
        at=adding[0].span,
        work=Work.INDEX_BUILD,
    )


@rule(Category.LOCK, AddConstraint, AddColumn)
def add_primary_key(op: AddConstraint | AddColumn, ctx: Context) -> Iterator[Hazard]:
    """A primary key is added, and its index is built while nobody can use the table.

    Why it hurts: ACCESS EXCLUSIVE on the table for the whole index build, and for a scan for NULLs where a column is
    not NOT NULL yet: every read and write waits.

    Do instead: CREATE UNIQUE INDEX CONCURRENTLY; make the columns NOT NULL the safe way; then ADD PRIMARY KEY USING
    INDEX, which takes no time.

    Fine when: the migration itself makes the table, or the key takes over an index by USING INDEX. A new column that
    makes Postgres rewrite the table anyway is said by the rule on its default.

    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/sql-altertable.html#SQL-ALTERTABLE-NOTES
    """
    key = _built_key(op, PrimaryKey, ctx)
    if key is None or work(op, ctx.catalogue) is Work.REWRITE:
        return
    yield Hazard(
        message=f"PRIMARY KEY ({column_list(key.columns)}) blocks all reads and writes of {op.table} "
        "while its index is built",
        instead=_primary_recipe(op, key, ctx),
        objects=(str(op.table), *key.columns),
    )


@rule(Category.LOCK, AddConstraint)
def pk_using_nullable_index(op: AddConstraint, ctx: Context) -> Iterator[Hazard]:
    """A primary key takes over an index, but a column of it may still be NULL.

    Why it hurts: Postgres then sets the column NOT NULL, and scans the whole table under ACCESS EXCLUSIVE for that.

    Do instead: make the columns NOT NULL the safe way first; then ADD PRIMARY KEY USING INDEX takes no time.

    Fine when: the columns are NOT NULL, or a validated CHECK (… IS NOT NULL) proves it.

    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/sql-altertable.html#SQL-ALTERTABLE-NOTES
    """
    key = op.constraint
    if not isinstance(key, PrimaryKey) or key.using_index is None or ctx.is_new(op.table):
        return
    index = ctx.catalogue.index(QualifiedName(key.using_index, op.table.schema))
    unproved = [column for column in index.columns if _may_be_null(op.table, column, ctx)] if index else []
    if not unproved:
        return
    using = f"ALTER TABLE {op.table} ADD PRIMARY KEY USING INDEX {quote_identifier(key.using_index)};"
    yield Hazard(
        message=f"{name_list(unproved)} may be NULL, so the primary key scans {op.table} "
        "while all reads and writes wait",
        instead=recipe(set_not_null_recipe(op.table, unproved, ctx.server.major), using),
        objects=(str(op.table), *unproved),
        work=Work.SCAN,
    )


@rule(Category.LOCK, AddConstraint)
def add_exclusion_constraint(op: AddConstraint, ctx: Context) -> Iterator[Hazard]:
    """An exclusion constraint is added to a table that is in use.

    Why it hurts: ACCESS EXCLUSIVE on the table for the whole index build. There is no NOT VALID and no USING INDEX for
    it, so no online way exists on the table itself.

    Do instead: a new table with the constraint, filled in batches and swapped in; or a trigger that refuses what
    overlaps. On a small table: in a quiet hour, with a short lock_timeout.

    Fine when: the migration itself makes the table.

    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/sql-createtable.html#SQL-CREATETABLE-EXCLUDE
    """
    constraint = added(op, ExclusionConstraint, ctx)
    if constraint is None:
        return
    name = constraint.name or "an exclusion constraint"
    yield Hazard(
        message=f"{name} blocks all reads and writes of {op.table} while its index is built",
        instead=recipe(
            f"CREATE TABLE {op.table.renamed(op.table.name + '_new')} (LIKE {op.table} INCLUDING ALL, EXCLUDE …);",
            "-- a trigger copies new writes; fill it in batches",
            f"{LATER_MIGRATION} swap the two tables in one short transaction",
        ),
        objects=(str(op.table), *((constraint.name,) if constraint.name else ())),
    )


@rule(Category.DATA, CreateIndex, AddConstraint, AddColumn, severity=Severity.WARNING, dialects=EVERY_DIALECT)
def unique_on_existing_data(op: CreateIndex | AddConstraint | AddColumn, ctx: Context) -> Iterator[Hazard]:
    """A key becomes unique over rows that are there already.

    Why it hurts: the statement fails when there are duplicates (Postgres leaves an INVALID index behind when it was
    built CONCURRENTLY), and the running release may go on writing some.

    Do instead: stop the writers from making duplicates a release before, count them, clear them; then add the key.

    Fine when: the columns are new and still NULL, or a narrower unique key holds already.

    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/indexes-unique.html; MySQL 8,
    https://dev.mysql.com/doc/refman/8.4/en/create-index.html; SQLite, https://sqlite.org/lang_createindex.html
    """
    columns = _made_unique(op, ctx)
    if not columns or _cannot_repeat(op.table, columns, ctx):
        return
    listed = column_list(columns)
    yield Hazard(
        message=f"making ({listed}) unique fails when {op.table} holds duplicates",
        instead=recipe(
            "-- first, this must return no row:",
            f"SELECT {listed}, count(*) FROM {op.table} GROUP BY {listed} HAVING count(*) > 1;",  # to be read
        ),
        severity=Severity.INFO if ctx.dialect is Dialect.POSTGRES else Severity.WARNING,
        objects=(str(op.table), *columns),
    )


@rule(Category.COMPAT, DropIndex, DropConstraint)
def drop_unique_used_by_on_conflict(op: DropIndex | DropConstraint, ctx: Context) -> Iterator[Hazard]:
    """A unique key goes that an INSERT … ON CONFLICT names by its columns.

    Why it hurts: the next upsert fails with 42P10: there is no unique or exclusion constraint matching the ON CONFLICT
    specification.

    Do instead: build the successor first, and keep the old key until no release names it.

    Fine when: another unique index over the same columns is there.

    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/sql-insert.html#SQL-ON-CONFLICT
    """
    broken = broken_upsert(op, ctx)
    if broken is None:
        return
    name = op.index.name if isinstance(op, DropIndex) else op.name
    listed, where = column_list(broken.columns), shown(broken.table, ctx.catalogue)
    yield Hazard(
        message=f"without {name or 'its key'}, "
        f"{_whose(broken, ctx)} INSERT INTO {where} … ON CONFLICT ({listed}) fails",
        instead=recipe(
            OUTSIDE_TRANSACTION,
            f"CREATE UNIQUE INDEX CONCURRENTLY {_successor(broken)} ON {where} ({listed});",
            f"{LATER_MIGRATION} drop {name or 'the key'}, when no running release upserts by it",
        ),
        severity=_CERTAINTY[broken.by],
        objects=(where, *((name,) if name else ())),
    )


def _successor(broken: BrokenUpsert) -> str:
    return quote_identifier("_".join((broken.table.name, *broken.columns, "new")))


def _whose(broken: BrokenUpsert, ctx: Context) -> str:
    match broken.by:
        case "later statement":
            return "the migration's own"
        case "function":
            return f"the {name_list(shown(name, ctx.catalogue) for name in broken.functions)} function's"
        case _:
            return "any"


def _built_key(op: AddConstraint | AddColumn, kind: type[K], ctx: Context) -> K | None:
    """The key whose index an operation builds: one that does not take over an index."""
    key = added(op, kind, ctx)
    return key if key is not None and key.using_index is None else None


def _unique_recipe(op: AddConstraint | AddColumn, key: UniqueConstraint | PrimaryKey, ctx: Context) -> str:
    index = index_behind(op, key)
    if ctx.is_partitioned(op.table):
        return recipe(_column_first(op), index_per_partition(index, ctx.catalogue))
    word = "PRIMARY KEY" if isinstance(key, PrimaryKey) else "UNIQUE"
    name = quote_identifier(index.name or "")
    taken = _takes_name_of_dropped(op, index.name, ctx)
    built = replace(index, name=f"{index.name}_new") if taken else index
    drop = f"DROP CONSTRAINT {name}, " if taken else ""
    return recipe(
        _column_first(op),
        OUTSIDE_TRANSACTION,
        index_sql(built, concurrently=True),
        LATER_MIGRATION,
        f"ALTER TABLE {op.table} {drop}ADD CONSTRAINT {name} {word} USING INDEX {quote_identifier(built.name or '')};",
    )


def _takes_name_of_dropped(op: AddConstraint | AddColumn, name: str | None, ctx: Context) -> bool:
    """Whether the migration drops a constraint of that name: its index is there while the new one is built."""
    siblings = ctx.statement.operations if ctx.statement is not None else ()
    return any(
        isinstance(each, DropConstraint) and each.name == name and is_same(ctx, each.table, op.table)
        for each in (*ctx.earlier, *siblings)
    )


def _primary_recipe(op: AddConstraint | AddColumn, key: UniqueConstraint | PrimaryKey, ctx: Context) -> str:
    unproved = [column for column in key.columns if not proved_not_null(op.table, column, ctx.catalogue)]
    not_null = (
        set_not_null_recipe(op.table, unproved, ctx.server.major) if unproved and isinstance(op, AddConstraint) else ""
    )
    return recipe(not_null, _unique_recipe(op, key, ctx))


def _column_first(op: AddConstraint | AddColumn) -> str:
    return f"ALTER TABLE {op.table} ADD COLUMN {column_sql(op.definition)};" if isinstance(op, AddColumn) else ""


def _may_be_null(table: QualifiedName, column: str, ctx: Context) -> bool:
    """Whether a column that migsafe knows may be NULL, as far as Postgres can tell."""
    return known_nullable(table, column, ctx) and not proved_not_null(table, column, ctx.catalogue)


def _made_unique(op: CreateIndex | AddConstraint | AddColumn, ctx: Context) -> tuple[str, ...]:
    """The columns of a new key that no other rule speaks of; nothing for those that have a rule of their own."""
    if isinstance(op, CreateIndex):
        blocking = ctx.dialect is Dialect.POSTGRES and not op.concurrently
        fits = op.unique and not blocking and not ctx.is_new(op.table) and len(op.columns) == len(op.elements)
        return op.columns if fits else ()
    key = added(op, UniqueConstraint, ctx)
    if key is None or ctx.dialect is Dialect.POSTGRES or (isinstance(op, AddColumn) and _stays_null(op)):
        return ()
    return key.columns


def _cannot_repeat(table: QualifiedName, columns: tuple[str, ...], ctx: Context) -> bool:
    """Whether rows cannot be equal in these columns: one is new and NULL, or fewer of them are unique already."""
    fresh = {
        earlier.definition.name
        for earlier in ctx.earlier
        if isinstance(earlier, AddColumn) and earlier.table == table and _stays_null(earlier)
    }
    if fresh & set(columns):
        return True
    return any(
        index.unique
        and index.where is None
        and set(index.columns) <= set(columns)
        and len(index.elements) == len(index.columns)
        for index in ctx.catalogue.indexes_of(table)
    )


def _stays_null(op: AddColumn) -> bool:
    definition = op.definition
    return (
        definition.generated is None
        and (definition.default is None or definition.default.null)
        and not definition.not_null
    )
