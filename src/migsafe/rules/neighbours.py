"""What the rest of the migration does to the thing at hand: made before, given back afterwards, named together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

from migsafe.model.dialect import Dialect
from migsafe.model.locks import LockClaim
from migsafe.model.names import QualifiedName
from migsafe.model.operation import (
    AddColumn,
    BaseOperation,
    CreateDomain,
    CreateEnum,
    CreateFunction,
    CreateSequence,
    CreateTable,
    CreateType,
    CreateView,
    Operation,
    RenameColumn,
    RenameObject,
    RenameTable,
)
from migsafe.rules.context import Context
from migsafe.rules.knowledge.locks import locks

T = TypeVar("T", bound=BaseOperation)


def in_one_statement(op: T, ctx: Context) -> tuple[T, ...]:
    """What one statement does to several objects (`DROP TABLE a, b`): all for the first, none for the others."""
    code = ctx.code.operations if ctx.code is not None else None
    siblings = code or (ctx.statement.operations if ctx.statement is not None else (op,))
    alike = tuple(other for other in siblings if type(other) is type(op) and other.span == op.span)
    return alike if alike and alike[0] is op else ()


def locks_of_all(operations: Sequence[Operation], ctx: Context) -> tuple[LockClaim, ...] | None:
    """The locks of several objects of one statement; None where the engine knows them: one object, another database."""
    if len(operations) < 2 or ctx.dialect is not Dialect.POSTGRES:
        return None
    strongest: dict[QualifiedName, LockClaim] = {}
    for claim in (claim for op in operations for claim in locks(op, ctx.catalogue)):
        known = strongest.setdefault(claim.table, claim)
        if known.mode < claim.mode:
            strongest[claim.table] = claim
    return tuple(strongest.values())


def is_same(ctx: Context, one: QualifiedName, other: QualifiedName) -> bool:
    """Whether two names mean the same relation, type or function."""
    return ctx.catalogue.resolve(one) == ctx.catalogue.resolve(other)


def added_column(ctx: Context, table: QualifiedName, column: str) -> AddColumn | None:
    """The ADD COLUMN by which this migration has made a column; no code uses the column yet."""
    for op in ctx.earlier:
        if isinstance(op, AddColumn) and op.definition.name == column and is_same(ctx, op.table, table):
            return op
    return None


def is_made_here(ctx: Context, name: QualifiedName, *kinds: type[BaseOperation]) -> bool:
    """Whether this migration has made a view, type, function or sequence: no code uses it yet.

    Args:
        ctx: the moment.
        name: the object.
        kinds: the classes of operations that make such an object; all that make a named one when empty.
    """
    return any(
        (not kinds or isinstance(op, kinds)) and not _may_keep(op) and is_same(ctx, made, name)
        for op in ctx.earlier
        if (made := _made_name(op)) is not None
    )


def comes_back(ctx: Context, op: Operation, name: QualifiedName) -> bool:
    """Whether the migration later gives a name back to something: made again, or another object renamed to it."""
    full = ctx.catalogue.resolve(name)
    return any(full in set(_names_given(ctx, later)) for later in ctx.later(op))


def is_freed_here(ctx: Context, name: QualifiedName) -> bool:
    """Whether this migration has renamed something else away from a name: half of a swap."""
    return any(
        (op.table if isinstance(op, RenameTable) else op.name).name == name.name
        for op in ctx.earlier
        if isinstance(op, RenameTable | RenameObject)
    )


def column_comes_back(ctx: Context, op: Operation, table: QualifiedName, column: str) -> bool:
    """Whether the migration later gives a column's name back: computed from the new one, or by the rest of a swap.

    A plain column of that name holds other values, so that code which reads it is broken all the same.
    """
    return any(
        (
            isinstance(later, AddColumn)
            and later.definition.name == column
            and later.definition.generated is not None
            and is_same(ctx, later.table, table)
        )
        or (isinstance(later, RenameColumn) and later.new_name == column and is_same(ctx, later.table, table))
        for later in ctx.later(op)
    )


def new_table_name(ctx: Context, op: RenameTable) -> QualifiedName:
    """The full name that a table gets."""
    return op.new_name if op.new_name.schema else ctx.catalogue.resolve(op.table).renamed(op.new_name.name)


def _names_given(ctx: Context, op: Operation) -> Iterator[QualifiedName]:
    made = _made_name(op)
    if made is not None:
        yield ctx.catalogue.resolve(made)
    elif isinstance(op, RenameTable):
        yield new_table_name(ctx, op)
    elif isinstance(op, RenameObject):
        yield ctx.catalogue.resolve(op.name).renamed(op.new_name)


def _made_name(op: BaseOperation) -> QualifiedName | None:
    match op:
        case CreateTable(table=name, temporary=False) | CreateView(view=name) | CreateSequence(sequence=name):
            return name
        case CreateEnum(type=name) | CreateType(type=name) | CreateDomain(domain=name) | CreateFunction(name=name):
            return name
        case _:
            return None


def _may_keep(op: BaseOperation) -> bool:
    """Whether a CREATE leaves or replaces what may have been there before."""
    return bool(getattr(op, "or_replace", False) or getattr(op, "if_not_exists", False))
