"""The journal of rollouts: what each one was to do, what it is doing, and what was seen of it.

A step is written down with the state that is wanted, as absolute values, before anybody is told to bring it about. So
whoever comes back after a kill can tell what was ordered last, and order it again without doing it twice.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import sqlalchemy as sa

from migsafe.model.state import RolloutStatus
from migsafe.tracker import tables as t
from migsafe.tracker.errors import TrackerRefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from migsafe.tracker.ledger import Ledger
    from migsafe.tracker.store import Store

_KIND = "deployment"


class DeploymentStatus(StrEnum):
    """How a rollout stands."""

    RUNNING = "running"
    """Somebody is at it, or was killed at it."""
    PAUSED = "paused"
    """A person has stopped it where it is."""
    HELD = "held"
    """It stopped itself: nobody could tell whether all is well, or an engine did not follow."""
    DRIFTED = "drifted"
    """Somebody else has changed the engine; nothing is done until a person has looked."""
    ABORTING = "aborting"
    """On its way back."""
    ABORTED = "aborted"
    """All traffic is back at the version that had it before."""
    DONE = "done"


#: After one of these nothing more is done.
ENDED = frozenset({DeploymentStatus.ABORTED, DeploymentStatus.DONE})


class DeploymentStepStatus(StrEnum):
    """How a step of a rollout stands."""

    PLANNED = "planned"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentStep:
    """A step as the journal has it.

    Attributes:
        n: its place, from 1.
        desired: the state that it brings about, in absolute values.
        observed: what the engine showed at its end.
        verdicts: what was said of the running code in it.
    """

    n: int
    kind: str
    desired: Mapping[str, Any]
    status: DeploymentStepStatus = DeploymentStepStatus.PLANNED
    attempts: int = 0
    began_at: datetime | None = None
    ended_at: datetime | None = None
    observed: Mapping[str, Any] | None = None
    verdicts: Sequence[Mapping[str, Any]] | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """A rollout as the journal has it.

    Attributes:
        n: its place among those of the environment, from 1.
        stable: the release that had the traffic when it began; None for a first one.
        release: the one that is to have it.
        plan: what was planned, as JSON; `plan_sha` is the hash of that.
        rehearsal: it was to go back from the beginning.
        reason: why it stands as it does, where that needs one.
        fence: of the turn under which it was changed last.
    """

    id: str
    n: int
    environment: str
    stable: str | None
    release: str
    strategy: str
    provider: str
    plan: Mapping[str, Any]
    plan_sha: str
    rehearsal: bool
    status: DeploymentStatus
    reason: str | None
    fence: int
    actor: str
    host: str
    began_at: datetime
    changed_at: datetime
    ended_at: datetime | None
    steps: tuple[DeploymentStep, ...] = field(default=())

    @property
    def is_open(self) -> bool:
        """It has not come to an end."""
        return self.status not in ENDED

    @property
    def is_rehearsed(self) -> bool:
        """It was a rehearsal, and went to its end: all its steps were well, and the way back has worked."""
        went_well = all(step.status is DeploymentStepStatus.DONE for step in self.steps)
        return self.rehearsal and self.status is DeploymentStatus.ABORTED and went_well


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDeployment:
    """What is written down before anything is moved."""

    environment: str
    stable: str | None
    release: str
    strategy: str
    provider: str
    plan: Mapping[str, Any]
    plan_sha: str
    rehearsal: bool
    fence: int
    actor: str
    host: str
    steps: tuple[DeploymentStep, ...]


def begin_deployment(store: Store, new: NewDeployment) -> Deployment:
    """Write a rollout down, with all its steps.

    Raises:
        TrackerRefusedError: when another one of the environment has not come to its end.
    """
    before = refuse_open(store.ledger, new.environment)
    key = uuid4().hex
    number = 1 if before is None else before.n + 1
    values = {
        "n": number, "env": new.environment, "stable": new.stable, "release_id": new.release,
        "strategy": new.strategy, "provider": new.provider, "plan": dict(new.plan), "plan_sha": new.plan_sha,
        "rehearsal": new.rehearsal, "status": DeploymentStatus.RUNNING.value, "reason": None, "fence": new.fence,
        "actor": new.actor, "host": new.host, "began_at": store.now, "changed_at": store.now, "ended_at": None,
    }  # fmt: skip
    store.ledger.insert(t.deployment, [{"deployment_id": key, **values}])
    store.ledger.insert(t.deployment_step, [{"deployment_id": key, "n": one.n, **_row(one)} for one in new.steps])
    after = {
        "from": new.stable, "to": new.release, "strategy": new.strategy, "provider": new.provider,
        "plan": new.plan_sha, "rehearsal": new.rehearsal, "steps": len(new.steps), "fence": new.fence,
    }  # fmt: skip
    store.log(_KIND, _subject(new.release, new.environment), after=after, env=new.environment)
    found = last_deployment(store.ledger, new.environment)
    assert found is not None, "it was written"
    return found


def refuse_open(ledger: Ledger, environment: str) -> Deployment | None:
    """The last rollout of an environment, which has come to its end; None where there never was one.

    Raises:
        TrackerRefusedError: when it has not.
    """
    last = last_deployment(ledger, environment)
    if last is not None and last.is_open:
        raise TrackerRefusedError(
            f"the rollout of {last.release} on {environment} is {last.status}",
            hint=f"migsafe deploy resume --env {environment}, or migsafe deploy abort --env {environment}",
        )
    return last


def set_deployment(
    store: Store, deployment: Deployment, status: DeploymentStatus, *, fence: int, reason: str | None = None
) -> None:
    """Say how a rollout stands.

    Raises:
        TrackerBusyError: when somebody else has said so meanwhile.
    """
    if deployment.status is status and deployment.reason == reason and deployment.fence == fence:
        return
    before = {"status": deployment.status.value, "fence": deployment.fence}
    after: dict[str, Any] = {"status": status.value, "fence": fence}
    ended = (deployment.ended_at or store.now) if status in ENDED else None
    changed = {**after, "reason": reason, "changed_at": store.now, "ended_at": ended}
    store.replace(t.deployment, {"deployment_id": deployment.id}, before, changed)
    subject = _subject(deployment.release, deployment.environment)
    store.log(_KIND, subject, before=before, after=after, env=deployment.environment, reason=reason)


def write_step(store: Store, deployment: Deployment, step: DeploymentStep) -> None:
    """Say how a step stands, in place of what was said before."""
    c = t.deployment_step.c
    same = sa.and_(c.deployment_id == deployment.id, c.n == step.n)
    row = _row(step)
    if store.ledger.write(t.deployment_step.update().where(same).values(**row)) == 0:
        store.ledger.insert(t.deployment_step, [{"deployment_id": deployment.id, "n": step.n, **row}])
    after = {"step": step.n, "kind": step.kind, "status": step.status.value, "desired": dict(step.desired)}
    if step.verdicts:
        after["verdicts"] = [dict(one) for one in step.verdicts]
    subject = _subject(deployment.release, deployment.environment)
    store.log("deployment_step", subject, after=after, env=deployment.environment, reason=step.note)


def last_deployment(ledger: Ledger, environment: str) -> Deployment | None:
    """The last rollout of an environment, with its steps; None where there never was one."""
    found = deployments(ledger, environment, limit=1)
    return found[0] if found else None


def deployment_under_way(ledger: Ledger, environment: str) -> Deployment | None:
    """The rollout of an environment that has not come to its end; None where there is none."""
    last = last_deployment(ledger, environment)
    return last if last is not None and last.is_open else None


def deployments(ledger: Ledger, environment: str, *, limit: int = 20) -> tuple[Deployment, ...]:
    """The rollouts of an environment, the last first."""
    c, s = t.deployment.c, t.deployment_step.c
    rows = ledger.rows(sa.select(t.deployment).where(c.env == environment).order_by(c.n.desc()).limit(limit))
    keys = [row.deployment_id for row in rows]
    steps: dict[str, list[DeploymentStep]] = {key: [] for key in keys}
    for row in ledger.rows(sa.select(t.deployment_step).where(s.deployment_id.in_(keys)).order_by(s.n)):
        steps[row.deployment_id].append(_step(row))
    return tuple(_deployment(row, tuple(steps[row.deployment_id])) for row in rows)


def last_rehearsal(ledger: Ledger, environment: str) -> datetime | None:
    """When the way back was last tried to its end, as `is_rehearsed` says it; None where it never was."""
    c, s = t.deployment.c, t.deployment_step.c
    cut_short = sa.exists().where(s.deployment_id == c.deployment_id, s.status != DeploymentStepStatus.DONE.value)
    tried = sa.and_(c.env == environment, c.rehearsal, c.status == DeploymentStatus.ABORTED.value, ~cut_short)
    row = ledger.first(sa.select(c.ended_at).where(tried).order_by(c.ended_at.desc()))
    return None if row is None else row.ended_at


def draining_releases(ledger: Ledger, environment: str, source: str) -> tuple[str, ...]:
    """Releases whose processes may still live, by what one source has said."""
    c = t.rollout.c
    told = sa.and_(c.env == environment, c.status == RolloutStatus.DRAINING.value, c.source == source)
    return tuple(row.release_id for row in ledger.rows(sa.select(c.release_id).where(told).order_by(c.release_id)))


def _subject(release: str, environment: str) -> str:
    return f"{release} on {environment}"


def _row(step: DeploymentStep) -> dict[str, Any]:
    return {
        "kind": step.kind,
        "desired": dict(step.desired),
        "status": step.status.value,
        "attempts": step.attempts,
        "began_at": step.began_at,
        "ended_at": step.ended_at,
        "observed": None if step.observed is None else dict(step.observed),
        "verdicts": None if step.verdicts is None else [dict(one) for one in step.verdicts],
        "note": step.note,
    }


def _step(row: Any) -> DeploymentStep:
    return DeploymentStep(
        n=row.n,
        kind=row.kind,
        desired=row.desired,
        status=DeploymentStepStatus(row.status),
        attempts=row.attempts,
        began_at=row.began_at,
        ended_at=row.ended_at,
        observed=row.observed,
        verdicts=row.verdicts,
        note=row.note,
    )


def _deployment(row: Any, steps: tuple[DeploymentStep, ...]) -> Deployment:
    return Deployment(
        id=row.deployment_id,
        n=row.n,
        environment=row.env,
        stable=row.stable,
        release=row.release_id,
        strategy=row.strategy,
        provider=row.provider,
        plan=row.plan,
        plan_sha=row.plan_sha,
        rehearsal=row.rehearsal,
        status=DeploymentStatus(row.status),
        reason=row.reason,
        fence=row.fence,
        actor=row.actor,
        host=row.host,
        began_at=row.began_at,
        changed_at=row.changed_at,
        ended_at=row.ended_at,
        steps=steps,
    )
