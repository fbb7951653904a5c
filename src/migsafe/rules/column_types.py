"""Columns that get another type."""

from __future__ import annotations

from collections.abc import Iterator

from migsafe.model.dialect import Dialect
from migsafe.model.finding import Category, Severity
from migsafe.model.locks import Work
from migsafe.model.names import quote_identifier
from migsafe.model.operation import AlterColumnType, Analyze, DataType
from migsafe.rules.context import Context
from migsafe.rules.hazard import Hazard
from migsafe.rules.knowledge.type_changes import (
    Change,
    change_of_mysql_type,
    change_of_type,
    checked_again,
    is_plain_cast,
    is_utc,
    rebuilt_indexes,
    work_of_type_change,
)
from migsafe.rules.neighbours import is_same
from migsafe.rules.registry import rule
from migsafe.rules.wording import LATER_MIGRATION, name_list, recipe

#: Types that an explicit cast cuts to their length without an error (manual, "Character Types").
_CUT_BY_CASTS = frozenset({"character", "character varying"})


@rule(Category.LOCK, AlterColumnType, dialects=(Dialect.POSTGRES, Dialect.MYSQL))
def change_column_type(op: AlterColumnType, ctx: Context) -> Iterator[Hazard]:
    """A column gets another type that is stored in another way.

    Why it hurts: ACCESS EXCLUSIVE while the table and all its indexes are rewritten: nobody reads or writes. A foreign
        key on the column is made again, which locks the table on its other side as well. Even a change that keeps the
        bytes holds CHECK constraints on the column against every row, and builds partial and expression indexes again.
        MySQL copies the table and keeps writes waiting.
    Do instead: add a column of the new type, write both, backfill in batches, swap the names in a later migration.
    Fine when: the bytes stay the same: a longer or unlimited varchar, varchar to text, a numeric of more digits and
        the same scale, more digits of a second, cidr to inet, text to citext without an index; timestamp to
        timestamptz where the session's TimeZone is known to be UTC; or the migration itself makes the table.
    Source: PostgreSQL 12 to 18, https://www.postgresql.org/docs/18/sql-altertable.html#SQL-ALTERTABLE-NOTES; each case
        run on 18.6; MySQL 8.4, 17.12.1 "Online DDL Operations".
    """
    if ctx.is_new(op.table):
        return
    if ctx.dialect is Dialect.MYSQL:
        yield from _in_mysql(op, ctx)
        return
    work = work_of_type_change(op, ctx.catalogue, timezone=ctx.parameter("timezone"))
    if work is Work.NONE:
        return
    known = ctx.column(op.table, op.column)
    old = known.type if known else None
    by_expression = op.using is not None and not is_plain_cast(op.using, op)
    change = change_of_type(old, op.type, ctx.catalogue)
    depends = not by_expression and change in {Change.DEPENDS, Change.FREE_IN_UTC} and work is Work.REWRITE
    yield Hazard(
        message=_message(op, ctx, old, change, work) if not by_expression else _rewrite(op, old),
        severity=Severity.WARNING if depends else None,
        work=work,
        instead=_instead(op, ctx, change, work),
        objects=(_column(op),),
    )


@rule(Category.DATA, AlterColumnType)
def using_mismatched_column(op: AlterColumnType, ctx: Context) -> Iterator[Hazard]:
    """The USING of a change of type does not read the column that it changes.

    Why it hurts: USING computes the new value of the column. One that reads another column, or none, replaces all
        values without a word, and nothing brings them back.
    Do instead: use the column itself.
    Fine when: the expression reads the column, or the migration itself makes the table.
    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/sql-altertable.html
    """
    using = op.using
    if using is None or not using.understood or op.column in using.columns or ctx.is_new(op.table):
        return
    column = quote_identifier(op.column)
    source = name_list(quote_identifier(name) for name in using.columns)
    yield Hazard(
        message=f"every value of {_column(op)} is replaced by {f'that of {source}' if source else using.text}",
        severity=None if source else Severity.WARNING,
        instead=f"ALTER TABLE {op.table} ALTER COLUMN {column} TYPE {op.type} USING {column}::{op.type};",
        objects=(_column(op),),
    )


@rule(Category.PERF, AlterColumnType)
def statistics_lost(op: AlterColumnType, ctx: Context) -> Iterator[Hazard]:
    """A change of type deletes the column's statistics.

    Why it hurts: until the next ANALYZE the planner guesses, also after a change that rewrites nothing: plans flip.
    Do instead: ANALYZE the column right afterwards.
    Fine when: an ANALYZE of the table follows in the same migration, or the migration itself makes the table.
    Source: observed on PostgreSQL 15.18 and 18.6
    """
    if ctx.is_new(op.table):
        return
    if any(isinstance(later, Analyze) and _covers(later, op, ctx) for later in ctx.later(op)):
        return
    yield Hazard(
        message=f"the planner knows nothing of {_column(op)} until the next ANALYZE",
        instead=f"ANALYZE {op.table} ({quote_identifier(op.column)});",
        objects=(_column(op),),
    )


def _column(op: AlterColumnType) -> str:
    return f"{op.table}.{quote_identifier(op.column)}"


def _covers(analyze: Analyze, op: AlterColumnType, ctx: Context) -> bool:
    if analyze.table is None:
        return True
    return is_same(ctx, analyze.table, op.table) and (not analyze.columns or op.column in analyze.columns)


def _message(op: AlterColumnType, ctx: Context, old: DataType | None, change: Change, work: Work) -> str:
    if work is Work.SCAN:
        checks = name_list(quote_identifier(name) for name in checked_again(op, ctx.table(op.table)))
        return f"changing {_column(op)} from {old} to {op.type} holds the constraint {checks} against every row again"
    if work is Work.INDEX_BUILD:
        indexes = name_list(quote_identifier(name) for name in rebuilt_indexes(op, ctx.catalogue))
        return f"changing {_column(op)} from {old} to {op.type} builds {indexes} again under ACCESS EXCLUSIVE"
    if change is Change.DEPENDS:
        return (
            f"changing {_column(op)} to {op.type} rewrites all of {op.table}, "
            "unless its present type, which no migration here shows, is stored the same way"
        )
    if change is Change.FREE_IN_UTC:
        return (
            f"changing {_column(op)} from {old} to {op.type} rewrites all of {op.table}, "
            "unless the session's TimeZone is UTC, which nothing here says"
        )
    return _rewrite(op, old)


def _rewrite(op: AlterColumnType, old: DataType | None) -> str:
    origin = f"from {old} to {op.type}" if old is not None else f"to {op.type}"
    return f"changing {_column(op)} {origin} rewrites all of {op.table} and its indexes"


def _instead(op: AlterColumnType, ctx: Context, change: Change, work: Work) -> str:
    column = quote_identifier(op.column)
    if change is Change.FREE_IN_UTC and not is_utc(ctx.parameter("timezone")) and op.using is None:
        return recipe(
            "-- when the stored values mean UTC:",
            "SET LOCAL timezone = 'UTC';",
            f"ALTER TABLE {op.table} ALTER COLUMN {column} TYPE {op.type};",
        )
    if work is Work.SCAN:
        return _without_checks(op, ctx)
    if work is Work.INDEX_BUILD:
        return recipe(
            "-- drop these indexes CONCURRENTLY before, and build them CONCURRENTLY afterwards: "
            + ", ".join(quote_identifier(name) for name in rebuilt_indexes(op, ctx.catalogue)),
            f"ALTER TABLE {op.table} ALTER COLUMN {column} TYPE {op.type};",
            f"ANALYZE {op.table} ({column});",
        )
    return _expand_and_swap(op)


def _without_checks(op: AlterColumnType, ctx: Context) -> str:
    checks = [quote_identifier(name) for name in checked_again(op, ctx.table(op.table))]
    return recipe(
        *(f"ALTER TABLE {op.table} DROP CONSTRAINT {name};" for name in checks),
        f"ALTER TABLE {op.table} ALTER COLUMN {quote_identifier(op.column)} TYPE {op.type};",
        *(f"ALTER TABLE {op.table} ADD CONSTRAINT {name} CHECK (<as before>) NOT VALID;" for name in checks),
        LATER_MIGRATION,
        *(f"ALTER TABLE {op.table} VALIDATE CONSTRAINT {name};" for name in checks),
    )


def _expand_and_swap(op: AlterColumnType) -> str:
    column = quote_identifier(op.column)
    new, old = quote_identifier(f"{op.column}_new"), quote_identifier(f"{op.column}_old")
    value = op.using.text if op.using is not None else _converted(column, op.type)
    return recipe(
        f"ALTER TABLE {op.table} ADD COLUMN {new} {op.type};",
        f"-- a trigger keeps {new} in step; then backfill in batches:",
        f"UPDATE {op.table} SET {new} = {value} WHERE {new} IS NULL AND {column} IS NOT NULL AND <a range of keys>;",
        f"{LATER_MIGRATION[:-1]}, in one transaction:",
        f"ALTER TABLE {op.table} RENAME COLUMN {column} TO {old};",
        f"ALTER TABLE {op.table} RENAME COLUMN {new} TO {column};",
    )


def _converted(column: str, new: DataType) -> str:
    """The value as the new type, refused where ALTER COLUMN TYPE refuses it: `::varchar(3)` would cut it in silence."""
    return column if new.name in _CUT_BY_CASTS else f"{column}::{new}"


def _in_mysql(op: AlterColumnType, ctx: Context) -> Iterator[Hazard]:
    """ENUM and SET have a rule of their own; MODIFY and CHANGE repeat a type that they need not change."""
    known = ctx.column(op.table, op.column)
    old = known.type if known else None
    change = change_of_mysql_type(old, op.type)
    if op.type.name in {"enum", "set"} or change in {Change.NOTHING, Change.FREE} or (old is None and op.implied):
        return
    depends = change is Change.DEPENDS
    yield Hazard(
        message=f"changing {_column(op)} from {old} to {op.type} copies all of {op.table}, and writes wait for it"
        + (", if it passes 255 bytes in the column's character set" if depends else ""),
        severity=Severity.WARNING if depends else None,
        work=Work.REWRITE,
        instead=recipe(
            "-- let the server refuse rather than copy:",
            f"ALTER TABLE {op.table} MODIFY {quote_identifier(op.column)} {op.type}, ALGORITHM=INPLACE, LOCK=NONE;",
            "-- and where it refuses, copy online with gh-ost or pt-online-schema-change",
        ),
        objects=(_column(op),),
    )
