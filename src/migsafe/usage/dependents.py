"""What in the database itself uses a table or column: views, triggers, functions, policies, keys, generated columns.

Indexes, constraints and statistics of the column itself are no use: they go with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.model.names import quote_identifier
from migsafe.model.operation import ForeignKey
from migsafe.model.usage import UsageEvidence, Use
from migsafe.usage.sightings import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migsafe.model.catalogue import Catalogue, Table, View
    from migsafe.model.names import QualifiedName
    from migsafe.usage.subjects import Wanted

SOURCE = "dependents"

_Dependent = tuple[Use, str]


def dependents(sought: Wanted) -> UsageEvidence | None:
    """What the catalogue says of a subject; None where it does not know the table.

    A replayed catalogue knows what migrations have made. Whatever else reads the table, it cannot know.
    """
    catalogue, subject = sought.catalogue, sought.subject
    table = catalogue.table(subject.table)
    if table is None:
        return None
    seek = _of_table(catalogue, table) if sought.column is None else _of_column(catalogue, table, sought.column)
    found = sorted(dict.fromkeys(seek), key=lambda dependent: -dependent[0].weight)
    if not found:
        return UsageEvidence(
            SOURCE, Use.NONE, f"no view, trigger, function, policy or key is known to use {sought.shown}"
        )
    use, label = found[0]
    verb = "uses" if use is Use.STRONG else "may use"
    more = f", and so may {counted(len(found) - 1, 'other')}" if len(found) > 1 else ""
    return UsageEvidence(SOURCE, use, f"{label} {verb} {sought.shown}{more}")


def _of_column(catalogue: Catalogue, table: Table, column: str) -> Iterator[_Dependent]:
    for view in catalogue.views_on(table.name):
        use = _view_uses(catalogue, view, table.name, column)
        if use is not Use.NONE:
            yield use, _view(view)
    for other in table.columns.values():
        if other.generated is not None and column in other.generated.expression.columns:
            yield Use.STRONG, f"generated column {quote_identifier(other.name)}"
    for policy in table.policies.values():
        if column in policy.columns:
            yield Use.STRONG, f"policy {quote_identifier(policy.name)}"
    yield from _triggers(catalogue, table, column)
    yield from _functions(catalogue, table.name, column)
    for other_table in catalogue.referencing(table.name):
        for name, key in _keys_to(catalogue, other_table, table.name):
            if column in key.referenced_columns:
                yield Use.STRONG, f"foreign key {quote_identifier(name)} of {quote_identifier(other_table.name.name)}"


def _of_table(catalogue: Catalogue, table: Table) -> Iterator[_Dependent]:
    for view in catalogue.views_on(table.name):
        yield Use.STRONG, _view(view)
    for other in catalogue.referencing(table.name):
        for name, _ in _keys_to(catalogue, other, table.name):
            yield Use.STRONG, f"foreign key {quote_identifier(name)} of {quote_identifier(other.name.name)}"
    for child in catalogue.children(table.name):
        if child not in table.partitions:
            yield Use.STRONG, f"inheriting table {quote_identifier(child.name)}"
    yield from _functions(catalogue, table.name, None)


def _view_uses(catalogue: Catalogue, view: View, table: QualifiedName, column: str) -> Use:
    if (table, column) in view.uses:
        return Use.STRONG
    if (None, column) in view.uses:
        others = [catalogue.table(read) for read in view.reads if read != table]
        if any(other is not None and column in other.columns for other in others):
            return Use.WEAK
        return Use.STRONG if all(other is not None and other.complete for other in others) else Use.WEAK
    if view.star and (not view.columns or column in view.columns):
        return Use.STRONG if column in view.columns and len(view.reads) == 1 else Use.WEAK
    return Use.NONE if view.understood else Use.WEAK


def _triggers(catalogue: Catalogue, table: Table, column: str) -> Iterator[_Dependent]:
    """A trigger names columns of its row without naming the table, and breaks every statement that fires it."""
    for trigger in table.triggers.values():
        bodies = catalogue.functions.get(catalogue.resolve_function(trigger.function)) if trigger.function else None
        if any(column in body.references for body in bodies or ()):
            yield Use.STRONG, f"trigger {quote_identifier(trigger.name)}"


def _functions(catalogue: Catalogue, table: QualifiedName, column: str | None) -> Iterator[_Dependent]:
    for name, overloads in catalogue.functions.items():
        for function in overloads:
            if table.name in function.references and (column is None or column in function.references):
                yield Use.WEAK, f"function {quote_identifier(name.name)}"


def _keys_to(catalogue: Catalogue, other: Table, table: QualifiedName) -> Iterator[tuple[str, ForeignKey]]:
    for name, constraint in other.constraints.items():
        definition = constraint.definition
        if isinstance(definition, ForeignKey) and catalogue.resolve(definition.referenced_table) == table:
            yield name, definition


def _view(view: View) -> str:
    return f"{'materialized view' if view.materialized else 'view'} {quote_identifier(view.name.name)}"
