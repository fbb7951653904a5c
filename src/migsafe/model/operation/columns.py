"""Operations on columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from migsafe.model.operation.base import TableOperation
from migsafe.model.operation.values import ColumnDefinition, DataType, Expression


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnOperation(TableOperation):
    """An operation on one existing column."""

    column: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AddColumn(TableOperation):
    """ADD COLUMN."""

    definition: ColumnDefinition
    if_not_exists: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DropColumn(ColumnOperation):
    """DROP COLUMN."""

    if_column_exists: bool = False
    cascade: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameColumn(ColumnOperation):
    """RENAME COLUMN, or MySQL's CHANGE with another name."""

    new_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlterColumnType(ColumnOperation):
    """ALTER COLUMN TYPE, or the type part of MySQL's MODIFY and CHANGE.

    Attributes:
        implied: part of a MODIFY or CHANGE, which repeats the type though it may not change it.
    """

    type: DataType
    using: Expression | None = None
    collation: str | None = None
    implied: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SetDefault(ColumnOperation):
    """SET DEFAULT."""

    default: Expression
    implied: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DropDefault(ColumnOperation):
    """DROP DEFAULT, also as SET DEFAULT NULL; `implied` when a MODIFY or CHANGE leaves the default out."""

    implied: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SetNotNull(ColumnOperation):
    """SET NOT NULL; `implied` when a MODIFY or CHANGE repeats it."""

    implied: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DropNotNull(ColumnOperation):
    """DROP NOT NULL; `implied` when a MODIFY or CHANGE leaves NOT NULL out."""

    implied: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AlterIdentity(ColumnOperation):
    """ADD GENERATED … AS IDENTITY, SET GENERATED …, DROP IDENTITY, or only its sequence's options."""

    action: Literal["add", "set", "drop", "options"]
    identity: Literal["always", "by default"] | None = None
    if_identity_exists: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AlterGenerated(ColumnOperation):
    """SET EXPRESSION (Postgres 17), or DROP EXPRESSION (Postgres 13)."""

    expression: Expression | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetColumnOption(ColumnOperation):
    """SET STATISTICS, STORAGE, COMPRESSION, (n_distinct = …) and their like; `option` is lower case."""

    option: str
