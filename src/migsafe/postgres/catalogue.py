"""A server's catalogue, as the same `Catalogue` that replaying migrations gives, so that the two can be compared.

Where the two speak differently by nature:

- Expressions are the server's text (`now()`, `'x'::text`), not the author's; they are marked as not understood.
- A serial column is an integer with a `nextval` default and a sequence of its own; a type made by users has its schema.
- Postgres 18 keeps every NOT NULL as a constraint too; those are here as `NotNullConstraint`.
- What a function's body names, and whether a view was made with `*`, the server does not keep.
"""

from __future__ import annotations

import re
from collections import defaultdict
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, Protocol, TypeVar

from migsafe.model.catalogue import (
    Catalogue,
    Column,
    Domain,
    EnumType,
    Function,
    Index,
    Policy,
    Sequence,
    Table,
    Trigger,
    View,
)
from migsafe.model.names import QualifiedName
from migsafe.model.operation import DataType, Expression, Generated, IndexElement, PartitionKey
from migsafe.postgres.constraints import table_constraint
from migsafe.postgres.rows import read_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from migsafe.postgres.connection import Session
    from migsafe.postgres.rows import (
        CatalogueRows,
        ColumnRow,
        IndexKeyRow,
        IndexRow,
        PolicyRow,
        TableRow,
        TriggerRow,
        TypeRow,
    )


class _OfTable(Protocol):
    @property
    def schema(self) -> str: ...
    @property
    def table(self) -> str: ...


_Row = TypeVar("_Row", bound=_OfTable)
_Thing = TypeVar("_Thing")

_PARENTHESES = re.compile(r"\(([^)]*)\)")
_IDENTITIES: dict[str, Literal["always", "by default"]] = {"a": "always", "d": "by default"}
_REPLICA_IDENTITIES = {"d": "default", "f": "full", "n": "nothing", "i": "index"}
_VOLATILITIES: dict[str, Literal["immutable", "stable", "volatile"]] = {
    "i": "immutable",
    "s": "stable",
    "v": "volatile",
}
#: Bits of pg_trigger.tgtype (src/include/catalog/pg_trigger.h).
_TRIGGER_EVENTS = ((4, "insert"), (16, "update"), (8, "delete"), (32, "truncate"))


def read_catalogue(session: Session) -> Catalogue:
    """What exists in a session's database: everything but the system's, extensions' and temporary objects.

    Reads only the system catalogues: takes no lock on any table of the user's. Postgres 15 and newer.

    Raises:
        StatementFailedError: when the server refuses a query.
    """
    return build_catalogue(read_rows(session))


def build_catalogue(rows: CatalogueRows) -> Catalogue:
    """Make the catalogue of rows that were read; needs no server."""
    catalogue = Catalogue()
    catalogue.search_path = tuple(rows.search_path)
    catalogue.schemas = set(rows.schemas)
    catalogue.extensions = set(rows.extensions)
    catalogue.tables.update({table.name: table for table in _tables(rows)})
    catalogue.indexes.update({index.name: index for index in _indexes(rows)})
    catalogue.views.update({view.name: view for view in _views(rows)})
    catalogue.functions.update(_functions(rows))
    catalogue.publications = {
        row.name: None if row.all_tables else frozenset(map(QualifiedName, row.tables, row.table_schemas))
        for row in rows.publications
    }
    _add_types_and_sequences(catalogue, rows)
    return catalogue


def _add_types_and_sequences(catalogue: Catalogue, rows: CatalogueRows) -> None:
    for sequence in rows.sequences:
        name = QualifiedName(sequence.name, sequence.schema)
        owner = (QualifiedName(sequence.table, sequence.table_schema), sequence.column) if sequence.table else None
        catalogue.sequences[name] = Sequence(name=name, type=sequence.type, owned_by=_whole(owner))
    for enum in rows.enums:
        name = QualifiedName(enum.name, enum.schema)
        catalogue.enums[name] = EnumType(name=name, values=tuple(enum.values))
    for domain in rows.domains:
        name = QualifiedName(domain.name, domain.schema)
        catalogue.domains[name] = Domain(
            name=name, base=data_type(domain.type), not_null=domain.not_null, checks=tuple(domain.checks)
        )


def _whole(owner: tuple[QualifiedName, str | None] | None) -> tuple[QualifiedName, str] | None:
    return (owner[0], owner[1]) if owner is not None and owner[1] is not None else None


def _tables(rows: CatalogueRows) -> Iterable[Table]:
    columns = _by_table(rows.columns, _column)
    constraints = _by_table(rows.constraints, table_constraint)
    triggers = _by_table(rows.triggers, _trigger)
    policies = _by_table(rows.policies, _policy)
    partitions = _partitions(rows.tables)
    for row in rows.tables:
        name = QualifiedName(row.name, row.schema)
        yield Table(
            name=name,
            columns=MappingProxyType({column.name: column for column in columns[name]}),
            constraints=MappingProxyType({constraint.name: constraint for constraint in constraints[name]}),
            triggers=MappingProxyType({trigger.name: trigger for trigger in triggers[name]}),
            policies=MappingProxyType({policy.name: policy for policy in policies[name]}),
            unlogged=row.persistence == "u",
            foreign=row.kind == "f",
            partition_by=_partition_key(row.partition_key),
            partition_of=_parents(row)[0] if row.is_partition else None,
            partitions=MappingProxyType(partitions[name]),
            inherits=() if row.is_partition else _parents(row),
            row_security=row.row_security,
            force_row_security=row.force_row_security,
            replica_identity=_REPLICA_IDENTITIES[row.replica_identity],
        )


def _by_table(rows: Iterable[_Row], make: Callable[[_Row], _Thing]) -> defaultdict[QualifiedName, list[_Thing]]:
    things: defaultdict[QualifiedName, list[_Thing]] = defaultdict(list)
    for row in rows:
        things[QualifiedName(row.table, row.schema)].append(make(row))
    return things


def _partitions(tables: Iterable[TableRow]) -> defaultdict[QualifiedName, dict[QualifiedName, str]]:
    partitions: defaultdict[QualifiedName, dict[QualifiedName, str]] = defaultdict(dict)
    for row in tables:
        if row.is_partition and row.bound is not None:
            partitions[_parents(row)[0]][QualifiedName(row.name, row.schema)] = row.bound
    return partitions


def _parents(row: TableRow) -> tuple[QualifiedName, ...]:
    return tuple(map(QualifiedName, row.parent_names, row.parent_schemas))


def _partition_key(text: str | None) -> PartitionKey | None:
    """Read what `pg_get_partkeydef` gives: `RANGE (created_at)`."""
    if text is None:
        return None
    strategy, _, keys = text.partition(" ")
    return PartitionKey(strategy.lower(), keys)


def data_type(row: TypeRow) -> DataType:
    """A row's type, modifiers cut out of the server's spelling: `numeric(10,2)`, `interval day to second(3)`."""
    modifiers: tuple[str, ...] = ()
    if row.formatted is not None:
        inside = _PARENTHESES.search(row.formatted)
        modifiers = tuple(part.strip() for part in inside[1].split(",")) if inside else ()
        if row.name == "interval":
            fields = _PARENTHESES.sub("", row.formatted).removeprefix("interval").strip()
            modifiers = (fields, *modifiers) if fields else modifiers
    return DataType(row.name, modifiers, row.dimensions, row.schema)


def _column(row: ColumnRow) -> Column:
    expression = None
    if row.expression is not None:
        sequence = row.expression_sequence
        expression = Expression(
            row.expression,
            columns=tuple(row.expression_columns),
            understood=False,
            nextval_of=QualifiedName(sequence[1], sequence[0]) if sequence else None,
        )
    generated = Generated(expression, row.generated == "s") if row.generated and expression is not None else None
    return Column(
        name=row.name,
        type=data_type(row.type),
        nullable=not row.not_null,
        default=None if generated else expression,
        generated=generated,
        identity=_IDENTITIES.get(row.identity),
        collation=row.collation,
        inherited=row.inherited,
    )


def _trigger(row: TriggerRow) -> Trigger:
    timing = "before" if row.bits & 2 else "instead of" if row.bits & 64 else "after"
    return Trigger(
        name=row.name,
        function=QualifiedName(row.function, row.function_schema),
        timing=timing,
        events=tuple(event for bit, event in _TRIGGER_EVENTS if row.bits & bit),
        deferred=row.deferred,
        enabled=row.enabled,
        row_level=bool(row.bits & 1),
        inherited=row.inherited,
    )


def _policy(row: PolicyRow) -> Policy:
    return Policy(name=row.name, permissive=row.permissive, columns=tuple(row.columns))


def _indexes(rows: CatalogueRows) -> Iterable[Index]:
    keys: defaultdict[QualifiedName, list[IndexKeyRow]] = defaultdict(list)
    for key in rows.index_keys:
        keys[QualifiedName(key.index_name, key.schema)].append(key)
    for row in rows.indexes:
        name = QualifiedName(row.name, row.schema)
        yield Index(
            name=name,
            table=QualifiedName(row.table, row.table_schema),
            elements=tuple(_element(key, row) for key in keys[name]),
            unique=row.unique,
            primary=row.primary,
            method=row.method,
            include=tuple(row.include),
            where=None if row.where is None else _index_expression(row.where, row),
            valid=row.valid,
            constraint=row.constraint,
            parent=QualifiedName(row.parent[1], row.parent[0]) if row.parent else None,
            nulls_not_distinct=row.nulls_not_distinct,
        )


def _element(key: IndexKeyRow, index: IndexRow) -> IndexElement:
    return IndexElement(
        column=key.column,
        expression=None if key.expression is None else _index_expression(key.expression, index),
        collation=key.collation,
        operator_class=key.operator_class,
        descending=key.descending,
        nulls_first=key.nulls_first if key.nulls_first != key.descending else None,
    )


def _index_expression(text: str, index: IndexRow) -> Expression:
    # The server knows which columns an index depends on, not which of its expressions does.
    return Expression(text, columns=tuple(index.mentioned), understood=False)


def _views(rows: CatalogueRows) -> Iterable[View]:
    uses: defaultdict[QualifiedName, set[tuple[QualifiedName, str | None]]] = defaultdict(set)
    for use in rows.view_uses:
        uses[QualifiedName(use.view, use.schema)].add((QualifiedName(use.used, use.used_schema), use.column))
    for row in rows.views:
        name = QualifiedName(row.name, row.schema)
        yield View(
            name=name,
            materialized=row.materialized,
            reads=frozenset(table for table, _ in uses[name]),
            uses=frozenset((table, column) for table, column in uses[name] if column is not None),
            columns=tuple(row.columns),
        )


def _functions(rows: CatalogueRows) -> dict[QualifiedName, tuple[Function, ...]]:
    functions: defaultdict[QualifiedName, tuple[Function, ...]] = defaultdict(tuple)
    for row in rows.functions:
        name = QualifiedName(row.name, row.schema)
        functions[name] += (
            Function(
                name=name,
                arguments=tuple(row.arguments),
                procedure=row.procedure,
                volatility=_VOLATILITIES[row.volatility],
            ),
        )
    return dict(functions)
