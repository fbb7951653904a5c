"""A step that is a backfill of a plan: rows in batches, by the engine for that, and not as its file says it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from migsafe.backfill.engine import run_backfill
from migsafe.backfill.task import Options, Progress, Task
from migsafe.postgres.address import resolve_address
from migsafe.runner.outcome import StepStoppedError
from migsafe.runner.sql_method import Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from migsafe.runner.step import StepJob
    from migsafe.runner.target import OpenTarget
    from migsafe.tracker.store import Store

#: Seconds of a backfill between two lines about it.
_SAY_EVERY = 10.0


class BackfillMethod:
    """Runs the backfills of plans; the step is done when the last row is."""

    def __init__(
        self,
        target: OpenTarget,
        replicas: Sequence[str],
        say: Callable[[str], None],
        *,
        options: Options | None = None,
        stop: threading.Event | None = None,
    ) -> None:
        """
        Args:
            replicas: standbys whose lag is watched, as people say addresses.
            stop: set it, and the batch that runs is the last one of this run.
        """
        self._target = target
        self._site = target.site([resolve_address(one, option="--replica") for one in replicas])
        self._options = options or Options()
        self._say = say
        self._stop = stop
        self._said = 0.0

    def run(self, job: StepJob) -> Tally:
        """See `Method`."""
        assert job.planned is not None, "a backfill is a step of a plan"
        assert job.planned.step.backfill is not None, "this step is one"
        task = Task(step=job.step.facts, where=self._target.where, backfill=job.planned.step.backfill)
        result = run_backfill(task, self._site, self._options, on_progress=self._on_progress, stop=self._stop)
        if not result.finished:
            raise StepStoppedError(
                f"{job.step.facts.label} was stopped after {result.progress.rows_seen} rows",
                hint="migsafe run resume goes on behind them",
            )
        for note in result.notes:
            self._say(note)
        tally = Tally(ran_ms=round(result.progress.run_s * 1000))
        self._conclude(job, tally)
        return tally

    def _conclude(self, job: StepJob, tally: Tally) -> None:
        def about_to_commit(store: Store, xid: str) -> None:
            """Every batch has been committed; that it is over can be said again."""

        with self._target.access.together(about_to_commit) as together:
            job.guard(together)
            job.conclude(together, tally.ran_ms)

    def _on_progress(self, progress: Progress) -> None:
        if progress.run_s - self._said < _SAY_EVERY:
            return
        self._said = progress.run_s
        share = "" if progress.share is None else f"{progress.share:.0%}, "
        left = "" if progress.left_s is None else f", {progress.left_s:.0f} s left"
        held = f"; held: {progress.held_by}" if progress.held_by else ""
        self._say(f"{share}{progress.rows_seen} rows, {progress.rows_per_s:.0f} a second{left}{held}")
