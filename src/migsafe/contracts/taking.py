"""What a contract takes away, followed through its renames, and what else it removes on the way; pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from migsafe.model.operation import (
    AlterColumnType,
    BaseOperation,
    Delete,
    DropColumn,
    DropConstraint,
    DropFunction,
    DropIndex,
    DropPolicy,
    DropSchema,
    DropTable,
    DropTrigger,
    DropView,
    RenameColumn,
    RenameObject,
    RenameTable,
    RunCode,
    SetSchema,
    TruncateTable,
    Unreadable,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from migsafe.model.catalogue import Catalogue
    from migsafe.model.names import QualifiedName

Kind = Literal["column", "table", "view"]

#: How what migsafe makes for the time of a change is called.
OWN = "zzz_migsafe_"

#: What these take is in no other place afterwards; what nobody understands may take something.
_LOSING = (DropColumn, DropTable, TruncateTable, DropSchema, Delete, Unreadable)


@dataclass(frozen=True, slots=True)
class Taken:
    """A column, table or view that goes.

    Attributes:
        table: its name before the plan, with its schema; of a column, its table's.
        now_table, now_column: its name after the last step that renames it.
        dropped: it is gone in the end, and not only out of reach.
        moved_by, dropped_by: the step that does it, counted from 0; None for none.
    """

    kind: Kind
    table: QualifiedName
    column: str | None = None
    now_table: QualifiedName | None = None
    now_column: str | None = None
    dropped: bool = False
    moved_by: int | None = None
    dropped_by: int | None = None

    @property
    def is_own(self) -> bool:
        """Whether migsafe has made it, and takes it away with its change."""
        return self.column is None and self.table.name.startswith(OWN)


@dataclass
class Taking:
    """Follows operations in their order.

    Attributes:
        step: the step that is followed now, counted from 0.
        removed: other things that go on the way, as people write them: triggers, functions, policies, views, keys.
    """

    catalogue: Catalogue
    step: int = 0
    taken: list[Taken] = field(default_factory=list)
    removed: set[str] = field(default_factory=set)

    def follow(self, operations: Iterable[BaseOperation]) -> None:
        """Take some operations."""
        for operation in operations:
            self._take(operation)

    @property
    def going(self) -> tuple[Taken, ...]:
        """What goes in the end: not what takes the place of something else, nor what migsafe has made itself."""
        before = {(one.table, one.column) for one in self.taken}
        return tuple(
            one
            for one in self.taken
            if not one.is_own
            and (one.dropped or (one.now_table or one.table, one.now_column or one.column) not in before)
        )

    def _take(self, operation: BaseOperation) -> None:
        match operation:
            case RenameColumn(table=table, column=column, new_name=new):
                self._moved("column", table, column, column_to=new)
            case DropColumn(table=table, column=column):
                self._dropped("column", table, column)
            case RenameTable(table=table, new_name=new):
                self._moved("table", table, table_to=self._full(table).renamed(new.name))
            case SetSchema(kind=kind, name=name, schema=schema) if str(kind) in {"table", "view"}:
                self._moved("table", name, table_to=self._full(name).moved(schema))
            case RenameObject(kind=kind, name=name, new_name=new) if str(kind) == "view":
                self._moved("view", name, table_to=self._full(name).renamed(new))
            case DropTable(table=table):
                self._dropped("table", table)
            case DropView(view=view):
                self._dropped("view", view)
                self.removed.add(str(self._full(view)))
            case DropTrigger() | DropPolicy():
                self.removed.add(operation.name)
            case DropConstraint(name=str() as name):
                self.removed.add(name)
            case DropFunction(name=name) | DropIndex(index=name):
                self.removed.add(name.name)
            case _:
                pass

    def _full(self, name: QualifiedName) -> QualifiedName:
        for one in self.taken:
            if one.now_table is not None and one.now_table == name:
                return name
        return self.catalogue.resolve(name)

    def _moved(
        self, kind: Kind, table: QualifiedName, column: str | None = None, *,
        table_to: QualifiedName | None = None, column_to: str | None = None,
    ) -> None:  # fmt: skip
        at = self._known(table, column)
        if at is None:
            self.taken.append(Taken(kind, self._full(table), column, table_to, column_to, moved_by=self.step))
        else:
            known = self.taken[at]
            self.taken[at] = replace(
                known,
                now_table=table_to or known.now_table,
                now_column=column_to or known.now_column,
                moved_by=self.step,
            )

    def _dropped(self, kind: Kind, table: QualifiedName, column: str | None = None) -> None:
        at = self._known(table, column)
        if at is None:
            self.taken.append(Taken(kind, self._full(table), column, dropped=True, dropped_by=self.step))
        else:
            self.taken[at] = replace(self.taken[at], dropped=True, dropped_by=self.step)

    def _known(self, table: QualifiedName, column: str | None) -> int | None:
        """Which of those that went before it is, by the name that it has now."""
        full = self._full(table)
        for at, one in enumerate(self.taken):
            now = (one.now_table or one.table, one.now_column or one.column)
            if now == (full, column) or (one.column is None and column is None and now[0] in {full, table}):
                return at
        return None


def loses_data(operations: Iterable[BaseOperation]) -> bool:
    """Whether any of them takes rows or values away for good; code that nobody understood may do so."""
    return any(_loses(one) for one in operations)


def _loses(operation: BaseOperation) -> bool:
    if isinstance(operation, _LOSING):
        return True
    if isinstance(operation, AlterColumnType):
        return operation.using is not None
    if isinstance(operation, RunCode):
        return bool(operation.opaque) or loses_data(operation.operations)
    return False
