"""The catalogue: look-ups by name, and cheap forks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from migsafe.model.catalogue.objects import (
    Column,
    Domain,
    EnumType,
    Function,
    Index,
    Sequence,
    Table,
    View,
)
from migsafe.model.dialect import Dialect
from migsafe.model.names import QualifiedName
from migsafe.model.operation import DataType


class Catalogue:
    """What exists in one database, as far as the migrations say.

    What is not here may still exist: a project's first migration need not be the database's first. Keys are resolved
    names: in Postgres they always have a schema. `replay.apply` is the only writer.
    """

    def __init__(self, dialect: Dialect = Dialect.POSTGRES) -> None:
        self.dialect = dialect
        self.search_path: tuple[str, ...] = ("public",) if dialect is Dialect.POSTGRES else ()
        self.tables: dict[QualifiedName, Table] = {}
        self.indexes: dict[QualifiedName, Index] = {}
        self.views: dict[QualifiedName, View] = {}
        self.sequences: dict[QualifiedName, Sequence] = {}
        self.enums: dict[QualifiedName, EnumType] = {}
        self.domains: dict[QualifiedName, Domain] = {}
        self.functions: dict[QualifiedName, tuple[Function, ...]] = {}
        self.schemas: set[str] = set()
        self.extensions: set[str] = set()
        self.publications: dict[str, frozenset[QualifiedName] | None] = {}

    def fork(self) -> Catalogue:
        """A copy that can go its own way; costs one shallow copy of each dictionary."""
        other = Catalogue(self.dialect)
        other.search_path = self.search_path
        other.tables = self.tables.copy()
        other.indexes = self.indexes.copy()
        other.views = self.views.copy()
        other.sequences = self.sequences.copy()
        other.enums = self.enums.copy()
        other.domains = self.domains.copy()
        other.functions = self.functions.copy()
        other.schemas = self.schemas.copy()
        other.extensions = self.extensions.copy()
        other.publications = self.publications.copy()
        return other

    def resolve(self, name: QualifiedName) -> QualifiedName:
        """The full name of a relation or type: itself when it says its schema, else what the search path finds.

        A name that is nowhere on the search path but exists in exactly one other schema is taken to be that one
        (tools set the search path on the connection, where migsafe cannot see it); otherwise it is where CREATE
        would put it.
        """
        if name.schema is not None or not self.search_path:
            return name
        for schema in self.search_path:
            candidate = name.moved(schema)
            if self._exists(candidate):
                return candidate
        elsewhere = [known for known in self._names_like(name.name)]
        return elsewhere[0] if len(elsewhere) == 1 else name.moved(self.search_path[0])

    def creation_name(self, name: QualifiedName) -> QualifiedName:
        """The full name that CREATE gives: the first schema of the search path when none is said."""
        if name.schema is not None or not self.search_path:
            return name
        return name.moved(self.search_path[0])

    def table(self, name: QualifiedName) -> Table | None:
        """The table of that name, or None when migsafe has not seen its making."""
        return self.tables.get(self.resolve(name))

    def column(self, table: QualifiedName, column: str) -> Column | None:
        """The column, or None when migsafe has not seen its making."""
        found = self.table(table)
        return None if found is None else found.columns.get(column)

    def view(self, name: QualifiedName) -> View | None:
        """The view of that name, or None when migsafe has not seen its making."""
        return self.views.get(self.resolve(name))

    def index(self, name: QualifiedName) -> Index | None:
        """The index of that name, or None when migsafe has not seen its making."""
        return self.indexes.get(self.resolve(name))

    def indexes_of(self, table: QualifiedName) -> Iterator[Index]:
        """The indexes of a table, those of its constraints included."""
        full = self.resolve(table)
        return (index for index in self.indexes.values() if index.table == full)

    def domain(self, data_type: DataType) -> Domain | None:
        """The domain that a type names, if it names one that migsafe has seen."""
        return self.domains.get(self.resolve(QualifiedName(data_type.name, data_type.schema)))

    def enum(self, name: QualifiedName) -> EnumType | None:
        """The enum type of that name, or None when migsafe has not seen its making."""
        return self.enums.get(self.resolve(name))

    def referencing(self, table: QualifiedName) -> Iterator[Table]:
        """The other tables that have a foreign key to a table."""
        full = self.resolve(table)
        return (
            other
            for other in self.tables.values()
            if other.name != full and full in self.referenced_by(other)
        )

    def referenced_by(self, table: Table) -> frozenset[QualifiedName]:
        """The tables that a table's foreign keys point at, resolved."""
        targets = (getattr(c.definition, "referenced_table", None) for c in table.constraints.values())
        return frozenset(self.resolve(target) for target in targets if target is not None)

    def views_on(self, table: QualifiedName) -> Iterator[View]:
        """The views that read a table directly."""
        full = self.resolve(table)
        return (view for view in self.views.values() if full in view.reads)

    def leaves(self, table: QualifiedName) -> Iterator[QualifiedName]:
        """The partitions below a partitioned table, at any depth, that hold rows themselves."""
        found = self.table(table)
        for partition in found.partitions if found else ():
            below = self.tables.get(partition)
            if below is not None and below.partition_by is not None:
                yield from self.leaves(partition)
            else:
                yield partition

    def _relations(self) -> Iterable[dict[QualifiedName, object]]:
        return (
            self.tables, self.views, self.indexes, self.sequences, self.enums, self.domains, self.functions,
        )  # type: ignore[return-value]  # fmt: skip

    def _exists(self, name: QualifiedName) -> bool:
        return any(name in known for known in self._relations())

    def _names_like(self, name: str) -> set[QualifiedName]:
        return {known for kind in self._relations() for known in kind if known.name == name}
