"""What CREATE and DROP VIEW leave behind."""

from __future__ import annotations

from collections.abc import Iterator

from migsafe.model.catalogue.catalogue import Catalogue
from migsafe.model.catalogue.objects import View
from migsafe.model.catalogue.replay.removals import forget_view
from migsafe.model.names import QualifiedName
from migsafe.model.operation import ColumnUse, CreateView, DropView


def create_view(catalogue: Catalogue, operation: CreateView) -> None:
    """CREATE VIEW; OR REPLACE takes the place of the one before."""
    name = catalogue.creation_name(operation.view, temporary=operation.temporary)
    replaced = operation.or_replace and name in catalogue.views
    if catalogue.exists(name) and not replaced:
        return
    reads = tuple(dict.fromkeys(catalogue.resolve(table) for table in operation.reads))
    uses = {(_owner(catalogue, use, reads), use.column) for use in operation.uses}
    if operation.star:
        uses.update(_written_out(catalogue, reads))
    catalogue.views[name] = View(
        name=name,
        materialized=operation.materialized,
        reads=frozenset(reads) - {name},
        uses=frozenset(uses),
        star=operation.star,
        understood=operation.understood,
        columns=operation.columns,
    )


def _owner(catalogue: Catalogue, use: ColumnUse, reads: tuple[QualifiedName, ...]) -> QualifiedName | None:
    """The table of a column that a query names, where it says so or where only one can have it."""
    if use.table is not None:
        return catalogue.resolve(use.table)
    if len(reads) == 1:
        return reads[0]
    known = [catalogue.tables.get(table) for table in reads]
    if any(table is None or not table.complete for table in known):
        return None
    having = [table.name for table in known if table is not None and use.column in table.columns]
    return having[0] if len(having) == 1 else None


def _written_out(catalogue: Catalogue, reads: tuple[QualifiedName, ...]) -> Iterator[tuple[QualifiedName, str]]:
    """The columns that `*` stands for, of the tables and views whose columns are known."""
    for name in reads:
        table, view = catalogue.tables.get(name), catalogue.views.get(name)
        columns = tuple(table.columns) if table is not None else view.columns if view is not None else ()
        yield from ((name, column) for column in columns)


def drop_view(catalogue: Catalogue, operation: DropView) -> None:
    """DROP VIEW."""
    forget_view(catalogue, catalogue.resolve(operation.view), cascade=operation.cascade)
