"""Signals that come at a bad moment."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator

import pytest

from migsafe.shadow import cleanup

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Unix signals")


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """Each test finds, and leaves, Python's own handlers."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]
    signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


def test_ctrl_c_waits_until_a_step_is_done() -> None:
    done: list[str] = []

    def step() -> None:
        with cleanup.unbroken():
            signal.raise_signal(signal.SIGINT)
            done.append("step")

    with pytest.raises(KeyboardInterrupt):
        step()
    assert done == ["step"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_each_signal_is_delivered_once_and_ctrl_c_last() -> None:
    heard: list[int] = []
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _frame: heard.append(number))

    def step() -> None:
        with cleanup.unbroken():
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGTERM):
                signal.raise_signal(number)
            assert heard == []

    with pytest.raises(KeyboardInterrupt):
        step()
    assert sorted(heard) == sorted([signal.SIGTERM, signal.SIGHUP])


def test_a_step_within_a_step_waits_for_the_outer_one() -> None:
    done: list[str] = []

    def step() -> None:
        with cleanup.unbroken():
            with cleanup.unbroken():
                signal.raise_signal(signal.SIGINT)
            done.append("outer")

    with pytest.raises(KeyboardInterrupt):
        step()
    assert done == ["outer"]


def test_what_is_ignored_stays_ignored() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with cleanup.unbroken():
        signal.raise_signal(signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


def test_an_error_in_a_step_is_not_lost() -> None:
    with pytest.raises(ZeroDivisionError), cleanup.unbroken():
        raise ZeroDivisionError
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_other_threads_hear_no_signals_and_change_no_handlers() -> None:
    done = []

    def work() -> None:
        with cleanup.unbroken():
            done.append(signal.getsignal(signal.SIGINT) is signal.default_int_handler)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [True]


def test_a_task_that_fails_keeps_no_other_from_running(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cleanup, "_tasks", {})
    monkeypatch.setattr(cleanup, "_caught", set())
    done: list[str] = []

    def fail() -> None:
        raise OSError("gone")

    for task in (lambda: done.append("first"), fail, lambda: done.append("last")):
        cleanup.register(task)
    with pytest.raises(OSError, match="gone"):
        cleanup._run_all()
    assert done == ["last", "first"]
    assert cleanup._tasks == {}
