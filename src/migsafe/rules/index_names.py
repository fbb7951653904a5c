"""Indexes: how they are called, and whose they are."""

from __future__ import annotations

from migsafe.model.names import QualifiedName
from migsafe.model.operation import CreateIndex, DropIndex, Reindex
from migsafe.rules.context import Context


def called(op: CreateIndex) -> str:
    """An index in a sentence."""
    return f"index {op.name}" if op.name else "an index"


def objects_of(op: CreateIndex) -> tuple[str, ...]:
    """An index, where it has a name, and its table."""
    return (op.name, str(op.table)) if op.name else (str(op.table),)


def beside(op: CreateIndex) -> QualifiedName:
    """The index's full name: it lives in its table's schema."""
    return QualifiedName(op.name or "", op.table.schema)


def touched_table(op: CreateIndex | DropIndex | Reindex, ctx: Context) -> QualifiedName | None:
    """The table whose index it is; None where migsafe has not seen the index, and for more than a table."""
    match op:
        case CreateIndex():
            return op.table
        case DropIndex():
            index = ctx.catalogue.index(op.index)
        case Reindex(kind="table"):
            return op.target
        case Reindex(kind="index", target=QualifiedName() as name):
            index = ctx.catalogue.index(name)
        case _:
            return None
    return index.table if index is not None else None
