"""A catalogue as text that a person reads and `diff` compares: sorted, one fact a line, nothing aligned."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

from migsafe.catalogue.spelling import (
    spell_column,
    spell_constraint,
    spell_domain,
    spell_function,
    spell_index,
    spell_partition_key,
    spell_sequence,
    spell_trigger,
    with_whole_type,
)
from migsafe.model.catalogue import Catalogue, Index, Table, TableConstraint, View
from migsafe.model.names import QualifiedName, quote_identifier
from migsafe.model.operation import NotNullConstraint

_Value = TypeVar("_Value")


def render_text(catalogue: Catalogue) -> str:
    """The whole catalogue; empty text for an empty one. Columns stand in their order, all else by name."""
    blocks = ["\n".join(block) for block in _blocks(catalogue)]
    return "\n\n".join(blocks) + "\n" if blocks else ""


def by_name(shelf: Mapping[QualifiedName, _Value]) -> Iterator[tuple[QualifiedName, _Value]]:
    """Objects by schema, then by name."""
    return iter(sorted(shelf.items(), key=lambda item: (item[0].schema or "", item[0].name)))


def made_schemas(catalogue: Catalogue) -> list[str]:
    """The schemas that somebody made: `public` is in every database."""
    return sorted(catalogue.schemas - {"public"})


def is_worth_telling(constraint: TableConstraint) -> bool:
    """Whether a constraint says more than its column does: a plain NOT NULL (Postgres 18) is the column's own."""
    definition = constraint.definition
    return not isinstance(definition, NotNullConstraint) or not constraint.validated or definition.no_inherit


def _blocks(catalogue: Catalogue) -> Iterator[list[str]]:
    singles = [
        [f"schema {quote_identifier(name)}" for name in made_schemas(catalogue)],
        [f"extension {quote_identifier(name)}" for name in sorted(catalogue.extensions)],
        [f"domain {name} {spell_domain(domain)}" for name, domain in by_name(catalogue.domains)],
        [f"sequence {name} {spell_sequence(one)}" for name, one in by_name(catalogue.sequences)],
    ]
    yield from (block for block in singles if block)
    for name, enum in by_name(catalogue.enums):
        yield [f"enum {name}", *(f"  {_literal(value)}" for value in enum.values)]
    if functions := list(_functions(catalogue)):
        yield functions
    for _, table in by_name(catalogue.tables):
        yield list(_table(catalogue, table))
    for _, view in by_name(catalogue.views):
        yield list(_view(view, catalogue.indexes_of(view.name)))
    for publication, members in sorted(catalogue.publications.items()):
        yield list(_publication(publication, members))


def _functions(catalogue: Catalogue) -> Iterator[str]:
    for _, overloads in by_name(catalogue.functions):
        for function in sorted(overloads, key=lambda one: one.arguments):
            yield f"{'procedure' if function.procedure else 'function'} {spell_function(function)}"


def _literal(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _table(catalogue: Catalogue, table: Table) -> Iterator[str]:
    indexes = list(catalogue.indexes_of(table.name))
    yield f"{_kind(table)} {table.name}{_place_in_family(table)}"
    if not table.complete:
        yield "  (columns may be missing: how it was made could not be read)"
    for column in table.columns.values():
        yield f"  column {quote_identifier(column.name)} {spell_column(with_whole_type(column, catalogue))}"
    owned = {index.constraint: index for index in indexes if index.constraint is not None}
    for name, constraint in sorted(table.constraints.items()):
        if is_worth_telling(constraint):
            yield f"  constraint {quote_identifier(name)} {spell_constraint(constraint, owned.get(name))}"
    yield from _index_lines(indexes)
    for name, trigger in sorted(table.triggers.items()):
        yield f"  trigger {quote_identifier(name)} {spell_trigger(trigger)}"
    for name, policy in sorted(table.policies.items()):
        yield f"  policy {quote_identifier(name)} {'permissive' if policy.permissive else 'restrictive'}"
    yield from _settings(table)


def _kind(table: Table) -> str:
    words = [word for word, holds in (("unlogged", table.unlogged), ("foreign", table.foreign)) if holds]
    return " ".join([*words, "table"])


def _place_in_family(table: Table) -> str:
    words = []
    if table.partition_of is not None:
        words.append(f"partition of {table.partition_of}")
    if table.inherits:
        words.append(f"inherits {', '.join(map(str, table.inherits))}")
    if table.partition_by is not None:
        words.append(f"partition by {spell_partition_key(table.partition_by)}")
    return "".join(f" {word}" for word in words)


def _index_lines(indexes: Iterable[Index]) -> Iterator[str]:
    """Those of constraints are said by the constraint, unless they are broken."""
    for index in sorted(indexes, key=lambda one: one.name.name):
        if index.constraint is None or not index.valid:
            yield f"  index {quote_identifier(index.name.name)} {spell_index(index)}"


def _settings(table: Table) -> Iterator[str]:
    if table.row_security:
        yield f"  row security {'forced' if table.force_row_security else 'on'}"
    if table.replica_identity != "default":
        yield f"  replica identity {table.replica_identity}"
    for partition, bound in by_name(table.partitions):
        yield f"  partition {partition} {'default' if bound == 'DEFAULT' else bound}".rstrip()


def _view(view: View, indexes: Iterable[Index]) -> Iterator[str]:
    yield f"{'materialized view' if view.materialized else 'view'} {view.name}"
    for column in view.columns:
        yield f"  column {quote_identifier(column)}"
    for name in sorted(map(str, view.reads)):
        yield f"  reads {name}"
    yield from _index_lines(indexes)


def _publication(name: str, members: frozenset[QualifiedName] | None) -> Iterator[str]:
    yield f"publication {quote_identifier(name)}{' for all tables' if members is None else ''}"
    for member in sorted(map(str, members or ())):
        yield f"  table {member}"
