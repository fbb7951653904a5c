"""`migsafe deploy run|resume|abort|rehearse`: gates, the turn, the journal, and then the coordinator."""

from __future__ import annotations

import threading
import time
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from migsafe.bookkeeping.releases import know_release
from migsafe.deploy.coordinator import Coordinator
from migsafe.deploy.decide import is_back
from migsafe.deploy.errors import DeployRefusedError
from migsafe.deploy.gates import read_facts, read_project_here
from migsafe.deploy.journal import SOURCE, Journal, planned_steps, rollout_of
from migsafe.deploy.means import Came, Manner, Means
from migsafe.deploy.one_step import refuse_one_step
from migsafe.deploy.plan import make_plan
from migsafe.deploy.plan_document import document
from migsafe.deploy.planning import provider_of
from migsafe.deploy.rollout import rehearsal_of, without_soak
from migsafe.deploy.site import Site, open_site, read_site_settings
from migsafe.deploy.smoke import Smoke
from migsafe.deploy.turn import break_rollout_turn, take_rollout_turn
from migsafe.errors import EnvironmentFailedError, MigsafeError
from migsafe.model.phase import Phase
from migsafe.model.state import RolloutStatus
from migsafe.runner.turn import Waiting
from migsafe.tracker.deployments import (
    Deployment,
    DeploymentStatus,
    NewDeployment,
    begin_deployment,
    last_deployment,
    last_rehearsal,
    refuse_open,
)
from migsafe.tracker.errors import TrackerAwayError, TrackerBusyError, TrackerRefusedError
from migsafe.tracker.lease import LeaseHeldError, LeaseLostError, spell_holder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from migsafe.bookkeeping.project import Project
    from migsafe.config import Config
    from migsafe.deploy.decide import Answer
    from migsafe.deploy.plan import ReleasePlan
    from migsafe.deploy.rollout import Rollout
    from migsafe.deploy.settings import DeploySettings
    from migsafe.deploy.turn import RolloutTurn
    from migsafe.tracker.facts import Author
    from migsafe.tracker.lease import Lease

#: For how long the way back waits for somebody who writes to the tracker, in seconds.
_BRIEFLY = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployRequest:
    """What is asked of a coordinator.

    Attributes:
        deploy_file: the nearest deploy.toml when None.
        wait_for_turn: seconds to wait for another coordinator; 0 is refused at once.
    """

    environment: str
    deploy_file: Path | None = None
    wait_for_turn: float = 0.0


@dataclass(frozen=True, slots=True)
class Deployed:
    """What became of a rollout.

    Attributes:
        deployment: as it was written last; None where the tracker could not be asked.
    """

    deployment: Deployment | None
    came: Came


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
    with open_site(settings, config, author, say) as site, _turn(site, request, author, purpose) as turn:
        # Not before: whoever had the turn until now has changed what it is planned by.
        plan = _ready_plan(site, config, release, rehearsal=rehearsal)
        rollout = without_soak(plan.rollout) if urgent else plan.rollout
        rollout = rehearsal_of(rollout) if rehearsal else rollout
        deployment = _begin(site, plan, rollout, author, turn, config, rehearsal=rehearsal)
        return _go(site, deployment, author, turn, config, say, stop, lambda coordinator: coordinator.go_on())


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
    with open_site(settings, config, author, say) as site, _turn(site, request, author, "resume") as turn:
        deployment = _open_deployment(site)
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

        return _go(site, deployment, author, turn, config, say, stop, act)


def abort(
    request: DeployRequest,
    config: Config,
    author: Author,
    *,
    reason: str,
    to: str | None = None,
    retire: bool = False,
    say: Callable[[str], None],
) -> Deployed:
    """Send all traffic back, whoever is at it; without the tracker, too, where the engine tells enough.

    Args:
        to: the version that is to have it; the one that had it before when None.
        retire: end the other version as well; also one that was given up before, and has run on without traffic.

    Raises:
        DeployRefusedError: when nothing is under way.
        EnvironmentFailedError: when the engine is away; or the tracker is, and nobody says where to.
    """
    settings = read_site_settings(request.deploy_file, request.environment)
    ordered = _order_back(settings, to, say)
    with open_site(settings, config, author, say, only_back=True) as site:
        try:
            with _turn_of_whoever_has_it(site, author, reason) as (turn, robbed):
                deployment = _open_deployment(site, or_given_up=retire)
                done = _go(
                    site, deployment, author, turn, config, say, None,
                    lambda coordinator: _send_back(coordinator, deployment, reason, retire=retire),
                )  # fmt: skip
                if robbed is not None:
                    _tell_of_theft(site, deployment, robbed, author)
                return done
        except (TrackerAwayError, TrackerRefusedError) as error:
            say(f"without the tracker: {error.message}")
            came = _abort_blindly(site, to or ordered or _had_it_before(site), reason, say)
            if retire:
                came.notes.append("the other version was not ended")
            return Deployed(None, came)


def _send_back(coordinator: Coordinator, deployment: Deployment, reason: str, *, retire: bool) -> Came:
    return coordinator.go_back(reason, retire=retire) if deployment.is_open else coordinator.clear_up()


def _order_back(settings: DeploySettings, to: str | None, say: Callable[[str], None]) -> str | None:
    """Before anybody is asked: while a candidate has traffic, the engine alone knows where it was.

    Args:
        to: says it where the new version is promoted already, and the one before stands beside it.

    Returns:
        Where it was sent; None where the engine alone does not tell.
    """
    with closing(provider_of(settings)) as provider:
        seen = provider.observe()
        target = seen.stable if seen.weight > 0 else to if to == seen.candidate else None
        if target is None:
            return None
        provider.abort(target)
    say(f"{settings.provider} is told to send all traffic to {target}")
    return target


def _had_it_before(site: Site) -> str | None:
    """By a tracker that can be read, though not written; None where it cannot, or says that nothing is under way."""
    try:
        with site.tracker.reading() as ledger:
            found = last_deployment(ledger, site.settings.environment)
    except MigsafeError:
        return None
    return found.stable if found is not None and found.is_open else None


def _abort_blindly(site: Site, to: str | None, reason: str, say: Callable[[str], None]) -> Came:
    """By what the engine alone tells; nothing is written, and `resume` finds out."""
    if to is None:
        raise DeployRefusedError(
            "the engine alone does not tell where the traffic was before", hint="--to VERSION says it"
        )
    began, deadline = time.monotonic(), time.monotonic() + site.settings.ready_within
    site.provider.abort(to)
    while not is_back(to, site.provider.observe()):
        if time.monotonic() > deadline:
            raise EnvironmentFailedError(f"the traffic is not back at {to}", hint="give the same command again")
        time.sleep(Manner().look_every)
    spent = (time.monotonic() - began) * 1000
    say(f"all traffic is at {to}, after {spent:.0f} ms")
    note = "the tracker could not be told: migsafe deploy abort again, when it can be reached"
    return Came(DeploymentStatus.ABORTED, reason, back_ms=spent, notes=[note])


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


def _open_deployment(site: Site, *, or_given_up: bool = False) -> Deployment:
    environment = site.settings.environment
    with site.tracker.reading() as ledger:
        found = last_deployment(ledger, environment)
    if found is not None and or_given_up and found.status is DeploymentStatus.ABORTED:
        return found
    if found is None or not found.is_open:
        last = f"; the last one, of {found.release}, is {found.status}" if found is not None else ""
        raise DeployRefusedError(
            f"no rollout is under way on {environment}{last}",
            hint=f"migsafe deploy run --release R --env {environment}, or migsafe rollback --env {environment}",
        )
    return found


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


def _go(
    site: Site,
    deployment: Deployment,
    author: Author,
    turn: RolloutTurn,
    config: Config,
    say: Callable[[str], None],
    stop: threading.Event | None,
    act: Callable[[Coordinator], Came],
) -> Deployed:
    rollout = rollout_of(deployment)
    project_of = _read_once()
    journal = Journal(deployment, site.tracker, author, turn, site.herald)
    means = Means(
        provider=site.provider,
        journal=journal,
        turn=turn,
        answers=lambda: _answers(config, deployment, project_of),
        analyst=site.checks,
        smoke=Smoke(site.provider, site.settings.probes).ask,
        stop=stop or threading.Event(),
        say=say,
    )
    settings = site.settings
    manner = Manner(
        ready_within=settings.ready_within,
        abort_when_unsure=settings.on_inconclusive == "abort",
    )
    try:
        came = act(Coordinator(rollout, means, manner))
    except LeaseLostError:
        raise
    except (TrackerAwayError, TrackerRefusedError) as error:
        resume = f"migsafe deploy resume --env {deployment.environment}"
        raise TrackerAwayError(
            error.message, hint=f"the traffic stays where it is; {resume} goes on when the tracker can be written again"
        ) from error
    return Deployed(journal.deployment, came)


def _read_once() -> Callable[[Config], Project | None]:
    """Each step asks the tracker anew; the checkout stays that with which the command began."""
    found: list[Project | None] = []

    def read(config: Config) -> Project | None:
        if not found:
            found.append(read_project_here(config))
        return found[0]

    return read


def _answers(
    config: Config, deployment: Deployment, project_of: Callable[[Config], Project | None]
) -> Mapping[str, Answer]:
    """Whether each version of a rollout works on every database as it is now; the worst answer counts."""
    facts = read_facts(
        config, deployment.release, deployment.environment, rehearsed=last_rehearsal, project_of=project_of
    ).schema
    found: dict[str, Answer] = {}
    for verdict in (*facts.now, *facts.expanded):
        found[verdict.release] = max(found.get(verdict.release, "yes"), verdict.answer, key=_weight)
    if (expand := facts.of(Phase.EXPAND)) is not None and not expand.is_done:
        found[deployment.release] = "no"
    return found


def _weight(answer: Answer) -> int:
    return ("yes", "unknown", "no").index(answer)


@contextmanager
def _turn(site: Site, request: DeployRequest, author: Author, purpose: str) -> Iterator[RolloutTurn]:
    waiting = Waiting(seconds=request.wait_for_turn)
    with take_rollout_turn(site.tracker, request.environment, author, purpose, waiting=waiting) as turn:
        yield turn


@contextmanager
def _turn_of_whoever_has_it(site: Site, author: Author, reason: str) -> Iterator[tuple[RolloutTurn, Lease | None]]:
    """Going back is everybody's right: whoever moves forward meanwhile finds out before the next order.

    Yields:
        The turn, and from whom it was taken; None where nobody had it.
    """
    environment = site.settings.environment
    robbed: Lease | None = None
    deadline = time.monotonic() + _BRIEFLY
    while True:
        try:
            turn = take_rollout_turn(site.tracker, environment, author, f"abort: {reason}")
            break
        except TrackerBusyError:
            if time.monotonic() > deadline:
                raise
        except LeaseHeldError:
            if time.monotonic() > deadline:
                raise
            robbed = _break(site, environment, author, reason) or robbed
    with turn:
        yield turn, robbed


def _break(site: Site, environment: str, author: Author, reason: str) -> Lease | None:
    try:
        return break_rollout_turn(site.tracker, environment, author, f"abort: {reason}")
    except LeaseHeldError:  # it writes in this moment
        time.sleep(Manner().look_every)
    except TrackerRefusedError:  # it was given back in this moment
        pass
    return None


def _tell_of_theft(site: Site, deployment: Deployment, robbed: Lease, author: Author) -> None:
    with suppress(MigsafeError), site.tracker.writing(author) as store:
        site.herald.tell(store, deployment, "lock-stolen", f"{spell_holder(robbed)}; now {author.actor} has it", {})
