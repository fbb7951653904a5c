"""`migsafe deploy run|resume|rehearse`: gates, the turn, the journal, and then the coordinator."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from migsafe.bookkeeping.releases import know_release
from migsafe.deploy.coordinator import Coordinator
from migsafe.deploy.errors import DeployRefusedError
from migsafe.deploy.gates import read_facts
from migsafe.deploy.journal import SOURCE, planned_steps
from migsafe.deploy.means import Came
from migsafe.deploy.one_step import refuse_one_step
from migsafe.deploy.plan import make_plan
from migsafe.deploy.plan_document import document
from migsafe.deploy.rollout import rehearsal_of, without_soak
from migsafe.deploy.site import Site, open_site, read_site_settings
from migsafe.deploy.under_way import at_work, open_deployment, turn_on
from migsafe.model.state import RolloutStatus
from migsafe.tracker.deployments import (
    Deployment,
    DeploymentStatus,
    NewDeployment,
    begin_deployment,
    last_rehearsal,
    refuse_open,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from migsafe.config import Config
    from migsafe.deploy.plan import ReleasePlan
    from migsafe.deploy.rollout import Rollout
    from migsafe.deploy.settings import DeploySettings
    from migsafe.deploy.turn import RolloutTurn
    from migsafe.deploy.under_way import Deployed, DeployRequest
    from migsafe.tracker.facts import Author


def deploy(
    release: str,
    request: DeployRequest,
    config: Config,
    author: Author,
    *,
    rehearsal: bool = False,
    urgent: bool = False,
    say: Callable[[str], None],
    stop: threading.Event | None = None,
) -> Deployed:
    """Bring a release out, as far as it is well.

    Args:
        rehearsal: only as far as its first share of the traffic, and back.
        urgent: the version that runs is not well: it is not watched first.

    Raises:
        DeployRefusedError: when something must come first; nothing was moved or written.
        TrackerRefusedError: when another rollout is under way.
        EnvironmentFailedError: when the engine or the tracker is away.
        ConfigurationError: when deploy.toml cannot be used.
    """
    settings = read_site_settings(request.deploy_file, request.environment)
    purpose = f"{'rehearsal of' if rehearsal else 'rollout of'} {release}"
    with open_site(settings, config, author, say) as site, turn_on(site, request, author, purpose) as turn:
        # Not before: whoever had the turn until now has changed what it is planned by.
        plan = _ready_plan(site, config, release, rehearsal=rehearsal)
        rollout = without_soak(plan.rollout) if urgent else plan.rollout
        rollout = rehearsal_of(rollout) if rehearsal else rollout
        deployment = _begin(site, plan, rollout, author, turn, config, rehearsal=rehearsal)
        return at_work(site, deployment, author, turn, config, say, stop, lambda coordinator: coordinator.go_on())


def resume(
    request: DeployRequest,
    config: Config,
    author: Author,
    *,
    reassert: str | None = None,
    say: Callable[[str], None],
    stop: threading.Event | None = None,
) -> Deployed:
    """Go on with what was cut off, held or paused; what was on its way back goes back.

    Args:
        reassert: why what somebody else did to the engine may be undone.

    Raises:
        DeployRefusedError: when there is nothing to go on with, or the engine is another one.
        EnvironmentFailedError: when the engine or the tracker is away.
    """
    settings = read_site_settings(request.deploy_file, request.environment)
    with open_site(settings, config, author, say) as site, turn_on(site, request, author, "resume") as turn:
        deployment = open_deployment(site)
        _refuse_other_engine(deployment, settings)
        if deployment.status is DeploymentStatus.DRIFTED and reassert is None:
            raise DeployRefusedError(
                f"somebody else has changed the engine: {deployment.reason}",
                hint='--reassert "why" sets it as this rollout left it; migsafe deploy abort goes back',
            )

        def act(coordinator: Coordinator) -> Came:
            if deployment.status is DeploymentStatus.ABORTING:
                return coordinator.go_back(deployment.reason or "it was on its way back")
            if reassert is not None:
                coordinator.reassert(reassert)
            return coordinator.go_on()

        return at_work(site, deployment, author, turn, config, say, stop, act)


def _plan(site: Site, config: Config, release: str) -> ReleasePlan:
    refuse_one_step(site.settings.provider_table)
    facts = read_facts(config, release, site.settings.environment, rehearsed=last_rehearsal)
    return make_plan(site.settings, site.provider.capabilities, facts.release, facts.schema)


def _ready_plan(site: Site, config: Config, release: str, *, rehearsal: bool) -> ReleasePlan:
    """The plan of a release that can go out now.

    Raises:
        DeployRefusedError: when something must come first.
        TrackerRefusedError: when another rollout has not come to its end.
    """
    with site.tracker.reading() as ledger:
        refuse_open(ledger, site.settings.environment)
    plan = _plan(site, config, release)
    if plan.waits:
        first, *others = plan.waits
        more = f" (and {len(others)} more: migsafe deploy plan)" if others else ""
        raise DeployRefusedError(f"{plan.release} cannot go out yet: {first}{more}")
    if rehearsal and plan.stable is None:
        raise DeployRefusedError(f"{release} is the first version: there is no way back to rehearse")
    return plan


def _begin(
    site: Site,
    plan: ReleasePlan,
    rollout: Rollout,
    author: Author,
    turn: RolloutTurn,
    config: Config,
    *,
    rehearsal: bool,
) -> Deployment:
    """Look at the engine, then write the rollout down; nothing was moved if this refuses."""
    _refuse_engine(site, plan)
    new = NewDeployment(
        environment=plan.environment, stable=plan.stable, release=plan.release, strategy=plan.strategy.value,
        provider=plan.provider, plan=document(plan), plan_sha=plan.plan_id, rehearsal=rehearsal, fence=turn.fence,
        actor=author.actor, host=author.host, steps=planned_steps(rollout),
    )  # fmt: skip
    with site.tracker.writing(author) as store:
        turn.check_fence(store.ledger)
        know_release(store, plan.release, config)
        if plan.stable is not None:
            store.mark(plan.environment, plan.stable, RolloutStatus.DEPLOYED, source=SOURCE)
        deployment = begin_deployment(store, new)
        site.herald.tell(store, deployment, "locked", f"{plan.stable or 'nothing'} → {plan.release}", {})
    return deployment


def _refuse_engine(site: Site, plan: ReleasePlan) -> None:
    """What keeps the engine from it, and another stable version than the one that the tracker knows."""
    if problems := site.provider.check():
        raise DeployRefusedError("; ".join(problems))
    seen = site.provider.observe()
    if seen.stable != plan.stable:
        knows = plan.stable or "none"
        mark = f"migsafe release mark {seen.stable or 'R'} --env {plan.environment} --status deployed"
        raise DeployRefusedError(
            f"the engine's stable version is {seen.stable or 'none'}, the tracker's {knows}",
            hint=f"where the engine is right: {mark}",
        )
    if seen.weight != 0:
        raise DeployRefusedError(f"{seen.candidate} has {seen.weight} % of the traffic, and no rollout is under way")


def _refuse_other_engine(deployment: Deployment, settings: DeploySettings) -> None:
    hint = "check out the deploy.toml with which it was begun"
    if deployment.provider != settings.provider:
        raise DeployRefusedError(
            f"the rollout of {deployment.release} was begun on {deployment.provider}, "
            f"and {settings.path} names {settings.provider}",
            hint=hint,
        )
    if deployment.strategy != settings.strategy:
        raise DeployRefusedError(
            f"the rollout of {deployment.release} was begun as {deployment.strategy}, "
            f"and {settings.path} says {settings.strategy}",
            hint=hint,
        )
