"""Operations on types and domains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from migsafe.model.names import QualifiedName
from migsafe.model.operation.base import BaseOperation
from migsafe.model.operation.values import CheckConstraint, DataType, Expression, NotNullConstraint


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateEnum(BaseOperation):
    """CREATE TYPE … AS ENUM."""

    type: QualifiedName
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateType(BaseOperation):
    """CREATE TYPE that is no enum: composite, range, base or shell."""

    type: QualifiedName
    form: Literal["composite", "range", "base", "shell"]
    attributes: tuple[tuple[str, DataType], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AddEnumValue(BaseOperation):
    """ALTER TYPE … ADD VALUE."""

    type: QualifiedName
    value: str
    if_not_exists: bool = False
    before: str | None = None
    after: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameEnumValue(BaseOperation):
    """ALTER TYPE … RENAME VALUE."""

    type: QualifiedName
    value: str
    new_value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlterCompositeType(BaseOperation):
    """ALTER TYPE … ADD, DROP, ALTER or RENAME ATTRIBUTE."""

    type: QualifiedName
    action: Literal["add", "drop", "alter", "rename"]
    attribute: str
    data_type: DataType | None = None
    new_name: str | None = None
    cascade: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateDomain(BaseOperation):
    """CREATE DOMAIN."""

    domain: QualifiedName
    base: DataType
    not_null: bool = False
    default: Expression | None = None
    checks: tuple[CheckConstraint, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AlterDomain(BaseOperation):
    """ALTER DOMAIN, other than RENAME TO, SET SCHEMA and OWNER TO.

    Attributes:
        constraint: what ADD CONSTRAINT adds.
        name: the constraint that DROP, VALIDATE or RENAME CONSTRAINT names.
    """

    domain: QualifiedName
    action: Literal[
        "add constraint",
        "drop constraint",
        "validate constraint",
        "rename constraint",
        "set not null",
        "drop not null",
        "set default",
        "drop default",
    ]
    constraint: CheckConstraint | NotNullConstraint | None = None
    name: str | None = None
    new_name: str | None = None
    default: Expression | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DropType(BaseOperation):
    """DROP TYPE or DROP DOMAIN, one per type that it names."""

    type: QualifiedName
    domain: bool = False
    if_exists: bool = False
    cascade: bool = False
