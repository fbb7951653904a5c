"""What migrations are about to do to a database that has not run them yet: locks, tables made, indexes built.

The walk is lint's; what exists is what the server says, not what replaying the history gives: partitions that a job
makes, indexes and foreign keys that no migration has made are locked too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from migsafe.model.catalogue.catalogue import TEMPORARY_SCHEMA
from migsafe.model.dialect import ASSUMED_SERVER, ServerVersion
from migsafe.model.locks import LockMode, Work
from migsafe.model.names import QualifiedName
from migsafe.model.operation import (
    AddColumn,
    AlterColumnType,
    Analyze,
    AttachPartition,
    BaseOperation,
    ClusterTable,
    CopyRows,
    CreateIndex,
    CreateSchema,
    CreateTable,
    CreateTrigger,
    Delete,
    DetachPartition,
    DropColumn,
    DropIndex,
    DropTable,
    Insert,
    LockTable,
    Merge,
    RefreshMaterializedView,
    Reindex,
    RenameColumn,
    RenameTable,
    RunCode,
    SetSchema,
    TruncateTable,
    Unreadable,
    Update,
    VacuumTable,
)
from migsafe.rules.context import Context, Surroundings
from migsafe.rules.knowledge.locks import locks
from migsafe.rules.knowledge.table_work import work_by_table
from migsafe.rules.walk import ScriptWalk

if TYPE_CHECKING:
    from migsafe.model.catalogue import Catalogue
    from migsafe.model.script import Migration
    from migsafe.model.statement import ReadScript

_ROWS = (Insert, Update, Delete, Merge, CopyRows)
#: Operations for which a privilege on the table is enough, or MAINTAIN since Postgres 17.
_NOT_THE_OWNERS = (*_ROWS, TruncateTable, LockTable, CreateTrigger, Analyze, VacuumTable, Reindex, ClusterTable)
#: What a subscriber must follow, or its apply worker stops.
_RESHAPES = (
    AddColumn, DropColumn, RenameColumn, AlterColumnType, RenameTable, SetSchema, DropTable, AttachPartition,
    DetachPartition,
)  # fmt: skip
#: Commands that wait for every transaction that is older than they are; DROP INDEX and DETACH wait for locks only.
_WAITS_FOR_SNAPSHOTS = (CreateIndex, Reindex)


@dataclass(slots=True)
class Touched:
    """What some migrations touch of what is there before them.

    Attributes:
        migrations: how their tool calls them, in their order.
        modes: relation → the strongest lock that any of them takes on it.
        at_once: relations that one transaction locks, of the transaction that locks most.
        concurrently: an index is built CONCURRENTLY, which waits for old snapshots of the whole database.
        patient: tables on which a command that is CONCURRENTLY waits for whoever uses them, and lets others pass.
        changes_rows: tables whose rows a statement reads to change them.
        owned: tables that only their owner may change like that.
        reshaped: tables whose columns, name or partitions change.
        made: tables and views that they make.
        makes_in: schemas in which something is made.
        makes_schemas: schemas that they make.
        builds: tables for which an index is built, or which are written anew, and is that done by copying the table.
        index_names: indexes that they build, with their schema.
        finalizes: partitions whose cut-off DETACH they finish.
        not_read: places that nobody understood: what they lock is not known.
        opaque: places with code that only a run could tell of.
    """

    migrations: list[str] = field(default_factory=list)
    modes: dict[QualifiedName, LockMode] = field(default_factory=dict)
    at_once: frozenset[QualifiedName] = frozenset()
    concurrently: bool = False
    patient: set[QualifiedName] = field(default_factory=set)
    changes_rows: set[QualifiedName] = field(default_factory=set)
    owned: set[QualifiedName] = field(default_factory=set)
    reshaped: set[QualifiedName] = field(default_factory=set)
    made: set[QualifiedName] = field(default_factory=set)
    makes_in: set[str] = field(default_factory=set)
    makes_schemas: set[str] = field(default_factory=set)
    builds: dict[QualifiedName, Work] = field(default_factory=dict)
    index_names: set[QualifiedName] = field(default_factory=set)
    finalizes: set[QualifiedName] = field(default_factory=set)
    not_read: list[str] = field(default_factory=list)
    opaque: list[str] = field(default_factory=list)

    @property
    def strong(self) -> frozenset[QualifiedName]:
        """Relations on which writes, or reads too, must wait."""
        return frozenset(name for name, mode in self.modes.items() if mode.blocks_writes)

    @property
    def exclusive(self) -> frozenset[QualifiedName]:
        """Relations that are locked against reads: the lock that standbys take too."""
        return frozenset(name for name, mode in self.modes.items() if mode is LockMode.ACCESS_EXCLUSIVE)


def predict_touched(
    migrations: Iterable[tuple[Migration, ReadScript]], catalogue: Catalogue, server: ServerVersion = ASSUMED_SERVER
) -> Touched:
    """What migrations touch.

    Args:
        migrations: those to be run, with their ways up, in their order.
        catalogue: what the server has; it is changed.
    """
    teller = _Teller()
    for migration, read in migrations:
        catalogue = teller.tell(migration, read, catalogue, server)
    return teller.touched


def predict_each(
    migrations: Iterable[tuple[Migration, ReadScript]], catalogue: Catalogue, server: ServerVersion = ASSUMED_SERVER
) -> Iterator[Touched]:
    """What each of some migrations touches when it comes to its turn, without what those before it have made.

    Args:
        catalogue: what the server has before all of them; it is changed.
    """
    made: set[QualifiedName] = set()
    for migration, read in migrations:
        touched, catalogue = predict_next(migration, read, catalogue, server, made)
        made |= touched.made
        yield touched


def predict_next(
    migration: Migration,
    read: ReadScript,
    catalogue: Catalogue,
    server: ServerVersion = ASSUMED_SERVER,
    made: Collection[QualifiedName] = (),
) -> tuple[Touched, Catalogue]:
    """What one migration, or a part of it, touches, and what exists afterwards as far as it could be read.

    Args:
        catalogue: what exists before; it is changed.
        made: what nobody else can know yet.
    """
    teller = _Teller()
    teller.touched.made.update(made)
    after = teller.tell(migration, read, catalogue, server)
    return teller.touched, after


class _Teller:
    """Walks through migrations, and calls every table as it is called before all of them."""

    def __init__(self) -> None:
        self.touched = Touched()
        self._was: dict[QualifiedName, QualifiedName] = {}
        self._held: set[QualifiedName] = set()

    def tell(self, migration: Migration, read: ReadScript, catalogue: Catalogue, server: ServerVersion) -> Catalogue:
        walk = ScriptWalk(read, migration=migration.id, catalogue=catalogue, server=server, surroundings=Surroundings())
        self.touched.migrations.append(migration.id)
        self.touched.opaque += [f"{_place(read, gap.span.start)}: {gap.reason}" for gap in read.script.gaps]
        for operation in walk:
            if walk.context.transaction is None:
                self._held.clear()
            self._take(operation, walk.context, read)
        self.touched.made |= walk.context.created
        self._held.clear()
        return walk.context.catalogue

    def _take(self, operation: BaseOperation, context: Context, read: ReadScript) -> None:
        if isinstance(operation, Unreadable):
            self.touched.not_read.append(f"{_place(read, operation.span.start)}: {operation.reason}")
        elif isinstance(operation, RunCode):
            self.touched.opaque += [f"{_place(read, one.span.start)}: {one.reason}" for one in operation.opaque]
        self._locks(operation, context)
        self._kinds(operation, context)
        self._building(operation, context)
        self._making(operation, context)
        self._renaming(operation, context)

    def _locks(self, operation: BaseOperation, context: Context) -> None:
        if _finds_nothing(operation, context.catalogue):
            return
        modes = self.touched.modes
        for claim in locks(operation, context.catalogue):
            name = self._before(claim.table, context)
            if name is None:
                continue
            modes[name] = max(modes.get(name, claim.mode), claim.mode)
            self._held.add(name)
        if len(self._held) > len(self.touched.at_once):
            self.touched.at_once = frozenset(self._held)

    def _kinds(self, operation: BaseOperation, context: Context) -> None:
        if getattr(operation, "concurrently", False) and isinstance(operation, _WAITS_FOR_SNAPSHOTS):
            self.touched.concurrently = True
        for name in self._own(operation, context):
            if isinstance(operation, _ROWS):
                self.touched.changes_rows.add(name)
            if not isinstance(operation, _NOT_THE_OWNERS):
                self.touched.owned.add(name)
            if getattr(operation, "concurrently", False):
                self.touched.patient.add(name)
            if isinstance(operation, _RESHAPES):
                self.touched.reshaped.add(name)
        if isinstance(operation, DetachPartition) and operation.finalize:
            self.touched.finalizes.add(context.catalogue.resolve(operation.partition))

    def _own(self, operation: BaseOperation, context: Context) -> Iterator[QualifiedName]:
        """The tables that an operation is about, not those that are only locked with them."""
        if isinstance(operation, CreateTable):
            return
        named: list[QualifiedName | None] = [getattr(operation, "table", None)]
        if isinstance(operation, DropIndex):
            index = context.catalogue.index(operation.index)
            named.append(index.table if index is not None else None)
        if isinstance(operation, SetSchema):
            named.append(operation.name)
        if isinstance(operation, RefreshMaterializedView):
            named.append(operation.view)
        if isinstance(operation, AttachPartition):
            named.append(operation.partition)
        for one in named:
            name = self._before(one, context) if one is not None else None
            if name is not None and name in self.touched.modes:
                yield name

    def _building(self, operation: BaseOperation, context: Context) -> None:
        for table, bounds in work_by_table(operation, context.catalogue).items():
            name = self._before(table, context)
            if name is not None and bounds.most in {Work.INDEX_BUILD, Work.REWRITE}:
                known = self.touched.builds.get(name)
                self.touched.builds[name] = Work.REWRITE if Work.REWRITE in {known, bounds.most} else bounds.most
        if isinstance(operation, CreateIndex) and operation.name is not None:
            table = context.catalogue.resolve(operation.table)
            self.touched.index_names.add(QualifiedName(operation.name, table.schema))

    def _making(self, operation: BaseOperation, context: Context) -> None:
        match operation:
            case CreateSchema(schema=schema) if schema:
                self.touched.makes_schemas.add(schema)
            case CreateTable(temporary=False, table=table):
                self._makes_in(context.catalogue.creation_name(table).schema)
            case CreateIndex(table=table):
                if (name := self._before(table, context)) is not None:
                    self._makes_in(name.schema)
            case _:
                pass

    def _makes_in(self, schema: str | None) -> None:
        if schema is not None:
            self.touched.makes_in.add(schema)

    def _renaming(self, operation: BaseOperation, context: Context) -> None:
        """What is renamed is on the server under the name that it had."""
        if isinstance(operation, RenameTable):
            old = context.catalogue.resolve(operation.table)
            new = old.renamed(operation.new_name.name)
        elif isinstance(operation, SetSchema):
            old = context.catalogue.resolve(operation.name)
            new = old.moved(operation.schema)
        else:
            return
        if context.is_new(old) or old in self.touched.made:
            self.touched.made.add(new)
        self._was[new] = self._was.pop(old, old)

    def _before(self, table: QualifiedName, context: Context) -> QualifiedName | None:
        """A relation's name before all of the migrations; None for one that they make, and for temporary ones."""
        full = context.catalogue.resolve(table)
        if full.schema == TEMPORARY_SCHEMA or context.is_new(full) or full in self.touched.made:
            return None
        return self._was.get(full, full)


def _finds_nothing(operation: BaseOperation, catalogue: Catalogue) -> bool:
    """IF EXISTS, and it does not."""
    table = getattr(operation, "table", None)
    if not getattr(operation, "if_exists", False) or table is None:
        return False
    full = catalogue.resolve(table)
    return catalogue.table(full) is None and catalogue.view(full) is None


def _place(read: ReadScript, offset: int) -> str:
    return f"{read.script.path}:{read.script.position(offset).line}"
