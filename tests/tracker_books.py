"""Trackers for tests: in a file, at a moment that stands still."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from migsafe.model.dialect import Dialect
from migsafe.model.phase import Phase
from migsafe.model.state import Environment, KnownRelease, StepStatus, Target, TargetName
from migsafe.tracker.address import read_address
from migsafe.tracker.deployments import Deployment, DeploymentStatus
from migsafe.tracker.facts import Author, RunFacts, StepFacts
from migsafe.tracker.opening import Tracker
from migsafe.tracker.reading import Known, read_known
from migsafe.tracker.upgrade import upgrade_tracker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migsafe.tracker.store import Store

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
ME = Author(actor="mira", host="laptop")
MAIN = TargetName("production", "main")
RELEASES = ("1.7.0", "1.8.0", "1.9.0")


class Book:
    """A tracker, and the way to write into it."""

    def __init__(self, said: str, *, environ: dict[str, str] | None = None, environment: str | None = None) -> None:
        self.address = read_address(said, environ=environ)
        upgrade_tracker(self.address, ME, environment=environment, clock=lambda: NOW)
        self.tracker = Tracker(self.address, clock=lambda: NOW)

    @contextmanager
    def writing(self) -> Iterator[Store]:
        """A transaction."""
        with self.tracker.writing(ME) as store:
            yield store

    def furnish(self) -> Book:
        """Know production with one database, and three releases."""
        with self.writing() as store:
            store.put_environment(Environment(name="production", protected=True))
            store.put_target("production", Target(name="main", dialect=Dialect.POSTGRES))
            store.put_releases([KnownRelease(name) for name in RELEASES])
        return self

    def known(self) -> Known:
        """Everything that it knows."""
        with self.tracker.reading() as ledger:
            return read_known(ledger, NOW)

    def kinds(self) -> list[str]:
        """What its events are about."""
        with self.tracker.reading() as ledger:
            return [event.kind for event in ledger.events()]


def book_in(folder: Path) -> Book:
    """A new tracker in a file."""
    return Book(f"sqlite:{folder / 'tracker.db'}")


def copy_of(book: Book, file: Path) -> Book:
    """The same in another file, which is quicker than to make one anew."""
    assert book.address.file is not None
    shutil.copy(book.address.file, file)
    return Book(f"sqlite:{file}")


def step(
    name: str, phase: Phase | None = Phase.EXPAND, *, change: str | None = "users", release: str | None = "1.8.0"
) -> StepFacts:
    """A migration of a change."""
    return StepFacts(migration=name, phase=phase, change=change, release=release)


def ran(status: StepStatus = StepStatus.DONE, where: TargetName = MAIN, *, floor: str | None = None) -> RunFacts:
    """What became of it, an hour ago."""
    return RunFacts(where=where, status=status, at=NOW.replace(hour=8), floor=floor)


def rollout_of(status: DeploymentStatus = DeploymentStatus.DONE, *, number: int = 1) -> Deployment:
    """A rollout of 1.9.0 as the journal has it, without its steps."""
    return Deployment(
        id=str(number), n=number, environment="production", stable="1.8.0", release="1.9.0", strategy="canary",
        provider="local", plan={}, plan_sha="", rehearsal=False, status=status, reason=None, fence=1, actor="mira",
        host="", began_at=NOW, changed_at=NOW, ended_at=NOW,
    )  # fmt: skip
