"""A step of a SQL layout on the runner's own connection: piece by piece, each journalled and tried in its moment."""

from __future__ import annotations

from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from migsafe.errors import MigsafeError
from migsafe.postgres.connection import connect
from migsafe.runner.behind import COMMITTED, transaction_status
from migsafe.runner.execution import (
    Limits,
    PieceFailedError,
    PieceRun,
    note_failure,
    note_passed,
    run_alone,
    run_together,
)
from migsafe.runner.outcome import StepRefusedError, StepStoppedError
from migsafe.runner.probes import Answer, probe_statement
from migsafe.runner.resuming import Outlook, outlook_of
from migsafe.runner.standbys import StandbyReadError
from migsafe.tracker.journal import PieceEntry, PieceStatus, write_entry

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from migsafe.model.script import Script
    from migsafe.model.statement import Statement
    from migsafe.postgres.connection import Session, StatementFailedError
    from migsafe.runner.access import Together
    from migsafe.runner.patience import GiveUp, Sight
    from migsafe.runner.pieces import Piece
    from migsafe.runner.probes import Probe
    from migsafe.runner.target import OpenTarget
    from migsafe.tracker.journal import Unfinished
    from migsafe.tracker.ledger import Ledger

#: How often an index that was left invalid is built again.
REBUILDS = 2
_ABORTED, _IN_PROGRESS = "aborted", "in progress"


class Pace(Protocol):
    """When a piece may be tried, how long it may take, and whether it is tried again."""

    def before(self, piece: Piece) -> Limits:
        """Wait for a moment in which nobody would wait behind it; what the attempt may take.

        Raises:
            StepRefusedError: when none came.
        """

    def last_look(self, piece: Piece, statement: Statement | None = None) -> None:
        """Look once more, just before a statement, or before the piece as a whole.

        Raises:
            StandbyReadError: when the moment has passed; no lock was taken.
        """

    def sent(self, piece: Piece, statement: Statement) -> None:
        """A statement has done its work; its transaction is open."""

    def passed(self, sight: Sight) -> None:
        """The moment has passed before anything was locked: that was no try."""

    def succeeded(self) -> None:
        """What was tried has succeeded."""

    def failed(self, piece: Piece, error: StatementFailedError, *, repeatable: bool = True) -> GiveUp | None:
        """Why a piece that failed is not tried again; None where it is.

        Args:
            repeatable: nothing of it is left.
        """

    def watching(self, session: Session, piece: Piece) -> AbstractContextManager[None]:
        """Somebody looks, while a piece runs, at who waits for it and for whom it waits."""


@dataclass(slots=True)
class Tally:
    """What running a step has come to so far."""

    skipped: int = 0
    ran_ms: int = 0
    retries: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlStep:
    """One way of a step, ready to run.

    Attributes:
        run: under which its pieces are journalled.
        before: what the journal has of it.
        first: is called inside of each transaction before anything else: the fence.
        last: is called once, inside of the last transaction: the tool's own row, and what the tracker says of the step.
        fence: whether it is still our turn, asked of a tracker that is elsewhere.
    """

    run: str
    script: Script
    pieces: tuple[Piece, ...]
    before: Unfinished | None
    first: Callable[[Together], None]
    last: Callable[[Together, int], None]
    fence: Callable[[Ledger], None] = lambda ledger: None


class SqlMethod:
    """Runs steps on one database."""

    def __init__(
        self,
        target: OpenTarget,
        pace: Pace,
        say: Callable[[str], None],
        *,
        hold: Callable[[Session], AbstractContextManager[None]] = lambda session: nullcontext(),
    ) -> None:
        """
        Args:
            say: takes one line for a person.
            hold: keeps the turn on one more session, which runs what no transaction may hold (`Turn.on`).
        """
        self._hold = hold
        self._target = target
        self._pace = pace
        self._say = say

    def run(self, step: SqlStep) -> Tally:
        """Run what is left of a step.

        Raises:
            StepRefusedError: when a piece may not run now, and nothing of the step was changed by this call.
            StepStoppedError: when a piece failed; what was done before it stays.
        """
        tally = Tally()
        entries = step.before.entries if step.before is not None else {}
        for piece in step.pieces:
            entry = entries.get(piece.n)
            if self._is_behind_us(piece, entry, step):
                tally.skipped += 1
                continue
            self._run_piece(piece, entry, step, tally)
        if not step.pieces or step.pieces[-1].alone or tally.skipped == len(step.pieces):
            self._conclude(step, tally)
        return tally

    def _is_behind_us(self, piece: Piece, entry: PieceEntry | None, step: SqlStep) -> bool:
        outlook = outlook_of(piece, entry)
        if outlook is Outlook.EDITED:
            raise StepRefusedError(
                f"{step.script.path} is not the text that was begun: “{piece.title}” is another statement now",
                hint="check out the text that ran, or migsafe run repair",
            )
        if outlook is Outlook.ASK_TRANSACTION and entry is not None:
            return self._was_committed(piece, entry, step)
        if outlook is Outlook.PROBE and entry is not None:
            return self._has_happened(piece, entry, step)
        return outlook is Outlook.DONE

    def _was_committed(self, piece: Piece, entry: PieceEntry, step: SqlStep) -> bool:
        answer = transaction_status(self._target.session, entry.xid or "")
        if answer == _IN_PROGRESS:
            raise StepRefusedError(
                f"the transaction {entry.xid} of “{piece.title}” is still open: its process has not ended",
                hint="wait until it has, or end it: it is in pg_stat_activity as migsafe",
            )
        if answer == _ABORTED:
            return False
        if answer != COMMITTED:
            raise StepStoppedError(
                f"nobody knows any more whether the transaction {entry.xid} of “{piece.title}” was committed",
                hint="migsafe run repair looks at what is there",
            )
        with self._target.access.writing() as store:
            done = replace(entry, status=PieceStatus.DONE, ended_at=store.now, note="committed, by pg_xact_status")
            write_entry(store, step.run, done)
        return True

    def _has_happened(self, piece: Piece, entry: PieceEntry, step: SqlStep) -> bool:
        """A statement that stood alone: done, to be run, or to be mended first; not known stops here."""
        answer = self._probe(piece)
        if answer.answer is Answer.INVALID:
            self._mend(answer, piece, entry.attempts)
            answer = self._probe(piece)
        if answer.answer is Answer.MISSING:
            return False
        if answer.answer is Answer.DONE:
            with self._target.access.writing() as store:
                done = replace(entry, status=PieceStatus.DONE, ended_at=store.now, note=answer.text)
                write_entry(store, step.run, done)
            return True
        if answer.pid is not None:
            raise StepRefusedError(f"{answer.text}", hint=f"wait until process {answer.pid} of the server has ended")
        raise StepStoppedError(f"“{piece.title}”: {answer.text}", hint="migsafe run repair, once you have looked")

    def _probe(self, piece: Piece) -> Probe:
        session = self._target.session
        try:
            return probe_statement(session, piece.statements[0])
        finally:
            session.rollback()

    def _mend(self, answer: Probe, piece: Piece, attempts: int) -> None:
        if attempts > REBUILDS:
            raise StepStoppedError(
                f"“{piece.title}” was tried {attempts} times, and {answer.text}",
                hint=f"look why, take it away ({'; '.join(answer.mend)}), then migsafe run resume",
            )
        self._say(f"{answer.text}: {'; '.join(answer.mend)}")
        with connect(self._target.dsn, autocommit=True) as alone, self._hold(alone):
            alone.execute("set lock_timeout = 0; set statement_timeout = 0")
            for statement in answer.mend:
                alone.execute(statement)

    def _run_piece(self, piece: Piece, entry: PieceEntry | None, step: SqlStep, tally: Tally) -> None:
        attempts = entry.attempts if entry is not None else 0
        passed: PieceRun | None = None
        while True:
            limits = self._limits(piece, passed)
            job = self._job(piece, attempts + 1, limits, step, tally)
            try:
                done = self._attempt(job)
            except StandbyReadError as read:
                self._pace.passed(read.sight)
                passed = job if attempts == 0 else None
                continue
            except PieceFailedError as error:
                attempts += 1
                gave_up = self._again(job, error)
                if gave_up is None:
                    tally.retries += 1
                    continue
                self._stop(job, error, step, gave_up)
            self._pace.succeeded()
            tally.ran_ms += done.ran_ms or 0
            return

    def _limits(self, piece: Piece, passed: PieceRun | None) -> Limits:
        """Wait for the moment of the next attempt.

        Args:
            passed: the last one, of which only the intent is there: where no moment comes, nothing was begun.
        """
        try:
            return self._pace.before(piece)
        except StepRefusedError as refused:
            if passed is not None and (piece.alone or not self._target.access.is_beside):
                note_passed(self._target.access, passed, refused.message)
            raise

    def _attempt(self, job: PieceRun) -> PieceEntry:
        if not job.piece.alone:
            with self._pace.watching(self._target.session, job.piece):
                return run_together(self._target.session, self._target.access, job)
        with (
            connect(self._target.dsn, autocommit=True) as alone,
            self._hold(alone),
            self._pace.watching(alone, job.piece),
        ):
            done = run_alone(alone, self._target.access, job)
        with self._target.access.writing() as store:
            done = replace(done, ended_at=store.now)
            write_entry(store, job.run, done)
        return done

    def _again(self, job: PieceRun, error: PieceFailedError) -> GiveUp | None:
        """What failed in a transaction left nothing; what stood alone is looked at first."""
        gave_up = self._pace.failed(job.piece, error.error)
        if gave_up is None and job.piece.alone:
            answer = self._probe(job.piece)
            if answer.answer is Answer.INVALID:
                self._mend(answer, job.piece, job.attempts)
        return gave_up

    def _stop(self, job: PieceRun, error: PieceFailedError, step: SqlStep, gave_up: GiveUp) -> None:
        place = error.place(step.script)
        if error.may_be_committed:  # the journal has the transaction's id, which must stay there
            raise StepStoppedError(
                f"{place}: {error.error.message}; nobody could tell whether it was committed",
                hint="migsafe run resume asks the server, and goes on from there",
            ) from None
        with suppress(MigsafeError):  # with the connection lost, or the tracker away, the intent tells enough
            note_failure(self._target.access, job, error)
        hint = gave_up.hint or error.error.hint or "migsafe run resume goes on where it stopped"
        raise StepStoppedError(f"{place}: {gave_up.why}", hint=hint) from None

    def _job(self, piece: Piece, attempts: int, limits: Limits, step: SqlStep, tally: Tally) -> PieceRun:
        is_last = piece is step.pieces[-1]

        def last(together: Together) -> None:
            if is_last:
                step.last(together, tally.ran_ms)

        return PieceRun(
            run=step.run,
            piece=piece,
            began_at=self._target.clock(),
            attempts=attempts,
            limits=limits,
            first=step.first,
            last=last,
            fence=step.fence,
            last_look=lambda statement: self._pace.last_look(piece, statement),
            sent=lambda statement: self._pace.sent(piece, statement),
        )

    def _conclude(self, step: SqlStep, tally: Tally) -> None:
        """The end of a step whose last piece could not hold it: a transaction of its own."""

        def about_to_commit(store: object, xid: str) -> None:
            """What is done here can be done again."""

        with self._target.access.together(about_to_commit) as together:
            step.first(together)
            step.last(together, tally.ran_ms)
