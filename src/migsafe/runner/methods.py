"""Which method runs a step: SQL on our own connection, the project's own tool, or a backfill."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.books import Applied, book_of
from migsafe.runner.backfill_method import BackfillMethod
from migsafe.runner.pieces import pieces_of
from migsafe.runner.sql_method import SqlMethod, SqlStep
from migsafe.runner.step import StepWork
from migsafe.runner.tool_method import ToolMethod
from migsafe.runner.tools import tool_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from migsafe.bookkeeping.project import ProjectStep
    from migsafe.books import Book
    from migsafe.config import Config
    from migsafe.model.script import Migration, MigrationSet
    from migsafe.runner.planned import Planned
    from migsafe.runner.sql_method import Pace, Tally
    from migsafe.runner.step import StepJob
    from migsafe.runner.target import OpenTarget
    from migsafe.runner.tools import ToolSettings
    from migsafe.runner.turn import Turn


class Methods:
    """The methods for one layout on one database.

    Attributes:
        book: the tool's own table; None where it has none, or writes it by itself.
    """

    def __init__(
        self,
        layout: MigrationSet,
        target: OpenTarget,
        config: Config,
        *,
        replicas: Sequence[str] = (),
        tool: ToolSettings | None = None,
    ) -> None:
        """
        Args:
            replicas: standbys of the database, as people say addresses.
            tool: how the project's own tool is told of the database.
        """
        self._layout = layout
        self._replicas = replicas
        self._target = target
        self._tool = tool_of(layout, target.dsn, config, tool)
        self.book: Book | None = None if self._tool is not None else book_of(layout)

    @property
    def in_a_line(self) -> bool:
        """Whether no migration can be passed over."""
        return self._tool is not None or (self.book is not None and self.book.is_a_line)

    @property
    def table(self) -> str:
        """The tool's own table, as people write it."""
        return self.book.table if self.book is not None else f"the table of {self._layout.tool}"

    def makes(self) -> tuple[str, ...]:
        """The tables that a run would make besides those of its steps: the tool's own one, where it is not there."""
        session = self._target.session
        try:
            return () if self.book is None or self.book.exists(session) else (self.book.table,)
        finally:
            session.rollback()

    def close(self) -> None:
        """End the tool's process, where there is one."""
        if self._tool is not None:
            self._tool.close()

    def applied(self) -> tuple[Applied, ...] | None:
        """What the tool's own table has; None where there is no such table."""
        if self._tool is not None:
            return tuple(Applied(id=name) for name in sorted(self._tool.applied()))
        session = self._target.session
        try:
            if self.book is None or not self.book.exists(session):
                return None
            return self.book.applied(session)
        finally:
            session.rollback()

    def ran_by_tool(self) -> frozenset[str]:
        """Migrations that the project's own tool has run; none where steps are run by migsafe itself."""
        return frozenset() if self._tool is None else frozenset(self._tool.applied())

    def work(
        self, step: ProjectStep, planned: Planned | None, pace: Pace, turn: Turn, say: Callable[[str], None]
    ) -> StepWork:
        """What a step is run with."""
        if self._tool is not None:
            return StepWork(method=ToolMethod(self._target, self._tool, pace, say), floor=step.floor)
        mark = self.mark if self.book is not None else None
        if planned is not None and planned.step.backfill is not None:
            return StepWork(method=BackfillMethod(self._target, self._replicas, say), mark=mark, floor=step.floor)
        return StepWork(method=_BySql(SqlMethod(self._target, pace, say, hold=turn.on)), mark=mark, floor=step.floor)

    def mark(self, migration: Migration, ran_ms: int) -> None:
        """Keep the tool's table in step, in the transaction that is open; what stands there already stays."""
        book, session = self.book, self._target.session
        assert book is not None, "who has no book marks nothing"
        if not book.exists(session):
            book.make(session)
        if migration.id not in {one.id for one in book.applied(session)}:
            book.mark_applied(session, migration, ran_ms=ran_ms)


class _BySql:
    """The way up of a SQL layout."""

    def __init__(self, method: SqlMethod) -> None:
        self._method = method

    def run(self, job: StepJob) -> Tally:
        """See `Method`."""
        return self._method.run(
            SqlStep(
                run=job.run,
                script=job.read.script,
                pieces=pieces_of(job.read),
                before=job.before,
                first=job.guard,
                last=job.conclude,
                fence=job.fence,
            )
        )
