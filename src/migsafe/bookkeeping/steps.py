"""What another tool has run, and what somebody has verified."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from migsafe.bookkeeping.place import open_tracker
from migsafe.bookkeeping.project import ProjectStep, read_steps
from migsafe.bookkeeping.releases import know_environment
from migsafe.config.nearest import did_you_mean
from migsafe.errors import UsageError
from migsafe.model.dialect import Dialect
from migsafe.model.state import Check, StepStatus, Target, TargetName
from migsafe.tracker.errors import UnknownNameError
from migsafe.tracker.facts import RunFacts, StepFacts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from migsafe.config import Config
    from migsafe.tracker.facts import Author, Written
    from migsafe.tracker.store import Store

#: The database of an environment that has one, where nobody names it.
_ONLY = "main"


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """On which database something has happened.

    Attributes:
        target: the only one of the environment when None.
        create: what nobody knows of the two is made known.
        protected: of a new environment: the gates hold for it.
    """

    environment: str
    target: str | None = None
    create: bool = False
    protected: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What became of migrations.

    Attributes:
        said: what whoever calls says of them; it wins over the project.
        at: since when; now when None.
        floor: of a contract: the oldest release that works on the schema now.
    """

    migrations: Sequence[str]
    where: Where
    status: StepStatus
    said: StepFacts
    at: datetime | None = None
    floor: str | None = None
    reason: str | None = None


def record_steps(
    record: Record, author: Author, config: Config, *, clock: Callable[[], datetime] | None = None
) -> tuple[Written, ...]:
    """Record what became of migrations; all of them, or none.

    Raises:
        UnknownNameError: when nobody knows a migration, the environment or the database.
        TrackerRefusedError: when that cannot follow what is known.
    """
    tracker = open_tracker(config, record.where.environment, clock=clock)
    steps = read_steps(config)
    with tracker.writing(author) as store:
        where = know_target(store, record.where, config)
        if record.floor is not None:
            store.names.release(record.floor)
        return tuple(
            _record_one(store, _step_of(name, steps, record.said), record, where, record.at or store.now)
            for name in record.migrations
        )


def record_check(
    check: Callable[[TargetName, datetime], Check],
    where: Where,
    author: Author,
    config: Config,
    *,
    reason: str | None = None,
    clock: Callable[[], datetime] | None = None,
) -> Written:
    """Record what a verification has found.

    Args:
        check: makes it, once the database is known, and the time at which it is recorded.

    Raises:
        UnknownNameError: when nobody knows the change, the environment or the database.
    """
    tracker = open_tracker(config, where.environment, clock=clock)
    with tracker.writing(author) as store:
        found = check(know_target(store, where, config), store.now)
        store.names.change(found.change)
        return store.record_check(found, reason=reason)


def know_target(store: Store, where: Where, config: Config) -> TargetName:
    """Make sure that a database is known; which one is meant.

    Raises:
        UnknownNameError: when it is not, and is not to be made, or there are several to choose from.
    """
    know_environment(store, where.environment, create=where.create, protected=where.protected)
    known = store.names.targets(where.environment)
    name = where.target if where.target is not None or known else _ONLY
    if where.create and name is not None and name not in known:
        store.put_target(where.environment, Target(name=name, dialect=config.dialect or Dialect.POSTGRES))
    return store.names.target(where.environment, where.target)


def _step_of(name: str, steps: Mapping[str, ProjectStep] | None, said: StepFacts) -> ProjectStep:
    """A migration as its project tells it, and as whoever calls does."""
    if steps is None:
        return ProjectStep(replace(said, migration=name), None, None, None)
    if name not in steps:
        raise UnknownNameError(
            f'no migration "{name}" in this project',
            hint=did_you_mean(name, steps, otherwise="outside of the project's folder any name is taken"),
        )
    told = steps[name]
    facts = StepFacts(
        migration=name,
        change=said.change or told.facts.change,
        phase=said.phase or told.facts.phase,
        part=said.part or told.facts.part,
        release=said.release or told.facts.release,
    )
    return replace(told, facts=facts)


def _record_one(store: Store, step: ProjectStep, record: Record, where: TargetName, at: datetime) -> Written:
    if record.status is StepStatus.SKIPPED and not record.reason:
        raise UsageError("a step is skipped for a reason", hint="--reason says which")
    change = step.change
    if change is not None and change.id == step.facts.change and not store.names.has_change(change.id):
        store.put_change(change)
    floor = record.floor
    if floor is None and record.status is StepStatus.DONE and step.floor is not None:
        floor = step.floor
    run = RunFacts(where=where, status=record.status, at=at, checksum=step.checksum, reason=record.reason, floor=floor)
    return store.record(step.facts, run)


def lines(written: Sequence[Written]) -> Iterator[str]:
    """One line for a person for each."""
    for one in written:
        yield f"{one.subject}: {one.after}" if one.changed else f"{one.subject}: {one.after} already, nothing written"
