"""Signals that end the demo, and what they never break into."""

from __future__ import annotations

import signal
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from migsafe.demo.ending import ending_in_order

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of a Unix")


def _interrupted(number: int, tidy: Callable[[], None]) -> None:
    with ending_in_order() as stack:
        stack.callback(tidy)
        signal.raise_signal(number)
        raise AssertionError("nobody has heard it")


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_each_of_them_ends_the_block_in_order(name: str) -> None:
    number, done = getattr(signal, name), list[str]()
    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt):
        _interrupted(number, lambda: done.append("tidied"))
    assert done == ["tidied"]
    assert signal.getsignal(number) is before


def test_a_second_one_waits_until_all_is_tidied() -> None:
    done: list[str] = []

    def tidy() -> None:
        signal.raise_signal(signal.SIGINT)
        done.append("tidied")

    with pytest.raises(KeyboardInterrupt):
        _interrupted(signal.SIGINT, tidy)
    assert done == ["tidied"]


def test_nohup_is_meant() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with ending_in_order():
            signal.raise_signal(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_in_another_thread_it_is_only_a_stack() -> None:
    done: list[str] = []

    def work() -> None:
        with ending_in_order() as stack:
            stack.callback(done.append, "tidied")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == ["tidied"]
