"""The objects that a catalogue holds; frozen, so that a fork of a catalogue can share them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from migsafe.model.names import QualifiedName
from migsafe.model.operation import (
    Constraint,
    DataType,
    Expression,
    Generated,
    IndexElement,
    PartitionKey,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a table.

    Attributes:
        type: None when it cannot be known (CREATE TABLE AS, LIKE of an unknown table).
        nullable: false also for primary keys' columns.
        sequence: the sequence that a serial or identity column owns.
        inherited: it came from a parent table or partitioned table.
    """

    name: str
    type: DataType | None
    nullable: bool = True
    default: Expression | None = None
    generated: Generated | None = None
    identity: Literal["always", "by default"] | None = None
    collation: str | None = None
    inherited: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TableConstraint:
    """A constraint of a table, with the name that the database gave it where the SQL gave none.

    Attributes:
        definition: `definition.name` is None where the SQL gave none; columns are always filled in.
        validated: all rows are known to obey.
        index: the index that a UNIQUE, PRIMARY KEY or EXCLUDE constraint owns.
    """

    name: str
    definition: Constraint
    validated: bool = True
    index: str | None = None
    inherited: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """An index, whether made by itself or by a constraint.

    Attributes:
        valid: false for ON ONLY of a partitioned table until all partitions are attached.
        constraint: the constraint that owns it.
        parent: the partitioned index that it is attached to.
        nulls_not_distinct: a unique index that holds at most one NULL.
    """

    name: QualifiedName
    table: QualifiedName
    elements: tuple[IndexElement, ...]
    unique: bool = False
    primary: bool = False
    method: str = "btree"
    include: tuple[str, ...] = ()
    where: Expression | None = None
    valid: bool = True
    constraint: str | None = None
    parent: QualifiedName | None = None
    nulls_not_distinct: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """The plain columns among its keys."""
        return tuple(element.column for element in self.elements if element.column is not None)

    @property
    def mentioned_columns(self) -> frozenset[str]:
        """Every column that it depends on: keys, INCLUDE, expressions and WHERE."""
        names = {*self.columns, *self.include}
        for element in self.elements:
            if element.expression is not None:
                names.update(element.expression.columns)
        if self.where is not None:
            names.update(self.where.columns)
        return frozenset(names)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """A trigger of a table; `deferred` for a constraint trigger that is initially deferred.

    Attributes:
        inherited: a partition has it from its partitioned table.
    """

    name: str
    function: QualifiedName | None
    timing: str = "before"
    events: tuple[str, ...] = ()
    deferred: bool = False
    enabled: bool = True
    row_level: bool = False
    inherited: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A row-level security policy."""

    name: str
    permissive: bool = True
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table.

    Attributes:
        columns: by name, in order.
        complete: false when columns may exist that migsafe does not know of.
        partition_by: set for a partitioned table.
        partition_of: set for a partition: its parent.
        partitions: names of its partitions, by their bound's text ("DEFAULT" for the default one).
        replica_identity: as `SetReplicaIdentity.identity`.
    """

    name: QualifiedName
    columns: Mapping[str, Column] = field(default_factory=lambda: MappingProxyType({}))
    constraints: Mapping[str, TableConstraint] = field(default_factory=lambda: MappingProxyType({}))
    triggers: Mapping[str, Trigger] = field(default_factory=lambda: MappingProxyType({}))
    policies: Mapping[str, Policy] = field(default_factory=lambda: MappingProxyType({}))
    complete: bool = True
    temporary: bool = False
    unlogged: bool = False
    foreign: bool = False
    partition_by: PartitionKey | None = None
    partition_of: QualifiedName | None = None
    partitions: Mapping[QualifiedName, str] = field(default_factory=lambda: MappingProxyType({}))
    inherits: tuple[QualifiedName, ...] = ()
    row_security: bool = False
    force_row_security: bool = False
    replica_identity: str = "default"

    @property
    def default_partition(self) -> QualifiedName | None:
        """Its DEFAULT partition, where there is one."""
        return next((name for name, bound in self.partitions.items() if bound == "DEFAULT"), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A view or materialized view.

    Attributes:
        reads: tables and views that it reads, resolved.
        uses: (table or None, column) pairs that it names.
        star: it was made with `*`: it uses every column that its tables had then.
    """

    name: QualifiedName
    materialized: bool = False
    reads: frozenset[QualifiedName] = frozenset()
    uses: frozenset[tuple[QualifiedName | None, str]] = frozenset()
    star: bool = False
    understood: bool = True
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sequence:
    """A sequence; `owned_by` is the table and column that it belongs to."""

    name: QualifiedName
    type: str = "bigint"
    owned_by: tuple[QualifiedName, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EnumType:
    """An enum type and its values, in order."""

    name: QualifiedName
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """A domain; `constrained` when a value can be refused by it.

    Attributes:
        checks: names of its CHECK constraints.
    """

    name: QualifiedName
    base: DataType
    not_null: bool = False
    checks: tuple[str, ...] = ()

    @property
    def constrained(self) -> bool:
        """Whether it can refuse a value of its base type."""
        return self.not_null or bool(self.checks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A function or procedure.

    Attributes:
        fills: columns of the new row that it assigns, where it is a trigger's.
    """

    name: QualifiedName
    arguments: tuple[str, ...] = ()
    procedure: bool = False
    volatility: Literal["immutable", "stable", "volatile"] = "volatile"
    references: frozenset[str] = frozenset()
    fills: frozenset[str] = frozenset()
