"""NOT NULL on columns that hold rows already."""

from __future__ import annotations

from collections.abc import Iterator

from migsafe.model.catalogue import TableConstraint
from migsafe.model.dialect import Dialect
from migsafe.model.finding import Category, Severity
from migsafe.model.locks import Work
from migsafe.model.names import QualifiedName, quote_identifier
from migsafe.model.operation import AddColumn, AddConstraint, CheckConstraint, Constraint, NotNullConstraint, SetNotNull
from migsafe.rules.context import Context
from migsafe.rules.grouping import together
from migsafe.rules.hazard import Hazard
from migsafe.rules.knowledge.constraints import added, checks_rows, known_nullable
from migsafe.rules.knowledge.work import proved_not_null
from migsafe.rules.registry import rule
from migsafe.rules.wording import LATER_MIGRATION, column_sql, name_list, recipe, set_not_null_recipe


@rule(Category.LOCK, SetNotNull, dialects=(Dialect.POSTGRES, Dialect.MYSQL))
def set_not_null_scan(op: SetNotNull, ctx: Context) -> Iterator[Hazard]:
    """A column of an existing table becomes NOT NULL, and every row is checked while the table is out of use.

    Why it hurts: Postgres scans the whole table under ACCESS EXCLUSIVE: every read and write waits; and it fails when
    one NULL is left. MySQL rebuilds the table.

    Do instead: CHECK (… IS NOT NULL) NOT VALID; VALIDATE it in a later migration; then SET NOT NULL, which takes the
    CHECK as its proof and scans nothing; then drop the CHECK. PostgreSQL 18: ADD CONSTRAINT … NOT NULL … NOT VALID,
    then VALIDATE. Backfill before either: NOT VALID is enforced for every UPDATE of a row that breaks it.

    Fine when: the migration itself makes the table, the column is NOT NULL already, or a validated CHECK proves it.

    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/sql-altertable.html (SET NOT NULL)
    """
    setting = together(op, ctx, lambda each: _scans(each, ctx))
    if not setting:
        return
    columns = [each.column for each in setting]
    names = name_list(f"{op.table}.{quote_identifier(column)}" for column in columns)
    if ctx.dialect is Dialect.MYSQL:
        yield Hazard(
            message=f"making {names} NOT NULL rebuilds {op.table}, and fails when one NULL is left",
            instead=recipe(
                "-- first: backfill; then", f"ALTER TABLE {op.table} MODIFY …, ALGORITHM=INPLACE, LOCK=NONE;"
            ),
            severity=Severity.WARNING,
            objects=tuple(f"{op.table}.{column}" for column in columns),
            at=setting[0].span,
        )
        return
    yield Hazard(
        message=f"making {names} NOT NULL scans {op.table} while all reads and writes wait, and fails on a NULL",
        instead=_at_once(op.table, columns, ctx) or _recipe(op.table, columns, ctx),
        objects=tuple(f"{op.table}.{column}" for column in columns),
        at=setting[0].span,
        work=Work.SCAN,
        severity=Severity.WARNING if _may_be_so_already(op, columns, ctx) else None,
    )


def _may_be_so_already(op: SetNotNull, columns: list[str], ctx: Context) -> bool:
    """Whether the columns are unknown, and a program says it that repeats what is: Alembic's alter_column does."""
    return ctx.script.rendered and all(ctx.column(op.table, column) is None for column in columns)


@rule(Category.LOCK, AddConstraint)
def add_not_null_constraint_validating(op: AddConstraint, ctx: Context) -> Iterator[Hazard]:
    """NOT NULL is added as a constraint without NOT VALID.

    Why it hurts: the whole table is scanned under ACCESS EXCLUSIVE: every read and write waits; and it fails when one
    NULL is left.

    Do instead: ADD CONSTRAINT … NOT NULL … NOT VALID; then VALIDATE CONSTRAINT in a later migration.

    Fine when: the migration itself makes the table, or the column is known to hold no NULL.

    Source: PostgreSQL 18, https://www.postgresql.org/docs/18/sql-altertable.html (ADD table_constraint)
    """
    adding = together(op, ctx, lambda each: _unproved(each, ctx) is not None)
    found = [constraint for each in adding if (constraint := _unproved(each, ctx)) is not None]
    if not found:
        return
    names = name_list(f"{op.table}.{quote_identifier(constraint.column)}" for constraint in found)
    titles = [quote_identifier(each.name or f"{op.table.name}_{each.column}_not_null") for each in found]
    yield Hazard(
        message=f"NOT NULL of {names} scans {op.table} while all reads and writes wait, and fails on a NULL",
        instead=recipe(
            *(
                f"ALTER TABLE {op.table} ADD CONSTRAINT {title} NOT NULL {quote_identifier(each.column)} NOT VALID;"
                for title, each in zip(titles, found, strict=True)
            ),
            LATER_MIGRATION,
            *(f"ALTER TABLE {op.table} VALIDATE CONSTRAINT {title};" for title in titles),
        ),
        objects=tuple(f"{op.table}.{constraint.column}" for constraint in found),
        at=adding[0].span,
        work=Work.SCAN,
    )


def _scans(op: SetNotNull, ctx: Context) -> bool:
    if ctx.is_new(op.table) or proved_not_null(op.table, op.column, ctx.catalogue):
        return False
    if ctx.dialect is Dialect.MYSQL or op.implied:
        return known_nullable(op.table, op.column, ctx)
    return True


def _unproved(op: AddConstraint, ctx: Context) -> NotNullConstraint | None:
    constraint = added(op, NotNullConstraint, ctx)
    if constraint is None or not checks_rows(constraint):
        return None
    return None if proved_not_null(op.table, constraint.column, ctx.catalogue) else constraint


def _recipe(table: QualifiedName, columns: list[str], ctx: Context) -> str:
    """What is left of the safe way: only its second half, where a constraint waits for VALIDATE already."""
    halfway = [(column, found) for column in columns if (found := _not_valid(table, column, ctx)) is not None]
    others = [column for column in columns if column not in dict(halfway)]
    return recipe(
        set_not_null_recipe(table, others, ctx.server.major) if others else "",
        *(line for column, found in halfway for line in _second_half(table, column, found)),
    )


def _second_half(table: QualifiedName, column: str, waiting: TableConstraint) -> Iterator[str]:
    yield f"ALTER TABLE {table} VALIDATE CONSTRAINT {quote_identifier(waiting.name)};"
    if isinstance(waiting.definition, CheckConstraint):
        yield f"ALTER TABLE {table} ALTER COLUMN {quote_identifier(column)} SET NOT NULL;"


def _not_valid(table: QualifiedName, column: str, ctx: Context) -> TableConstraint | None:
    """The constraint that would prove a column NOT NULL once it is validated."""
    found = ctx.table(table)
    for constraint in found.constraints.values() if found is not None else ():
        if not constraint.validated and _speaks_of(constraint.definition, column):
            return constraint
    return None


def _speaks_of(definition: Constraint, column: str) -> bool:
    if isinstance(definition, NotNullConstraint):
        return definition.column == column
    return isinstance(definition, CheckConstraint) and column in definition.expression.proves_not_null


def _at_once(table: QualifiedName, columns: list[str], ctx: Context) -> str | None:
    """The shorter way for columns that this migration adds with a default: NOT NULL in ADD COLUMN scans nothing."""
    full = ctx.catalogue.resolve(table)
    adding = {
        earlier.definition.name: earlier.definition
        for earlier in ctx.earlier
        if isinstance(earlier, AddColumn) and ctx.catalogue.resolve(earlier.table) == full
    }
    definitions = [adding.get(column) for column in columns]
    lines = [
        f"ALTER TABLE {table} ADD COLUMN {column_sql(each)} NOT NULL;"
        for each in definitions
        if each is not None and each.default is not None and not each.default.null
    ]
    return recipe(*lines) if len(lines) == len(columns) else None
