"""A step that is a program: the project's own tool runs it, and its own table says what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.model.script import Direction
from migsafe.postgres.connection import StatementFailedError, Timeouts
from migsafe.runner.execution import LEFT
from migsafe.runner.outcome import StepRefusedError, StepStoppedError
from migsafe.runner.pieces import Piece
from migsafe.runner.sql_method import Tally
from migsafe.runner.standbys import StandbyReadError
from migsafe.runner.tools import Left, ToolFailure, is_one_transaction, left_by
from migsafe.tracker.journal import PieceEntry, PieceStatus, write_entry

if TYPE_CHECKING:
    from collections.abc import Callable

    from migsafe.model.script import Migration
    from migsafe.runner.execution import Limits
    from migsafe.runner.patience import GiveUp
    from migsafe.runner.sql_method import Pace
    from migsafe.runner.step import StepJob
    from migsafe.runner.target import OpenTarget
    from migsafe.runner.tools import ProjectTool, ToolRun
    from migsafe.tracker.store import Store

_UP = Direction.UP


class ToolMethod:
    """Runs steps of Alembic and Django, one migration at a time."""

    def __init__(self, target: OpenTarget, tool: ProjectTool, pace: Pace, say: Callable[[str], None]) -> None:
        self._target = target
        self._tool = tool
        self._pace = pace
        self._say = say

    def run(self, job: StepJob) -> Tally:
        """See `Method`; a migration that the tool's table has already is only recorded."""
        migration, tally = job.step.migration, Tally()
        applied = self._tool.applied()
        if migration.id in applied:
            tally.skipped = 1
        else:
            if job.before is not None and left_by(migration, _UP, applied) is Left.UNKNOWN:
                raise _unknown(migration)
            self._run(job, tally)
        self._conclude(job, tally)
        return tally

    def _run(self, job: StepJob, tally: Tally) -> None:
        migration = job.step.migration
        piece = Piece(1, job.read.statements, alone=not is_one_transaction(migration, _UP))
        passed = False
        while True:
            limits = self._limits(job, piece, tally, passed=passed)
            self._note(job, piece, PieceStatus.RUNNING, tally)
            try:
                result = self._attempt(migration, limits, piece)
            except StandbyReadError as read:
                self._pace.passed(read.sight)
                passed = True
                continue
            passed = False
            if not isinstance(result, ToolFailure):
                tally.ran_ms += result.took_ms
                self._pace.succeeded()
                self._note(job, piece, PieceStatus.DONE, tally)
                return
            if result.left is Left.ALL:
                self._say(f"{migration.id} is applied; what failed came after it: {result.message}")
                self._pace.succeeded()
                return
            gave_up = self._again(piece, result)
            if gave_up is not None:
                self._stop(job, piece, result, tally, gave_up)
            tally.retries += 1

    def _limits(self, job: StepJob, piece: Piece, tally: Tally, *, passed: bool) -> Limits:
        """Wait for the moment of the next attempt.

        Args:
            passed: of the last one, only the intent is there.
        """
        try:
            return self._pace.before(piece)
        except StepRefusedError as refused:
            if passed:
                self._note(job, piece, PieceStatus.FAILED, tally, refused.message)
            raise

    def _attempt(self, migration: Migration, limits: Limits, piece: Piece) -> ToolRun | ToolFailure:
        timeouts = Timeouts(lock=limits.lock, statement=limits.statement)
        return self._tool.run(_UP, migration, timeouts=timeouts, last_look=lambda: self._pace.last_look(piece))

    def _again(self, piece: Piece, failure: ToolFailure) -> GiveUp | None:
        error = StatementFailedError(failure.message, sqlstate=failure.sqlstate)
        return self._pace.failed(piece, error, repeatable=failure.retriable)

    def _stop(self, job: StepJob, piece: Piece, failure: ToolFailure, tally: Tally, gave_up: GiveUp) -> None:
        note = failure.message if failure.left is Left.NOTHING else f"{LEFT}{failure.message}"
        self._note(job, piece, PieceStatus.FAILED, tally, note)
        place = job.step.migration.path + (f":{failure.line}" if failure.line is not None else "")
        hint = gave_up.hint or ("migsafe run goes on with it" if failure.left is Left.NOTHING else _LOOK)
        raise StepStoppedError(f"{place}: {gave_up.why}", hint=hint)

    def _note(self, job: StepJob, piece: Piece, status: PieceStatus, tally: Tally, note: str | None = None) -> None:
        with self._target.access.writing() as store:
            entry = PieceEntry(
                n=1,
                sha=piece.sha,
                status=status,
                began_at=store.now,
                attempts=tally.retries + 1,
                ran_ms=tally.ran_ms,
                note=note,
            )
            write_entry(store, job.run, entry)

    def _conclude(self, job: StepJob, tally: Tally) -> None:
        def about_to_commit(store: Store, xid: str) -> None:
            """The tool has committed already; this can be said again."""

        with self._target.access.together(about_to_commit) as together:
            job.guard(together)
            job.conclude(together, tally.ran_ms)


_LOOK = "look what is there; then migsafe run repair, or the tool itself"


def _unknown(migration: Migration) -> StepStoppedError:
    return StepStoppedError(
        f"{migration.id} was cut off, and commits in the middle: nobody knows how far it came", hint=_LOOK
    )
