"""A rollout that is under way: whose turn it is, what was written down of it, and a coordinator at work on it."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from migsafe.deploy.coordinator import Coordinator
from migsafe.deploy.errors import DeployRefusedError
from migsafe.deploy.gates import read_facts, read_project_here
from migsafe.deploy.journal import Journal, rollout_of
from migsafe.deploy.means import Came, Manner, Means
from migsafe.deploy.smoke import Smoke
from migsafe.deploy.turn import take_rollout_turn
from migsafe.model.phase import Phase
from migsafe.runner.turn import Waiting
from migsafe.tracker.deployments import Deployment, last_deployment, last_rehearsal
from migsafe.tracker.errors import TrackerAwayError, TrackerRefusedError
from migsafe.tracker.lease import LeaseLostError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from migsafe.bookkeeping.project import Project
    from migsafe.config import Config
    from migsafe.deploy.decide import Answer
    from migsafe.deploy.site import Site
    from migsafe.deploy.turn import RolloutTurn
    from migsafe.tracker.facts import Author


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


@contextmanager
def turn_on(site: Site, request: DeployRequest, author: Author, purpose: str) -> Iterator[RolloutTurn]:
    waiting = Waiting(seconds=request.wait_for_turn)
    with take_rollout_turn(site.tracker, request.environment, author, purpose, waiting=waiting) as turn:
        yield turn


def open_deployment(site: Site, *, or_ended: Callable[[Deployment], bool] = lambda found: False) -> Deployment:
    """The rollout that is under way.

    Args:
        or_ended: says of one that has come to its end whether it will do as well.

    Raises:
        DeployRefusedError: when there is none.
    """
    environment = site.settings.environment
    with site.tracker.reading() as ledger:
        found = last_deployment(ledger, environment)
    if found is None or not (found.is_open or or_ended(found)):
        last = f"; the last one, of {found.release}, is {found.status}" if found is not None else ""
        raise DeployRefusedError(
            f"no rollout is under way on {environment}{last}",
            hint=f"migsafe deploy run --release R --env {environment}, or migsafe rollback --env {environment}",
        )
    return found


def at_work(
    site: Site,
    deployment: Deployment,
    author: Author,
    turn: RolloutTurn,
    config: Config,
    say: Callable[[str], None],
    stop: threading.Event | None,
    act: Callable[[Coordinator], Came],
) -> Deployed:
    """Have a coordinator act on a rollout.

    Raises:
        RolloutTurnLostError, LeaseLostError: when somebody else has taken it over.
        EnvironmentFailedError: when the engine or the tracker is away.
    """
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
        tracker_back_within=settings.tracker_back_within,
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
