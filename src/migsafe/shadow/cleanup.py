"""Nothing is left behind: not at the interpreter's end, and not on SIGTERM or SIGHUP.

A `with` block covers success, failure and Ctrl-C. SIGTERM and SIGHUP end a Python program without running its
`finally` blocks, so while a server lives they are caught, unless the program has its own handler already. And Ctrl-C
breaks in anywhere, also between making a thing and noting that it is there: `unbroken` keeps such steps whole.
"""

from __future__ import annotations

import atexit
import os
import signal
import threading
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

_SIGNALS = tuple(signal.Signals[name] for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))
_ALL_SIGNALS = (signal.SIGINT, *_SIGNALS)

_tasks: dict[int, tuple[int, Callable[[], None]]] = {}
_caught: set[signal.Signals] = set()
_registered_at_exit = False


def register(task: Callable[[], None]) -> int:
    """Have a task run when the process ends before `forget` is called.

    Returns:
        What `forget` wants.
    """
    global _registered_at_exit
    if not _registered_at_exit:
        atexit.register(_run_all)
        _registered_at_exit = True
    key = id(task)
    _tasks[key] = (os.getpid(), task)
    _catch_signals()
    return key


def forget(key: int) -> None:
    """The task has been done: take it off the list. Forgetting twice is fine."""
    _tasks.pop(key, None)
    if not _tasks:
        _release_signals()


@contextmanager
def unbroken() -> Iterator[None]:
    """Keep a few short steps whole: a signal that comes meanwhile is delivered at their end.

    `register` and `forget` change who handles signals: they are called outside.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # Python delivers no signal to other threads
        return
    came: list[int] = []
    handlers: dict[signal.Signals, Callable[[int, FrameType | None], object] | int] = {}
    try:
        for number in _ALL_SIGNALS:
            handler = signal.getsignal(number)
            if handler is not None and handler is not signal.SIG_IGN:
                handlers[number] = handler
                signal.signal(number, lambda number, _frame: came.append(number))
        yield
    finally:
        # Ctrl-C last, both times: it may break in as soon as it is heard again.
        for number in reversed(handlers):
            signal.signal(number, handlers[number])
        for late in sorted(set(came), key=signal.SIGINT.__eq__):
            signal.raise_signal(late)


def _run_all() -> None:
    """Run all tasks, the last one first; one that fails does not keep the others from it."""
    with unbroken(), ExitStack() as stack:
        for key, (owner, task) in list(_tasks.items()):
            # A forked child has the list too, and must leave its parent's server alone.
            if owner == os.getpid():
                stack.callback(task)
            _tasks.pop(key, None)


def _catch_signals() -> None:
    if threading.current_thread() is not threading.main_thread():
        return
    for number in _SIGNALS:
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _end_by_signal)
            _caught.add(number)


def _release_signals() -> None:
    if threading.current_thread() is not threading.main_thread():
        return
    for number in list(_caught):
        if signal.getsignal(number) is _end_by_signal:
            signal.signal(number, signal.SIG_DFL)
        _caught.discard(number)


def _end_by_signal(number: int, _frame: FrameType | None) -> None:
    try:
        _run_all()
    finally:
        # End as the signal would have ended us, so that the caller's wait status says so.
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
