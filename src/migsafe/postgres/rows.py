"""The rows of `queries.sql` as the server gives them; one class for each query, fields in the order of its columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from migsafe.postgres.queries import query

if TYPE_CHECKING:
    from migsafe.postgres.connection import Session


class TableRow(NamedTuple):
    """A table, partitioned table or foreign table."""

    schema: str
    name: str
    kind: str
    persistence: str
    row_security: bool
    force_row_security: bool
    replica_identity: str
    partition_key: str | None
    is_partition: bool
    bound: str | None
    parent_schemas: list[str]
    parent_names: list[str]


class TypeRow(NamedTuple):
    """A type as a column or domain uses it.

    Attributes:
        formatted: `format_type` of the element type with the modifiers; None without modifiers.
    """

    name: str
    schema: str | None
    formatted: str | None
    dimensions: int


class ColumnRow(NamedTuple):
    """A column of a table."""

    schema: str
    table: str
    name: str
    type_name: str
    type_schema: str | None
    type_formatted: str | None
    type_dimensions: int
    not_null: bool
    identity: str
    generated: str
    expression: str | None
    expression_columns: list[str]
    expression_sequence: list[str] | None
    collation: str | None
    inherited: bool

    @property
    def type(self) -> TypeRow:
        """Its type."""
        return TypeRow(self.type_name, self.type_schema, self.type_formatted, self.type_dimensions)


class ConstraintRow(NamedTuple):
    """A constraint of a table."""

    schema: str
    table: str
    name: str
    kind: str
    validated: bool
    enforced: bool
    no_inherit: bool
    deferrable: bool
    initially_deferred: bool
    inherited: bool
    columns: list[str]
    expression: str | None
    referenced_schema: str | None
    referenced_table: str | None
    referenced_columns: list[str]
    on_delete: str
    on_update: str
    index_name: str | None
    include: list[str]
    nulls_not_distinct: bool


class IndexRow(NamedTuple):
    """An index, without its keys; `parent` is schema and name of the partitioned index that it is part of."""

    schema: str
    name: str
    table_schema: str
    table: str
    unique: bool
    primary: bool
    valid: bool
    method: str
    nulls_not_distinct: bool
    parent: list[str] | None
    where: str | None
    constraint: str | None
    include: list[str]
    mentioned: list[str]


class IndexKeyRow(NamedTuple):
    """One key of an index: a column or an expression."""

    schema: str
    index_name: str
    column: str | None
    expression: str | None
    collation: str | None
    operator_class: str | None
    descending: bool
    nulls_first: bool


class ViewRow(NamedTuple):
    """A view or materialized view."""

    schema: str
    name: str
    materialized: bool
    columns: list[str]


class ViewUseRow(NamedTuple):
    """A table or view that a view reads, and the column where the server knows it."""

    schema: str
    view: str
    used_schema: str
    used: str
    column: str | None


class SequenceRow(NamedTuple):
    """A sequence, and the column that owns it."""

    schema: str
    name: str
    type: str
    table_schema: str | None
    table: str | None
    column: str | None


class EnumRow(NamedTuple):
    """An enum type."""

    schema: str
    name: str
    values: list[str]


class DomainRow(NamedTuple):
    """A domain."""

    schema: str
    name: str
    type_name: str
    type_schema: str | None
    type_formatted: str | None
    type_dimensions: int
    not_null: bool
    checks: list[str]

    @property
    def type(self) -> TypeRow:
        """Its base type."""
        return TypeRow(self.type_name, self.type_schema, self.type_formatted, self.type_dimensions)


class FunctionRow(NamedTuple):
    """A function or procedure."""

    schema: str
    name: str
    procedure: bool
    volatility: str
    arguments: list[str]


class TriggerRow(NamedTuple):
    """A trigger; `bits` is `pg_trigger.tgtype`."""

    schema: str
    table: str
    name: str
    function_schema: str
    function: str
    bits: int
    deferred: bool
    enabled: bool
    inherited: bool


class PolicyRow(NamedTuple):
    """A row-level security policy."""

    schema: str
    table: str
    name: str
    permissive: bool
    columns: list[str]


class PublicationRow(NamedTuple):
    """A publication."""

    name: str
    all_tables: bool
    table_schemas: list[str]
    tables: list[str]


class CatalogueRows(NamedTuple):
    """All that `read_rows` reads."""

    search_path: list[str]
    schemas: list[str]
    extensions: list[str]
    tables: list[TableRow]
    columns: list[ColumnRow]
    constraints: list[ConstraintRow]
    indexes: list[IndexRow]
    index_keys: list[IndexKeyRow]
    views: list[ViewRow]
    view_uses: list[ViewUseRow]
    sequences: list[SequenceRow]
    enums: list[EnumRow]
    domains: list[DomainRow]
    functions: list[FunctionRow]
    triggers: list[TriggerRow]
    policies: list[PolicyRow]
    publications: list[PublicationRow]


def read_rows(session: Session) -> CatalogueRows:
    """Read everything, one query for each kind of object.

    For a moment of one piece, call it in a REPEATABLE READ transaction.

    Raises:
        StatementFailedError: when the server refuses one of them.
    """

    def read(name: str) -> list[tuple[object, ...]]:
        return session.query(query(name))

    return CatalogueRows(
        search_path=session.query(query("search_path"))[0][0],
        schemas=[str(row[0]) for row in read("schemas")],
        extensions=[str(row[0]) for row in read("extensions")],
        tables=[TableRow._make(row) for row in read("tables")],
        columns=[ColumnRow._make(row) for row in read("columns")],
        constraints=[ConstraintRow._make(row) for row in read("constraints")],
        indexes=[IndexRow._make(row) for row in read("indexes")],
        index_keys=[IndexKeyRow._make(row) for row in read("index_keys")],
        views=[ViewRow._make(row) for row in read("views")],
        view_uses=[ViewUseRow._make(row) for row in read("view_uses")],
        sequences=[SequenceRow._make(row) for row in read("sequences")],
        enums=[EnumRow._make(row) for row in read("enums")],
        domains=[DomainRow._make(row) for row in read("domains")],
        functions=[FunctionRow._make(row) for row in read("functions")],
        triggers=[TriggerRow._make(row) for row in read("triggers")],
        policies=[PolicyRow._make(row) for row in read("policies")],
        publications=[PublicationRow._make(row) for row in read("publications")],
    )
