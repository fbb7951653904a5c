"""Constraints: rows of `pg_constraint` to the model's constraints."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from migsafe.model.catalogue import TableConstraint
from migsafe.model.names import QualifiedName
from migsafe.model.operation import (
    CheckConstraint,
    ExclusionConstraint,
    Expression,
    ForeignKey,
    NotNullConstraint,
    PrimaryKey,
    ReferentialAction,
    UniqueConstraint,
)

if TYPE_CHECKING:
    from migsafe.model.operation import Constraint
    from migsafe.postgres.rows import ConstraintRow

#: pg_constraint.confdeltype and confupdtype.
_ACTIONS = {
    "a": ReferentialAction.NO_ACTION,
    "r": ReferentialAction.RESTRICT,
    "c": ReferentialAction.CASCADE,
    "n": ReferentialAction.SET_NULL,
    "d": ReferentialAction.SET_DEFAULT,
}


class _Common(TypedDict):
    name: str
    not_valid: bool
    enforced: bool
    no_inherit: bool
    deferrable: bool
    initially_deferred: bool


def table_constraint(row: ConstraintRow) -> TableConstraint:
    """The constraint of a row. The keys of an exclusion constraint are those of its index, and not repeated here."""
    return TableConstraint(
        name=row.name,
        definition=_definition(row),
        validated=row.validated,
        index=row.index_name,
        inherited=row.inherited,
    )


def _definition(row: ConstraintRow) -> Constraint:
    common = _Common(
        name=row.name,
        not_valid=not row.validated,
        enforced=row.enforced,
        no_inherit=row.no_inherit and row.kind in "cn",
        deferrable=row.deferrable,
        initially_deferred=row.initially_deferred,
    )
    columns = tuple(row.columns)
    match row.kind:
        case "c":
            return CheckConstraint(
                expression=Expression(row.expression or "", columns=columns, understood=False), **common
            )
        case "n":
            return NotNullConstraint(column=columns[0], **common)
        case "p":
            return PrimaryKey(columns=columns, include=tuple(row.include), **common)
        case "u":
            return UniqueConstraint(
                columns=columns, include=tuple(row.include), nulls_not_distinct=row.nulls_not_distinct, **common
            )
        case "x":
            return ExclusionConstraint(**common)
        case "f" if row.referenced_table is not None:
            return _foreign_key(row, row.referenced_table, common)
    raise ValueError(f"pg_constraint.contype {row.kind!r} of {row.name} is not known")


def _foreign_key(row: ConstraintRow, referenced: str, common: _Common) -> ForeignKey:
    return ForeignKey(
        columns=tuple(row.columns),
        referenced_table=QualifiedName(referenced, row.referenced_schema),
        referenced_columns=tuple(row.referenced_columns),
        on_delete=_ACTIONS[row.on_delete],
        on_update=_ACTIONS[row.on_update],
        **common,
    )
