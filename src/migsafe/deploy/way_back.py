"""Which way a rollback takes: back along the rollout that is under way, or the older release once more. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from migsafe.deploy.errors import DeployRefusedError
from migsafe.tracker.deployments import DeploymentStatus

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from migsafe.tracker.deployments import Deployment
    from migsafe.tracker.guarding import Verdict


@dataclass(frozen=True, slots=True)
class Return:
    """The old version is still there: all traffic goes back to it at once."""

    to: str


@dataclass(frozen=True, slots=True)
class Redeploy:
    """The old version has ended: it is brought out again, as any release is.

    Attributes:
        instead_of: the release that has the traffic now.
    """

    to: str
    instead_of: str


@dataclass(frozen=True, slots=True)
class Stay:
    """All traffic is there already."""

    at: str


Way = Return | Redeploy | Stay


def choose_way(
    last: Deployment | None,
    stable: str | None,
    to: str | None,
    verdicts: Mapping[str, Verdict],
    order: Sequence[str],
) -> Way:
    """Which way to take.

    Args:
        last: the environment's last rollout.
        stable: the release that has the traffic, by the tracker; None where it knows none.
        to: the release that is wanted; the one before when None.
        verdicts: for each release the worst word of any database, on the schema as it is now.
        order: all releases, the oldest first.

    Raises:
        DeployRefusedError: when nobody can tell what was before, or that release cannot live on the schema; the nearest
            one that can is named.
    """
    if last is not None and last.is_open:
        return _back_along(last, to)
    wanted = to or _before(last, stable, order)
    if wanted is None:
        raise DeployRefusedError("nobody can tell which release was there before", hint="--to RELEASE says it")
    if wanted == stable:
        return Stay(wanted)
    if stable is None:
        raise DeployRefusedError(
            "the tracker knows of no release that has the traffic", hint="migsafe release mark says which one has"
        )
    _refuse_below_the_floor(wanted, stable, verdicts, order)
    return Redeploy(wanted, stable)


def _back_along(last: Deployment, to: str | None) -> Way:
    if last.stable is None:
        raise DeployRefusedError(f"{last.release} is the first version: there is nothing to go back to")
    if to is not None and to != last.stable:
        raise DeployRefusedError(
            f"the rollout of {last.release} that is under way goes back to {last.stable}, not to {to}",
            hint=f"migsafe rollback --env {last.environment} first; then --to {to}",
        )
    return Return(last.stable)


def _before(last: Deployment | None, stable: str | None, order: Sequence[str]) -> str | None:
    """Which release had the traffic before; after a rollout that went back, the one that it went back to.

    Returns:
        None where that cannot be told: no rollout, or another release has come since by another way.

    Raises:
        DeployRefusedError: when the last rollout was a way back itself: what was before it is what it was to leave.
    """
    if last is None or last.stable is None:
        return None
    if last.status is not DeploymentStatus.DONE:
        return last.stable if stable == last.stable else None
    if stable not in {None, last.release}:
        return None
    if last.stable in order and last.release in order and order.index(last.stable) > order.index(last.release):
        raise DeployRefusedError(
            f"{last.environment} went back from {last.stable} to {last.release} already",
            hint="--to RELEASE says which one is wanted",
        )
    return last.stable


def _refuse_below_the_floor(wanted: str, stable: str, verdicts: Mapping[str, Verdict], order: Sequence[str]) -> None:
    verdict = verdicts.get(wanted)
    if verdict is not None and verdict.answer == "yes":
        return
    if verdict is None or verdict.answer == "unknown":
        why = f": {verdict.why}" if verdict is not None else ""
        raise DeployRefusedError(f"nobody can tell whether {wanted} works on the schema as it is now{why}")
    nearest = nearest_safe(wanted, stable, verdicts, order)
    raise DeployRefusedError(
        f"{wanted} does not work on the schema as it is now: {verdict.why}",
        hint=f"the nearest that does: --to {nearest}" if nearest else f"no release before {stable} does: roll forward",
    )


def nearest_safe(wanted: str, stable: str, verdicts: Mapping[str, Verdict], order: Sequence[str]) -> str | None:
    """The first release between the one that is wanted and the one that runs that works; None where none does."""
    if wanted not in order or stable not in order:
        return None
    between = order[order.index(wanted) + 1 : order.index(stable)]
    return next((one for one in between if one in verdicts and verdicts[one].answer == "yes"), None)
