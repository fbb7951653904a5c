"""A catalogue for programs: the contract `migsafe.catalogue/1`, whose schema is `schema/catalogue-1.json`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from migsafe import __version__
from migsafe.catalogue.spelling import (
    one_line,
    spell_argument,
    spell_constraint,
    spell_index,
    spell_partition_key,
    spell_trigger,
    spell_type,
    with_whole_type,
)
from migsafe.catalogue.text import by_name, is_worth_telling, made_schemas
from migsafe.model.catalogue import Catalogue, Column, Index, Table, TableConstraint, Trigger
from migsafe.model.names import QualifiedName
from migsafe.model.operation import ForeignKey, NotNullConstraint, PrimaryKey, UniqueConstraint

if TYPE_CHECKING:
    from migsafe.catalogue.project import NotUnderstood

SCHEMA = "migsafe.catalogue/1"

_KINDS = {
    "PrimaryKey": "primary key",
    "UniqueConstraint": "unique",
    "ForeignKey": "foreign key",
    "CheckConstraint": "check",
    "NotNullConstraint": "not null",
    "ExclusionConstraint": "exclude",
}


@dataclass(frozen=True, slots=True)
class CatalogueSource:
    """Where a catalogue comes from.

    Attributes:
        root: the folder of the migrations; None of a database.
        migrations: how many were replayed; None of a database.
        at: the migration at which the replay stopped; None at the end, and of a database.
        server_version: of a database, for example "16.4".
    """

    kind: Literal["migrations", "database"]
    root: str | None = None
    migrations: int | None = None
    at: str | None = None
    server_version: str | None = None


def render_json(catalogue: Catalogue, source: CatalogueSource, not_understood: Sequence[NotUnderstood] = ()) -> str:
    """The catalogue as one JSON document, in pure ASCII."""
    return json.dumps(document(catalogue, source, not_understood), indent=2) + "\n"


def document(
    catalogue: Catalogue, source: CatalogueSource, not_understood: Sequence[NotUnderstood] = ()
) -> dict[str, Any]:
    """The catalogue as values that JSON knows. Columns stand in their order, all else by name."""
    return {
        "schema": SCHEMA,
        "migsafe": __version__,
        "dialect": catalogue.dialect.value,
        "source": asdict(source),
        "schemas": made_schemas(catalogue),
        "extensions": sorted(catalogue.extensions),
        "tables": [_table(catalogue, table) for _, table in by_name(catalogue.tables)],
        "views": [
            {
                **_named(name),
                "materialized": view.materialized,
                "columns": list(view.columns),
                "reads": sorted(map(str, view.reads)),
                "indexes": _indexes(catalogue, name),
            }
            for name, view in by_name(catalogue.views)
        ],
        "sequences": [
            {
                **_named(name),
                "type": sequence.type,
                "owned_by": None if sequence.owned_by is None else list(map(str, sequence.owned_by)),
            }
            for name, sequence in by_name(catalogue.sequences)
        ],
        "enums": [{**_named(name), "values": list(enum.values)} for name, enum in by_name(catalogue.enums)],
        "domains": [
            {
                **_named(name),
                "type": spell_type(domain.base),
                "not_null": domain.not_null,
                "checks": sorted(domain.checks),
            }
            for name, domain in by_name(catalogue.domains)
        ],
        "functions": _functions(catalogue),
        "publications": [
            {"name": name, "tables": None if members is None else sorted(map(str, members))}
            for name, members in sorted(catalogue.publications.items())
        ],
        "not_understood": [asdict(place) for place in not_understood],
    }


def _named(name: QualifiedName) -> dict[str, str | None]:
    return {"schema": name.schema, "name": name.name}


def _functions(catalogue: Catalogue) -> list[dict[str, Any]]:
    return [
        {
            **_named(name),
            "arguments": list(map(spell_argument, function.arguments)),
            "procedure": function.procedure,
            "volatility": function.volatility,
        }
        for name, overloads in by_name(catalogue.functions)
        for function in sorted(overloads, key=lambda one: one.arguments)
    ]


def _table(catalogue: Catalogue, table: Table) -> dict[str, Any]:
    owned = {index.constraint: index for index in catalogue.indexes_of(table.name) if index.constraint is not None}
    return {
        **_named(table.name),
        "columns": [_column(with_whole_type(column, catalogue)) for column in table.columns.values()],
        "constraints": [
            _constraint(constraint, owned.get(name))
            for name, constraint in sorted(table.constraints.items())
            if is_worth_telling(constraint)
        ],
        "indexes": _indexes(catalogue, table.name),
        "triggers": [_trigger(trigger) for _, trigger in sorted(table.triggers.items())],
        "policies": [
            {"name": name, "permissive": policy.permissive, "columns": sorted(policy.columns)}
            for name, policy in sorted(table.policies.items())
        ],
        "partition_by": None if table.partition_by is None else spell_partition_key(table.partition_by),
        "partition_of": None if table.partition_of is None else str(table.partition_of),
        "partitions": [{"name": str(name), "bound": bound} for name, bound in by_name(table.partitions)],
        "inherits": list(map(str, table.inherits)),
        "unlogged": table.unlogged,
        "foreign": table.foreign,
        "row_security": table.row_security,
        "force_row_security": table.force_row_security,
        "replica_identity": table.replica_identity,
        "complete": table.complete,
    }


def _column(column: Column) -> dict[str, Any]:
    generated = column.generated
    return {
        "name": column.name,
        "type": None if column.type is None else spell_type(column.type),
        "nullable": column.nullable,
        "default": None if column.default is None else one_line(column.default),
        "identity": column.identity,
        "generated": None
        if generated is None
        else {"expression": one_line(generated.expression), "stored": generated.stored},
        "collation": column.collation,
        "inherited": column.inherited,
    }


def _constraint(constraint: TableConstraint, index: Index | None) -> dict[str, Any]:
    definition = constraint.definition
    columns: tuple[str, ...] = ()
    if isinstance(definition, PrimaryKey | UniqueConstraint | ForeignKey):
        columns = definition.columns
    elif isinstance(definition, NotNullConstraint):
        columns = (definition.column,)
    references = definition if isinstance(definition, ForeignKey) else None
    return {
        "name": constraint.name,
        "kind": _KINDS[type(definition).__name__],
        "columns": list(columns),
        "referenced_table": None if references is None else str(references.referenced_table),
        "referenced_columns": [] if references is None else list(references.referenced_columns),
        "definition": spell_constraint(constraint, index),
        "validated": constraint.validated,
        "inherited": constraint.inherited,
    }


def _indexes(catalogue: Catalogue, table: QualifiedName) -> list[dict[str, Any]]:
    return [
        {
            "name": index.name.name,
            "columns": list(index.columns),
            "unique": index.unique,
            "primary": index.primary,
            "method": index.method,
            "definition": spell_index(index),
            "valid": index.valid,
            "constraint": index.constraint,
        }
        for index in sorted(catalogue.indexes_of(table), key=lambda one: one.name.name)
    ]


def _trigger(trigger: Trigger) -> dict[str, Any]:
    return {
        "name": trigger.name,
        "function": None if trigger.function is None else str(trigger.function),
        "definition": spell_trigger(trigger),
        "enabled": trigger.enabled,
    }
