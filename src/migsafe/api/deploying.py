"""Rollouts: the plan of a release, carrying it out, and the way back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from migsafe.api.progress import Say, say_nothing
from migsafe.config import Config

if TYPE_CHECKING:
    from threading import Event

    from migsafe.deploy.plan import ReleasePlan
    from migsafe.deploy.rollback import RollbackRequest, RolledBack
    from migsafe.deploy.status import Standing
    from migsafe.deploy.stopping import Stopped
    from migsafe.deploy.under_way import Deployed, DeployRequest


def plan_deploy(
    release: str,
    config: Config | None = None,
    *,
    environment: str,
    deploy_file: str | Path | None = None,
) -> ReleasePlan:
    """The plan by which a release comes to an environment. Nothing is moved, and neither engine nor database is asked.

    Args:
        deploy_file: the nearest `deploy.toml` when None.

    Raises:
        PathNotFoundError: when there is no deploy.toml.
        ConfigurationError: when it says something that cannot be used, with the place.
        UnknownNameError: when nobody knows the release or the environment.
        PlanRefusedError: when the engine cannot do it, or a release that runs cannot live on the schema.
        TrackerRefusedError: when there is no tracker, or it may not be used.
        TrackerAwayError: when it cannot be reached.
    """
    from migsafe.deploy.planning import plan_release

    return plan_release(config or Config(), release, environment, Path(deploy_file) if deploy_file else None)


def run_deploy(
    release: str,
    request: DeployRequest,
    config: Config | None = None,
    *,
    rehearsal: bool = False,
    say: Say = say_nothing,
    stop: Event | None = None,
    by: str | None = None,
) -> Deployed:
    """Bring a release out step by step; what does not hold sends all traffic back by itself.

    Args:
        rehearsal: only as far as its first share of the traffic, and back; it is recorded that the way back works.
        say: takes what happens, a line at a time.
        stop: set it, and the rollout pauses where it is.
        by: who does it; the CI's user, else the login, when None.

    Raises:
        DeployRefusedError: when something must come first; nothing was moved or written.
        TrackerRefusedError: when another rollout is under way.
        ConfigurationError: when deploy.toml cannot be used.
        EnvironmentFailedError: when the engine or the tracker is away.
    """
    from migsafe.bookkeeping.author import author
    from migsafe.deploy import run

    return run.deploy(release, request, config or Config(), author(by), rehearsal=rehearsal, say=say, stop=stop)


def resume_deploy(
    request: DeployRequest,
    config: Config | None = None,
    *,
    reassert: str | None = None,
    say: Say = say_nothing,
    stop: Event | None = None,
    by: str | None = None,
) -> Deployed:
    """Go on with a rollout that was cut off, held or paused; one that was on its way back goes back.

    Args:
        reassert: why what somebody else did to the engine may be undone.

    Raises:
        DeployRefusedError: when there is nothing to go on with, or somebody else has changed the engine.
        EnvironmentFailedError: when the engine or the tracker is away.
    """
    from migsafe.bookkeeping.author import author
    from migsafe.deploy import run

    return run.resume(request, config or Config(), author(by), reassert=reassert, say=say, stop=stop)


def abort_deploy(
    request: DeployRequest,
    config: Config | None = None,
    *,
    reason: str,
    to: str | None = None,
    retire: bool = False,
    say: Say = say_nothing,
    by: str | None = None,
) -> Deployed:
    """Send all traffic back, whoever is at it, and whether the tracker answers or not.

    Args:
        to: the version that is to have it, where neither tracker nor engine tells.
        retire: end the other version as well.

    Raises:
        DeployRefusedError: when nothing is under way.
        EnvironmentFailedError: when the engine is away.
    """
    from migsafe.bookkeeping.author import author
    from migsafe.deploy.abort import abort

    return abort(request, config or Config(), author(by), reason=reason, to=to, retire=retire, say=say)


def stop_deploy(
    request: DeployRequest,
    config: Config | None = None,
    *,
    yes: bool = False,
    say: Say = say_nothing,
    by: str | None = None,
) -> Stopped:
    """End all that runs on an engine whose processes migsafe itself has started: the local one.

    Args:
        yes: also while a rollout is open, which goes no further then; and where the tracker cannot tell.

    Raises:
        DeployRefusedError: when migsafe has not started what runs there, or a rollout is open; nothing was ended.
        EnvironmentFailedError: when something does not end, even when it is killed.
    """
    from migsafe.bookkeeping.author import author
    from migsafe.deploy.stopping import stop

    return stop(request, config or Config(), author(by), yes=yes, say=say)


def deploy_status(request: DeployRequest, config: Config | None = None, *, limit: int = 5) -> Standing:
    """How the rollouts of an environment stand, by the tracker and by the engine itself. Nothing is written.

    Raises:
        UnknownNameError: when nobody knows the environment.
        TrackerRefusedError: when there is no tracker, or it may not be used.
        TrackerAwayError: when it cannot be reached.
    """
    from migsafe.deploy import status

    return status.read_standing(request, config or Config(), limit=limit)


def roll_back(
    asked: RollbackRequest,
    config: Config | None = None,
    *,
    say: Say = say_nothing,
    stop: Event | None = None,
    by: str | None = None,
) -> RolledBack:
    """Send the traffic back to the release before, see that it is well, and only then ask about the schema.

    Raises:
        DeployRefusedError: when there is no safe release to go back to; the nearest one is named. Nothing was moved.
        EnvironmentFailedError: when the engine or the tracker is away.
        ConfigurationError: when deploy.toml cannot be used.
    """
    from migsafe.bookkeeping.author import author
    from migsafe.deploy import rollback

    return rollback.roll_back(asked, config or Config(), author(by), say=say, stop=stop)
