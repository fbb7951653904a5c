"""Columns that stay, with another default, nullability, identity or expression."""

from __future__ import annotations

from collections.abc import Iterator

from migsafe.model.finding import Category, Severity
from migsafe.model.locks import Work
from migsafe.model.names import quote_identifier
from migsafe.model.operation import (
    AlterGenerated,
    AlterIdentity,
    ColumnOperation,
    DropDefault,
    DropNotNull,
    SetDefault,
)
from migsafe.rules.context import Context
from migsafe.rules.grouping import together
from migsafe.rules.hazard import Hazard
from migsafe.rules.knowledge.work import SERIAL_TYPES
from migsafe.rules.neighbours import added_column, is_same
from migsafe.rules.registry import EVERY_DIALECT, rule
from migsafe.rules.wording import LATER_MIGRATION, name_list, recipe


@rule(Category.COMPAT, DropNotNull, severity=Severity.INFO, dialects=EVERY_DIALECT)
def drop_not_null(op: DropNotNull, ctx: Context) -> Iterator[Hazard]:
    """A column may be NULL from now on.

    Why it hurts: code that reads the column and does not expect NULL breaks on the first row that has none.
    Do instead: teach all readers to expect NULL, release that, then drop NOT NULL.
    Fine when: the migration itself makes the column or the table, or all readers know of NULL.
    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/sql-altertable.html
    """
    known = ctx.column(op.table, op.column)
    if _is_unused(op, ctx) or (op.implied and known is None) or (known is not None and known.nullable):
        return
    yield Hazard(message=f"readers of {_column(op)} can meet NULL from now on", objects=(_column(op),))


@rule(Category.COMPAT, DropDefault, dialects=EVERY_DIALECT)
def drop_default(op: DropDefault, ctx: Context) -> Iterator[Hazard]:
    """A default is dropped while code that relies on it may still run.

    Why it hurts: the running release leaves the column out of its INSERTs. Where the column is NOT NULL they fail from
        then on; elsewhere they store NULL. Django's way to add a NOT NULL column (DEFAULT, then DROP DEFAULT) is this.
    Do instead: keep the default until every running release writes the column; drop it a release later.
    Fine when: the migration itself makes the table, gives the column another default, or makes it an identity.
    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/ddl-default.html
    """
    failing = together(op, ctx, lambda other: _is_needed(other, ctx))
    if failing:
        yield _inserts_fail(failing, ctx)
    elif not _is_needed(op, ctx) and _is_dropped(op, ctx) and not _is_unused(op, ctx):
        yield Hazard(
            message=f"inserts that do not name {_column(op)} store NULL from now on, or fail if it is NOT NULL",
            severity=Severity.INFO,
            objects=(_column(op),),
        )


@rule(Category.COMPAT, SetDefault, severity=Severity.INFO, dialects=EVERY_DIALECT)
def set_default_change(op: SetDefault, ctx: Context) -> Iterator[Hazard]:
    """The default of an existing column becomes another.

    Why it hurts: the running release gets the new value in rows for which it expects the old one.
    Do instead: make sure that all running code can read the new value, then change the default.
    Fine when: the migration itself makes the column or the table. Existing rows do not change, and nothing is
        rewritten.
    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/ddl-default.html
    """
    if _is_unused(op, ctx) or not _is_change(op, ctx):
        return
    yield Hazard(
        message=f"inserts that do not name {_column(op)} store {op.default.text} from now on", objects=(_column(op),)
    )


@rule(Category.COMPAT, SetDefault, severity=Severity.INFO, dialects=EVERY_DIALECT, default=False)
def change_column_default_orm(op: SetDefault, ctx: Context) -> Iterator[Hazard]:
    """A default changes while an ORM may still write the old one into every row.

    Why it hurts: an ORM that writes all columns on INSERT (Rails without partial inserts, many others) has read the
        old default when it started, and goes on storing it.
    Do instead: configure partial inserts, or restart the application after the migration.
    Fine when: the application leaves out columns that were not assigned, or the migration itself makes the column.
    Source: strong_migrations, "Changing the default value of a column".
    """
    if not _is_unused(op, ctx) and _is_change(op, ctx):
        yield Hazard(
            message=f"an ORM that writes every column keeps storing the old default of {_column(op)}",
            objects=(_column(op),),
        )


@rule(Category.COMPAT, AlterGenerated)
def generated_expression_change(op: AlterGenerated, ctx: Context) -> Iterator[Hazard]:
    """The expression of a generated column is changed or dropped.

    Why it hurts: SET EXPRESSION (Postgres 17) gives every row another value under running code, and rewrites the table
        for a stored column. After DROP EXPRESSION nobody computes the value: rows that the running release inserts
        have NULL, and those that it updates keep a stale value.
    Do instead: a new column with the new expression; move the readers; drop the old one a release later.
    Fine when: the migration itself makes the table.
    Source: PostgreSQL 13 to 18, https://www.postgresql.org/docs/18/sql-altertable.html
    """
    if _is_unused(op, ctx):
        return
    if op.expression is None:
        yield Hazard(
            message=f"{_column(op)} is no longer computed: new rows have NULL there, and changed rows an old value",
            severity=Severity.WARNING,
            instead=recipe(
                "-- first release code that writes the column, and ignores that it is computed; then",
                f"ALTER TABLE {op.table} ALTER COLUMN {quote_identifier(op.column)} DROP EXPRESSION;",
            ),
            objects=(_column(op),),
        )
        return
    known = ctx.column(op.table, op.column)
    virtual = known is not None and known.generated is not None and not known.generated.stored
    name = quote_identifier(f"{op.column}_new")
    yield Hazard(
        message=f"every row gets another value in {_column(op)}"
        + ("" if virtual else f", and all of {op.table} is rewritten for it"),
        severity=Severity.WARNING if virtual else None,
        work=Work.NONE if virtual else Work.REWRITE,
        instead=recipe(
            "-- a second column, filled by a trigger and a backfill in batches; move the readers to it",
            f"ALTER TABLE {op.table} ADD COLUMN {name} {(known and known.type) or '<type>'};",
        ),
        objects=(_column(op),),
    )


@rule(Category.COMPAT, AlterIdentity)
def identity_change(op: AlterIdentity, ctx: Context) -> Iterator[Hazard]:
    """A column stops to number rows by itself, or stops to accept numbers from outside.

    Why it hurts: after DROP IDENTITY, inserts without a value fail (an identity column is NOT NULL); with GENERATED
        ALWAYS, inserts that bring their own value fail (428C9), those of restores and replication tools among them.
    Do instead: use GENERATED BY DEFAULT, or release code that does not rely on the old way first.
    Fine when: the migration itself makes the table, or gives the column a default in the same migration.
    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/ddl-identity-columns.html
    """
    if _is_unused(op, ctx):
        return
    column = quote_identifier(op.column)
    if op.action == "drop" and not _gets_value_later(op, ctx):
        yield Hazard(
            message=f"inserts that leave {_column(op)} to the database fail once it is no identity any more",
            instead=recipe(
                "-- keep a source of values, in the same transaction:",
                f"ALTER TABLE {op.table} ALTER COLUMN {column} DROP IDENTITY;",
                f"ALTER TABLE {op.table} ALTER COLUMN {column} SET DEFAULT nextval('<sequence>');",
            ),
            objects=(_column(op),),
        )
    elif op.action in {"set", "add"} and op.identity == "always":
        how = "SET" if op.action == "set" else "ADD"
        yield Hazard(
            message=f"inserts that bring their own value for {_column(op)} fail once it is GENERATED ALWAYS",
            severity=Severity.WARNING,
            instead=f"ALTER TABLE {op.table} ALTER COLUMN {column} {how} GENERATED BY DEFAULT"
            + (" AS IDENTITY;" if op.action == "add" else ";"),
            objects=(_column(op),),
        )


def _inserts_fail(dropped: tuple[DropDefault, ...], ctx: Context) -> Hazard:
    columns = [_column(op) for op in dropped]
    one = len(columns) == 1
    return Hazard(
        message=f"{name_list(columns)} {'is' if one else 'are'} NOT NULL: without {'its' if one else 'their'} "
        f"default{'' if one else 's'}, inserts that do not name {'it' if one else 'them'} fail",
        instead=_kept_by_django(dropped) if ctx.tool == "django" else _kept(dropped),
        objects=tuple(columns),
    )


def _kept(dropped: tuple[DropDefault, ...]) -> str:
    actions = ", ".join(f"ALTER COLUMN {quote_identifier(op.column)} DROP DEFAULT" for op in dropped)
    return recipe(
        "-- keep the default while a release runs that does not write the column",
        LATER_MIGRATION,
        f"ALTER TABLE {dropped[0].table} {actions};",
    )


def _kept_by_django(dropped: tuple[DropDefault, ...]) -> str:
    """Django drops every default that is one of Python; since 5.0 a field can have one of the database.

    Source: Django 5.2, https://docs.djangoproject.com/en/5.2/ref/models/fields/#db-default
    """
    return recipe(
        "-- in the model, with Django 5.0 or newer; the database then keeps the default:",
        *(f"{op.column} = models.…Field(…, db_default=…)" for op in dropped),
        "-- before Django 5.0: null=True now, and NOT NULL in a later release",
    )


def _is_dropped(op: DropDefault, ctx: Context) -> bool:
    """Whether there was a default, as far as can be seen, and the migration gives the column nothing in its place."""
    known = ctx.column(op.table, op.column)
    if ctx.is_new(op.table) or _gets_value_later(op, ctx):
        return False
    if known is None:
        return not op.implied
    is_serial = known.type is not None and known.type.name in SERIAL_TYPES
    return known.default is not None or known.type is None or is_serial


def _is_needed(op: DropDefault, ctx: Context) -> bool:
    """Whether the column is known to be NOT NULL, and to stay so, so that inserts need the default."""
    known = ctx.column(op.table, op.column)
    relaxed = any(
        isinstance(later, DropNotNull) and later.column == op.column and is_same(ctx, later.table, op.table)
        for later in ctx.later(op)
    )
    return known is not None and not known.nullable and not relaxed and _is_dropped(op, ctx)


def _column(op: ColumnOperation) -> str:
    return f"{op.table}.{quote_identifier(op.column)}"


def _is_unused(op: ColumnOperation, ctx: Context) -> bool:
    """Whether this migration has made the column, so that no running code knows it."""
    return ctx.is_new(op.table) or added_column(ctx, op.table, op.column) is not None


def _is_change(op: SetDefault, ctx: Context) -> bool:
    known = ctx.column(op.table, op.column)
    if op.implied and known is None:
        return False
    return known is None or known.default is None or known.default.text != op.default.text


def _gets_value_later(op: ColumnOperation, ctx: Context) -> bool:
    """Whether the migration gives the column another source of values afterwards."""
    return any(
        isinstance(later, SetDefault | AlterIdentity)
        and later.column == op.column
        and getattr(later, "action", "add") == "add"
        and is_same(ctx, later.table, op.table)
        for later in ctx.later(op)
    )
