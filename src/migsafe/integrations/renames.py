"""Something goes and something like it comes, in one migration: a rename that loses the data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from migsafe.model.names import QualifiedName, quote_identifier
from migsafe.model.operation import AddColumn, CreateTable, DropColumn, DropTable, Operation
from migsafe.model.operation.values import ColumnDefinition, DataType

#: Types that MySQL keeps under another name than the one that SQLAlchemy writes, so that it reads the other one back.
#: Both sides are compared under the name that is kept, which changes nothing for other databases.
_KEPT_AS = {
    DataType("bool"): DataType("tinyint", ("1",)),
    DataType("boolean"): DataType("tinyint", ("1",)),
}


@dataclass(frozen=True, slots=True)
class ColumnRename:
    """A column that is dropped, and one of the same type that is added to the same table."""

    table: QualifiedName
    old: ColumnDefinition
    new: ColumnDefinition

    @property
    def headline(self) -> str:
        """What was seen, in one line."""
        old, new = quote_identifier(self.old.name), quote_identifier(self.new.name)
        return f"likely rename: {self.table}.{old} ({self.old.type}) is dropped, and {new} of the same type is added"

    def recipe(self) -> Iterator[str]:
        """The safe form in Alembic's words, a line each, with the names of this migration."""
        table, old, new = self.table, quote_identifier(self.old.name), quote_identifier(self.new.name)
        drop = f"op.drop_column({self.table.name!r}, {self.old.name!r}{_schema(table)})"
        rename = (
            f"op.alter_column({table.name!r}, {self.old.name!r}, new_column_name={self.new.name!r}{_schema(table)})"
        )
        yield f"the values of {old} would be lost, and code that is still running would fail. Instead:"
        yield f"  expand    in this revision, only add {new}, as nullable; {old} stays, in the model too"
        yield f"            release code that writes {old} and {new}, and reads {old}"
        yield "  migrate   in batches, outside of the migration:"
        # For a person to read: no database gets it.
        yield f"            UPDATE {table} SET {new} = {old}"  # noqa: S608  # for a person to read
        yield f"             WHERE {new} IS NULL AND {old} IS NOT NULL AND <a range of keys>;"
        first = f"then make {new} NOT NULL, and" if self.new.not_null else "then"
        yield f"            {first} release code that uses {new} alone"
        yield f"  contract  in a later revision, when no running release names {old}: {drop}"
        yield f"where nothing uses the table yet, a plain rename keeps the values: {rename}"


@dataclass(frozen=True, slots=True)
class TableRename:
    """A table that is dropped, and one with the same columns that is created."""

    old: QualifiedName
    new: QualifiedName

    @property
    def headline(self) -> str:
        """What was seen, in one line."""
        return f"likely rename: table {self.old} is dropped, and {self.new} with the same columns is created"

    def recipe(self) -> Iterator[str]:
        """The safe form in Alembic's words, a line each, with the names of this migration."""
        drop = f"op.drop_table({self.old.name!r}{_schema(self.old)})"
        rename = f"op.rename_table({self.old.name!r}, {self.new.name!r}{_schema(self.old)})"
        yield f"the rows of {self.old} would be lost, and code that is still running would fail. Instead:"
        yield f"  expand    in this revision, only create {self.new}; {self.old} stays, in the model too"
        yield f"            release code that writes both tables, and reads {self.old}"
        yield f"  migrate   copy the rows of {self.old} into {self.new}, in batches, outside of the migration"
        yield f"            then release code that uses {self.new} alone"
        yield f"  contract  in a later revision, when no running release names {self.old}: {drop}"
        yield f"where nothing uses the table yet, a plain rename keeps the rows: {rename}"


def _schema(table: QualifiedName) -> str:
    """The last argument of an operation on a table that is named with its schema."""
    return f", schema={table.schema!r}" if table.schema else ""


LikelyRename = ColumnRename | TableRename


def likely_renames(up: Sequence[Operation], down: Sequence[Operation]) -> tuple[LikelyRename, ...]:
    """Pairs of something dropped and something added that are probably one thing with a new name.

    Args:
        up: what the migration does.
        down: what its way back does; it says which type a dropped column has, and which columns a dropped table.

    Returns:
        Columns first; each thing is in one pair at most, with the partner whose name is most like its own.
    """
    return (*_column_renames(up, down), *_table_renames(up, down))


def _column_renames(up: Sequence[Operation], down: Sequence[Operation]) -> Iterator[ColumnRename]:
    before = {(operation.table, operation.definition.name): operation.definition for operation in _added(down)}
    places = ((operation.table, operation.column) for operation in up if isinstance(operation, DropColumn))
    dropped = [(table, before[table, column]) for table, column in places if (table, column) in before]
    added = [(operation.table, operation.definition) for operation in _added(up)]
    likely = [
        (_likeness(old.name, new.name), ColumnRename(table, old, new))
        for table, old in dropped
        for other, new in added
        if table == other and _same(old.type, new.type) and old.name != new.name
    ]
    taken: set[tuple[QualifiedName, str]] = set()
    for _, rename in sorted(likely, key=lambda pair: -pair[0]):
        ends = {(rename.table, rename.old.name), (rename.table, rename.new.name)}
        if not ends & taken:
            taken |= ends
            yield rename


def _same(one: DataType | None, other: DataType | None) -> bool:
    return one is not None and other is not None and _kept(one) == _kept(other)


def _kept(written: DataType) -> DataType:
    name = "decimal" if written.name == "numeric" else written.name
    return _KEPT_AS.get(written, replace(written, name=name))


def _added(operations: Iterable[Operation]) -> Iterator[AddColumn]:
    return (operation for operation in operations if isinstance(operation, AddColumn))


def _table_renames(up: Sequence[Operation], down: Sequence[Operation]) -> Iterator[TableRename]:
    before = {operation.table: operation for operation in _created(down)}
    names = (operation.table for operation in up if isinstance(operation, DropTable))
    dropped = [before[table] for table in names if table in before]
    likely = [
        (_likeness(old.table.name, new.table.name), TableRename(old.table, new.table))
        for old in dropped
        for new in _created(up)
        if old.table != new.table and _shape(old) == _shape(new) != frozenset()
    ]
    taken: set[QualifiedName] = set()
    for _, rename in sorted(likely, key=lambda pair: -pair[0]):
        if not {rename.old, rename.new} & taken:
            taken |= {rename.old, rename.new}
            yield rename


def _created(operations: Iterable[Operation]) -> Iterator[CreateTable]:
    return (operation for operation in operations if isinstance(operation, CreateTable))


def _shape(table: CreateTable) -> frozenset[tuple[str, DataType | None]]:
    return frozenset((column.name, column.type and _kept(column.type)) for column in table.columns)


def _likeness(one: str, other: str) -> float:
    """From 0, nothing in common, to 1, the same name."""
    return SequenceMatcher(None, one, other, autojunk=False).ratio()
