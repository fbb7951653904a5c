"""Foreign keys: two tables at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import takewhile

from migsafe.model.catalogue import Table
from migsafe.model.dialect import Dialect
from migsafe.model.finding import Category, Severity
from migsafe.model.locks import Work
from migsafe.model.names import QualifiedName, quote_identifier
from migsafe.model.operation import (
    AddColumn,
    AddConstraint,
    DropTable,
    ForeignKey,
    Operation,
)
from migsafe.rules.context import Context
from migsafe.rules.foreign_key_recipes import mysql_recipe, not_valid_recipe, one_by_one
from migsafe.rules.grouping import locks_of, together
from migsafe.rules.hazard import Hazard
from migsafe.rules.knowledge.constraints import added, checks_rows
from migsafe.rules.registry import rule
from migsafe.rules.wording import (
    LATER_MIGRATION,
    column_list,
    column_sql,
    name_list,
    recipe,
    shown,
)

#: From so many tables on, two sessions that lock them in another order are likely to meet.
_MANY_TABLES = 3


@rule(Category.LOCK, AddConstraint, AddColumn, dialects=(Dialect.POSTGRES, Dialect.MYSQL))
def add_foreign_key_validating(op: AddConstraint | AddColumn, ctx: Context) -> Iterator[Hazard]:
    """A foreign key is added, and every existing row is checked while writes wait.

    Why it hurts: Postgres holds SHARE ROW EXCLUSIVE on both tables while it looks up each row of the one in the other,
    so no write gets through to either. MySQL copies the table, and blocks its writes.

    Do instead: ADD CONSTRAINT … NOT VALID; then VALIDATE CONSTRAINT in a later migration, which blocks nobody.

    Fine when: the migration itself makes the referencing table, or the key comes with a new column without a default:
    there is nothing to check; or every partition of a partitioned table has it already.

    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/sql-altertable.html#SQL-ALTERTABLE-NOTES; MySQL 8,
    https://dev.mysql.com/doc/refman/8.4/en/innodb-online-ddl-operations.html#online-ddl-foreign-key-operations
    """
    if isinstance(op, AddColumn):
        yield from _inline_key(op, ctx)
        return
    adding = together(op, ctx, lambda each: _validated_key(each, ctx) is not None)
    keys = [key for each in adding if (key := _validated_key(each, ctx)) is not None]
    if not keys:
        return
    targets = list(dict.fromkeys(str(key.referenced_table) for key in keys))
    used = (name for name in (op.table, *(key.referenced_table for key in keys)) if not ctx.is_new(name))
    blocked = name_list(dict.fromkeys(map(str, used)))
    yield Hazard(
        message=f"{_keys(keys)} to {name_list(targets)} is checked for every row of {op.table}, "
        f"and writes to {blocked} wait until it is done",
        instead=mysql_recipe(op.table) if ctx.dialect is Dialect.MYSQL else not_valid_recipe(op.table, keys, ctx),
        objects=(str(op.table), *targets),
        at=adding[0].span,
        locks=locks_of(adding, ctx) if ctx.dialect is Dialect.POSTGRES else None,
        work=Work.SCAN,
    )


@rule(Category.TXN, AddConstraint, severity=Severity.WARNING)
def multiple_foreign_keys(op: AddConstraint, ctx: Context) -> Iterator[Hazard]:
    """Foreign keys of one transaction lock three tables or more together.

    Why it hurts: each key blocks the writes of two tables until the transaction ends. The more tables are locked at
    once, the likelier is a deadlock with the application, which locks them in an order of its own.

    Do instead: one foreign key per migration, NOT VALID, each validated in a later one.

    Fine when: the migration itself makes the referencing tables.

    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/explicit-locking.html#LOCKING-DEADLOCKS
    """
    key = added(op, ForeignKey, ctx)
    if key is None:
        return
    before = list(_keys_before(op, ctx))
    locked = {name for earlier in before for name in _tables_of(earlier, ctx)}
    now = locked | _tables_of(op, ctx)
    if not before or len(locked) >= _MANY_TABLES or len(now) < _MANY_TABLES:
        return
    names = sorted(shown(name, ctx.catalogue) for name in now)
    validating = any(checks_rows(each.constraint) for each in (*before, op))
    yield Hazard(
        message=f"the foreign keys of this transaction block writes to {name_list(names)} at once",
        instead=one_by_one((*before, op)),
        severity=Severity.WARNING if validating else Severity.INFO,
        objects=tuple(names),
    )


@rule(Category.LOCK, DropTable, severity=Severity.WARNING)
def drop_table_foreign_keys(op: DropTable, ctx: Context) -> Iterator[Hazard]:
    """A table is dropped, and its foreign keys lock the tables at their other end too.

    Why it hurts: ACCESS EXCLUSIVE on every table that it references, and with CASCADE on every table that references
    it, all at once: they wait for each other's queries, and no query gets through meanwhile.

    Do instead: drop the foreign keys first, one per transaction, each with a short lock_timeout; then the table.

    Fine when: it has one foreign key only (dropping that first takes the same two locks), or the other tables go too.

    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/sql-droptable.html; the locks were observed.
    """
    found = ctx.table(op.table)
    if found is None or ctx.is_new(op.table):
        return
    going = {
        ctx.catalogue.resolve(each.table) for each in (*ctx.earlier, *ctx.later(op)) if isinstance(each, DropTable)
    }
    others = set(ctx.catalogue.referenced_by(found))
    if op.cascade:
        others |= {other.name for other in ctx.catalogue.referencing(op.table)}
    others = {name for name in others - going - {found.name} if not ctx.is_new(name)}
    if not others:
        return
    names = sorted(shown(name, ctx.catalogue) for name in others)
    yield Hazard(
        message=f"dropping {op.table} also locks {name_list(names)} against all reads and writes",
        instead=recipe(
            *(
                f"ALTER TABLE {shown(table, ctx.catalogue)} DROP CONSTRAINT {name};\n{LATER_MIGRATION}"
                for table, name in _links(op, others, ctx)
            ),
            f"DROP TABLE {op.table};",
        ),
        severity=Severity.INFO if len(others) == 1 else Severity.WARNING,
        objects=(str(op.table), *names),
    )


def _validated_key(op: AddConstraint, ctx: Context) -> ForeignKey | None:
    """The foreign key that an operation adds and checks at once."""
    key = added(op, ForeignKey, ctx)
    if key is None or not checks_rows(key):
        return None
    if ctx.dialect is Dialect.MYSQL:
        return None if (ctx.parameter("foreign_key_checks") or "").lower() in {"0", "off"} else key
    return None if _partitions_have_it(op.table, key, ctx) else key


def _partitions_have_it(table: QualifiedName, key: ForeignKey, ctx: Context) -> bool:
    """Whether every partition has the key, validated: the partitioned table takes them over, and checks no row.

    Observed on PostgreSQL 18.6; tryAttachPartitionForeignKey() in tablecmds.c, since version 11.
    """
    leaves = [ctx.table(leaf) for leaf in ctx.catalogue.leaves(table)]
    return bool(leaves) and all(leaf is not None and _has_valid_key(leaf, key, ctx) for leaf in leaves)


def _has_valid_key(leaf: Table, key: ForeignKey, ctx: Context) -> bool:
    target = ctx.catalogue.resolve(key.referenced_table)
    return any(
        constraint.validated
        and isinstance(own := constraint.definition, ForeignKey)
        and (own.columns, own.on_delete, own.on_update) == (key.columns, key.on_delete, key.on_update)
        and ctx.catalogue.resolve(own.referenced_table) == target
        for constraint in leaf.constraints.values()
    )


def _inline_key(op: AddColumn, ctx: Context) -> Iterator[Hazard]:
    """ADD COLUMN … REFERENCES: rows are only checked when the column has a value (observed on PostgreSQL 18.6)."""
    key = added(op, ForeignKey, ctx)
    if key is None or ctx.dialect is not Dialect.POSTGRES:
        return
    default = op.definition.default
    checked = default is not None and not default.null
    column, target = f"{op.table}.{quote_identifier(op.definition.name)}", key.referenced_table
    verb = "checks every row of the table against" if checked else "needs a lock on"
    yield Hazard(
        message=f"adding {column} {verb} {target}: writes to {target} and all use of {op.table} wait meanwhile",
        instead=recipe(
            f"ALTER TABLE {op.table} ADD COLUMN {column_sql(op.definition)};", not_valid_recipe(op.table, [key], ctx)
        ),
        severity=Severity.ERROR if checked else Severity.INFO,
        objects=(column, str(target)),
    )


def _keys(keys: list[ForeignKey]) -> str:
    listed = name_list(f"({column_list(key.columns)})" for key in keys)
    return f"the foreign key {listed}" if len(keys) == 1 else f"each of the foreign keys {listed}"


def _keys_before(op: AddConstraint, ctx: Context) -> Iterator[AddConstraint]:
    """The foreign keys that the transaction has added to existing tables so far, those of the statement included."""
    if ctx.transaction is not None:
        earlier: Iterable[Operation] = ctx.transaction.operations
    else:
        earlier = takewhile(lambda sibling: sibling is not op, ctx.same_statement(op))
    for each in earlier:
        if isinstance(each, AddConstraint) and added(each, ForeignKey, ctx) is not None:
            yield each


def _tables_of(op: AddConstraint, ctx: Context) -> set[QualifiedName]:
    """The existing tables whose writes a foreign key blocks."""
    key = op.constraint
    names = {op.table, key.referenced_table} if isinstance(key, ForeignKey) else {op.table}
    return {ctx.catalogue.resolve(name) for name in names if not ctx.is_new(name)}


def _links(op: DropTable, others: set[QualifiedName], ctx: Context) -> Iterator[tuple[QualifiedName, str]]:
    """The foreign keys between a table and others: whose they are, and their names as SQL."""
    mine = ctx.catalogue.resolve(op.table)
    for owner in (mine, *sorted(others)):
        found = ctx.catalogue.table(owner)
        for constraint in found.constraints.values() if found else ():
            key = constraint.definition
            if not isinstance(key, ForeignKey):
                continue
            target = ctx.catalogue.resolve(key.referenced_table)
            if (owner == mine and target in others) or (owner != mine and target == mine):
                yield owner, quote_identifier(constraint.name)
