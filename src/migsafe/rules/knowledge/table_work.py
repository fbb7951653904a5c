"""How much of which existing table a Postgres operation reads or writes: `work`, spread over the tables it touches.

Observed on PostgreSQL 18.6 like the rest of the knowledge; held against a server by `tests/integration/shadow`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from migsafe.model.catalogue import Catalogue
from migsafe.model.locks import Work
from migsafe.model.names import QualifiedName
from migsafe.model.operation import (
    AddColumn,
    AddConstraint,
    AlterColumnType,
    AlterDomain,
    AlterGenerated,
    AttachPartition,
    BaseOperation,
    ClusterTable,
    CopyRows,
    CreateTable,
    CreateView,
    Delete,
    ForeignKey,
    Insert,
    Merge,
    PrimaryKey,
    Query,
    RefreshMaterializedView,
    Reindex,
    SetAccessMethod,
    SetLogged,
    SetTablespace,
    Update,
    ValidateConstraint,
)
from migsafe.rules.knowledge.locks import locks
from migsafe.rules.knowledge.type_changes import Change, change_of_type, work_of_type_change
from migsafe.rules.knowledge.work import work

_ORDER = (Work.NONE, Work.SCAN, Work.INDEX_BUILD, Work.REWRITE)


class Bounds(NamedTuple):
    """Least and most work on a table; `might` where the rows, the planner or what exists decide."""

    least: Work = Work.NONE
    most: Work = Work.NONE

    def joined(self, other: Bounds) -> Bounds:
        """Of both together: the heavier of each."""
        return Bounds(_heavier(self.least, other.least), _heavier(self.most, other.most))

    def allow(self, seen: Work) -> bool:
        """Whether what was seen lies inside."""
        return _ORDER.index(self.least) <= _ORDER.index(seen) <= _ORDER.index(self.most)


def _heavier(one: Work, other: Work) -> Work:
    return max(one, other, key=_ORDER.index)


def exactly(amount: Work) -> Bounds:
    """Neither more nor less."""
    return Bounds(amount, amount)


def at_most(amount: Work) -> Bounds:
    """That much, or anything less."""
    return Bounds(Work.NONE, amount)


def work_by_table(
    operation: BaseOperation, catalogue: Catalogue, *, timezone: str | None = None
) -> dict[QualifiedName, Bounds]:
    """What an operation does to the rows of each table, by full name; tables that are left out are not touched.

    Args:
        operation: any operation; those inside of a DO block are asked one by one.
        catalogue: what exists before it.
        timezone: the session's parameter TimeZone, if it is known.
    """
    found: dict[QualifiedName, Bounds] = {}
    for name, bounds in _work(operation, catalogue, timezone):
        full = catalogue.resolve(name)
        found[full] = found.get(full, Bounds()).joined(bounds)
    return found


def _work(
    operation: BaseOperation, catalogue: Catalogue, timezone: str | None
) -> Iterator[tuple[QualifiedName, Bounds]]:
    match operation:
        case Update() | Delete() | Merge() | Insert() | Query() | CreateTable() | CreateView() | CopyRows():
            yield from _of_query(operation, catalogue)
        case AlterColumnType():
            yield from _spread(operation, _of_type_change(operation, catalogue, timezone), catalogue)
        case AlterGenerated():
            yield from _spread(operation, _of_generated(operation, catalogue), catalogue)
        case AlterDomain():
            for claim in locks(operation, catalogue):
                yield claim.table, exactly(Work.SCAN)
        case AttachPartition():
            yield from _of_attached(operation, catalogue)
        case RefreshMaterializedView():
            view = catalogue.view(operation.view)
            yield operation.view, exactly(work(operation, catalogue))
            for read in view.reads if view is not None else ():
                yield read, at_most(Work.SCAN)
        case Reindex():
            yield from ((claim.table, exactly(Work.INDEX_BUILD)) for claim in locks(operation, catalogue))
        case ClusterTable(table=QualifiedName() as table):
            yield table, exactly(Work.REWRITE)
        case _ if isinstance(getattr(operation, "table", None), QualifiedName):
            yield from _of_table(operation, catalogue)
        case _:
            pass


def _of_table(operation: BaseOperation, catalogue: Catalogue) -> Iterator[tuple[QualifiedName, Bounds]]:
    amount = work(operation, catalogue)
    yield from _spread(operation, _known(operation, amount, catalogue), catalogue)
    for key in _keys(operation, catalogue):
        # Postgres joins both tables to check; the planner seldom comes to the other one when this one is empty.
        yield key.referenced_table, at_most(Work.SCAN)


def _known(operation: BaseOperation, amount: Work, catalogue: Catalogue) -> Bounds:
    """Of a table that migsafe has not seen the making of, a column may be what it is to become already."""
    name: QualifiedName = operation.table  # type: ignore[attr-defined]  # only asked of operations that have it
    table = catalogue.table(name)
    if table is None:
        return at_most(Work.REWRITE if amount is not Work.NONE else Work.NONE)
    if isinstance(operation, AddColumn) and operation.if_not_exists and operation.definition.name in table.columns:
        return Bounds()
    if isinstance(operation, SetTablespace | SetAccessMethod | SetLogged):
        return at_most(amount)  # none where it is so already
    if isinstance(operation, AddConstraint) and isinstance(key := operation.constraint, PrimaryKey) and key.using_index:
        return at_most(Work.SCAN)
    if amount is Work.NONE and isinstance(operation, AddColumn) and _refuses_rows(operation):
        return at_most(Work.SCAN)
    return exactly(amount)


def _refuses_rows(operation: AddColumn) -> bool:
    """NOT NULL without a default: the first row makes it fail, so the scan comes to its end on empty tables alone."""
    default = operation.definition.default
    return operation.definition.not_null and (default is None or default.null)


def _keys(operation: BaseOperation, catalogue: Catalogue) -> Iterator[ForeignKey]:
    match operation:
        case AddConstraint(constraint=ForeignKey() as key):
            yield key
        case AddColumn(definition=definition):
            yield from (one for one in definition.constraints if isinstance(one, ForeignKey))
        case ValidateConstraint(name=name):
            table = catalogue.table(operation.table)
            constraint = table.constraints.get(name) if table is not None else None
            if constraint is not None and isinstance(constraint.definition, ForeignKey):
                yield constraint.definition
        case _:
            pass


def _of_query(operation: BaseOperation, catalogue: Catalogue) -> Iterator[tuple[QualifiedName, Bounds]]:
    """Whether a table is scanned is the planner's choice."""
    own = getattr(operation, "table", None) if not isinstance(operation, CreateTable) else None
    for name in (own, *getattr(operation, "reads", ())):
        if name is not None:
            yield from ((table, at_most(Work.SCAN)) for table in _tree(name, catalogue))
    if isinstance(operation, CreateTable):
        yield from _of_new_table(operation, catalogue)


def _of_new_table(operation: CreateTable, catalogue: Catalogue) -> Iterator[tuple[QualifiedName, Bounds]]:
    parent = catalogue.table(operation.partition_of) if operation.partition_of is not None else None
    if parent is not None and parent.default_partition is not None:
        yield parent.default_partition, at_most(Work.SCAN)


def _of_type_change(operation: AlterColumnType, catalogue: Catalogue, timezone: str | None) -> Bounds:
    amount = work_of_type_change(operation, catalogue, timezone=timezone)
    column = catalogue.column(operation.table, operation.column)
    change = change_of_type(column.type if column else None, operation.type, catalogue)
    return at_most(amount) if change is Change.DEPENDS else exactly(amount)


def _of_generated(operation: AlterGenerated, catalogue: Catalogue) -> Bounds:
    column = catalogue.column(operation.table, operation.column)
    if operation.expression is None:
        return Bounds()
    if column is None or column.generated is None:
        return at_most(Work.REWRITE)
    return exactly(Work.REWRITE) if column.generated.stored else at_most(Work.SCAN)


def _of_attached(operation: AttachPartition, catalogue: Catalogue) -> Iterator[tuple[QualifiedName, Bounds]]:
    """CHECKs may prove what a scan would find, and indexes of the table may serve the parent."""
    parent = catalogue.table(operation.table)
    for table in _tree(operation.partition, catalogue):
        yield table, at_most(Work.INDEX_BUILD)
    if parent is not None and parent.default_partition is not None:
        for table in _tree(parent.default_partition, catalogue):
            yield table, at_most(Work.SCAN)


def _spread(operation: BaseOperation, bounds: Bounds, catalogue: Catalogue) -> Iterator[tuple[QualifiedName, Bounds]]:
    """On the table, or on what holds the rows of a partitioned one."""
    name: QualifiedName = operation.table  # type: ignore[attr-defined]  # only asked of operations that have it
    table = catalogue.table(name)
    if table is None or table.partition_by is None:
        yield name, bounds
    if not getattr(operation, "only", False):
        for below in _below(name, catalogue):
            yield below, bounds


def _tree(name: QualifiedName, catalogue: Catalogue) -> Iterator[QualifiedName]:
    yield name
    yield from _below(name, catalogue)


def _below(name: QualifiedName, catalogue: Catalogue) -> Iterator[QualifiedName]:
    for child in catalogue.children(name):
        yield child
        yield from _below(child, catalogue)
