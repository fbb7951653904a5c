"""What statements will do to a server: locks, work, and how long that may take; pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from migsafe.contracts.taking import Taking, loses_data
from migsafe.contracts.values import PlannedLock, PlannedStatement
from migsafe.model.dialect import ServerVersion
from migsafe.model.locks import LockMode, Work
from migsafe.model.operation import BaseOperation, Operation, RunCode, Unreadable
from migsafe.rules.context import Surroundings
from migsafe.rules.events import EndOfScript
from migsafe.rules.knowledge.locks import locks
from migsafe.rules.knowledge.table_work import work_by_table
from migsafe.rules.walk import ScriptWalk

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migsafe.contracts.drafts import Draft
    from migsafe.model.catalogue import Catalogue
    from migsafe.model.names import QualifiedName

#: Bytes in a second, as far as nobody has measured the server: what a slow cloud disk does.
_SPEED = {Work.SCAN: 200 << 20, Work.INDEX_BUILD: 30 << 20, Work.REWRITE: 40 << 20}
_SAID = {
    Work.SCAN: "read at 200 MB/s",
    Work.INDEX_BUILD: "indexed at 30 MB/s",
    Work.REWRITE: "written anew at 40 MB/s",
}
_ORDER = (Work.NONE, Work.SCAN, Work.INDEX_BUILD, Work.REWRITE)


@dataclass
class Foresight:
    """Walks through the steps of a plan as the server would run them.

    Attributes:
        taking: what goes, after all steps that were walked through.
    """

    catalogue: Catalogue
    server: ServerVersion
    sizes: Mapping[QualifiedName, int] = field(default_factory=dict)
    taking: Taking = field(init=False)
    _steps: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self.taking = Taking(self.catalogue)

    def walk(self, draft: Draft) -> tuple[tuple[PlannedStatement, ...], bool]:
        """One step: its statements with what they do, and whether it loses data."""
        walk = ScriptWalk(
            draft.read,
            migration=draft.migration.id,
            catalogue=self.catalogue,
            server=self.server,
            surroundings=Surroundings(),
        )
        at = self._steps
        self._steps += 1
        wanted = {statement.span: number for number, statement in enumerate(draft.statements)}
        seen: list[_Seen] = [_Seen(statement.text) for statement in draft.statements]
        losing = False
        for operation in walk:
            statement = walk.context.statement
            if isinstance(operation, EndOfScript) or statement is None or statement.span not in wanted:
                continue
            seen[wanted[statement.span]].take(operation, walk.context.catalogue)
            if walk.context.code is None:
                self.taking.catalogue, self.taking.step = walk.context.catalogue, at
                self.taking.follow([operation])
                losing = losing or loses_data([operation])
        self.catalogue = walk.context.catalogue
        return tuple(one.foretold(self.sizes) for one in seen), losing


@dataclass
class _Seen:
    sql: str
    modes: dict[QualifiedName, LockMode] = field(default_factory=dict)
    work: dict[QualifiedName, Work] = field(default_factory=dict)
    opaque: bool = False

    def take(self, operation: Operation, catalogue: Catalogue) -> None:
        if isinstance(operation, Unreadable):
            self.opaque = True
        elif isinstance(operation, RunCode):
            self.opaque = bool(operation.opaque)
        self._locks(operation, catalogue)

    def _locks(self, operation: BaseOperation, catalogue: Catalogue) -> None:
        for claim in locks(operation, catalogue):
            self.modes[claim.table] = max(self.modes.get(claim.table, claim.mode), claim.mode)
        for table, bounds in work_by_table(operation, catalogue).items():
            if catalogue.table(table) is None:
                continue  # the server's own tables are small
            self.work[table] = max(self.work.get(table, Work.NONE), bounds.most, key=_ORDER.index)

    def foretold(self, sizes: Mapping[QualifiedName, int]) -> PlannedStatement:
        heaviest = max(self.work.values(), default=Work.NONE, key=_ORDER.index)
        seconds, how = _duration(self.work, sizes)
        return PlannedStatement(
            sql=self.sql,
            locks=tuple(
                PlannedLock(str(table), str(mode), mode.blocks)
                for table, mode in sorted(self.modes.items(), key=lambda one: (-one[1].value, one[0]))
            ),
            work=heaviest.value,
            seconds=seconds,
            how=how,
            opaque=self.opaque,
        )


def _duration(work: Mapping[QualifiedName, Work], sizes: Mapping[QualifiedName, int]) -> tuple[int, str]:
    """How long work takes, by the size of the tables; what only changes the catalogue takes no time to speak of."""
    parts: list[tuple[float, str]] = []
    for table, kind in sorted(work.items()):
        if kind is Work.NONE:
            continue
        size = sizes.get(table)
        if size is None:
            parts.append((0.0, f"{table}: size not known"))
        else:
            parts.append((size / _SPEED[kind], f"{_megabytes(size)} of {table} {_SAID[kind]}"))
    seconds = sum(part for part, _ in parts)
    return (max(1, round(seconds)) if seconds else 0), "; ".join(text for _, text in parts)


def _megabytes(size: int) -> str:
    return f"{max(1, round(size / (1 << 20)))} MB"
