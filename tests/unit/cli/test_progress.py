from __future__ import annotations

import io

from migsafe.cli.progress import ProgressBar


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_quick_run_draws_nothing() -> None:
    terminal, clock = Terminal(), Clock()
    with ProgressBar(terminal, clock) as bar:
        clock.now += 0.9
        bar(50, 100)
    assert terminal.getvalue() == ""


def test_a_slow_run_draws_and_leaves_no_trace() -> None:
    terminal, clock = Terminal(), Clock()
    with ProgressBar(terminal, clock) as bar:
        clock.now += 1.1
        bar(50, 100)
    drawn = terminal.getvalue()
    assert "█" * 15 + "░" * 15 + " 50/100" in drawn
    assert drawn.endswith("\r\x1b[2K")


def test_it_draws_ten_times_a_second_at_most() -> None:
    terminal, clock = Terminal(), Clock()
    bar = ProgressBar(terminal, clock)
    clock.now += 1.0
    for done in range(100):
        bar(done, 100)
    assert terminal.getvalue().count("/100") == 1


def test_nothing_is_drawn_where_nobody_looks() -> None:
    stream, clock = io.StringIO(), Clock()
    with ProgressBar(stream, clock) as bar:
        clock.now += 60
        bar(1, 2)
    assert stream.getvalue() == ""


def test_nothing_to_do_is_no_division_by_zero() -> None:
    terminal, clock = Terminal(), Clock()
    bar = ProgressBar(terminal, clock)
    clock.now += 2
    bar(0, 0)
    assert terminal.getvalue() == ""


def drawn_last(terminal: Terminal) -> str:
    return terminal.getvalue().rpartition("\x1b[2K")[2]


def test_it_says_how_long_the_rest_will_take() -> None:
    terminal, clock = Terminal(), Clock()
    bar = ProgressBar(terminal, clock)
    for done in range(1, 51):
        clock.now += 2.0
        bar(done, 100)
    assert drawn_last(terminal).endswith(" 50/100, 1 min 40 s left")
    for done in range(51, 91):
        clock.now += 2.0
        bar(done, 100)
    assert drawn_last(terminal).endswith(" 90/100, 20 s left")


def test_the_rest_is_judged_by_the_newest_ones() -> None:
    terminal, clock = Terminal(), Clock()
    bar = ProgressBar(terminal, clock)
    clock.now += 1.0
    bar(100, 200)
    for done in range(101, 161):
        clock.now += 1.0
        bar(done, 200)
    assert drawn_last(terminal).endswith((", 39 s left", ", 40 s left"))


def test_nothing_is_foretold_from_too_little_or_at_the_end() -> None:
    terminal, clock = Terminal(), Clock()
    bar = ProgressBar(terminal, clock)
    clock.now += 2.0
    bar(1, 1000)
    assert drawn_last(terminal).endswith(" 1/1000")
    clock.now += 2.0
    bar(1000, 1000)
    assert drawn_last(terminal).endswith(" 1000/1000")
