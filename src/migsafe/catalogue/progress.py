"""How far a run over migrations has come, for whoever shows it."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

#: Called with how many are done, and of how many.
Progress = Callable[[int, int], None]


class Counter:
    """Tells the progress callback how many migrations are done."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self._progress = progress
        self._total = total
        self._done = 0
        self._lock = Lock()

    def next(self) -> None:
        """One more is done, in whatever thread."""
        with self._lock:
            self._done += 1
            if self._progress is not None:
                self._progress(self._done, self._total)
