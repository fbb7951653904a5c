"""MODIFY and CHANGE: a whole column definition, as the operations that it may be.

The definition repeats what stays, and what it leaves out is gone (MySQL 8.4 manual, 15.1.9 "ALTER TABLE Statement"):
only who knows the column can tell which of these operations change it, so each of them says `implied`.
"""

from __future__ import annotations

from migsafe.model.operation import (
    AddConstraint,
    AlterColumnType,
    AlterGenerated,
    ColumnDefinition,
    DropDefault,
    DropNotNull,
    Operation,
    PrimaryKey,
    SetColumnOption,
    SetDefault,
    SetNotNull,
)
from migsafe.parse.mysql.alter_target import Target
from migsafe.parse.mysql.columns import PlacedColumn


def modify_column(target: Target, placed: PlacedColumn) -> list[Operation]:
    """What MODIFY does to a column, or CHANGE once it is renamed."""
    column = placed.definition
    common = target.common()
    operations: list[Operation] = []
    if column.type is not None:
        operations.append(
            AlterColumnType(**common, column=column.name, type=column.type, collation=column.collation, implied=True)
        )
    required = column.not_null or any(isinstance(constraint, PrimaryKey) for constraint in column.constraints)
    nullability = SetNotNull if required else DropNotNull
    operations.append(nullability(**common, column=column.name, implied=True))
    if not column.auto_increment:  # Such a column has no default.
        operations.append(_default(target, column))
    operations += [AddConstraint(**common, constraint=constraint) for constraint in column.constraints]
    options = _options(placed)
    return operations + [SetColumnOption(**common, column=column.name, option=option) for option in options]


def _default(target: Target, column: ColumnDefinition) -> Operation:
    if column.generated is not None:
        return AlterGenerated(**target.common(), column=column.name, expression=column.generated.expression)
    if column.default is None or column.default.null:
        return DropDefault(**target.common(), column=column.name, implied=True)
    return SetDefault(**target.common(), column=column.name, default=column.default, implied=True)


def _options(placed: PlacedColumn) -> list[str]:
    column = placed.definition
    options = [
        ("auto_increment", column.auto_increment),
        ("on update", column.on_update is not None),
        ("comment", column.comment is not None),
        (placed.position or "", placed.position is not None),
    ]
    return [option for option, said in options if said]
