"""How the demo ends when somebody wants it to: at once, and in order."""

from __future__ import annotations

import signal
import threading
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")


@contextmanager
def ending_in_order() -> Iterator[ExitStack]:
    """A stack that is taken down in peace, whatever ends the block.

    SIGTERM, and the end of the terminal, raise KeyboardInterrupt as Ctrl-C does. Who presses it twice waits until all
    is tidied up.
    """
    with _answering(_interrupt):
        stack = ExitStack()
        try:
            yield stack
        finally:
            with _answering(_hear_nothing):
                stack.close()


@contextmanager
def _answering(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield  # Python delivers no signal to other threads
        return
    numbers = [getattr(signal, name) for name in _NAMES]
    heard = [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]  # nohup means it
    before = {number: signal.signal(number, handler) for number in heard}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _hear_nothing(_number: int, _frame: FrameType | None) -> None:
    """The demo ends already."""
