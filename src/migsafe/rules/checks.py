"""CHECK constraints on tables that are in use."""

from __future__ import annotations

from collections.abc import Iterator

from migsafe.model.dialect import Dialect
from migsafe.model.finding import Category
from migsafe.model.names import QualifiedName
from migsafe.model.operation import AddColumn, AddConstraint, CheckConstraint, DropConstraint
from migsafe.rules.context import Context
from migsafe.rules.grouping import together
from migsafe.rules.hazard import Hazard
from migsafe.rules.knowledge.constraints import added, checks_rows
from migsafe.rules.registry import rule
from migsafe.rules.wording import LATER_MIGRATION, column_sql, constraint_name, name_list, parenthesised, recipe


@rule(Category.LOCK, AddConstraint, AddColumn, dialects=(Dialect.POSTGRES, Dialect.MYSQL))
def add_check_validating(op: AddConstraint | AddColumn, ctx: Context) -> Iterator[Hazard]:
    """A CHECK is added, and every existing row is checked while the table is out of use.

    Why it hurts: Postgres scans the whole table under ACCESS EXCLUSIVE: every read and write waits. That is so for a
    CHECK on a new column too. MySQL copies the table, and blocks its writes.

    Do instead: ADD CONSTRAINT … CHECK … NOT VALID; then VALIDATE CONSTRAINT in a later migration, which blocks nobody.

    Fine when: the migration itself makes the table, or the CHECK is NOT VALID or NOT ENFORCED.

    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/sql-altertable.html#SQL-ALTERTABLE-NOTES; MySQL 8,
    https://dev.mysql.com/doc/refman/8.4/en/innodb-online-ddl-operations.html
    """
    adding = together(op, ctx, lambda each: _check(each, ctx) is not None)
    checks = [(each, check) for each in adding if (check := _check(each, ctx)) is not None]
    if not checks:
        return
    blocked = "writes" if ctx.dialect is Dialect.MYSQL else "all reads and writes"
    yield Hazard(
        message=f"{name_list(f'CHECK {parenthesised(check.expression.text)}' for _, check in checks)} "
        f"{'is' if len(checks) == 1 else 'are'} checked for every row of {op.table}: {blocked} wait until it is done",
        instead=_mysql_recipe(op.table) if ctx.dialect is Dialect.MYSQL else _recipe(checks, ctx),
        objects=(str(op.table), *(check.name for _, check in checks if check.name)),
        at=adding[0].span,
    )


def _check(op: AddConstraint | AddColumn, ctx: Context) -> CheckConstraint | None:
    check = added(op, CheckConstraint, ctx)
    return check if check is not None and checks_rows(check) else None


def _recipe(checks: list[tuple[AddConstraint | AddColumn, CheckConstraint]], ctx: Context) -> str:
    prepare, finish = [], []
    for op, check in checks:
        columns = check.expression.columns if len(check.expression.columns) == 1 else ()
        name = constraint_name(check.name, op.table.name, columns, "check")
        if isinstance(op, AddColumn):
            prepare.append(f"ALTER TABLE {op.table} ADD COLUMN {column_sql(op.definition)};")
        condition = parenthesised(check.expression.text)
        drop = f"DROP CONSTRAINT {name}, " if _takes_place_of_another(op, check, ctx) else ""
        prepare.append(f"ALTER TABLE {op.table} {drop}ADD CONSTRAINT {name} CHECK {condition} NOT VALID;")
        finish.append(f"ALTER TABLE {op.table} VALIDATE CONSTRAINT {name};")
    return recipe(*prepare, LATER_MIGRATION, *finish)


def _takes_place_of_another(op: AddConstraint | AddColumn, check: CheckConstraint, ctx: Context) -> bool:
    """Whether this migration has dropped a constraint of that name from the table."""
    return check.name is not None and any(
        isinstance(earlier, DropConstraint) and earlier.name == check.name and earlier.table == op.table
        for earlier in ctx.earlier
    )


def _mysql_recipe(table: QualifiedName) -> str:
    return recipe(
        "-- online, by a tool that copies the table without blocking it:",
        f"-- gh-ost --alter='ADD CHECK …' --table={table} …",
    )
