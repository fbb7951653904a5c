"""How a call tells how far it has come, and what happens meanwhile."""

from __future__ import annotations

from collections.abc import Callable

#: Takes how much is done, and of how much.
Progress = Callable[[int, int], None]
#: Takes one line for a person.
Say = Callable[[str], None]


def say_nothing(line: str) -> None:
    """For callers who want to hear nothing."""


def show_nothing(done: int, whole: int) -> None:
    """For callers who show no progress."""
