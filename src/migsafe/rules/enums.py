"""Enum types and their values."""

from __future__ import annotations

from collections.abc import Iterator

from migsafe.model.finding import Category, Severity
from migsafe.model.names import QualifiedName
from migsafe.model.operation import (
    AddColumn,
    AddConstraint,
    AddEnumValue,
    BaseOperation,
    CheckConstraint,
    CreateEnum,
    CreateIndex,
    CreateTable,
    CreateView,
    DataType,
    Delete,
    Expression,
    Insert,
    Merge,
    RenameEnumValue,
    SetDefault,
    TransactionControl,
    Update,
)
from migsafe.rules.context import Context
from migsafe.rules.hazard import Hazard
from migsafe.rules.neighbours import is_made_here, is_same
from migsafe.rules.registry import rule
from migsafe.rules.wording import LATER_MIGRATION, OUTSIDE_TRANSACTION, recipe

#: The first version in which ADD VALUE may run inside a transaction block.
_IN_TRANSACTION_SINCE = 12


@rule(Category.FAIL, BaseOperation)
def enum_add_value_transaction(op: BaseOperation, ctx: Context) -> Iterator[Hazard]:
    """A new enum value is added, or used, inside a transaction that does not allow it.

    Why it hurts: before Postgres 12 ADD VALUE fails inside a transaction block (25001). Since then it may stand there,
        but the value cannot be used before the commit (55P04): not in a default, a CHECK, an INSERT or UPDATE.
    Do instead: add the value in a migration of its own, and use it in the next one.
    Fine when: the transaction itself makes the type, or nothing in the transaction uses the value.
    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/sql-altertype.html#id-1.9.3.42.7
    """
    if ctx.transaction is None or isinstance(op, TransactionControl):
        return
    if isinstance(op, AddEnumValue):
        if ctx.server.major < _IN_TRANSACTION_SINCE and not _is_made_in_transaction(op.type, ctx):
            yield Hazard(
                message=f"ALTER TYPE {op.type} ADD VALUE fails inside a transaction on Postgres {ctx.server.major}",
                instead=recipe(OUTSIDE_TRANSACTION, f"ALTER TYPE {op.type} ADD VALUE {_quoted(op.value)};"),
                objects=(str(op.type), op.value),
            )
        return
    for added in ctx.transaction.enum_values:
        if _says(op, added.value) and not _is_made_in_transaction(added.type, ctx):
            yield from _early_use(op, added, ctx)


@rule(Category.COMPAT, AddEnumValue, severity=Severity.INFO)
def enum_add_value(op: AddEnumValue, ctx: Context) -> Iterator[Hazard]:
    """An enum type gets another value.

    Why it hurts: as soon as a row has it, releases that do not know the value break when they read the row.
    Do instead: release code that can read the value, before any code writes it.
    Fine when: the migration itself makes the type.
    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/datatype-enum.html
    """
    known = ctx.catalogue.enum(op.type)
    if is_made_here(ctx, op.type) or (op.if_not_exists and known is not None and op.value in known.values):
        return
    yield Hazard(
        message=f"code that does not know {_quoted(op.value)} of {op.type} breaks on the first row that has it",
        objects=(str(op.type), op.value),
    )


@rule(Category.COMPAT, RenameEnumValue)
def enum_rename_value(op: RenameEnumValue, ctx: Context) -> Iterator[Hazard]:
    """A value of an enum type gets another name.

    Why it hurts: the running release writes and compares the old name, which is an invalid input (22P02) from then on,
        and meets a name that it does not know.
    Do instead: add the new value, release code that reads both, move the rows in batches, then stop to use the old
        one.
    Fine when: the migration itself makes the type.
    Source: PostgreSQL 15 to 18, https://www.postgresql.org/docs/18/sql-altertype.html
    """
    if is_made_here(ctx, op.type):
        return
    old, new = _quoted(op.value), _quoted(op.new_value)
    yield Hazard(
        message=f"code that uses the value {old} of {op.type} fails as soon as it is called {new}",
        instead=recipe(
            f"ALTER TYPE {op.type} ADD VALUE {new} AFTER {old};",
            f"{LATER_MIGRATION[:-1]}, when all running code reads both, in batches:",
            f"UPDATE <table> SET <column> = {new} WHERE <column> = {old} AND <a range of keys>;",
        ),
        objects=(str(op.type), op.value, op.new_value),
    )


def _early_use(op: BaseOperation, added: AddEnumValue, ctx: Context) -> Iterator[Hazard]:
    certain = _is_of_type(op, added.type, ctx)
    if certain is False:
        return
    value = _quoted(added.value)
    yield Hazard(
        message=f"{value} of {added.type} cannot be used in the transaction that adds it (55P04)",
        severity=None if certain else Severity.WARNING,
        instead=recipe(
            f"ALTER TYPE {added.type} ADD VALUE {value};",
            f"{LATER_MIGRATION[:-1]}, the statements that use {value}",
        ),
        objects=(str(added.type), added.value),
    )


def _is_made_in_transaction(enum: QualifiedName, ctx: Context) -> bool:
    operations = ctx.transaction.operations if ctx.transaction is not None else []
    return any(isinstance(op, CreateEnum) and is_same(ctx, op.type, enum) for op in operations)


def _says(op: BaseOperation, value: str) -> bool:
    """Whether an operation holds a string constant."""
    if isinstance(op, Insert | Update | Delete | Merge):
        return value in op.literals
    return any(_quoted(value) in text for text in _texts(op))


def _texts(op: BaseOperation) -> Iterator[str]:
    """The expressions of an operation that the server reads at once."""
    match op:
        case SetDefault():
            yield op.default.text
        case AddColumn():
            yield from _expressions(op.definition.default, *op.definition.constraints)
        case CreateTable():
            for column in op.columns:
                yield from _expressions(column.default, *column.constraints)
            yield from _expressions(*op.constraints)
        case AddConstraint():
            yield from _expressions(op.constraint)
        case CreateIndex():
            yield from _expressions(op.where, *(element.expression for element in op.elements))
        case CreateView():
            yield op.query


def _expressions(*parts: object) -> Iterator[str]:
    for part in parts:
        if isinstance(part, Expression):
            yield part.text
        elif isinstance(part, CheckConstraint):
            yield part.expression.text


def _is_of_type(op: BaseOperation, enum: QualifiedName, ctx: Context) -> bool | None:
    """Whether the constant is one of this enum: True when that is certain, None when it may be."""
    if any(f"::{enum.name}" in text.replace('"', "") for text in _texts(op)):
        return True
    match op:
        case AddColumn():
            return _names(op.definition.type, enum, ctx)
        case CreateTable():
            return any(_names(column.type, enum, ctx) for column in op.columns)
        case SetDefault():
            known = ctx.column(op.table, op.column)
            return None if known is None else _names(known.type, enum, ctx)
        case CreateView():
            return _any_table(op.reads, enum, ctx)
        case Insert() | Update() | Delete() | Merge() | AddConstraint() | CreateIndex():
            return _any_table((op.table, *getattr(op, "reads", ())), enum, ctx)
        case _:
            return False


def _any_table(tables: tuple[QualifiedName, ...], enum: QualifiedName, ctx: Context) -> bool | None:
    known = [table for name in tables if (table := ctx.table(name)) is not None]
    if any(_names(column.type, enum, ctx) for table in known for column in table.columns.values()):
        return True
    return False if len(known) == len(tables) and all(table.complete for table in known) else None


def _names(data_type: DataType | None, enum: QualifiedName, ctx: Context) -> bool:
    return data_type is not None and is_same(ctx, QualifiedName(data_type.name, data_type.schema), enum)


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
