"""What the catalogue answers when a migration asks what exists: the facts that a tool's inspector would read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from migsafe.model.dialect import Dialect
from migsafe.model.names import QualifiedName
from migsafe.model.operation import CheckConstraint, ForeignKey, PrimaryKey, ReferentialAction, UniqueConstraint

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from migsafe.model.catalogue import Catalogue, Column, Index, Table, TableConstraint
    from migsafe.sources.rendering.messages import Answer

_DEFAULT_SCHEMA = "public"


def describe_table(catalogue: Catalogue, schema: str | None, name: str) -> Answer:
    """A table's columns, constraints and indexes; None when no migration so far has made it or spoken of it.

    `complete` is false of a table that migrations only speak of: it has more than they say.
    """
    table = catalogue.table(QualifiedName(name, schema))
    if table is None:
        return None
    definitions = tuple(table.constraints.values())
    return {
        "schema": table.name.schema,
        "name": table.name.name,
        "complete": table.complete,
        "columns": [_column(column) for column in table.columns.values()],
        "primary_key": next(_keys(definitions, PrimaryKey), None),
        "unique": list(_keys(definitions, UniqueConstraint)),
        "foreign_keys": [
            _foreign_key(one.name, one.definition, catalogue)
            for one in definitions
            if isinstance(one.definition, ForeignKey)
        ],
        "checks": [
            {"name": one.name, "sqltext": one.definition.expression.text}
            for one in definitions
            if isinstance(one.definition, CheckConstraint)
        ],
        "indexes": [_index(index) for index in catalogue.indexes_of(table.name)],
    }


def list_relations(catalogue: Catalogue, schema: str | None) -> dict[str, Any]:
    """The names of everything in one schema; None for the one where CREATE puts things."""
    if schema is None and catalogue.dialect is Dialect.POSTGRES:
        schema = catalogue.creation_name(QualifiedName("x")).schema
    return {
        "schemas": sorted({_DEFAULT_SCHEMA, *catalogue.schemas} if catalogue.dialect is Dialect.POSTGRES else ()),
        "tables": _names(catalogue.tables, schema),
        "views": [name for name in _names(catalogue.views, schema) if not _materialized(catalogue, name, schema)],
        "materialized_views": [
            name for name in _names(catalogue.views, schema) if _materialized(catalogue, name, schema)
        ],
        "sequences": _names(catalogue.sequences, schema),
        "enums": [
            {"name": enum.name.name, "values": list(enum.values)}
            for enum in catalogue.enums.values()
            if enum.name.schema == schema
        ],
        "indexes": _names(catalogue.indexes, schema),
    }


def _names(shelf: Iterable[QualifiedName], schema: str | None) -> list[str]:
    return sorted(name.name for name in shelf if name.schema == schema)


def _materialized(catalogue: Catalogue, name: str, schema: str | None) -> bool:
    return catalogue.views[QualifiedName(name, schema)].materialized


def _column(column: Column) -> dict[str, Any]:
    return {
        "name": column.name,
        "type": None if column.type is None else str(column.type),
        "nullable": column.nullable,
        "default": None if column.default is None else column.default.text,
        "identity": column.identity,
        "generated": None if column.generated is None else column.generated.expression.text,
    }


def _keys(
    constraints: tuple[TableConstraint, ...], kind: type[PrimaryKey] | type[UniqueConstraint]
) -> Iterator[dict[str, Any]]:
    for one in constraints:
        if isinstance(one.definition, kind):
            yield {"name": one.name, "columns": list(one.definition.columns)}


def _foreign_key(name: str, key: ForeignKey, catalogue: Catalogue) -> dict[str, Any]:
    target = catalogue.resolve(key.referenced_table)
    table = catalogue.tables.get(target)
    return {
        "name": name,
        "columns": list(key.columns),
        "referred_schema": _said_schema(target, catalogue),
        "referred_table": target.name,
        "referred_columns": list(key.referenced_columns) or _primary_key_of(table),
        "on_delete": _action(key.on_delete),
        "on_update": _action(key.on_update),
        "deferrable": key.deferrable,
        "initially_deferred": key.initially_deferred,
    }


def _said_schema(name: QualifiedName, catalogue: Catalogue) -> str | None:
    """The schema as inspectors tell it: not where the search path finds the name."""
    return None if name.schema in catalogue.search_path else name.schema


def _primary_key_of(table: Table | None) -> list[str]:
    """What a foreign key points at that names no columns."""
    constraints = table.constraints.values() if table is not None else ()
    return next((list(one.definition.columns) for one in constraints if isinstance(one.definition, PrimaryKey)), [])


def _action(action: ReferentialAction) -> str | None:
    return None if action is ReferentialAction.NO_ACTION else action.value.upper()


def _index(index: Index) -> dict[str, Any]:
    return {
        "name": index.name.name,
        "columns": [element.column for element in index.elements],
        "expressions": [
            element.expression.text if element.expression is not None else element.column for element in index.elements
        ],
        "unique": index.unique,
        "primary": index.primary,
        "method": index.method,
        "where": None if index.where is None else index.where.text,
        "include": list(index.include),
        "constraint": index.constraint,
    }
