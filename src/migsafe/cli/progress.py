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
        self._due = clock() + _QUIET_SECONDS if self._stream is not None and self._stream.isatty() else float("inf")
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
        self._write(f"{_ERASE_LINE}{'█' * filled}{'░' * (_CELLS - filled)} {done}/{total}")

    def _write(self, text: str) -> None:
        assert self._stream is not None, "without a stream no drawing is ever due"
        self._stream.write(text)
        self._stream.flush()
