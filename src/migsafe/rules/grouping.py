"""One cause, one finding: operations alike of one statement speak together."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from migsafe.model.locks import LockClaim, LockMode
from migsafe.model.names import QualifiedName
from migsafe.model.operation import Operation
from migsafe.rules.context import Context
from migsafe.rules.knowledge.locks import locks
from migsafe.rules.wording import as_written

T = TypeVar("T", bound=Operation)


def together(operation: T, ctx: Context, hurts: Callable[[T], bool]) -> tuple[T, ...]:
    """Those of a statement's operations alike that hurt, all said by the first of the operations alike.

    The first speaks even when only a later one hurts: only it sees the world as it was before the statement.

    Args:
        operation: the operation at hand.
        ctx: its context.
        hurts: whether an operation of its class, on its table, hurts.
    """
    alike = ctx.same_statement(operation)
    return tuple(other for other in alike if hurts(other)) if alike and alike[0] is operation else ()


def locks_of(operations: tuple[Operation, ...], ctx: Context) -> tuple[LockClaim, ...]:
    """The locks that operations take together on tables that are in use, the strongest for each table."""
    strongest: dict[QualifiedName, LockMode] = {}
    for operation in operations:
        for claim in locks(operation, ctx.catalogue):
            if not ctx.is_new(claim.table):
                strongest[claim.table] = max(claim.mode, strongest.get(claim.table, claim.mode))
    return tuple(LockClaim(as_written(table, ctx.catalogue), mode) for table, mode in strongest.items())
