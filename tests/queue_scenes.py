"""A table that somebody will not let go of, readers on it, and a migration that wants it for itself."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from migsafe.postgres.connection import Session, StatementFailedError, connect
from migsafe.runner.patience import (
    Attempt,
    Budget,
    Failure,
    GiveUp,
    Sight,
    Tries,
    Wait,
    after_failure,
    decide,
)

#: A read of one row takes less; what takes longer has waited, for a lock or for its turn on the processor.
WAITED = 0.05
#: Between two reads of one reader.
_PAUSE = 0.004


@dataclass
class Figures:
    """What was measured; seconds.

    Attributes:
        tries: when each began and ended.
        waits: of all readers: when a read began that had to wait, and for how long it lasted.
        reads: how many there were.
        succeeded: the migration has run in the end.
    """

    lasted: float = 0.0
    tries: list[tuple[float, float]] = field(default_factory=list)
    waits: list[tuple[float, float]] = field(default_factory=list)
    reads: int = 0
    readers: int = 0
    succeeded: bool = False

    @property
    def longest_wait(self) -> float:
        return max((lasted for _, lasted in self.waits), default=0.0)

    @property
    def share_waited(self) -> float:
        """The part of the time that a reader has waited, on average."""
        return sum(lasted for _, lasted in self.waits) / (self.lasted * self.readers)

    @property
    def share_tried(self) -> float:
        """The part of the time in which a try was in the queue."""
        return sum(ended - began for began, ended in self.tries) / self.lasted

    def __str__(self) -> str:
        longest_try = max((ended - began for began, ended in self.tries), default=0.0)
        return (
            f"{len(self.tries)} tries in {self.lasted:.0f} s, the longest {longest_try * 1000:.0f} ms, "
            f"{self.share_tried:.2%} of the time; {self.reads:,} reads, {len(self.waits)} waited, "
            f"the longest {self.longest_wait * 1000:.0f} ms, {self.share_waited:.2%} of the time; "
            f"{'ran in the end' if self.succeeded else 'never ran'}"
        )


@contextmanager
def reading(dsn: str, table: str, figures: Figures, readers: int) -> Iterator[None]:
    """Readers, each on a connection of its own, for as long as this lasts."""
    over = threading.Event()
    began = time.monotonic()

    def read(session: Session) -> None:
        while not over.is_set():
            start = time.monotonic()
            session.query(f"select id from {table} where id = 1")
            took = time.monotonic() - start
            figures.reads += 1
            if took >= WAITED:
                figures.waits.append((start, took))
            time.sleep(_PAUSE)

    with ExitStack() as open_:
        sessions = [open_.enter_context(connect(dsn, autocommit=True)) for _ in range(readers)]
        for session in sessions:
            session.execute("set lock_timeout = 0; set statement_timeout = 0")
        threads = [threading.Thread(target=read, args=(session,)) for session in sessions]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            over.set()
            for thread in threads:
                thread.join()
            figures.readers, figures.lasted = readers, time.monotonic() - began


@contextmanager
def holding(dsn: str, table: str) -> Iterator[None]:
    """A transaction that has read the table, and does nothing more."""
    with connect(dsn, autocommit=True) as session:
        session.execute(f"begin; select count(*) from {table}")
        yield
        session.execute("rollback")


def migrate(
    dsn: str,
    sql: str,
    budget: Budget,
    figures: Figures,
    *,
    look: Callable[[], Sight] = Sight,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Try as a run does; without a look it is blind, and has only its budget to keep others from waiting.

    Raises:
        AssertionError: when it fails, or is given up.
    """
    tries = Tries(since=time.monotonic())
    with connect(dsn, autocommit=True) as session:
        while True:
            sight = look()
            decision = decide(tries, time.monotonic(), sight, budget)
            assert not isinstance(decision, GiveUp), decision
            if isinstance(decision, Wait):
                sleep(decision.seconds)
                continue
            failure = _try(session, sql, decision)
            ended = time.monotonic()
            figures.tries.append((decision.began, ended))
            if failure is None:
                figures.succeeded = True
                return
            failed = Failure(ended, failure.sqlstate, failure.message)
            after = after_failure(tries, decision, failed, budget, jitter=random.random())
            assert isinstance(after, Tries), after
            tries = after


def migrate_naively(dsn: str, sql: str, figures: Figures, *, lock_timeout: float, pause: float) -> None:
    """The loop that most people write: a lock timeout, and a pause that does not grow."""
    with connect(dsn, autocommit=True) as session:
        while not figures.succeeded:
            began = time.monotonic()
            made = Attempt(len(figures.tries) + 1, round(lock_timeout * 1000), 0, began)
            figures.succeeded = _try(session, sql, made) is None
            figures.tries.append((began, time.monotonic()))
            if not figures.succeeded:
                time.sleep(pause)


def _try(session: Session, sql: str, attempt: Attempt) -> StatementFailedError | None:
    spent = (time.monotonic() - attempt.began) * 1000
    session.execute(
        f"set lock_timeout = '{attempt.lock_ms}ms'; set statement_timeout = '{attempt.statement_ms(spent)}ms'"
    )
    try:
        session.execute(sql)
    except StatementFailedError as error:
        return error
    return None
