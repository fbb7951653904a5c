"""The first Ctrl-C asks for an end, the second one interrupts; afterwards it means what it meant before."""

from __future__ import annotations

import signal
import threading

import pytest

from migsafe.cli.interruption import until_interrupted

BOTH = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])


@BOTH
def test_the_first_one_asks_for_an_end(number: signal.Signals, capsys: pytest.CaptureFixture[str]) -> None:
    stop = threading.Event()
    with until_interrupted(stop, "stopping"):
        assert not stop.is_set()
        signal.raise_signal(number)
        assert stop.is_set()
    assert capsys.readouterr() == ("", "stopping\n")


@BOTH
def test_the_second_one_interrupts(number: signal.Signals, capsys: pytest.CaptureFixture[str]) -> None:
    stop = threading.Event()
    with until_interrupted(stop, "stopping"):
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)
    assert capsys.readouterr().err == "stopping\n"


def test_afterwards_it_means_what_it_meant_before() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with pytest.raises(ZeroDivisionError), until_interrupted(threading.Event(), "stopping"):
        raise ZeroDivisionError
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
