"""What catalogue objects point at: the words of the reverse look-ups, and who points where."""

from __future__ import annotations

from collections.abc import Iterator

from migsafe.model.catalogue.objects import Column, Domain, EnumType, Function, Index, Sequence, Table, View
from migsafe.model.catalogue.shelf import Link
from migsafe.model.names import QualifiedName
from migsafe.model.operation import ForeignKey

#: A table has a foreign key to another.
REFERENCES = "references"
#: A table is a partition of another, or inherits it.
CHILD_OF = "child of"
#: A table has a constraint of that name (in the table's schema).
CONSTRAINED_BY = "constrained by"
#: A table has a column, or a domain a base, of a type with that bare name.
TYPED = "typed"
#: A table has a trigger of that bare name.
TRIGGERED_BY = "triggered by"
#: A table has a trigger that executes a function.
EXECUTES = "executes"
#: An index belongs to a table or materialized view.
ON_TABLE = "on table"
#: An index is attached to a partitioned index.
PART_OF = "part of"
#: A view reads a table or view.
READS = "reads"
#: A sequence belongs to a column of a table.
OWNED_BY = "owned by"


def table_links(table: Table) -> Iterator[Link]:
    """What a table points at."""
    for name, constraint in table.constraints.items():
        yield CONSTRAINED_BY, QualifiedName(name, table.name.schema)
        if isinstance(constraint.definition, ForeignKey):
            yield REFERENCES, constraint.definition.referenced_table
    for column in table.columns.values():
        yield from _column_links(column)
    for trigger in table.triggers.values():
        yield TRIGGERED_BY, QualifiedName(trigger.name)
        if trigger.function is not None:
            yield EXECUTES, trigger.function
    if table.partition_of is not None:
        yield CHILD_OF, table.partition_of
    for parent in table.inherits:
        yield CHILD_OF, parent


def _column_links(column: Column) -> Iterator[Link]:
    if column.type is not None:
        yield TYPED, QualifiedName(column.type.name)


def index_links(index: Index) -> Iterator[Link]:
    """What an index points at."""
    yield ON_TABLE, index.table
    if index.parent is not None:
        yield PART_OF, index.parent


def view_links(view: View) -> Iterator[Link]:
    """What a view points at."""
    return ((READS, name) for name in view.reads)


def sequence_links(sequence: Sequence) -> Iterator[Link]:
    """What a sequence points at."""
    if sequence.owned_by is not None:
        yield OWNED_BY, sequence.owned_by[0]


def domain_links(domain: Domain) -> Iterator[Link]:
    """What a domain points at."""
    yield TYPED, QualifiedName(domain.base.name)


def enum_links(_enum: EnumType) -> Iterator[Link]:
    """An enum points at nothing."""
    return iter(())


def function_links(_overloads: tuple[Function, ...]) -> Iterator[Link]:
    """A function's body is read when it runs: it points at nothing."""
    return iter(())
