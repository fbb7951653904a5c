"""Which shares of the traffic a plan gives, one after the other, and how long each is watched."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from migsafe.deploy.checks.pacing import needed_seconds
from migsafe.deploy.checks.registry import min_requests_of
from migsafe.deploy.rollout import Kind, Pace, Rollout, make_rollout
from migsafe.deploy.tables import LONGEST_S
from migsafe.deploy.words import Strategy

if TYPE_CHECKING:
    from migsafe.deploy.rollout import Step
    from migsafe.deploy.settings import DeploySettings
    from migsafe.deploy.words import Capabilities


def rollout_of(settings: DeploySettings, capabilities: Capabilities, release: str, stable: str | None) -> Rollout:
    """What the coordinator does: each share of the traffic is watched for long enough to see something."""
    stages = capabilities.stages and settings.strategy in {Strategy.CANARY, Strategy.BLUE_GREEN}
    pace = Pace(soak=settings.soak, step=settings.step_time, bake=settings.bake)
    made = make_rollout(stable, release, weights_of(settings, capabilities, stable), pace, stages=stages)
    steps = tuple(_lasting(settings, step) for step in made.steps)
    return Rollout(stable=made.stable, candidate=made.candidate, steps=steps)


def weights_of(settings: DeploySettings, capabilities: Capabilities, stable: str | None) -> tuple[int, ...]:
    """The shares that the new version gets one after the other; all at once where nobody has the rest."""
    if stable is None:
        return (100,)
    by_instance = capabilities.weights == "replicas" and not capabilities.engine_owns_steps
    if settings.strategy is Strategy.ROLLING and by_instance:
        return instance_shares(capabilities.replicas)
    return settings.steps


def instance_shares(replicas: int) -> tuple[int, ...]:
    """The shares that can be had from so many instances, in per cent."""
    shares = (round(100 * count / replicas) for count in range(1, replicas + 1))
    return tuple(dict.fromkeys(share for share in shares if share > 0))


def _lasting(settings: DeploySettings, step: Step) -> Step:
    """A step, made longer where so few requests come that nobody could judge by them."""
    if step.kind is not Kind.SHIFT or settings.requests_per_second is None or step.seconds == 0:
        return step
    wanted = min_requests_of(settings.checks)
    if wanted is None:
        return step
    needed = needed_seconds(wanted, settings.requests_per_second, step.desired.weight)
    return step if needed is None or needed <= step.seconds else replace(step, seconds=min(needed, LONGEST_S))
