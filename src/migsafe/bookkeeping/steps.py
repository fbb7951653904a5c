"""What another tool has run, and what somebody has verified."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from migsafe.bookkeeping.asked import Record, Where
from migsafe.bookkeeping.place import open_tracker
from migsafe.bookkeeping.project import read_steps
from migsafe.bookkeeping.releases import know_environment
from migsafe.config.nearest import did_you_mean
from migsafe.errors import UsageError
from migsafe.model.dialect import Dialect
from migsafe.model.state import Check, StepStatus, Target, TargetName
from migsafe.tracker.errors import UnknownNameError
from migsafe.tracker.facts import RunFacts, StepFacts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from migsafe.bookkeeping.asked import Verification
    from migsafe.bookkeeping.project import ProjectStep
    from migsafe.config import Config
    from migsafe.model.state import Change
    from migsafe.tracker.facts import Author, Written
    from migsafe.tracker.names import Names
    from migsafe.tracker.store import Store

__all__ = ["Record", "Where", "know_target", "name_target", "record_check", "record_steps"]

#: The database of an environment that has one, where nobody names it.
ONLY = "main"


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
    said = StepFacts(change=record.change, phase=record.phase, part=record.part, release=record.release)
    with tracker.writing(author) as store:
        where = know_target(store, record.where, config)
        if record.floor is not None:
            store.names.release(record.floor)
        return tuple(
            _record_one(store, _step_of(name, steps, said), record, where, record.at or store.now)
            for name in record.migrations
        )


def record_check(
    found: Verification, author: Author, config: Config, *, clock: Callable[[], datetime] | None = None
) -> Written:
    """Record what a verification has found.

    Raises:
        UnknownNameError: when nobody knows the change, the environment or the database.
        TrackerRefusedError: when it is yet to come.
    """
    tracker = open_tracker(config, found.where.environment, clock=clock)
    with tracker.writing(author) as store:
        place = know_target(store, found.where, config)
        store.names.change(found.change)
        check = Check(
            change=found.change, name=found.name, environment=place.environment, target=place.target, ok=found.ok,
            at=found.at or store.now, observed=found.observed,
        )  # fmt: skip
        return store.record_check(check, reason=found.reason)


def know_target(store: Store, where: Where, config: Config) -> TargetName:
    """Make sure that a database is known; which one is meant.

    Raises:
        UnknownNameError: when it is not, and is not to be made, or there are several to choose from.
    """
    know_environment(store, where.environment, create=where.create, protected=where.protected)
    name = name_target(store.names, where)
    if name.target not in store.names.targets(where.environment):
        store.put_target(where.environment, Target(name=name.target, dialect=config.dialect or Dialect.POSTGRES))
    return name


def name_target(names: Names, where: Where) -> TargetName:
    """Which database is meant: one that is known, or would be once `know_target` has made it known.

    Raises:
        UnknownNameError: when it is not known, and is not to be made, or there are several to choose from.
    """
    known = names.targets(where.environment)
    name = where.target if where.target is not None or known else ONLY
    if where.create and name is not None and name not in known:
        return TargetName(where.environment, name)
    return names.target(names.environment(where.environment), where.target)


@dataclass(frozen=True, slots=True)
class _Told:
    """A migration as its project tells it, where there is one, and as whoever calls does; see `ProjectStep`."""

    facts: StepFacts
    checksum: str | None = None
    change: Change | None = None
    floor: str | None = None


def _step_of(name: str, steps: Mapping[str, ProjectStep] | None, said: StepFacts) -> _Told:
    if steps is None:
        return _Told(replace(said, migration=name))
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
    return _Told(facts, told.checksum, told.change, told.floor)


def _record_one(store: Store, step: _Told, record: Record, where: TargetName, at: datetime) -> Written:
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
