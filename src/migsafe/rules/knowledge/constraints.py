"""Constraints: which an operation adds, which of them read existing rows, and what a bare name tells."""

from __future__ import annotations

from typing import TypeVar

from migsafe.model.catalogue import TableConstraint
from migsafe.model.catalogue.naming import join_columns, make_object_name
from migsafe.model.names import QualifiedName
from migsafe.model.operation import (
    AddColumn,
    AddConstraint,
    BaseConstraint,
    CreateIndex,
    IndexElement,
    PrimaryKey,
    UniqueConstraint,
)
from migsafe.rules.context import Context

C = TypeVar("C", bound=BaseConstraint)

#: How tools and Postgres itself name constraints of a kind: endings, then beginnings.
_NAMING = {
    "foreign key": (("_fkey", "_fk", "_foreign"), ("fk_", "fk-")),
    "check": (("_check", "_chk", "_not_null"), ("ck_", "chk_", "check_")),
    "primary key": (("_pkey", "_pk"), ("pk_",)),
    "unique": (("_key", "_unique", "_uniq", "_uq"), ("uq_", "uniq_", "unique_")),
    "exclusion": (("_excl",), ("excl_",)),
}


def added(operation: AddColumn | AddConstraint, kind: type[C], ctx: Context) -> C | None:
    """The constraint of a kind that an operation adds to a table that others use; None when it adds none.

    A column that is there already is not added again by IF NOT EXISTS, nor are its constraints.
    """
    if ctx.is_new(operation.table):
        return None
    if isinstance(operation, AddConstraint):
        return operation.constraint if isinstance(operation.constraint, kind) else None
    if operation.if_not_exists and ctx.column(operation.table, operation.definition.name) is not None:
        return None
    return next((found for found in operation.definition.constraints if isinstance(found, kind)), None)


def checks_rows(constraint: BaseConstraint) -> bool:
    """Whether adding it reads the rows that are there."""
    return constraint.enforced and not constraint.not_valid


def known_constraint(table: QualifiedName, name: str | None, ctx: Context) -> TableConstraint | None:
    """The constraint as it is now, or None when migsafe has not seen its making; without a name, the primary key."""
    found = ctx.table(table)
    if found is None:
        return None
    if name is not None:
        return found.constraints.get(name)
    return next((each for each in found.constraints.values() if isinstance(each.definition, PrimaryKey)), None)


def known_nullable(table: QualifiedName, column: str, ctx: Context) -> bool:
    """Whether a column is known to take NULL; of a table that is known in part only, that is never known."""
    found = ctx.table(table)
    known = found.columns.get(column) if found is not None and found.complete else None
    return known is not None and known.nullable


def kind_by_name(name: str) -> str | None:
    """The kind of constraint that a name speaks of by convention: "foreign key", "check", …; None if it does not."""
    lower = name.lower()
    for kind, (endings, beginnings) in _NAMING.items():
        if lower.endswith(endings) or lower.startswith(beginnings):
            return kind
    return None


def index_behind(operation: AddColumn | AddConstraint, key: UniqueConstraint | PrimaryKey) -> CreateIndex:
    """The unique index that Postgres builds for a key, as a statement of its own."""
    made_up = (
        make_object_name(operation.table.name, None, "pkey")
        if isinstance(key, PrimaryKey)
        else make_object_name(operation.table.name, join_columns(key.columns), "key")
    )
    return CreateIndex(
        span=operation.span,
        table=operation.table,
        name=key.name or made_up,
        elements=tuple(IndexElement(column=column) for column in key.columns),
        unique=True,
        include=key.include,
        nulls_not_distinct=isinstance(key, UniqueConstraint) and key.nulls_not_distinct,
    )
