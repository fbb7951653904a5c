"""The values inside operations: types, expressions, columns, constraints."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from migsafe.model.names import QualifiedName


@dataclass(frozen=True, slots=True)
class DataType:
    """A column's type, in the dialect's canonical spelling.

    Attributes:
        name: canonical and folded. Postgres: as `format_type()` spells it, without modifiers ("character varying",
            "timestamp without time zone", "integer", "numeric"); serial pseudo-types stay "serial", "bigserial",
            "smallserial". Others: lower case, as written.
        modifiers: what stands in parentheses, as text, for example ("10", "2"); intervals' fields come first.
        dimensions: how many array brackets.
        schema: where the SQL names one.
    """

    name: str
    modifiers: tuple[str, ...] = ()
    dimensions: int = 0
    schema: str | None = None

    def __str__(self) -> str:
        name = self.name if self.schema is None else f"{self.schema}.{self.name}"
        modifiers = f"({','.join(self.modifiers)})" if self.modifiers else ""
        for zone in (" with time zone", " without time zone"):
            if modifiers and name.endswith(zone):
                return name.removesuffix(zone) + modifiers + zone + "[]" * self.dimensions
        return name + modifiers + "[]" * self.dimensions


@dataclass(frozen=True, slots=True)
class Expression:
    """SQL that computes a value, and what can be known of it without a database.

    Attributes:
        text: as written.
        functions: folded names of the functions that it calls, with their schema where given ("pg_catalog.now").
            Keywords that act as functions are among them in lower case ("current_timestamp").
        columns: folded names of the columns that it reads.
        literal: a constant: a string, number, boolean or NULL, perhaps cast to a built-in type or in an ARRAY.
        null: the constant NULL.
        understood: false when it could not be read; then the other facts say nothing.
        proves_not_null: columns that cannot be NULL in a row for which this is not false
            (`c IS NOT NULL`, alone or as an operand of AND).
        nextval_of: the sequence, when it is `nextval('…')`.
    """

    text: str
    functions: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    literal: bool = False
    null: bool = False
    understood: bool = True
    proves_not_null: frozenset[str] = frozenset()
    nextval_of: QualifiedName | None = None


@dataclass(frozen=True, slots=True)
class IndexElement:
    """One key of an index: a column or an expression.

    Attributes:
        prefix_length: MySQL: only so many characters (bytes of a binary column) are indexed.
    """

    column: str | None = None
    expression: Expression | None = None
    collation: str | None = None
    operator_class: str | None = None
    descending: bool = False
    nulls_first: bool | None = None
    prefix_length: int | None = None


class ReferentialAction(StrEnum):
    """What a foreign key does when the referenced row goes or changes."""

    NO_ACTION = "no action"
    RESTRICT = "restrict"
    CASCADE = "cascade"
    SET_NULL = "set null"
    SET_DEFAULT = "set default"


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseConstraint:
    """What every constraint has.

    Attributes:
        name: as the SQL gives it; None where the database makes one up.
        not_valid: existing rows are not checked (`NOT VALID`).
        enforced: false for `NOT ENFORCED` (Postgres 18, MySQL 8.0.16).
    """

    name: str | None = None
    not_valid: bool = False
    enforced: bool = True
    no_inherit: bool = False
    deferrable: bool = False
    initially_deferred: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckConstraint(BaseConstraint):
    """CHECK (…)."""

    expression: Expression


@dataclass(frozen=True, slots=True, kw_only=True)
class NotNullConstraint(BaseConstraint):
    """NOT NULL as a table constraint (Postgres 18)."""

    column: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UniqueConstraint(BaseConstraint):
    """UNIQUE (…), or UNIQUE USING INDEX.

    Attributes:
        using_index: the existing index that it takes over; `columns` is empty then.
    """

    columns: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    using_index: str | None = None
    nulls_not_distinct: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PrimaryKey(BaseConstraint):
    """PRIMARY KEY (…), or PRIMARY KEY USING INDEX."""

    columns: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    using_index: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExclusionConstraint(BaseConstraint):
    """EXCLUDE USING … (…)."""

    method: str | None = None
    elements: tuple[IndexElement, ...] = ()
    where: Expression | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignKey(BaseConstraint):
    """FOREIGN KEY (…) REFERENCES …; `referenced_columns` is empty where the SQL leaves them out."""

    columns: tuple[str, ...]
    referenced_table: QualifiedName
    referenced_columns: tuple[str, ...] = ()
    on_delete: ReferentialAction = ReferentialAction.NO_ACTION
    on_update: ReferentialAction = ReferentialAction.NO_ACTION


Constraint = CheckConstraint | NotNullConstraint | UniqueConstraint | PrimaryKey | ExclusionConstraint | ForeignKey


@dataclass(frozen=True, slots=True)
class Generated:
    """GENERATED ALWAYS AS (…): computed from other columns, stored or virtual."""

    expression: Expression
    stored: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnDefinition:
    """A column as CREATE TABLE or ADD COLUMN defines it.

    Attributes:
        type: None where the dialect allows to leave it out (SQLite; Postgres `PARTITION OF` and `OF type`).
        not_null: said here; a primary key's columns are not null without saying so.
        null: an explicit NULL.
        identity: the word after GENERATED, of an identity column.
        constraints: those written at the column, in order, each with its `columns` filled in.
        auto_increment: MySQL AUTO_INCREMENT, SQLite AUTOINCREMENT.
        on_update: MySQL ON UPDATE.
    """

    name: str
    type: DataType | None
    not_null: bool = False
    null: bool = False
    default: Expression | None = None
    generated: Generated | None = None
    identity: Literal["always", "by default"] | None = None
    collation: str | None = None
    constraints: tuple[Constraint, ...] = ()
    auto_increment: bool = False
    on_update: Expression | None = None
    comment: str | None = None


class ObjectKind(StrEnum):
    """What a statement that works on several kinds of objects is about."""

    TABLE = "table"
    FOREIGN_TABLE = "foreign table"
    VIEW = "view"
    MATERIALIZED_VIEW = "materialized view"
    INDEX = "index"
    SEQUENCE = "sequence"
    TYPE = "type"
    DOMAIN = "domain"
    SCHEMA = "schema"
    DATABASE = "database"
    TABLESPACE = "tablespace"
    EXTENSION = "extension"
    FUNCTION = "function"
    PROCEDURE = "procedure"
    ROUTINE = "routine"
    AGGREGATE = "aggregate"
    TRIGGER = "trigger"
    EVENT_TRIGGER = "event trigger"
    POLICY = "policy"
    RULE = "rule"
    ROLE = "role"
    COLLATION = "collation"
    CONVERSION = "conversion"
    STATISTICS = "statistics"
    PUBLICATION = "publication"
    SUBSCRIPTION = "subscription"
    SERVER = "server"
    FOREIGN_DATA_WRAPPER = "foreign data wrapper"
    LANGUAGE = "language"
    OPERATOR = "operator"
    CAST = "cast"
    TEXT_SEARCH = "text search"
    ACCESS_METHOD = "access method"
    COLUMN = "column"
    CONSTRAINT = "constraint"
    EVENT = "event"
    OTHER = "other"
