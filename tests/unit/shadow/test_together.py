from __future__ import annotations

import signal
from threading import Barrier, Event, current_thread, main_thread

import pytest

from migsafe.shadow.together import Job, run_together

PATIENCE = 10


class Waiting:
    """Goes on until it is stopped."""

    def __init__(self, started: Barrier) -> None:
        self._started = started
        self._stopped = Event()
        self.ended = False

    def go(self) -> None:
        self._started.wait(PATIENCE)
        assert self._stopped.wait(PATIENCE)
        self.ended = True

    def stop(self) -> None:
        self._stopped.set()


class Failing:
    def __init__(self, started: Barrier, error: BaseException) -> None:
        self._started = started
        self._error = error

    def go(self) -> None:
        self._started.wait(PATIENCE)
        raise self._error

    def stop(self) -> None: ...


class Hurried(Waiting):
    """Whoever stops it is interrupted the first time, before anything is stopped."""

    _interrupted = False

    def stop(self) -> None:
        if not self._interrupted:
            self._interrupted = True
            signal.raise_signal(signal.SIGINT)
        super().stop()


class Meeting:
    """Ends only if all others are there at the same time."""

    def __init__(self, barrier: Barrier) -> None:
        self._barrier = barrier

    def go(self) -> None:
        self._barrier.wait(PATIENCE)

    def stop(self) -> None: ...


class Alone:
    in_main_thread = False

    def go(self) -> None:
        self.in_main_thread = current_thread() is main_thread()

    def stop(self) -> None: ...


def test_jobs_run_at_the_same_time() -> None:
    barrier = Barrier(3)
    run_together([Meeting(barrier) for _ in range(3)])


def test_one_job_needs_no_thread() -> None:
    job = Alone()
    run_together([job])
    assert job.in_main_thread


@pytest.mark.parametrize("error", [ValueError("broken"), KeyboardInterrupt()])
def test_when_one_fails_all_have_ended(error: BaseException) -> None:
    started = Barrier(3)
    waiting = [Waiting(started), Waiting(started)]
    jobs: list[Job] = [waiting[0], Failing(started, error), waiting[1]]
    with pytest.raises(type(error)):
        run_together(jobs)
    assert all(job.ended for job in waiting)


def test_an_interruption_while_others_are_stopped_waits_for_them() -> None:
    started = Barrier(3)
    waiting = [Hurried(started), Waiting(started)]
    with pytest.raises(KeyboardInterrupt):
        run_together([waiting[0], Failing(started, ValueError("broken")), waiting[1]])
    assert [job.ended for job in waiting] == [True, True]
