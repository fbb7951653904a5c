"""`migsafe deploy stop`: end all that runs on an engine whose processes migsafe itself has started."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from migsafe.deploy.errors import DeployRefusedError
from migsafe.deploy.journal import SOURCE
from migsafe.deploy.provider import Fencing, Stopping
from migsafe.deploy.site import open_site, read_site_settings
from migsafe.deploy.turn import take_rollout_turn
from migsafe.errors import MigsafeError
from migsafe.model.state import RolloutStatus
from migsafe.runner.turn import Waiting
from migsafe.tracker.deployments import (
    DeploymentStatus,
    DeploymentStepStatus,
    deployment_under_way,
    set_deployment,
    write_step,
)
from migsafe.tracker.errors import TrackerAwayError, TrackerRefusedError
from migsafe.tracker.lease import LeaseHeldError
from migsafe.tracker.reading import read_known

if TYPE_CHECKING:
    from collections.abc import Callable

    from migsafe.config import Config
    from migsafe.deploy.site import Site
    from migsafe.deploy.turn import RolloutTurn
    from migsafe.deploy.under_way import DeployRequest
    from migsafe.deploy.words import Ended
    from migsafe.tracker.deployments import Deployment
    from migsafe.tracker.facts import Author
    from migsafe.tracker.store import Store

_WHY = "migsafe deploy stop has ended all that ran"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """What was ended.

    Attributes:
        ended: the processes; none where nothing ran.
        releases: that run no more, by what the tracker has been told.
        notes: what could not be done beside it, a sentence each.
    """

    environment: str
    ended: tuple[Ended, ...]
    releases: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def stop(
    request: DeployRequest, config: Config, author: Author, *, yes: bool = False, say: Callable[[str], None]
) -> Stopped:
    """End all that runs there: nobody new gets in, what is open is answered, then the processes end.

    Args:
        yes: also while a rollout is open, which goes no further then; and where the tracker cannot tell.

    Raises:
        DeployRefusedError: when migsafe has not started what runs there, or a rollout is open.
        LeaseHeldError: when somebody is at work on it in this moment.
        EnvironmentFailedError: when something does not end, even when it is killed.
    """
    settings = read_site_settings(request.deploy_file, request.environment)
    with open_site(settings, config, author, say, only_back=True) as site, ExitStack() as stack:
        if not isinstance(site.provider, Stopping):
            raise DeployRefusedError(
                f"migsafe did not start what runs there: {settings.provider} did",
                hint=f"nothing was ended; end it by {settings.provider}'s own means",
            )
        waiting = Waiting(seconds=request.wait_for_turn)
        turn, note = _turn(stack, site, author, waiting, without=yes)
        deployment = _open(site, yes=yes) if turn is not None else None
        if turn is not None and isinstance(site.provider, Fencing):
            site.provider.fence(turn.fence)  # whoever comes back late starts nothing again
        seen = site.provider.observe()
        ended = site.provider.stop()
        versions = {seen.stable, seen.candidate, *(one.version for one in ended)}
        if turn is None:
            return Stopped(environment=request.environment, ended=ended, notes=(note,))
        return _written(site, author, turn, deployment, ended, versions)


def _turn(
    stack: ExitStack, site: Site, author: Author, waiting: Waiting, *, without: bool
) -> tuple[RolloutTurn | None, str]:
    """The turn, so that nobody begins anything meanwhile; None, and why, where the tracker cannot give it."""
    try:
        turn = take_rollout_turn(site.tracker, site.settings.environment, author, "stop", waiting=waiting)
        return stack.enter_context(turn), ""
    except LeaseHeldError:
        raise
    except (TrackerAwayError, TrackerRefusedError) as error:
        if not without:
            raise DeployRefusedError(
                f"nobody can tell whether a rollout is open: {error.message}",
                hint="nothing was ended; --yes ends it without the tracker",
            ) from None
        return None, f"the tracker could not be told: {error.message}"


def _open(site: Site, *, yes: bool) -> Deployment | None:
    """The rollout that is open, where all of it may end all the same."""
    environment = site.settings.environment
    with site.tracker.reading() as ledger:
        found = deployment_under_way(ledger, environment)
    if found is not None and not yes:
        raise DeployRefusedError(
            f"the rollout of {found.release} on {environment} (deployment no. {found.n}) is {found.status}",
            hint=f"nothing was ended; migsafe deploy abort --env {environment} --reason WHY first, or --yes",
        )
    return found


def _written(
    site: Site,
    author: Author,
    turn: RolloutTurn,
    deployment: Deployment | None,
    ended: tuple[Ended, ...],
    versions: set[str | None],
) -> Stopped:
    """What has ended, as the tracker knows it from now on: else the next rollout would look for it."""
    environment = site.settings.environment
    try:
        with site.tracker.writing(author) as store:
            turn.check_fence(store.ledger)
            releases = tuple(one for one in _running(store, environment) if one in versions)
            for release in releases:
                given_up = deployment is not None and release == deployment.release
                status = RolloutStatus.ROLLED_BACK if given_up else RolloutStatus.RETIRED
                store.mark(environment, release, status, source=SOURCE)
            if deployment is not None:
                _end_rollout(store, site, deployment, turn.fence)
    except MigsafeError as error:
        return Stopped(environment=environment, ended=ended, notes=(f"the tracker could not be told: {error.message}",))
    return Stopped(environment=environment, ended=ended, releases=releases)


def _running(store: Store, environment: str) -> tuple[str, ...]:
    here = read_known(store.ledger, store.now).state.environment(environment)
    return tuple(one.release for one in (here.running if here is not None else ()))


def _end_rollout(store: Store, site: Site, deployment: Deployment, fence: int) -> None:
    """It goes no further; a rehearsal whose way back was not gone is none."""
    for step in deployment.steps:
        cut_short = deployment.rehearsal and step is deployment.steps[-1]
        if step.status is DeploymentStepStatus.RUNNING or cut_short:
            write_step(
                store,
                deployment,
                replace(step, status=DeploymentStepStatus.FAILED, ended_at=store.now, note=_WHY),
            )
    set_deployment(store, deployment, DeploymentStatus.ABORTED, fence=fence, reason=_WHY)
    after = replace(deployment, status=DeploymentStatus.ABORTED, reason=_WHY, fence=fence)
    site.herald.tell(store, after, "abort", _WHY, {})
