"""Which status may follow which; pure."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from migsafe.model.state import Rollout, RolloutStatus, StepStatus
from migsafe.tracker.errors import TrackerRefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

_R, _S = RolloutStatus, StepStatus

#: Of a release in an environment. The first word may be any: somebody begins to keep a tracker in the midst of life.
ROLLOUTS: Mapping[RolloutStatus, frozenset[RolloutStatus]] = MappingProxyType(
    {
        _R.PLANNED: frozenset({_R.EXPANDING, _R.ROLLING, _R.DEPLOYED}),
        _R.EXPANDING: frozenset({_R.PLANNED, _R.ROLLING, _R.DEPLOYED, _R.ROLLED_BACK}),
        _R.ROLLING: frozenset({_R.DEPLOYED, _R.DRAINING, _R.RETIRED, _R.ROLLED_BACK}),
        _R.DEPLOYED: frozenset({_R.ROLLING, _R.DRAINING, _R.RETIRED, _R.ROLLED_BACK}),
        _R.DRAINING: frozenset({_R.ROLLING, _R.DEPLOYED, _R.RETIRED, _R.ROLLED_BACK}),
        _R.RETIRED: frozenset({_R.EXPANDING, _R.ROLLING, _R.DEPLOYED}),
        _R.ROLLED_BACK: frozenset({_R.EXPANDING, _R.ROLLING, _R.DEPLOYED}),
    }
)
#: Of a step on a database. What is done is undone by `reverted` only; while its way back runs, it is `running`.
STEPS: Mapping[StepStatus, frozenset[StepStatus]] = MappingProxyType(
    {
        _S.PENDING: frozenset(_S) - {_S.PENDING, _S.REVERTED},
        _S.RUNNING: frozenset({_S.DONE, _S.FAILED, _S.PARTIAL, _S.QUARANTINED, _S.PURGED, _S.REVERTED}),
        _S.DONE: frozenset({_S.RUNNING, _S.REVERTED, _S.QUARANTINED, _S.PURGED}),
        _S.FAILED: frozenset({_S.RUNNING, _S.DONE, _S.PARTIAL, _S.SKIPPED, _S.QUARANTINED, _S.PURGED}),
        _S.PARTIAL: frozenset({_S.RUNNING, _S.DONE, _S.FAILED, _S.REVERTED, _S.QUARANTINED, _S.PURGED}),
        _S.REVERTED: frozenset({_S.PENDING, _S.RUNNING, _S.DONE, _S.FAILED, _S.PARTIAL, _S.SKIPPED, _S.QUARANTINED}),
        _S.SKIPPED: frozenset({_S.RUNNING, _S.DONE, _S.FAILED, _S.PARTIAL, _S.QUARANTINED}),
        _S.QUARANTINED: frozenset({_S.RUNNING, _S.REVERTED, _S.PURGED, _S.DONE}),
        _S.PURGED: frozenset(),
    }
)
_ALL_OF_IT = 100


def next_rollout(
    before: Rollout | None,
    release: str,
    status: RolloutStatus,
    at: datetime,
    *,
    percent: int | None = None,
    source: str | None = None,
) -> Rollout | None:
    """What is known of a release in an environment once somebody has said how far it has come.

    Args:
        at: since when it is so.
        percent: of the traffic; None where nobody said.

    Returns:
        None where it says nothing new.

    Raises:
        TrackerRefusedError: when that cannot follow what is known.
    """
    _check_percent(status, percent)
    if before is not None and before.status is status and percent in {None, before.percent}:
        return None
    if before is not None and before.status is not status:
        _check(before.status, status, ROLLOUTS[before.status], release)
    full = status is _R.DEPLOYED and percent in {None, _ALL_OF_IT}
    gone = status in {_R.RETIRED, _R.ROLLED_BACK}
    shown = _ALL_OF_IT if full else 0 if gone else percent
    return Rollout(
        release=release,
        status=status,
        percent=shown,
        full_at=_full_since(before, status, at, full=full),
        retired_at=at if status is _R.RETIRED else None,
        source=source,
    )


def _full_since(before: Rollout | None, status: RolloutStatus, at: datetime, *, full: bool) -> datetime | None:
    """Since when it has had all the traffic, or had it until a later one took over; a comeback counts anew."""
    known = before.full_at if before is not None else None
    if full:
        return known if before is not None and before.status is _R.DEPLOYED and known is not None else at
    return known if status in {_R.DRAINING, _R.RETIRED, _R.DEPLOYED} else None


def _check_percent(status: RolloutStatus, percent: int | None) -> None:
    if percent is not None and status not in {_R.ROLLING, _R.DEPLOYED, _R.DRAINING}:
        raise TrackerRefusedError(f"a release that is {status} has no share of the traffic", hint="leave --percent out")


def check_step(before: StepStatus | None, after: StepStatus, name: str) -> None:
    """Whether a step's status may follow another one; the first may be any but `reverted`.

    Raises:
        TrackerRefusedError: when it may not.
    """
    if before is None:
        if after is _S.REVERTED:
            raise TrackerRefusedError(f"{name} cannot be reverted: nobody has recorded that it ran there")
        return
    _check(before, after, STEPS[before], name)


def _check(before: object, after: object, allowed: frozenset[RolloutStatus] | frozenset[StepStatus], name: str) -> None:
    if after not in allowed:
        words = ", ".join(sorted(word.value for word in allowed)) or "nothing"
        raise TrackerRefusedError(f"{name} is {before}, and cannot become {after}", hint=f"what can follow: {words}")
