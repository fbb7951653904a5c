"""Lists of columns: named twice, or left to `*`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from migsafe.model.finding import Category, Severity
from migsafe.model.names import quote_identifier
from migsafe.model.operation import AddColumn, AlterColumnType, CreateTable, DropColumn, Insert, Update
from migsafe.rules.context import Context
from migsafe.rules.hazard import Hazard
from migsafe.rules.registry import EVERY_DIALECT, rule
from migsafe.rules.wording import name_list


@rule(Category.FAIL, CreateTable, Insert, Update, dialects=EVERY_DIALECT)
def duplicate_column(op: CreateTable | Insert | Update, ctx: Context) -> Iterator[Hazard]:
    """A column is named twice where it may stand once.

    Why it hurts: the statement fails: 42701 in a definition or an INSERT, 42601 for two assignments in one UPDATE.
    Do instead: name it once.
    Fine when: the assignments go to different elements of an array or fields of a composite column.
    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/sql-createtable.html, sql-insert.html,
        sql-update.html
    """
    names = [column.name for column in op.columns] if isinstance(op, CreateTable) else list(op.columns)
    twice = [name for name, count in Counter(names).items() if count > 1 and not _has_parts(op, name, ctx)]
    if twice:
        yield Hazard(
            message=f"{name_list(quote_identifier(name) for name in twice)} is named twice for {op.table}",
            objects=tuple(f"{op.table}.{quote_identifier(name)}" for name in twice),
        )


@rule(Category.COMPAT, AddColumn, DropColumn, AlterColumnType, severity=Severity.INFO, default=False)
def prepared_select_star(op: AddColumn | DropColumn | AlterColumnType, ctx: Context) -> Iterator[Hazard]:
    """The columns of a table change while prepared statements read all of them.

    Why it hurts: a live connection that has prepared `SELECT *` or `RETURNING *` gets "cached plan must not change
        result type" (0A000) on its next use, and inside a transaction it cannot try again.
    Do instead: name the columns in queries, or recycle the connections right after the migration.
    Fine when: no query of the application uses `*`, or the migration itself makes the table.
    Source: observed on PostgreSQL 15.18 and 18.6; https://www.postgresql.org/docs/18/sql-prepare.html
    """
    if not ctx.is_new(op.table) and op in ctx.group(op):
        yield Hazard(
            message=f"prepared SELECT * and RETURNING * of {op.table} fail once on connections that are open",
            objects=(str(op.table),),
        )


def _has_parts(op: CreateTable | Insert | Update, name: str, ctx: Context) -> bool:
    """Whether a column has parts that are assigned one by one; a column of which nothing is known may have."""
    if isinstance(op, CreateTable):
        return False
    known = ctx.column(op.table, name)
    if known is None or known.type is None:
        return isinstance(op, Update)
    return bool(known.type.dimensions) or known.type.schema is not None
