"""What a catalogue says, as lines that both a replay and a server can give."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.model.operation import DataType, ForeignKey, NotNullConstraint, PrimaryKey, UniqueConstraint

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migsafe.model.catalogue import Catalogue, Index, Table, TableConstraint


def portrait(catalogue: Catalogue) -> Iterator[str]:
    """One line for each fact that both a replay and a server can know."""
    for table in catalogue.tables.values():
        yield from _table(table)
    yield from map(_index, catalogue.indexes.values())
    for view in catalogue.views.values():
        reads = sorted(map(str, view.reads))
        yield f"view {view.name} materialized={view.materialized} reads {reads}"
    for sequence in catalogue.sequences.values():
        owner = f"{sequence.owned_by[0]}.{sequence.owned_by[1]}" if sequence.owned_by else None
        yield f"sequence {sequence.name} {sequence.type} of {owner}"
    for enum in catalogue.enums.values():
        yield f"enum {enum.name} {enum.values}"
    for domain in catalogue.domains.values():
        yield f"domain {domain.name} {_type(domain.base)} not_null={domain.not_null} {sorted(domain.checks)}"
    for overloads in catalogue.functions.values():
        for function in overloads:
            yield f"function {function.name}{function.arguments} {function.volatility}"
    for publication, members in catalogue.publications.items():
        yield f"publication {publication} {sorted(map(str, members or ()))}"


def _table(table: Table) -> Iterator[str]:
    yield (
        f"table {table.name} partition_of={table.partition_of} inherits={list(map(str, table.inherits))} "
        f"partitions={sorted(map(str, table.partitions))} partitioned={table.partition_by is not None} "
        f"row_security={table.row_security} forced={table.force_row_security}"
    )
    yield f"order {table.name} {sorted(table.columns)}"
    for column in table.columns.values():
        sequence = column.default.nextval_of if column.default is not None else None
        yield (
            f"column {table.name}.{column.name} {_type(column.type)} nullable={column.nullable} "
            f"default={column.default is not None} {sequence} {column.identity} "
            f"generated={column.generated is not None} inherited={column.inherited}"
        )
    for constraint in table.constraints.values():
        # The replay keeps a NOT NULL apart only where the SQL names it.
        if not isinstance(constraint.definition, NotNullConstraint):
            yield _constraint(table, constraint)
    for trigger in table.triggers.values():
        yield f"trigger {trigger.name} {trigger.timing} {sorted(trigger.events)} {trigger.function} {trigger.enabled}"
    for policy in table.policies.values():
        yield f"policy {table.name} {policy.name} {policy.permissive}"


def _constraint(table: Table, constraint: TableConstraint) -> str:
    definition, facts = constraint.definition, ""
    if isinstance(definition, UniqueConstraint | PrimaryKey):
        facts = f"{definition.columns} {definition.include}"
    if isinstance(definition, ForeignKey):
        facts = (
            f"{definition.columns} {definition.referenced_table} {definition.referenced_columns} {definition.on_delete}"
        )
    kind = type(definition).__name__
    return (
        f"constraint {table.name} {constraint.name} {kind} {facts} validated={constraint.validated} "
        f"index={constraint.index} inherited={constraint.inherited}"
    )


def _index(index: Index) -> str:
    keys = [element.column or "expression" for element in index.elements]
    return (
        f"index {index.name} on {index.table} {keys} {index.include} unique={index.unique} primary={index.primary} "
        f"{index.method} where={index.where is not None} valid={index.valid} of {index.constraint} in {index.parent}"
    )


def _type(data_type: DataType | None) -> str:
    """The type without the schema that only the server says."""
    return str(data_type).removeprefix("public.")
