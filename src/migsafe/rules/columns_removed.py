"""Columns that go away, or get another name."""

from __future__ import annotations

from collections.abc import Iterator

from migsafe.model.finding import Category, Severity
from migsafe.model.names import quote_identifier
from migsafe.model.operation import AddColumn, AlterColumnType, DropColumn, RenameColumn
from migsafe.rules.context import Context
from migsafe.rules.grouping import together
from migsafe.rules.hazard import Hazard
from migsafe.rules.knowledge.dependents import Dependent, of_column
from migsafe.rules.neighbours import added_column, column_comes_back, is_same
from migsafe.rules.registry import EVERY_DIALECT, rule
from migsafe.rules.wording import LATER_MIGRATION, name_list, recipe


@rule(Category.COMPAT, DropColumn, dialects=EVERY_DIALECT)
def drop_column(op: DropColumn, ctx: Context) -> Iterator[Hazard]:
    """A column is dropped.

    Why it hurts: every query of the running release that names the column fails at once, and those of an ORM name all
        columns that it knows. The data is gone: there is no way back but a backup.
    Do instead: stop using the column, release that everywhere, and drop it a release later.
    Fine when: the migration itself makes the column or the table.
    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/ddl-alter.html#DDL-ALTER-REMOVING-A-COLUMN
    """
    dropped = together(op, ctx, lambda other: not _is_unused(other, ctx) and not _is_absent(other, ctx))
    if not dropped:
        return
    names = [quote_identifier(other.column) for other in dropped]
    successor = _successor(dropped, ctx)
    swapped = all(column_comes_back(ctx, other, other.table, other.column) for other in dropped)
    it, one_of_them = ("it", "it") if len(names) == 1 else ("them", "one of them")
    yield Hazard(
        message=f"{_of(op, names)} and the data in {it} are gone; "
        + (
            f"another column takes the name{'' if len(names) == 1 else 's'}"
            if swapped
            else f"code that still names {one_of_them} fails"
        )
        + (f" (if {successor} is its new name: nothing of it is carried over)" if successor and not swapped else ""),
        severity=Severity.WARNING if swapped else None,
        instead=recipe(
            "-- first release code that no longer names " + name_list(names),
            LATER_MIGRATION,
            f"ALTER TABLE {op.table} " + ", ".join(f"DROP COLUMN {name}" for name in names) + ";",
        ),
        objects=tuple(f"{op.table}.{name}" for name in names),
    )


@rule(Category.COMPAT, RenameColumn, dialects=EVERY_DIALECT)
def rename_column(op: RenameColumn, ctx: Context) -> Iterator[Hazard]:
    """A column gets another name.

    Why it hurts: the running release still uses the old name, the next one the new name: whatever the order, one of
        them fails until the other is gone.
    Do instead: add the new column, write both, backfill, move the readers, drop the old one a release later.
    Fine when: the migration itself makes the column or the table, or gives the old name back (a generated column, or
        the second half of a swap).
    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/ddl-alter.html#DDL-ALTER-RENAMING-COLUMN
    """
    if _is_unused(op, ctx) or column_comes_back(ctx, op, op.table, op.column) or _takes_freed_name(op, ctx):
        return
    old, new = quote_identifier(op.column), quote_identifier(op.new_name)
    known = ctx.column(op.table, op.column)
    kind = (known and known.type) or "<its type>"
    yield Hazard(
        message=f"code that uses {op.table}.{old} fails as soon as the column is called {new}",
        instead=recipe(
            f"ALTER TABLE {op.table} ADD COLUMN {new} {kind};",
            "-- write both columns (a trigger, or the application), then backfill in batches:",
            f"UPDATE {op.table} SET {new} = {old} WHERE {new} IS NULL AND {old} IS NOT NULL AND <a range of keys>;",
            f"{LATER_MIGRATION[:-1]}, when no release uses {old}:",
            f"ALTER TABLE {op.table} DROP COLUMN {old};",
        ),
        objects=(f"{op.table}.{old}", new),
    )


@rule(Category.FAIL, AlterColumnType, DropColumn)
def type_change_with_dependent(op: AlterColumnType | DropColumn, ctx: Context) -> Iterator[Hazard]:
    """A column is dropped, or gets another type, while something else depends on it.

    Why it hurts: Postgres refuses: 0A000 for a change of type of a column that a view, rule, generated column or
        policy uses; 2BP01 for DROP COLUMN. The migration fails when it is deployed, though it may work on a database
        where the view does not exist.
    Do instead: drop the dependent object, change the column, and make the object again, in one transaction.
    Fine when: the migration drops the dependent object before, or DROP COLUMN says CASCADE (see `drop-cascade`).
    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/ddl-depend.html; observed on 18.6
    """
    if isinstance(op, DropColumn) and op.cascade:
        return
    dropped_too = {other.column for other in ctx.same_statement(op)} if isinstance(op, DropColumn) else set()
    dependents = [
        dependent
        for dependent in of_column(ctx.catalogue, op.table, op.column)
        if dependent.label.removeprefix("generated column ") not in dropped_too
    ]
    if not dependents:
        return
    column = f"{op.table}.{quote_identifier(op.column)}"
    what = "dropped" if isinstance(op, DropColumn) else "given another type"
    certain = any(dependent.certain for dependent in dependents)
    yield Hazard(
        message=f"{column} cannot be {what} while {name_list(dependent.label for dependent in dependents)} "
        f"{'uses' if len(dependents) == 1 else 'use'} it",
        severity=None if certain else Severity.WARNING,
        instead=_drop_and_make_again(op, dependents),
        objects=(column, *(dependent.view for dependent in dependents if dependent.view is not None)),
    )


def _of(op: DropColumn, names: list[str]) -> str:
    return f"{op.table}.{names[0]}" if len(names) == 1 else f"the columns {name_list(names)} of {op.table}"


def _is_unused(op: DropColumn | RenameColumn, ctx: Context) -> bool:
    return ctx.is_new(op.table) or added_column(ctx, op.table, op.column) is not None


def _is_absent(op: DropColumn, ctx: Context) -> bool:
    """Whether DROP COLUMN IF EXISTS is known to find nothing."""
    table = ctx.table(op.table)
    return op.if_column_exists and table is not None and table.complete and op.column not in table.columns


def _successor(dropped: tuple[DropColumn, ...], ctx: Context) -> str | None:
    """The one column of the same type that the migration adds, when it drops only one: perhaps a rename in disguise."""
    if len(dropped) != 1:
        return None
    op = dropped[0]
    known = ctx.column(op.table, op.column)
    added = [
        other.definition
        for other in (*ctx.earlier, *ctx.later(op))
        if isinstance(other, AddColumn) and is_same(ctx, other.table, op.table)
    ]
    alike = len(added) == 1 and known is not None and known.type is not None and added[0].type == known.type
    return quote_identifier(added[0].name) if alike else None


def _takes_freed_name(op: RenameColumn, ctx: Context) -> bool:
    """Whether this is the second half of a swap: the new name was renamed away before."""
    return any(
        isinstance(other, RenameColumn) and other.column == op.new_name and is_same(ctx, other.table, op.table)
        for other in ctx.earlier
    )


def _drop_and_make_again(op: AlterColumnType | DropColumn, dependents: list[Dependent]) -> str:
    column = quote_identifier(op.column)
    action = f"DROP COLUMN {column}" if isinstance(op, DropColumn) else f"ALTER COLUMN {column} TYPE {op.type}"
    drops = [
        f"DROP {'MATERIALIZED ' if dependent.materialized else ''}VIEW {dependent.view};"
        for dependent in dependents
        if dependent.view is not None
    ]
    others = [dependent.label for dependent in dependents if dependent.view is None]
    return recipe(
        "BEGIN;",
        *drops,
        *(f"-- drop the {label}" for label in others),
        f"ALTER TABLE {op.table} {action};",
        f"-- make {name_list(dependent.label for dependent in dependents)} again, without what is gone, and its grants",
        "COMMIT;",
    )
