"""The patience of a run, kept while it goes on: looks before each try, pauses behind it, and somebody who watches."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from migsafe.runner.execution import Limits
from migsafe.runner.outcome import StepRefusedError
from migsafe.runner.patience import (
    Attempt,
    Budget,
    Failure,
    GiveUp,
    Sight,
    Tries,
    Wait,
    after_failure,
    after_success,
    decide,
)

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from migsafe.postgres.connection import Session, StatementFailedError
    from migsafe.runner.pieces import Piece

#: What is seen of who would be in the way of a piece; it locks nothing.
Look = Callable[["Piece"], Sight]
#: Somebody who looks on while a piece runs on a session.
Watching = Callable[["Session", "Piece"], "AbstractContextManager[None]"]


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
        *,
        look: Look = lambda piece: Sight(),
        is_strong: Callable[[Piece], bool] = lambda piece: not piece.alone,
        watch: Watching = lambda session, piece: nullcontext(),
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """
        Args:
            say: takes one line for a person.
            look: who would be in the way of a piece.
            is_strong: whether a piece takes a lock for which others have to wait.
            watch: looks on while a piece runs.
            jitter: from 0 to 1, drawn anew each time.
        """
        self._options = options
        self._look = look
        self._is_strong = is_strong
        self._watch = watch
        self._say = say
        self._clock = clock
        self._sleep = sleep
        self._jitter = jitter
        self._tries = Tries()
        self._attempt: Attempt | None = None
        self._said = ""
        self.waited_ms = 0

    def before(self, piece: Piece) -> Limits:
        """Wait for a moment in which nobody would wait behind it; what the attempt may take.

        Raises:
            StepRefusedError: when none came.
        """
        if self._attempt is None:
            self._tries = self._tries.next_piece(self._clock())
        strong = self._is_strong(piece) and self._options.uncapped is None
        while True:
            sight = self._look(piece)
            decision = decide(self._tries, self._clock(), sight, self._options.budget, strong=strong)
            if isinstance(decision, GiveUp):
                raise StepRefusedError(f"“{piece.title}”: {decision.why}", hint=decision.hint)
            if isinstance(decision, Attempt):
                self._attempt = decision
                return self._limits(piece, decision)
            self._pause(decision)

    def succeeded(self) -> None:
        """What was tried has succeeded."""
        assert self._attempt is not None, "it was tried"
        self._tries = after_success(self._tries, self._attempt, self._clock(), self._options.budget)
        self._attempt = None

    def failed(self, piece: Piece, error: StatementFailedError, *, repeatable: bool = True) -> GiveUp | None:
        """Why a piece that failed is not tried again; None where it is.

        Args:
            repeatable: nothing of it is left.
        """
        assert self._attempt is not None, "it was tried"
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

    def _pause(self, wait: Wait) -> None:
        if wait.why and wait.about != self._said:
            self._said = wait.about
            self._say(f"waiting: {wait.why}")
        self.waited_ms += round(wait.seconds * 1000)
        self._sleep(wait.seconds)
