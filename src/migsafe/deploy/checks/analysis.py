"""All checks of a deployment, asked at the same time; none of them can hold up another, or the way back.

Each check has a thread of its own that nobody waits for: one that hangs is inconclusive until it comes back.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from migsafe.deploy.checks.context import Closing
from migsafe.deploy.redaction import Redaction
from migsafe.deploy.verdict import Result, Verdict
from migsafe.errors import MigsafeError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from migsafe.deploy.verdict import Check, Window

#: How long all checks together may take for one look, in seconds; the usual timeouts of each kind are shorter.
PATIENCE_S = 15.0
#: How long they may take while the window lasts, when only a failure counts and a later look finds that too.
GLANCE_S = 1.0


class Analysis:
    """What the coordinator asks while it waits: begin once for each window, then judge again and again."""

    def __init__(
        self,
        checks: Sequence[Check],
        *,
        patience_s: float = PATIENCE_S,
        glance_s: float = GLANCE_S,
        redaction: Redaction | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Args:
            patience_s: for the look of all checks at a window that is over, in seconds; a check that takes longer is
                inconclusive.
            glance_s: for a look at a window that is not over: what is not known then may be known at the next look.
            redaction: hides what is secret in the verdicts' texts.
        """
        self._news = threading.Condition()
        self._seats = tuple(_Seat(check, self._news) for check in checks)
        self._patience_s = patience_s
        self._glance_s = min(glance_s, patience_s)
        self._redaction = redaction or Redaction()
        self._clock = clock

    @property
    def names(self) -> tuple[str, ...]:
        """Of the checks, in their order."""
        return tuple(seat.check.name for seat in self._seats)

    def begin(self) -> None:
        """A window begins. Comes back when all checks know, or after a glance; one that hangs begins when it can."""
        for seat in self._seats:
            seat.begin()
        self._wait(self._is_quiet, self._clock() + self._glance_s)

    def judge(self, window: Window) -> tuple[Verdict, ...]:
        """What each check says, in their order.

        Comes back as soon as one has failed, since nothing that the others say can heal that; else when all have
        answered; and always when its time is over.
        """
        until = self._clock() + (self._patience_s if window.over else self._glance_s)
        for seat in self._seats:
            seat.judge(window)
        self._wait(self._is_known, until)
        if window.over and not self._has_failed():
            for seat in self._seats:
                seat.ask_again(window)
            self._wait(self._is_known, until)
        has_failed = self._has_failed()
        return tuple(self._shown(seat.take(has_failed=has_failed)) for seat in self._seats)

    def close(self) -> None:
        """Let go of what checks hold; a program that still runs is killed. Nothing is waited for."""
        for seat in self._seats:
            seat.close()

    def _has_failed(self) -> bool:
        return any(seat.has_failed for seat in self._seats)

    def _is_quiet(self) -> bool:
        return all(not seat.is_busy for seat in self._seats)

    def _is_known(self) -> bool:
        return self._has_failed() or self._is_quiet()

    def _wait(self, is_over: Callable[[], bool], until: float) -> None:
        with self._news:
            while not is_over() and (left := until - self._clock()) > 0:
                self._news.wait(left)

    def _shown(self, verdict: Verdict) -> Verdict:
        return replace(verdict, text=self._redaction.line(verdict.text))


@dataclass(slots=True)
class _Seat:
    """One check, and the thread in which it is asked; at most one at a time.

    Attributes:
        news: guards all that is here, and is told when the check has answered.
        window_number: counts the windows, so that a late answer of the one before is not taken for this one's.
        must_begin: the check has not been told of the window.
        answer: what it has said and nobody has taken yet.
        answered: what it was asked then.
    """

    check: Check
    news: threading.Condition
    window_number: int = 0
    must_begin: bool = False
    is_busy: bool = False
    answer: Verdict | None = None
    answered: Window | None = None

    @property
    def has_failed(self) -> bool:
        return self.answer is not None and self.answer.result is Result.FAIL

    def begin(self) -> None:
        with self.news:
            self.window_number += 1
            self.must_begin = True
            self.answer = None
        self._start(None)

    def judge(self, window: Window) -> None:
        """Ask, unless an answer to an earlier question of this window is awaited, or came too late for it."""
        with self.news:
            has_answered = self.answer is not None
        if not has_answered:
            self._start(window)

    def ask_again(self, window: Window) -> None:
        """What nobody could tell while the window lasted, somebody may tell now that it is over."""
        with self.news:
            is_last = self.answered == window or (self.answer is not None and self.answer.result is Result.PASS)
            if self.is_busy or (self.answer is not None and is_last):
                return
        self._start(window)

    def take(self, *, has_failed: bool) -> Verdict:
        """The answer, or that there is none.

        Args:
            has_failed: another check has, so this one was not waited for.
        """
        with self.news:
            answer, self.answer = self.answer, None
            if answer is not None:
                return answer
            why = "not waited for: another check has failed" if has_failed else "it has not answered in time"
            return Verdict(check=self.check.name, result=Result.INCONCLUSIVE, text=why)

    def close(self) -> None:
        if isinstance(self.check, Closing):
            self.check.close()

    def _start(self, window: Window | None) -> None:
        with self.news:
            if self.is_busy:
                return
            self.is_busy = True
        # A thread of a pool would be waited for at the end of the program.
        threading.Thread(target=self._work, args=(window,), name=f"check {self.check.name}", daemon=True).start()

    def _work(self, window: Window | None) -> None:
        with self.news:
            number, must_begin = self.window_number, self.must_begin
            self.must_begin = False
        answer = self._asked(window, must_begin=must_begin)
        with self.news:
            self.is_busy = False
            if number == self.window_number:
                self.answer, self.answered = answer, window
            self.news.notify_all()

    def _asked(self, window: Window | None, *, must_begin: bool) -> Verdict | None:
        try:
            if must_begin:
                self.check.begin()
                must_begin = False
            return None if window is None else self.check.judge(window)
        except Exception as error:  # a fault of one check is no reason to leave traffic where it is
            with self.news:
                self.must_begin = self.must_begin or must_begin
            return self._faulty(error)

    def _faulty(self, error: Exception) -> Verdict:
        why = error.message if isinstance(error, MigsafeError) else f"{type(error).__name__}: {error}"
        return Verdict(check=self.check.name, result=Result.INCONCLUSIVE, text=f"the check itself has failed: {why}")
