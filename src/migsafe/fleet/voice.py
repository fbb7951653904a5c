"""What a person is told while many databases are under way: one line for each, and more of those that take long."""

from __future__ import annotations

import time
from contextlib import suppress
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

#: Seconds after which a database's own lines are said.
_QUIET = 5.0


class Voice:
    """Says lines, from whatever thread, one at a time."""

    def __init__(self, say: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        """
        Args:
            clock: seconds from any beginning.
        """
        self._say = say
        self._clock = clock
        self._turn = Lock()

    def say(self, line: str) -> None:
        """Say a line; that nobody listens any more is no reason to leave a database half-way."""
        with self._turn, suppress(OSError):
            self._say(line)

    def of(self, name: str) -> Callable[[str], None]:
        """Says lines of one database, from its fifth second on: what is quick is told by its end."""
        began, held = self._clock(), ""

        def say(line: str) -> None:
            nonlocal held
            if self._clock() - began < _QUIET:
                held = line
                return
            for one in filter(None, (held, line)):  # what it was about when it became long
                self.say(f"{name}: {one}")
            held = ""

        return say
