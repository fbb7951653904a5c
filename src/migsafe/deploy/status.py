"""How the rollouts of an environment stand: what the journal says, and what the engine shows in this moment."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from migsafe.bookkeeping.place import open_tracker
from migsafe.deploy.journal import jotted
from migsafe.deploy.planning import provider_of
from migsafe.deploy.site import read_site_settings
from migsafe.deploy.turn import holder_is_gone
from migsafe.errors import MigsafeError
from migsafe.tracker.deployments import Deployment, DeploymentStatus, deployments, last_rehearsal
from migsafe.tracker.lease import Lease, Rollouts, read_lease
from migsafe.tracker.names import Names

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from typing import Any

    from migsafe.config import Config
    from migsafe.deploy.under_way import DeployRequest
    from migsafe.deploy.words import Observed

_S = DeploymentStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How it stands.

    Attributes:
        deployments: the last ones, the latest first.
        holder: who has the turn and lives, as far as anybody can tell; None where nobody has.
        seen: what the engine shows; None where it was not asked or did not answer, for the reason in `unseen`.
        rehearsed_at: when the way back was last tried to its end.
    """

    environment: str
    deployments: tuple[Deployment, ...]
    holder: Lease | None
    seen: Observed | None
    unseen: str | None
    rehearsed_at: datetime | None

    @property
    def next(self) -> str | None:
        """What a person does now; None where nothing is to be done."""
        if not self.deployments:
            return None
        if not (last := self.deployments[0]).is_open:
            return self._next_of_what_is_left(last)
        if self.holder is not None:
            return f"migsafe deploy abort --env {self.environment} --reason WHY sends the traffic back"
        resume, abort = (f"migsafe deploy {verb} --env {self.environment}" for verb in ("resume", "abort"))
        match last.status:
            case _S.ABORTING:
                return f"{abort} --reason WHY tries the way back again"
            case _S.DRIFTED:
                return f"look at the engine; then {resume} --reassert WHY, or {abort} --reason WHY"
            case _ if last.stable is None:
                return f"{resume} goes on, {abort} --retire --reason WHY ends {last.release}, the first version"
            case _:
                return f"{resume} goes on, {abort} --reason WHY goes back"

    @property
    def was_cut_off(self) -> bool:
        """A rollout is under way by the journal, and nobody is at it: it was killed, or its machine was lost."""
        under_way = bool(self.deployments) and self.deployments[0].status in {_S.RUNNING, _S.ABORTING}
        return under_way and self.holder is None

    def _next_of_what_is_left(self, last: Deployment) -> str | None:
        """A version that was given up goes on running without traffic, until it is ended or the next one takes its
        place."""
        seen = self.seen
        if last.status is not _S.ABORTED or seen is None or seen.candidate != last.release or seen.weight != 0:
            return None
        command = f"migsafe deploy abort --env {self.environment} --retire --reason WHY"
        return f"{last.release} still runs, without traffic, until the next rollout; {command} ends it"


def read_standing(request: DeployRequest, config: Config, *, limit: int = 5) -> Standing:
    """Ask the tracker, and the engine where there is a deploy.toml; nothing is written.

    Raises:
        UnknownNameError: when nobody knows the environment.
        TrackerRefusedError: when there is no tracker, or it may not be used.
        TrackerAwayError: when it cannot be reached.
    """
    environment = request.environment
    tracker = open_tracker(config, environment)
    with tracker.reading() as ledger:
        Names(ledger).environment(environment)
        found = deployments(ledger, environment, limit=limit)
        holder = read_lease(ledger, Rollouts(environment), now=tracker.clock())
        rehearsed_at = last_rehearsal(ledger, environment)
    seen, unseen = _ask_engine(request)
    return Standing(
        environment=environment,
        deployments=found,
        holder=holder if holder is not None and holder.is_held and not holder_is_gone(holder) else None,
        seen=seen,
        unseen=unseen,
        rehearsed_at=rehearsed_at,
    )


def _ask_engine(request: DeployRequest) -> tuple[Observed | None, str | None]:
    try:
        with closing(provider_of(read_site_settings(request.deploy_file, request.environment))) as provider:
            return provider.observe(), None
    except MigsafeError as error:
        return None, error.message


def document(standing: Standing) -> Mapping[str, Any]:
    """The same for programs, without its schema's name."""
    return {
        "environment": standing.environment,
        "engine": None if standing.seen is None else jotted(standing.seen),
        "engine_error": standing.unseen,
        "held_by": None if standing.holder is None else standing.holder.holder.actor,
        "rehearsed_at": standing.rehearsed_at,
        "next": standing.next,
        "deployments": [_deployment(one) for one in standing.deployments],
    }


def _deployment(one: Deployment) -> Mapping[str, Any]:
    return {
        "number": one.n,
        "release": one.release,
        "from": one.stable,
        "strategy": one.strategy,
        "provider": one.provider,
        "rehearsal": one.rehearsal,
        "status": one.status.value,
        "reason": one.reason,
        "plan": one.plan_sha,
        "began_at": one.began_at,
        "ended_at": one.ended_at,
        "steps": [
            {
                "n": step.n,
                "kind": step.kind,
                "status": step.status.value,
                "weight": step.desired.get("weight"),
                "began_at": step.began_at,
                "ended_at": step.ended_at,
                "attempts": step.attempts,
                "verdicts": list(step.verdicts or ()),
                "note": step.note,
            }
            for step in one.steps
        ],
    }
