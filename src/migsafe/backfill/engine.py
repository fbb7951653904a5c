"""Runs a backfill: proves that it may begin, lets workers go along the key, looks at the servers, and verifies."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from migsafe.backfill.bench import Bench
from migsafe.backfill.finishing import finish
from migsafe.backfill.ground import survey
from migsafe.backfill.lookout import Lookout, pause_of
from migsafe.backfill.preparing import Book, begin, refuse_checks, refuse_scan
from migsafe.backfill.sessions import Desk
from migsafe.backfill.tally import Tally
from migsafe.backfill.task import BackfillRefusedError, BackfillResult, Options, Progress, Site, Task
from migsafe.backfill.worker import Gate, Hands, Worker
from migsafe.errors import MigsafeError
from migsafe.postgres.connection import Timeouts
from migsafe.postgres.poolers import refuse_pooler
from migsafe.tracker.backfills import BackfillRows, ShardState, note_backfill

if TYPE_CHECKING:
    from collections.abc import Callable

    from migsafe.backfill.ground import Ground
    from migsafe.backfill.sessions import Bookkeeping

#: Checks before may read a whole table.
_TIMEOUTS = Timeouts(lock=500, statement=0)


def run_backfill(
    task: Task,
    site: Site,
    options: Options | None = None,
    *,
    on_progress: Callable[[Progress], None] | None = None,
    stop: threading.Event | None = None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], object] | None = None,
) -> BackfillResult:
    """Run a backfill to its end, or until it is stopped; started again, it goes on where it was.

    Args:
        on_progress: told once in every look at the servers.
        stop: set it, and every worker commits its batch, keeps its place, and ends.
        clock: seconds from any beginning.
        sleep: waits for so many seconds or until `stop` is set, which is what it does when None.

    Raises:
        BackfillRefusedError: when it is not begun: no key to go along, a role from which rows are hidden, a check that
            does not hold, a plan that has changed, somebody else at it.
        BackfillFailedError: when it stops on the way: what is written stays, and the place is kept.
        PoolerError: when a pooler stands in between.
        EnvironmentFailedError: when the server or the tracker cannot be reached.
    """
    options = options or Options()
    stop = stop or threading.Event()
    with Desk(site, _TIMEOUTS) as desk:
        session = desk.session
        refuse_pooler(session)
        session.rollback()
        ground = survey(session, task.backfill)
        refuse_checks(session, task)
        session.rollback()
        book = begin(session, task, site, options, ground)
        if book.over:
            return finish(session, task, site, book, Tally(book.shards, _rows(ground), clock), already=True)
        refuse_scan(session, task, ground, book.shards, options)
        run = _Run(task, site, options, ground, book, stop, clock, sleep or stop.wait)
        return run.to_its_end(desk, on_progress or (lambda _: None))


class _Run:
    """The workers of one run, and the eyes that watch over them."""

    def __init__(
        self,
        task: Task,
        site: Site,
        options: Options,
        ground: Ground,
        book: Book,
        stop: threading.Event,
        clock: Callable[[], float],
        sleep: Callable[[float], object],
    ) -> None:
        self._task, self._site, self._options, self._book, self._stop = task, site, options, book, stop
        self._gate = Gate()
        self.tally = Tally(book.shards, _rows(ground), clock)
        hands = Hands(
            open_bench=lambda: Bench(site, task, ground, book.step_id, options.pace, clock),
            stop=stop,
            sleep=sleep,
            clock=clock,
        )
        open_ = sum(shard.state is not ShardState.DONE for shard in book.shards)
        self._workers = [
            Worker(hands, options, self._gate, self.tally) for _ in range(min(max(options.workers, 1), open_))
        ]
        self._ended = threading.Semaphore(0)
        self._lookout = Lookout(
            site.dsn, site.replicas, ground, options.limits, hold_if=options.hold_if, ours=self._ours, clock=clock
        )

    def to_its_end(self, desk: Desk, on_progress: Callable[[Progress], None]) -> BackfillResult:
        threads = [threading.Thread(target=self._work, args=(worker,)) for worker in self._workers]
        try:
            self._lookout.prove()
            self._look(desk)
            for thread in threads:
                thread.start()
            self._watch(desk, threads, on_progress)
        except BaseException:
            self._stop.set()
            for worker in self._workers:
                worker.cancel()
            raise
        finally:
            for thread in threads:
                if thread.ident is not None:
                    thread.join()
            self._lookout.close()
            self._open_gate()
        return self._end(desk)

    def _work(self, worker: Worker) -> None:
        try:
            worker.run()
            if worker.error is not None:  # the others come to an orderly end
                self._stop.set()
        finally:
            self._ended.release()

    def _watch(self, desk: Desk, threads: list[threading.Thread], on_progress: Callable[[Progress], None]) -> None:
        left = len(threads)
        while left:
            if self._ended.acquire(timeout=self._options.look_s):
                left -= 1
                continue
            self._look(desk)
            on_progress(self.tally.progress())

    def _look(self, desk: Desk) -> None:
        reason = self._lookout.look(pause_of(desk, self._task.where))
        if reason != self._gate.reason:
            self.tally.hold(reason)
        self._gate.reason = reason

    def _open_gate(self) -> None:
        self.tally.hold(None)

    def _ours(self) -> list[int]:
        return [pid for worker in self._workers if (pid := worker.backend_pid) is not None]

    def _end(self, desk: Desk) -> BackfillResult:
        errors = [worker.error for worker in self._workers if worker.error is not None]
        try:
            stands = self._stands(desk.book)
        except MigsafeError:
            if errors:  # what came first is what a person needs to hear
                raise errors[0] from None
            raise
        if stands.over:
            return finish(desk.session, self._task, self._site, stands, self.tally)
        progress = self.tally.progress()
        why = errors[0].message if errors else "it was stopped" if self._stop.is_set() else "others are at it"
        with desk.book.writing() as store:
            note_backfill(
                store, self._task.step, self._task.where, state="stopped", why=why, rows_written=progress.rows_written
            )
        if errors:
            raise errors[0]
        if not self._stop.is_set():
            raise _elsewhere(stands, worked=any(worker.took for worker in self._workers))
        return BackfillResult(finished=False, already=False, progress=progress, reasons=self.tally.reasons())

    def _stands(self, book: Bookkeeping) -> Book:
        with book.reading() as ledger:
            shards = BackfillRows(ledger, self._book.step_id, self._task.where).shards()
        return Book(self._book.step_id, shards)


def _elsewhere(book: Book, *, worked: bool) -> BackfillRefusedError:
    shard = next(shard for shard in book.shards if shard.state is not ShardState.DONE)
    seen = "" if shard.heartbeat_at is None else f", last seen at {shard.heartbeat_at:%H:%M:%S} UTC"
    what = "the rest of this backfill" if worked else "this backfill"
    return BackfillRefusedError(f"somebody else is at {what}: {shard.worker}{seen}", hint="it ends there, not here")


def _rows(ground: Ground) -> dict[tuple[str, str], int]:
    return {leaf.name: leaf.rows for leaf in ground.leaves}
