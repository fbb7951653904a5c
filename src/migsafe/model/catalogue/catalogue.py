"""The catalogue: look-ups by name, and cheap forks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from migsafe.model.catalogue.links import (
    CHILD_OF,
    ON_TABLE,
    READS,
    REFERENCES,
    domain_links,
    enum_links,
    function_links,
    index_links,
    sequence_links,
    table_links,
    view_links,
)
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
from migsafe.model.catalogue.shelf import Shelf
from migsafe.model.dialect import Dialect
from migsafe.model.names import QualifiedName
from migsafe.model.operation import DataType

#: Where Postgres keeps temporary relations; searched before all others (manual, 5.10.3 "The Schema Search Path").
TEMPORARY_SCHEMA = "pg_temp"

_DEFAULT_SEARCH_PATH = ("public",)


class Catalogue:
    """What exists in one database, as far as the migrations say.

    What is not here may still exist: a project's first migration need not be the database's first. Keys are resolved
    names: in Postgres they always have a schema. In MySQL an index belongs to its table's name space: its key has the
    table in the place of the schema (`index_key`). `replay.apply` is the only writer.
    """

    def __init__(self, dialect: Dialect = Dialect.POSTGRES) -> None:
        self.dialect = dialect
        self.search_path: tuple[str, ...] = _DEFAULT_SEARCH_PATH if dialect is Dialect.POSTGRES else ()
        self._search_path_after: tuple[str, ...] | None = None
        self.tables: Shelf[Table] = Shelf(table_links)
        self.indexes: Shelf[Index] = Shelf(index_links)
        self.views: Shelf[View] = Shelf(view_links)
        self.sequences: Shelf[Sequence] = Shelf(sequence_links)
        self.enums: Shelf[EnumType] = Shelf(enum_links)
        self.domains: Shelf[Domain] = Shelf(domain_links)
        self.functions: Shelf[tuple[Function, ...]] = Shelf(function_links)
        self.schemas: set[str] = set()
        self.extensions: set[str] = set()
        self.publications: dict[str, frozenset[QualifiedName] | None] = {}
        #: Relations on which somebody was granted something, and whether new ones come with privileges by default.
        self.granted: set[QualifiedName] = set()
        self.default_privileges = False

    @property
    def shelves(self) -> tuple[Mapping[QualifiedName, object], ...]:
        """All that has a name of its own, kind by kind, always in the same order.

        Objects are frozen and shared between a catalogue and its forks: identity tells whether one has changed.
        """
        return (self.tables, self.indexes, self.views, self.sequences, self.enums, self.domains, self.functions)

    def fork(self) -> Catalogue:
        """A copy that can go its own way; costs a few shallow copies of each dictionary."""
        other = Catalogue(self.dialect)
        other.search_path = self.search_path
        other._search_path_after = self._search_path_after
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
        other.granted = self.granted.copy()
        other.default_privileges = self.default_privileges
        return other

    def set_search_path(self, schemas: tuple[str, ...] | None, *, local: bool = False) -> None:
        """What SET search_path does; None for its default, `local` for as long as the transaction lasts."""
        if local:
            if self._search_path_after is None:
                self._search_path_after = self.search_path
        else:
            self._search_path_after = None
        self.search_path = _DEFAULT_SEARCH_PATH if schemas is None else schemas

    def end_transaction(self) -> None:
        """Forget what SET LOCAL said; whoever knows of a COMMIT that no operation says calls this."""
        if self._search_path_after is not None:
            self.search_path, self._search_path_after = self._search_path_after, None

    def resolve(self, name: QualifiedName) -> QualifiedName:
        """The full name of a relation or type: itself when it says its schema, else what the search path finds.

        A name that is nowhere on the search path but exists in exactly one other schema is taken to be that one
        (tools set the search path on the connection, where migsafe cannot see it); otherwise it is where CREATE
        would put it.
        """
        if name.schema is not None or self.dialect is not Dialect.POSTGRES:
            return name
        return self._search(name, self._spelt(name.name))

    def resolve_function(self, name: QualifiedName) -> QualifiedName:
        """The full name of a function: as `resolve`, in the name space of functions."""
        if name.schema is not None or self.dialect is not Dialect.POSTGRES:
            return name
        return self._search(name, self.functions.spelt(name.name))

    def creation_name(self, name: QualifiedName, *, temporary: bool = False) -> QualifiedName:
        """The full name that CREATE gives: the first schema of the search path when none is said."""
        if name.schema is not None or self.dialect is not Dialect.POSTGRES:
            return name
        return name.moved(TEMPORARY_SCHEMA if temporary else self._creation_schema)

    def exists(self, name: QualifiedName) -> bool:
        """Whether a relation or type of that full name is known."""
        return any(name in shelf for shelf in self._shelves())

    def index_key(self, table: QualifiedName, name: str) -> QualifiedName:
        """The full name of an index of a table: in the table's schema; in MySQL, in the table."""
        if self.dialect is Dialect.MYSQL:
            return QualifiedName(name, str(table))
        return QualifiedName(name, table.schema)

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
        found = self.indexes.get(self.resolve(name))
        if found is None and self.dialect is Dialect.MYSQL and name.schema is None:
            known = self.indexes.spelt(name.name)
            return self.indexes[known[0]] if len(known) == 1 else None
        return found

    def indexes_of(self, table: QualifiedName) -> Iterator[Index]:
        """The indexes of a table, those of its constraints included."""
        full = self.resolve(table)
        return (self.indexes[name] for name in self.indexes.linked(ON_TABLE, full))

    def domain(self, data_type: DataType) -> Domain | None:
        """The domain that a type names, if it names one that migsafe has seen."""
        return self.domains.get(self.resolve(QualifiedName(data_type.name, data_type.schema)))

    def enum(self, name: QualifiedName) -> EnumType | None:
        """The enum type of that name, or None when migsafe has not seen its making."""
        return self.enums.get(self.resolve(name))

    def referencing(self, table: QualifiedName) -> Iterator[Table]:
        """The other tables that have a foreign key to a table."""
        full = self.resolve(table)
        return (self.tables[name] for name in self.tables.linked(REFERENCES, full) if name != full)

    def referenced_by(self, table: Table) -> frozenset[QualifiedName]:
        """The tables that a table's foreign keys point at, resolved."""
        targets = (getattr(c.definition, "referenced_table", None) for c in table.constraints.values())
        return frozenset(self.resolve(target) for target in targets if target is not None)

    def views_on(self, table: QualifiedName) -> Iterator[View]:
        """The views that read a table directly."""
        full = self.resolve(table)
        return (self.views[name] for name in self.views.linked(READS, full))

    def children(self, table: QualifiedName) -> tuple[QualifiedName, ...]:
        """The known partitions and inheriting tables directly below a table."""
        return self.tables.linked(CHILD_OF, self.resolve(table))

    def leaves(self, table: QualifiedName) -> Iterator[QualifiedName]:
        """The partitions below a partitioned table, at any depth, that hold rows themselves."""
        found = self.table(table)
        for partition in found.partitions if found else ():
            below = self.tables.get(partition)
            if below is not None and below.partition_by is not None:
                yield from self.leaves(partition)
            else:
                yield partition

    @property
    def _creation_schema(self) -> str:
        return self.search_path[0] if self.search_path else _DEFAULT_SEARCH_PATH[0]

    def _search(self, name: QualifiedName, known: tuple[QualifiedName, ...]) -> QualifiedName:
        if len(known) == 1:  # on the search path or not
            return known[0]
        for schema in (TEMPORARY_SCHEMA, *self.search_path) if known else ():
            if (candidate := name.moved(schema)) in known:
                return candidate
        return name.moved(self._creation_schema)

    def _spelt(self, name: str) -> tuple[QualifiedName, ...]:
        """Full names of what has that bare name, each once; the hottest look-up of a run."""
        known: tuple[QualifiedName, ...] = ()
        for shelf in self._shelves():
            known += shelf.spelt(name)
        return known if len(known) < 2 else tuple(dict.fromkeys(known))

    def _shelves(
        self,
    ) -> tuple[Shelf[Table], Shelf[Index], Shelf[View], Shelf[Sequence], Shelf[EnumType], Shelf[Domain]]:
        return self.tables, self.indexes, self.views, self.sequences, self.enums, self.domains
