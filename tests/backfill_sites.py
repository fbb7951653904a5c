"""Databases with a table to fill, and everything that a backfill is given; waits are never waited out."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from migsafe.backfill.engine import run_backfill
from migsafe.backfill.pace import Pace
from migsafe.backfill.task import BackfillResult, Options, Site, Task
from migsafe.model.names import QualifiedName
from migsafe.model.phase import Phase
from migsafe.model.plan import Backfill, Check
from migsafe.postgres.connection import connect
from migsafe.tracker.address import read_address
from migsafe.tracker.backfills import BackfillRows, Shard, find_step
from migsafe.tracker.facts import StepFacts
from migsafe.tracker.opening import Tracker, now
from tracker_books import MAIN, ME, Book

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from migsafe.backfill.task import Progress

#: Small batches of one size, without rest: what is tested is not how long it takes.
STEADY = Pace(first=50, least=50, most=50, nice=0.0)
QUICK = Options(pace=STEADY, look_s=0.05, patience_s=0.5)

USERS = """
CREATE TABLE users (id bigint PRIMARY KEY, name text, full_name text);
INSERT INTO users SELECT g, 'u' || g FROM generate_series(1, 1000) AS g;
"""
FULL_NAME = Backfill(
    QualifiedName("users"),
    ("id",),
    (("full_name", "upper(name)"),),
    "full_name IS NULL AND upper(name) IS NOT NULL",
)
_DIFFERS = "SELECT count(*) FROM users WHERE full_name IS DISTINCT FROM upper(name)"
COMPLETE = Check("every row has its full name", _DIFFERS)


@dataclass(frozen=True)
class Field:
    """A database, a tracker, and a backfill.

    Attributes:
        dsn: of the database.
    """

    dsn: str
    book: Book
    site: Site
    task: Task

    def run(self, options: Options = QUICK, **others: Any) -> BackfillResult:
        """Run the backfill; retries and rests take no time."""
        return run_backfill(self.task, self.site, options, **{"sleep": _no_sleep, **others})

    def doing(self, backfill: Backfill | None = None, **others: Any) -> Field:
        """The same place with another task."""
        values = {**others, **({} if backfill is None else {"backfill": backfill})}
        return replace(self, task=replace(self.task, **values))

    def shards(self) -> tuple[Shard, ...]:
        """How the tracker has it."""
        with self.book.tracker.reading() as ledger:
            step = find_step(ledger, self.task.step)
            return () if step is None else BackfillRows(ledger, step, MAIN).shards()

    def ask(self, sql: str) -> Any:
        """One value from the database."""
        with connect(self.dsn, autocommit=True) as session:
            return session.query(sql)[0][0]

    def say(self, sql: str) -> None:
        """A script on the database."""
        with connect(self.dsn, autocommit=True) as session:
            session.execute(sql)


def field_at(dsn: str) -> Field:
    """The tracker is in the database itself."""
    return _field(dsn, _Standing(dsn), beside=True)


def field_apart(dsn: str, folder: Path) -> Field:
    """The tracker is in a file."""
    return _field(dsn, Book(f"sqlite:{folder}/tracker.db").furnish(), beside=False)


def field_apart_again(dsn: str, folder: Path) -> Field:
    """… which is there already."""
    return _field(dsn, Book(f"sqlite:{folder}/tracker.db"), beside=False)


class _Standing(Book):
    """A tracker that is there already."""

    def __init__(self, dsn: str) -> None:
        self.address = read_address("env:T", environ={"T": dsn})
        self.tracker = Tracker(self.address)


def _field(dsn: str, book: Book, *, beside: bool) -> Field:
    site = Site(
        dsn=dsn, shown="the shop", tracker=replace(book.tracker, clock=now), beside=beside, author=ME, clock=now
    )
    return Field(dsn, book, site, users_task())


def users_task() -> Task:
    """Fill `users.full_name`."""
    step = StepFacts(name="backfill-full_name", change="users", phase=Phase.MIGRATE)
    return Task(step=step, where=MAIN, backfill=FULL_NAME, verify=(COMPLETE,))


def stopping_after(batches: int, stop: threading.Event) -> Callable[[Progress], None]:
    """Sets `stop` once so many batches are there."""

    def on_progress(progress: Progress) -> None:
        if progress.batches >= batches:
            stop.set()

    return on_progress


def _no_sleep(_seconds: float) -> None:
    return None
