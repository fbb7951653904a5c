"""One piece of a step, run on a database: as a whole or not at all, and journalled.

Nothing here decides whether it may run, or how often it is tried.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from migsafe.postgres.connection import StatementFailedError
from migsafe.runner.pieces import settings_text
from migsafe.tracker.journal import PieceEntry, PieceStatus, write_entry

if TYPE_CHECKING:
    from datetime import datetime

    from migsafe.model.script import Script
    from migsafe.model.statement import Statement
    from migsafe.postgres.connection import Session
    from migsafe.runner.access import Access, Together
    from migsafe.runner.pieces import Piece
    from migsafe.tracker.ledger import Ledger
    from migsafe.tracker.store import Store

#: The tool's own transaction that a piece leaves idle, for example because the machine sleeps.
_IDLE_MS = 60_000
_TRANSACTION_TIMEOUT_SINCE = 170000
#: Classes of errors with which a session ends: connection exception, operator intervention (manual, appendix A).
_LOST = ("08", "57P")
#: How the note of a piece begins that failed outside of a transaction: something of it may be left.
LEFT = "alone: "


def may_have_left(entry: PieceEntry) -> bool:
    """Whether something of a piece may be there, by what the journal has of it; nobody has looked yet."""
    return entry.status is not PieceStatus.FAILED or (entry.note or "").startswith(LEFT)


@dataclass(frozen=True, slots=True)
class Limits:
    """For how long one attempt may wait and run, in milliseconds; 0 is for ever.

    Attributes:
        lock: for one lock.
        statement: for one statement, its waits included.
        whole: for the whole transaction, from Postgres 17 on.
        capped: `statement` is for all of them together: each next one has what is left of it.
    """

    lock: int = 500
    statement: int = 0
    whole: int = 0
    capped: bool = False


class PieceFailedError(Exception):
    """A piece was refused by the server.

    Attributes:
        statement: the one that failed; None where it was the end of the transaction.
        error: what the server said.
    """

    def __init__(self, statement: Statement | None, error: StatementFailedError) -> None:
        self.statement = statement
        self.error = error
        super().__init__(error.message)

    @property
    def may_be_committed(self) -> bool:
        """The connection was lost while the server was told to commit: only the server knows."""
        lost = self.error.sqlstate is None or self.error.sqlstate.startswith(_LOST)
        return self.statement is None and lost

    def place(self, script: Script) -> str:
        """Where in the file that is."""
        if self.statement is None:
            return f"{script.path} (at its end)"
        return f"{script.path}:{script.position(self.statement.span.start).line}"


#: Called inside of a piece's transaction before its first statement, and after its last one.
Inside = Callable[["Together"], None]
#: Called just before one of its statements, or just after it.
Beside = Callable[["Statement"], None]


def _nothing(statement: Statement) -> None:
    """Nobody looks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PieceRun:
    """What is known of a piece that is about to run.

    Attributes:
        run: under which it is journalled.
        began_at: when it is; for the journal.
        attempts: how often it was begun, this time included.
        first: what is checked and said in its transaction before its first statement.
        fence: whether it is still our turn, asked of a tracker that is elsewhere, just before the commit.
        last: what is done in its transaction after its last one: the tool's own row, what the tracker says of the step.
        last_look: may refuse a statement by an exception of its own; what was done before it is taken back.
        sent: a statement has taken its locks.
    """

    run: str
    piece: Piece
    began_at: datetime
    attempts: int
    limits: Limits
    first: Inside
    last: Inside
    fence: Callable[[Ledger], None] = lambda ledger: None
    last_look: Beside = _nothing
    sent: Beside = _nothing


def run_together(session: Session, access: Access, job: PieceRun) -> PieceEntry:
    """Run a piece as one transaction.

    Args:
        session: not in autocommit, and in no transaction.

    Returns:
        What the journal says of it now.

    Raises:
        PieceFailedError: when the server refuses it; then nothing of it is left.
    """
    entry = _entry(job)
    began = time.monotonic()

    def about_to_commit(store: Store, xid: str) -> None:
        job.fence(store.ledger)
        write_entry(store, job.run, replace(entry, xid=xid))

    if not access.is_beside:
        with access.writing() as store:
            write_entry(store, job.run, entry)
    at: Statement | None = job.piece.statements[0]

    def opening() -> None:
        """An isolation level is refused once anything was asked in the transaction."""
        for statement in job.piece.opening:
            session.execute(statement.text)

    try:
        with access.together(about_to_commit, opening) as together:
            _set_limits(session, job.limits)
            job.first(together)
            _tell_settings(session, job.piece)
            for at in job.piece.statements[len(job.piece.opening) :]:
                if job.limits.capped and at is not job.piece.statements[0]:
                    left = max(job.limits.statement - _since(began), 1)
                    session.query("select set_config('statement_timeout', %s, true)", (f"{left}ms",))
                job.last_look(at)
                session.execute(at.text)
                job.sent(at)
            at = None
            done = replace(entry, status=PieceStatus.DONE, ran_ms=_since(began))
            together.record(lambda store: write_entry(store, job.run, replace(done, ended_at=store.now)))
            job.last(together)
    except StatementFailedError as error:
        raise PieceFailedError(at, error) from None
    return done


def run_alone(session: Session, access: Access, job: PieceRun) -> PieceEntry:
    """Run a statement that no transaction may hold.

    Args:
        session: in autocommit.

    Returns:
        What the journal says of it now; `job.last` has not been called.

    Raises:
        PieceFailedError: when the server refuses it, or it was cut off; then something of it may be left.
    """
    entry = _entry(job)
    began = time.monotonic()
    with access.writing() as store:
        write_entry(store, job.run, entry)
    statement = job.piece.statements[0]
    try:
        _set_session_limits(session, job.limits)
        _tell_settings(session, job.piece)
        job.last_look(statement)
        session.execute(statement.text)
    except StatementFailedError as error:
        raise PieceFailedError(statement, error) from None
    return replace(entry, status=PieceStatus.DONE, ran_ms=_since(began))


def note_failure(access: Access, job: PieceRun, error: PieceFailedError) -> None:
    """Say in the journal that a piece has failed."""
    _note(access, job, f"{LEFT}{error.error.message}" if job.piece.alone else error.error.message)


def note_passed(access: Access, job: PieceRun, why: str) -> None:
    """Say in the journal that nothing of a piece was begun, though its intent is there."""
    _note(access, job, why)


def _note(access: Access, job: PieceRun, note: str) -> None:
    with access.writing() as store:
        failed = replace(_entry(job), status=PieceStatus.FAILED, ended_at=store.now, note=note)
        write_entry(store, job.run, failed)


def _entry(job: PieceRun) -> PieceEntry:
    return PieceEntry(
        n=job.piece.n,
        sha=job.piece.sha,
        status=PieceStatus.RUNNING,
        began_at=job.began_at,
        attempts=job.attempts,
    )


def _set_limits(session: Session, limits: Limits) -> None:
    """Of this transaction only: a session behind a pooler, or one that goes on, keeps none of it."""
    settings = {
        "lock_timeout": limits.lock,
        "statement_timeout": limits.statement,
        "idle_in_transaction_session_timeout": _IDLE_MS,
    }
    if session.server_version >= _TRANSACTION_TIMEOUT_SINCE:
        settings["transaction_timeout"] = limits.whole
    for name, milliseconds in settings.items():
        session.query("select set_config(%s, %s, true)", (name, f"{milliseconds}ms"))


def _set_session_limits(session: Session, limits: Limits) -> None:
    for name, milliseconds in (("lock_timeout", limits.lock), ("statement_timeout", limits.statement)):
        session.query("select set_config(%s, %s, false)", (name, f"{milliseconds}ms"))


def _tell_settings(session: Session, piece: Piece) -> None:
    if piece.settings:
        session.execute(settings_text(piece.settings))


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
