"""What migsafe's own knowledge says that each statement of a migration locks and does, before it runs.

The catalogue is the one that replaying the migrations gives, as the linter has it. Where knowledge cannot be exact
(the planner chooses, a branch may not be taken, a table is unknown), it gives bounds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from migsafe.catalogue.following import Following
from migsafe.model.catalogue import Catalogue
from migsafe.model.dialect import ASSUMED_SERVER, ServerVersion
from migsafe.model.locks import LockMode
from migsafe.model.operation import (
    AlterColumnType,
    AlterExtension,
    BaseOperation,
    CopyRows,
    CreateExtension,
    Delete,
    DropExtension,
    DropPolicy,
    DropTrigger,
    Insert,
    Merge,
    OtherStatement,
    Query,
    RunCode,
    Unreadable,
    Update,
)
from migsafe.rules.context import Surroundings
from migsafe.rules.knowledge.locks import locks
from migsafe.rules.knowledge.table_work import Bounds, work_by_table
from migsafe.rules.knowledge.type_changes import Change, change_of_type, is_utc
from migsafe.rules.walk import ScriptWalk

if TYPE_CHECKING:
    from collections.abc import Iterable

    from migsafe.model.names import QualifiedName
    from migsafe.rules.context import Context
    from migsafe.shadow.migration import ShadowMigration
    from migsafe.sources import LoadedLayout

#: Commands whose effect on tables stands in an extension or a server, and not in the statement.
_OUT_OF_SIGHT = ("drop owned", "reassign owned", "import")
_ROWS = (Insert, Update, Delete, Merge, CopyRows)
_EXTENSIONS = (CreateExtension, AlterExtension, DropExtension)


@dataclass(slots=True)
class Prediction:
    """One statement's.

    Attributes:
        locks: the strongest lock on each relation that existed before the migration.
        work: least and most work on each of them; none on all others.
        known: relations that replaying the migrations shows; others were made by code that nobody has read.
        complete: false where the statement does what its text does not say: code that cannot be read, functions.
        certain: false where a branch decides whether it does anything, or the lock may be let go at once.
        changes_rows: triggers may do more than it says.
        in_utc: the session's TimeZone is known to be UTC.
        zoned: what it does depends on that.
    """

    locks: dict[QualifiedName, LockMode] = field(default_factory=dict)
    work: dict[QualifiedName, Bounds] = field(default_factory=dict)
    known: frozenset[QualifiedName] = frozenset()
    complete: bool = True
    certain: bool = True
    changes_rows: bool = False
    in_utc: bool = False
    zoned: bool = False

    def add(self, operation: BaseOperation, context: Context) -> None:
        """Take in one operation, as the world is just before it."""
        if not self.known:
            self.known = frozenset((*context.catalogue.tables, *context.catalogue.views))
        self.complete = self.complete and _is_plain(operation)
        conditional = context.code is not None and context.code.conditional
        self.certain = self.certain and not conditional and not _may_find_nothing(operation)
        self.changes_rows = self.changes_rows or isinstance(operation, _ROWS)
        for claim in locks(operation, context.catalogue):
            if not context.is_new(claim.table):
                known = self.locks.get(claim.table)
                self.locks[claim.table] = claim.mode if known is None or known < claim.mode else known
        zone = context.parameter("timezone")
        for table, bounds in work_by_table(operation, context.catalogue, timezone=zone).items():
            if not context.is_new(table):
                self.work[table] = self.work.get(table, Bounds()).joined(bounds)
        self.in_utc = is_utc(zone)
        self.zoned = self.zoned or depends_on_zone(operation, context.catalogue)


def _may_find_nothing(operation: BaseOperation) -> bool:
    """Whether Postgres lets the table's lock go at once where there is nothing to drop (observed on 18.6)."""
    return isinstance(operation, DropTrigger | DropPolicy) and operation.if_exists


def depends_on_zone(operation: BaseOperation, catalogue: Catalogue) -> bool:
    """Whether a type change is free of work in UTC and a rewrite elsewhere."""
    if not isinstance(operation, AlterColumnType):
        return False
    column = catalogue.column(operation.table, operation.column)
    return change_of_type(column.type if column else None, operation.type, catalogue) is Change.FREE_IN_UTC


class Predictor:
    """Predicts migrations in their order."""

    def __init__(self, layouts: Iterable[LoadedLayout] = ()) -> None:
        """
        Args:
            layouts: where the migrations are from, for what those that nobody asks about leave behind.
        """
        self._histories = [_History(layout) for layout in layouts]
        self._alone = _History()

    def predict(self, migration: ShadowMigration, server: ServerVersion = ASSUMED_SERVER) -> tuple[Prediction, ...]:
        """What is predicted of each statement of a migration's way up; to be asked once, before or after it has run."""
        history = next((one for one in self._histories if one.has(migration)), self._alone)
        return history.predict(migration, server)


class _Key(NamedTuple):
    id: str
    path: str


class _History:
    """The migrations of one layout, and the catalogue that they have left behind so far."""

    def __init__(self, layout: LoadedLayout | None = None) -> None:
        self._waiting = {_Key(m.id, m.path): m for m in layout.migrations.migrations} if layout is not None else {}
        self._following = Following(Catalogue(layout.migrations.dialect) if layout is not None else Catalogue())

    def has(self, migration: ShadowMigration) -> bool:
        return _Key(migration.id, migration.path) in self._waiting

    def predict(self, migration: ShadowMigration, server: ServerVersion) -> tuple[Prediction, ...]:
        self._catch_up(migration)
        if migration.up is None:
            return ()
        predictions = tuple(Prediction() for _ in migration.up.statements)
        walk = ScriptWalk(
            migration.up,
            migration=migration.id,
            catalogue=self._following.catalogue,
            server=server,
            surroundings=Surroundings(),
        )
        for operation in walk:
            if walk.context.statement is not None:
                predictions[walk.context.statement_index].add(operation, walk.context)
        self._following = Following(walk.context.catalogue)
        return predictions

    def _catch_up(self, migration: ShadowMigration) -> None:
        """Follow the migrations before this one, which nobody has asked about."""
        key = _Key(migration.id, migration.path)
        while key in self._waiting:
            first = next(iter(self._waiting))
            earlier = self._waiting.pop(first)
            if first != key and earlier.up is not None:
                self._following.follow(earlier.up)


def _is_plain(operation: BaseOperation) -> bool:
    """Whether an operation does what its text says, and nothing else."""
    match operation:
        case Unreadable():
            return False
        case RunCode(opaque=opaque, operations=operations):
            return not opaque and bool(operations)
        case Query(functions=functions):
            return not functions
        case OtherStatement(command=command):
            return not command.startswith(_OUT_OF_SIGHT)
        case _:
            return not isinstance(operation, _EXTENSIONS)
