"""Operations on constraints of tables."""

from __future__ import annotations

from dataclasses import dataclass

from migsafe.model.operation.base import TableOperation
from migsafe.model.operation.values import Constraint


@dataclass(frozen=True, slots=True, kw_only=True)
class AddConstraint(TableOperation):
    """ADD [CONSTRAINT …]."""

    constraint: Constraint


@dataclass(frozen=True, slots=True, kw_only=True)
class DropConstraint(TableOperation):
    """DROP CONSTRAINT, DROP FOREIGN KEY, DROP PRIMARY KEY (`name` is None for the last, in MySQL)."""

    name: str | None
    if_constraint_exists: bool = False
    cascade: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidateConstraint(TableOperation):
    """VALIDATE CONSTRAINT."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlterConstraint(TableOperation):
    """ALTER CONSTRAINT: deferrability, enforcement, inheritance."""

    name: str
    deferrable: bool | None = None
    initially_deferred: bool | None = None
    enforced: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameConstraint(TableOperation):
    """RENAME CONSTRAINT."""

    name: str
    new_name: str
