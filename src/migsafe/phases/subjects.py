"""What an operation is about, and what is new after it: by full names, so that steps can be tied together."""

from __future__ import annotations

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

if TYPE_CHECKING:
    from migsafe.rules.context import Context

_NAMES = ("view", "type", "domain", "sequence", "name")


def subjects_of(op: BaseOperation, ctx: Context) -> tuple[Subject, ...]:
    """The objects that an operation is about; those of all its equals in the statement for columns that go together."""
    match op:
        case AddColumn():
            return (Subject(_full(op.table, ctx), op.definition.name),)
        case DropColumn():
            alike = ctx.same_statement(op) or (op,)
            return tuple(Subject(_full(one.table, ctx), one.column) for one in alike)
        case ColumnOperation():
            return (Subject(_full(op.table, ctx), op.column),)
        case AddConstraint() | CreateIndex() | Update() | Insert():
            return _columns_or_table(op.table, _columns(op), ctx)
        case DropIndex() | SetSchema():
            name = op.index if isinstance(op, DropIndex) else op.name
            return (Subject(_full(name, ctx)),)
        case TableOperation():
            return (Subject(_full(op.table, ctx)),)
        case _:
            return tuple(
                Subject(_full(value, ctx))
                for attribute in _NAMES
                if isinstance(value := getattr(op, attribute, None), QualifiedName)
            )[:1]


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


def words_of(op: BaseOperation) -> frozenset[str]:
    """Constants that an operation adds to an enum, or writes."""
    match op:
        case AddEnumValue():
            return frozenset({op.value})
        case RenameEnumValue():
            return frozenset({op.new_value})
        case Update() | Insert():
            return op.literals
        case SetDefault():
            return frozenset({op.default.text.split("::")[0].strip().strip("'")})
        case _:
            return frozenset()


def _columns(op: AddConstraint | CreateIndex | Update | Insert) -> tuple[str, ...]:
    if isinstance(op, AddConstraint):
        return tuple(getattr(op.constraint, "columns", ()) or ())
    return op.columns


def _columns_or_table(table: QualifiedName, columns: tuple[str, ...], ctx: Context) -> tuple[Subject, ...]:
    full = _full(table, ctx)
    return tuple(Subject(full, column) for column in columns) or (Subject(full),)


def _full(name: QualifiedName, ctx: Context) -> QualifiedName:
    return ctx.catalogue.resolve(name)
