"""Several jobs at the same time, each in a thread of its own: all of them end, whatever happens to one.

Most of a job is waiting for its server, so threads are enough.
"""

from __future__ import annotations

from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Protocol

from migsafe.shadow import cleanup

if TYPE_CHECKING:
    from collections.abc import Sequence

#: How long a job that was told to stop is waited for before it is told again.
_PATIENCE_S = 0.05


class Job(Protocol):
    """Something to be done."""

    def go(self) -> None:
        """Do it."""

    def stop(self) -> None:
        """Called from another thread: end soon, with or without an error. May be called again and again."""


def run_together(jobs: Sequence[Job]) -> None:
    """Do some jobs; one alone is done in the caller's thread.

    Where one fails, or the caller is interrupted, even twice, all others are stopped, and have ended when this returns.

    Raises:
        BaseException: the error of the first job, in their order, of those that failed by themselves.
    """
    if len(jobs) == 1:
        jobs[0].go()
        return
    with ThreadPoolExecutor(max(len(jobs), 1), thread_name_prefix="migsafe-job") as pool:
        futures = [pool.submit(job.go) for job in jobs]
        try:
            ended = wait(futures, return_when=FIRST_EXCEPTION).done
        finally:
            # Whoever is in a hurry interrupts twice, and would wait here for jobs that nobody has stopped.
            with cleanup.unbroken():
                _stop(jobs, futures)
    for future in futures:
        if future in ended:
            future.result()


def _stop(jobs: Sequence[Job], futures: Sequence[Future[None]]) -> None:
    while not all(future.done() for future in futures):
        for job, future in zip(jobs, futures, strict=True):
            if not future.done():
                job.stop()
        wait(futures, timeout=_PATIENCE_S)
