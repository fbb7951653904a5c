"""Who depends on an object, as far as the migrations say: views, generated columns, policies, foreign keys.

Postgres refuses to drop, or to change the type of, a column on which something else depends (manual, 5.15 "Dependency
Tracking"; each case run on PostgreSQL 18.6: 2BP01 for DROP, 0A000 for TYPE).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from migsafe.model.catalogue import Catalogue, Table, View
from migsafe.model.names import QualifiedName, quote_identifier
from migsafe.model.operation import ForeignKey, PrimaryKey, UniqueConstraint
from migsafe.rules.wording import shown


@dataclass(frozen=True, slots=True)
class Dependent:
    """Something that depends on an object.

    Attributes:
        label: as a person would say it, for example "view active_users".
        certain: false where the view's query does not say whose column it names.
        view: the view's name as a person would write it, if it is one.
        materialized: whether the view is materialized.
    """

    label: str
    certain: bool = True
    view: str | None = None
    materialized: bool = False


def of_column(catalogue: Catalogue, table: QualifiedName, column: str) -> Iterator[Dependent]:
    """What depends on a column: views, generated columns and policies."""
    for view in catalogue.views_on(table):
        use = _uses(catalogue, view, table, column)
        if use is not None:
            yield _of_view(view, catalogue, certain=use)
    found = catalogue.table(table)
    if found is None:
        return
    for other in found.columns.values():
        if other.generated is not None and column in other.generated.expression.columns:
            yield Dependent(f"generated column {quote_identifier(other.name)}")
    for policy in found.policies.values():
        if column in policy.columns:
            yield Dependent(f"policy {quote_identifier(policy.name)}")


def of_table(catalogue: Catalogue, table: QualifiedName) -> Iterator[Dependent]:
    """What depends on a table or view: views, and foreign keys of other tables."""
    for view in catalogue.views_on(table):
        yield _of_view(view, catalogue)
    for other in catalogue.referencing(table):
        for name in _keys_to(catalogue, other, table):
            yield Dependent(f"foreign key {quote_identifier(name)} of {shown(other.name, catalogue)}")


def of_type(catalogue: Catalogue, data_type: QualifiedName) -> Iterator[Dependent]:
    """The columns that have a type."""
    full = catalogue.resolve(data_type)
    for table in catalogue.tables.values():
        for column in table.columns.values():
            if column.type is not None and column.type.name == full.name:
                yield Dependent(f"column {shown(table.name, catalogue)}.{quote_identifier(column.name)}")


def of_key(catalogue: Catalogue, table: QualifiedName, constraint: str | None) -> Iterator[Dependent]:
    """The foreign keys that need a primary key or a UNIQUE constraint."""
    found = catalogue.table(table)
    known = found.constraints.get(constraint or "") if found else None
    if known is None or not isinstance(known.definition, PrimaryKey | UniqueConstraint):
        return
    for other in catalogue.referencing(table):
        for name in _keys_to(catalogue, other, table):
            definition = other.constraints[name].definition
            columns = definition.referenced_columns if isinstance(definition, ForeignKey) else ()
            if not columns or set(columns) == set(known.definition.columns):
                yield Dependent(f"foreign key {quote_identifier(name)} of {shown(other.name, catalogue)}")


def _keys_to(catalogue: Catalogue, other: Table, table: QualifiedName) -> Iterator[str]:
    full = catalogue.resolve(table)
    for name, constraint in other.constraints.items():
        definition = constraint.definition
        if isinstance(definition, ForeignKey) and catalogue.resolve(definition.referenced_table) == full:
            yield name


def _uses(catalogue: Catalogue, view: View, table: QualifiedName, column: str) -> bool | None:
    """True when a view uses a column for sure, False when it may, None when it does not."""
    full = catalogue.resolve(table)
    if (full, column) in view.uses:
        return True
    if (None, column) in view.uses:
        others = [catalogue.table(read) for read in view.reads if read != full]
        return all(other is not None and other.complete and column not in other.columns for other in others)
    if view.star and (not view.columns or column in view.columns):
        return column in view.columns and len(view.reads) == 1
    return None


def _of_view(view: View, catalogue: Catalogue, *, certain: bool = True) -> Dependent:
    name = shown(view.name, catalogue)
    kind = "materialized view" if view.materialized else "view"
    return Dependent(f"{kind} {name}", certain, name, view.materialized)
