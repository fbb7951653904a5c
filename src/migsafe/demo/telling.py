"""To whom the story is told."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    from collections.abc import Callable

_EVERY_S = 0.25


class Teller(Protocol):
    """Somebody who brings the story to people: a terminal, a test."""

    def chapter(self, title: str, why: str) -> None:
        """Something new begins.

        Args:
            why: one or two sentences.
        """

    def does(self, command: str) -> None:
        """A command of migsafe's that does what happens now."""

    def says(self, line: str) -> None:
        """Something that happens, as the command says it."""

    def fact(self, line: str) -> None:
        """Something to remember."""

    def lately(self, line: str) -> None:
        """How things stand in this moment; the next one takes its place."""


class Ticker:
    """A context manager that tells four times in a second how things stand."""

    def __init__(self, teller: Teller, spell: Callable[[], str]) -> None:
        self._teller = teller
        self._spell = spell
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._tick, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._teller.lately("")

    def _tick(self) -> None:
        while not self._over.wait(_EVERY_S):
            self._teller.lately(self._spell())
