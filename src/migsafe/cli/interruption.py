"""Ctrl-C during work that can be ended between two of its parts."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

from migsafe.cli.tracker_options import say

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator


@contextmanager
def until_interrupted(stop: threading.Event, notice: str) -> Iterator[None]:
    """The first Ctrl-C, or SIGTERM, asks for an end; the second one interrupts.

    Args:
        stop: set by the first one.
        notice: what is said then: what comes to its end, and what becomes of it by the second one.

    Raises:
        KeyboardInterrupt: by the second one.
    """

    def on_signal(_number: int, _frame: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        say(notice, err=True)

    before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
