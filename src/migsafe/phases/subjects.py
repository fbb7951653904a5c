"""What an operation is about, and what is new after it: by full names, so that steps can be tied together."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from migsafe.model.names import QualifiedName
from migsafe.model.operation import (
    AddColumn,
    AddConstraint,
    AddEnumValue,
    BaseOperation,
    ColumnOperation,
    CreateIndex,
    CreateTable,
    CreateView,
    DropColumn,
    DropDefault,
    DropIndex,
    Insert,
    RenameColumn,
    RenameEnumValue,
    RenameTable,
    SetDefault,
    SetSchema,
    TableOperation,
    Update,
)
from migsafe.model.usage import Subject
from migsafe.rules.neighbours import in_one_statement

if TYPE_CHECKING:
    from migsafe.rules.context import Context

#: Types that are no enum.
_PLAIN = frozenset(
    {
        "smallint", "integer", "bigint", "numeric", "real", "double precision", "boolean", "text", "character varying",
        "character", "date", "timestamp without time zone", "timestamp with time zone", "uuid", "json", "jsonb",
        "bytea", "serial", "bigserial", "smallserial", "varchar", "char", "int", "tinyint", "decimal", "datetime",
        "timestamp",
    }
)  # fmt: skip

_WORD = re.compile(r"\w+")
_NAMES = ("view", "type", "domain", "sequence", "name")


def subjects_of(op: BaseOperation, ctx: Context) -> tuple[Subject, ...]:
    """The objects that an operation is about; those of its equals too, for the first of what one statement does."""
    match op:
        case AddColumn():
            return (Subject(_full(op.table, ctx), op.definition.name),)
        case DropColumn() | DropDefault():
            alike = ctx.same_statement(op) or (op,)
            return tuple(Subject(_full(one.table, ctx), one.column) for one in alike)
        case ColumnOperation():
            return (Subject(_full(op.table, ctx), op.column),)
        case AddConstraint() | CreateIndex() | Update() | Insert():
            return _columns_or_table(op.table, _columns(op), ctx)
        case DropIndex() | SetSchema():
            name = op.index if isinstance(op, DropIndex) else op.name
            return (Subject(_full(name, ctx)),)
        case _:
            together = in_one_statement(op, ctx) or (op,)
            return tuple(dict.fromkeys(subject for one in together for subject in _named(one, ctx)))


def _named(op: BaseOperation, ctx: Context) -> tuple[Subject, ...]:
    """The object that an operation names."""
    if isinstance(op, TableOperation):
        return (Subject(_full(op.table, ctx)),)
    names = (getattr(op, attribute, None) for attribute in _NAMES)
    return tuple(Subject(_full(name, ctx)) for name in names if isinstance(name, QualifiedName))[:1]


def made_by(op: BaseOperation, ctx: Context) -> tuple[Subject, ...]:
    """What is new after an operation."""
    match op:
        case CreateTable():
            table = ctx.catalogue.creation_name(op.table)
            return (Subject(table), *(Subject(table, column.name) for column in op.columns))
        case CreateView():
            return (Subject(ctx.catalogue.creation_name(op.view)),)
        case AddColumn():
            return (Subject(_full(op.table, ctx), op.definition.name),)
        case RenameColumn():
            return (Subject(_full(op.table, ctx), op.new_name),)
        case RenameTable():
            old = _full(op.table, ctx)
            return (Subject(op.new_name if op.new_name.schema else old.renamed(op.new_name.name)),)
        case SetSchema():
            return (Subject(_full(op.name, ctx).moved(op.schema)),)
        case _:
            return ()


def mentioned_in(ctx: Context) -> frozenset[str]:
    """The words of the statement at hand, in lower case."""
    return frozenset(_WORD.findall(ctx.statement.text.lower())) if ctx.statement is not None else frozenset()


def words_of(op: BaseOperation, ctx: Context) -> frozenset[str]:
    """Constants that an operation adds to an enum, or writes where an enum's value may stand."""
    match op:
        case AddEnumValue():
            return frozenset({op.value})
        case RenameEnumValue():
            return frozenset({op.new_value})
        case Update() | Insert():
            return op.literals if _may_hold_an_enum(op.table, op.columns, ctx) else frozenset()
        case SetDefault():
            word = op.default.text.split("::")[0].strip().strip("'")
            return frozenset({word}) if _may_hold_an_enum(op.table, (op.column,), ctx) else frozenset()
        case _:
            return frozenset()


def _may_hold_an_enum(table: QualifiedName, columns: tuple[str, ...], ctx: Context) -> bool:
    """Whether one of the columns, of all where none are named, is of an enum, or of a type that nobody knows."""
    known = ctx.table(table)
    if known is None:
        return True
    found = [known.columns.get(column) for column in columns or known.columns]
    return not found or any(one is None or one.type is None or one.type.name not in _PLAIN for one in found)


def _columns(op: AddConstraint | CreateIndex | Update | Insert) -> tuple[str, ...]:
    if isinstance(op, AddConstraint):
        return tuple(getattr(op.constraint, "columns", ()) or ())
    return op.columns


def _columns_or_table(table: QualifiedName, columns: tuple[str, ...], ctx: Context) -> tuple[Subject, ...]:
    full = _full(table, ctx)
    return tuple(Subject(full, column) for column in columns) or (Subject(full),)


def _full(name: QualifiedName, ctx: Context) -> QualifiedName:
    return ctx.catalogue.resolve(name)
