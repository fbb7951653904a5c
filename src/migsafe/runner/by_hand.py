"""A backfill that somebody starts by hand: finds it in the plan of its change, and the step that it is."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from migsafe.backfill.engine import run_backfill
from migsafe.backfill.rehearsal import Rehearsal, rehearse
from migsafe.backfill.task import BackfillResult, Options, Progress, Site, Task
from migsafe.bookkeeping.project import read_projects
from migsafe.catalogue.following import ReadScripts
from migsafe.config.nearest import did_you_mean
from migsafe.errors import NoMigrationsError, UsageError
from migsafe.evidence.plan import document_path, read_plans
from migsafe.history.releases import project_root
from migsafe.model.state import StepStatus
from migsafe.postgres.address import resolve_address
from migsafe.runner.planned import planned_step
from migsafe.runner.target import open_target
from migsafe.tracker.backfills import put_pause
from migsafe.tracker.facts import RunFacts, StepFacts

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator, Sequence

    from migsafe.bookkeeping.steps import Where
    from migsafe.config import Config
    from migsafe.model.plan import Backfill, ChangePlan, PlanStep
    from migsafe.runner.target import OpenTarget
    from migsafe.tracker.facts import Author, Written


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillRequest:
    """Which backfill of a change is asked for, on which database.

    Attributes:
        step: which step of the change; its only backfill when None.
        url: `env:NAME`, the name of a service, or an address without a password.
        replicas: standbys whose lag is watched, said like `url`.
    """

    change: str
    url: str
    where: Where
    step: str | None = None
    replicas: tuple[str, ...] = ()
    options: Options = field(default_factory=Options)


@dataclass(frozen=True, slots=True)
class _Found:
    """A backfill of the project.

    Attributes:
        migration: the migration that would do the same as one statement; None where the project has none.
    """

    step: PlanStep
    backfill: Backfill
    facts: StepFacts

    @property
    def migration(self) -> str | None:
        return self.facts.migration


@dataclass(frozen=True, slots=True)
class ByHand:
    """What became of a backfill.

    Attributes:
        label: the step, for people.
        left: the migration that is still to be run by whoever runs migrations, and finds nothing to do; else None.
    """

    label: str
    left: str | None
    result: BackfillResult


def backfill_by_hand(
    asked: BackfillRequest,
    config: Config,
    author: Author,
    *,
    on_progress: Callable[[Progress], None] | None = None,
    stop: threading.Event | None = None,
) -> ByHand:
    """Run a backfill of a change.

    Raises:
        UsageError: when the project has no such change, or it has no such backfill.
        MigsafeError: see `run_backfill` and `open_target`.
    """
    found = _find(asked, config)
    with _open(asked, found, config, author) as (target, task, site):
        result = run_backfill(task, site, asked.options, on_progress=on_progress, stop=stop)
        if found.migration is None and result.ok and not result.already:
            # No migration will ever say that this step is done.
            with target.access.writing() as store:
                run = RunFacts(where=target.where, status=StepStatus.DONE, at=store.now, source="backfill")
                store.record(found.facts, run)
    return ByHand(found.facts.label, found.migration, result)


def rehearse_by_hand(asked: BackfillRequest, config: Config, author: Author) -> tuple[str, Rehearsal]:
    """What `backfill_by_hand` would do; nothing is written."""
    found = _find(asked, config)
    with _open(asked, found, config, author, recording=False) as (_, task, site):
        return found.facts.label, rehearse(task, site, asked.options)


def pause_backfills(url: str, where: Where, config: Config, author: Author, reason: str | None) -> Written:
    """Let all backfills of a database wait, or go on; those that run follow within a second or two.

    Args:
        reason: why they wait; None lets them go on.
    """
    with open_target(url, where, config, author) as target, target.access.writing() as store:
        written = put_pause(store, target.where, reason, author.actor)
        return replace(written, subject=str(target.where))


@contextmanager
def _open(
    asked: BackfillRequest, found: _Found, config: Config, author: Author, *, recording: bool = True
) -> Iterator[tuple[OpenTarget, Task, Site]]:
    replicas = tuple(resolve_address(one, option="--replica") for one in asked.replicas)
    with open_target(asked.url, asked.where, config, author, recording=recording) as target:
        task = Task(
            step=found.facts,
            where=target.where,
            backfill=found.backfill,
            before=found.step.before,
            verify=found.step.verify,
        )
        yield target, task, target.site(replicas)


def _find(asked: BackfillRequest, config: Config) -> _Found:
    """The backfill in the plan of its change.

    Raises:
        UsageError: when there is none of that name, or several to choose from.
    """
    plans = {plan.change: plan for plan in read_plans(project_root(config))}
    plan = plans.get(asked.change)
    if plan is None:
        otherwise = f"migsafe plan --write keeps plans in {document_path(asked.change).parent.as_posix()}"
        raise UsageError(
            f"there is no plan of {asked.change}", hint=did_you_mean(asked.change, plans, otherwise=otherwise)
        )
    step = _choose(plan, asked.step)
    assert step.backfill is not None, "it was chosen for it"
    return _Found(step, step.backfill, _facts(plan, step, config))


def _choose(plan: ChangePlan, name: str | None) -> PlanStep:
    steps = {step.name: step for step in plan.steps if step.backfill is not None}
    if not steps:
        raise UsageError(f"{plan.change} has no backfill", hint="its other steps are run by migsafe run")
    if name is None and len(steps) > 1:
        raise UsageError(f"{plan.change} has {len(steps)} backfills: {', '.join(steps)}", hint="name one of them")
    if name is not None and name not in steps:
        raise UsageError(
            f"{plan.change} has no backfill {name}", hint=did_you_mean(name, steps, otherwise=", ".join(steps))
        )
    return steps[name] if name is not None else next(iter(steps.values()))


def _facts(plan: ChangePlan, step: PlanStep, config: Config) -> StepFacts:
    """The step as the tracker knows it: by its migration where the project has one."""
    for facts in _migrations(plan, step, config):
        return facts
    return StepFacts(name=step.name, change=plan.change, phase=step.phase)


def _migrations(plan: ChangePlan, step: PlanStep, config: Config) -> Sequence[StepFacts]:
    try:
        projects = read_projects(config)
    except NoMigrationsError:
        return ()
    scripts = ReadScripts()
    found = []
    for one in (one for project in projects for one in project.steps):
        if one.facts.change != plan.change or one.facts.phase is not step.phase or one.migration.up is None:
            continue
        planned = planned_step(scripts.take(one.migration.up), plan.change, [plan])
        if planned is not None and planned.step == step:
            found.append(one.facts)
    return found
