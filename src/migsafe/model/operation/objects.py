"""Operations on the other objects of a database: schemas, sequences, extensions, policies, and so on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from migsafe.model.names import QualifiedName
from migsafe.model.operation.base import BaseOperation, TableOperation
from migsafe.model.operation.values import DataType, Expression, ObjectKind


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateSchema(BaseOperation):
    """CREATE SCHEMA; objects created inside the same statement follow as operations of their own."""

    schema: str
    if_not_exists: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DropSchema(BaseOperation):
    """DROP SCHEMA, one per schema that it names."""

    schema: str
    if_exists: bool = False
    cascade: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateSequence(BaseOperation):
    """CREATE SEQUENCE."""

    sequence: QualifiedName
    if_not_exists: bool = False
    temporary: bool = False
    type: DataType | None = None
    owned_by: tuple[QualifiedName, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlterSequence(BaseOperation):
    """ALTER SEQUENCE.

    Attributes:
        restart: RESTART, or another change of the next value.
        owned_by: the table and column after OWNED BY; None for OWNED BY NONE and when it is not said.
        disowned: OWNED BY NONE.
    """

    sequence: QualifiedName
    if_exists: bool = False
    restart: bool = False
    type: DataType | None = None
    owned_by: tuple[QualifiedName, str] | None = None
    disowned: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DropSequence(BaseOperation):
    """DROP SEQUENCE, one per sequence that it names."""

    sequence: QualifiedName
    if_exists: bool = False
    cascade: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateExtension(BaseOperation):
    """CREATE EXTENSION."""

    extension: str
    if_not_exists: bool = False
    schema: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DropExtension(BaseOperation):
    """DROP EXTENSION, one per extension that it names."""

    extension: str
    if_exists: bool = False
    cascade: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AlterExtension(BaseOperation):
    """ALTER EXTENSION; `action` is lower case: "update", "add", "drop", "set schema"."""

    extension: str
    action: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatePolicy(TableOperation):
    """CREATE POLICY; `permissive` is false for AS RESTRICTIVE."""

    name: str
    permissive: bool = True
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AlterPolicy(TableOperation):
    """ALTER POLICY."""

    name: str
    new_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DropPolicy(TableOperation):
    """DROP POLICY."""

    name: str
    cascade: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameObject(BaseOperation):
    """RENAME TO of anything that is no table, column or constraint of a table.

    Attributes:
        table: the table of a trigger, policy or rule.
    """

    kind: ObjectKind
    name: QualifiedName
    new_name: str
    if_exists: bool = False
    table: QualifiedName | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetSchema(BaseOperation):
    """ALTER … SET SCHEMA of any kind of object."""

    kind: ObjectKind
    name: QualifiedName
    schema: str
    if_exists: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DropObject(BaseOperation):
    """DROP of a kind that has no operation of its own: rule, cast, operator, publication, role, and so on."""

    kind: ObjectKind
    name: str
    if_exists: bool = False
    cascade: bool = False
    table: QualifiedName | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateDatabase(BaseOperation):
    """CREATE DATABASE."""

    database: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DropDatabase(BaseOperation):
    """DROP DATABASE."""

    database: str
    if_exists: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DropTablespace(BaseOperation):
    """DROP TABLESPACE."""

    tablespace: str
    if_exists: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatePublication(BaseOperation):
    """CREATE PUBLICATION."""

    publication: str
    all_tables: bool = False
    tables: tuple[QualifiedName, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant(BaseOperation):
    """GRANT; `on` names tables and sequences only, `privileges` are lower case, roles are folded."""

    privileges: tuple[str, ...]
    kind: ObjectKind
    on: tuple[QualifiedName, ...] = ()
    all_in_schemas: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Revoke(BaseOperation):
    """REVOKE; the attributes are those of `Grant`."""

    privileges: tuple[str, ...]
    kind: ObjectKind
    on: tuple[QualifiedName, ...] = ()
    all_in_schemas: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    cascade: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AlterDefaultPrivileges(BaseOperation):
    """ALTER DEFAULT PRIVILEGES."""

    grants: bool
    schemas: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AlterRole(BaseOperation):
    """ALTER ROLE, USER or GROUP; `options` are lower case ("nologin", "set search_path")."""

    role: str
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AlterServerSetting(BaseOperation):
    """ALTER SYSTEM, or ALTER DATABASE … SET."""

    scope: Literal["system", "database"]
    parameter: str
    database: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherStatement(BaseOperation):
    """A statement that is known and has no hazard of its own, for example COMMENT or NOTIFY.

    Attributes:
        command: its leading words in lower case, for example "comment on", "create collation".
        table: the table that it touches, where it touches one.
    """

    command: str
    table: QualifiedName | None = None
    expression: Expression | None = None
