"""The patience of a run, kept while it goes on: looks before each try, pauses behind it, and somebody who watches."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from migsafe.runner.execution import Limits
from migsafe.runner.outcome import StepRefusedError
from migsafe.runner.patience import (
    Attempt,
    Budget,
    Failure,
    GiveUp,
    Tries,
    Wait,
    after_failure,
    after_passing,
    after_success,
    decide,
)

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from migsafe.model.statement import Statement
    from migsafe.postgres.connection import Session, StatementFailedError
    from migsafe.runner.patience import Sight
    from migsafe.runner.pieces import Piece

#: Somebody who looks on while a piece runs on a session.
Watching = Callable[["Session", "Piece"], "AbstractContextManager[None]"]


class Eyes(Protocol):
    """Who sees what goes on where a piece is to be tried."""

    def look(self, piece: Piece) -> Sight:
        """Who would be in the way; it locks nothing."""

    def is_strong(self, piece: Piece) -> bool:
        """Whether it takes a lock for which others have to wait."""

    def last_look(self, piece: Piece, statement: Statement | None = None) -> str:
        """Look once more, when nothing but the lock is to be taken: who has to wait for it though it is tried.

        Raises:
            StandbyReadError: when the moment has passed.
        """

    def sent(self, piece: Piece, statement: Statement) -> None:
        """A statement has taken its lock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaceOptions:
    """How patient a run is.

    Attributes:
        statement_ms: for how long a statement may run that keeps nobody waiting, in milliseconds; 0 is for ever.
        uncapped: why a try may hold a strong lock for as long as it takes; None where it may not.
    """

    budget: Budget = field(default_factory=Budget)
    statement_ms: int = 0
    uncapped: str | None = None


class RunPace:
    """The tries of one run: their share of the time counts for all of its pieces together.

    Attributes:
        waited_ms: how long was waited for moments, in milliseconds.
    """

    def __init__(
        self,
        options: PaceOptions,
        say: Callable[[str], None],
        eyes: Eyes,
        *,
        watch: Watching = lambda session, piece: nullcontext(),
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """
        Args:
            say: takes one line for a person.
            eyes: who would be in the way of a piece.
            watch: looks on while a piece runs.
            jitter: from 0 to 1, drawn anew each time.
        """
        self._options = options
        self._eyes = eyes
        self._watch = watch
        self._say = say
        self._clock = clock
        self._sleep = sleep
        self._jitter = jitter
        self._tries = Tries()
        self._attempt: Attempt | None = None
        self._said = ""
        self._warning = ""
        self._notes: list[str] = []
        self.waited_ms = 0

    def before(self, piece: Piece) -> Limits:
        """Wait for a moment in which nobody would wait behind it; what the attempt may take.

        Raises:
            StepRefusedError: when none came.
        """
        if self._attempt is None:
            self._tries = self._tries.next_piece(self._clock())
        strong = self._eyes.is_strong(piece) and self._options.uncapped is None
        while True:
            sight = self._eyes.look(piece)
            decision = decide(self._tries, self._clock(), sight, self._options.budget, strong=strong)
            if isinstance(decision, GiveUp):
                raise StepRefusedError(f"“{piece.title}”: {decision.why}", hint=decision.hint)
            if isinstance(decision, Attempt):
                self._attempt = decision
                return self._limits(piece, decision)
            self._pause(decision)

    def last_look(self, piece: Piece, statement: Statement | None = None) -> None:
        """Look once more, just before a statement; what is to be said of it is said when the piece has ended.

        Args:
            statement: None is the piece as a whole.

        Raises:
            StandbyReadError: when the moment has passed; no lock was taken.
        """
        self._warning = self._eyes.last_look(piece, statement) or self._warning

    def sent(self, piece: Piece, statement: Statement) -> None:
        """A statement has done its work; its transaction is open."""
        self._eyes.sent(piece, statement)

    def passed(self, sight: Sight) -> None:
        """The moment has passed before anything was locked: that was no try, and `before` waits for the next one."""
        assert self._attempt is not None, "it was about to be tried"
        self._tries = after_passing(self._tries, sight)
        self._warning = ""

    def take_notes(self) -> tuple[str, ...]:
        """What a person wants to know of the pieces up to now, one line each; once."""
        notes, self._notes = tuple(self._notes), []
        return notes

    def succeeded(self) -> None:
        """What was tried has succeeded."""
        assert self._attempt is not None, "it was tried"
        self._warn()
        self._tries = after_success(self._tries, self._attempt, self._clock(), self._options.budget)
        self._attempt = None

    def failed(self, piece: Piece, error: StatementFailedError, *, repeatable: bool = True) -> GiveUp | None:
        """Why a piece that failed is not tried again; None where it is.

        Args:
            repeatable: nothing of it is left.
        """
        assert self._attempt is not None, "it was tried"
        self._warn()
        failure = Failure(self._clock(), error.sqlstate, error.message)
        next_tries = after_failure(
            self._tries, self._attempt, failure, self._options.budget, jitter=self._jitter(), repeatable=repeatable
        )
        if isinstance(next_tries, GiveUp):
            self._attempt = None
            return next_tries
        self._tries = next_tries
        self._say(f"“{piece.title}”: {error.message}; it is tried again")
        return None

    def watching(self, session: Session, piece: Piece) -> AbstractContextManager[None]:
        """Somebody looks, while a piece runs, at who waits for it and for whom it waits."""
        return self._watch(session, piece)

    def _limits(self, piece: Piece, attempt: Attempt) -> Limits:
        if piece.alone:  # what it does takes as long as it takes; what it waits for with a strong lock does not
            return Limits(lock=0 if piece.waits_for_snapshots else attempt.lock_ms, statement=0)
        return Limits(
            lock=attempt.lock_ms,
            statement=attempt.cap_ms or self._options.statement_ms,
            whole=attempt.transaction_ms,
            capped=attempt.cap_ms > 0,
        )

    def _warn(self) -> None:
        if self._warning:
            self._say(f"warning: {self._warning}")
            self._notes.append(self._warning)
        self._warning = ""

    def _pause(self, wait: Wait) -> None:
        if wait.why and wait.about != self._said:
            self._said = wait.about
            self._say(f"waiting: {wait.why}")
        self.waited_ms += round(wait.seconds * 1000)
        self._sleep(wait.seconds)
