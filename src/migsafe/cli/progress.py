"""A progress bar on the terminal's error stream, once a run has taken a second."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self, TextIO

_QUIET_SECONDS = 1.0
_SECONDS_BETWEEN = 0.1
_CELLS = 30
_ERASE_LINE = "\r\x1b[2K"

#: How much must be done before the rest can be judged by it.
_TELLING_PART = 0.05

#: Weight of the newest speed in the mean: migrations differ, and a bar that jumps is not believed.
_NEWEST = 0.1


class ProgressBar:
    """Call it with how much is done, and of how much; it leaves no trace behind."""

    def __init__(self, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        """
        Args:
            stream: where to draw; nothing is drawn where it is not a terminal.
            clock: seconds from any beginning.
        """
        self._stream: TextIO | None = sys.stderr if stream is None else stream  # `2>&-` leaves none
        self._clock = clock
        self._pace = _Pace(clock())
        shows = self._stream is not None and self._stream.isatty()
        self._due = clock() + _QUIET_SECONDS if shows else float("inf")
        self._drawn = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._drawn:
            self._write(_ERASE_LINE)

    def __call__(self, done: int, total: int) -> None:
        """Draw, when it is time to."""
        if (now := self._clock()) < self._due or total <= 0:
            return
        self._due = now + _SECONDS_BETWEEN
        self._drawn = True
        filled = min(_CELLS, _CELLS * done // total)
        left = self._pace.seconds_left(done, total, now)
        self._write(f"{_ERASE_LINE}{'█' * filled}{'░' * (_CELLS - filled)} {done}/{total}{_spelt(left)}")

    def _write(self, text: str) -> None:
        assert self._stream is not None, "without a stream no drawing is ever due"
        self._stream.write(text)
        self._stream.flush()


class _Pace:
    """How long the rest will take, by how long the last ones took; a history is applied faster than what is proved."""

    def __init__(self, now: float) -> None:
        self._last = (0, now)
        self._each: float | None = None

    def seconds_left(self, done: int, total: int, now: float) -> float | None:
        """Seconds; None while nobody can say."""
        before, then = self._last
        if done > before:
            newest = (now - then) / (done - before)
            self._each = newest if self._each is None else self._each + _NEWEST * (newest - self._each)
            self._last = (done, now)
        if self._each is None or done >= total or done < _TELLING_PART * total:
            return None
        return self._each * (total - done)


def _spelt(seconds: float | None) -> str:
    if seconds is None:
        return ""
    minutes, rest = divmod(round(seconds), 60)
    return f", {minutes} min {rest:02d} s left" if minutes else f", {rest} s left"
