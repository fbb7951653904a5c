"""What a target group says of its targets. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from migsafe.deploy.words import Readiness

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: Targets that leave; they are no part of what there is to be.
_LEAVING = frozenset({"draining", "unhealthy.draining"})
_MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class Health:
    """The targets of one group.

    Attributes:
        healthy: can take requests.
        registered: all that are not leaving.
        unwell: of each that is neither healthy nor leaving, `i-0123:8080 is initial (Elb.RegistrationInProgress)`.
    """

    healthy: int
    registered: int
    unwell: tuple[str, ...] = ()

    def readiness(self, at_least: int = 1) -> Readiness:
        """How many can take requests, of those that there are to be.

        Args:
            at_least: how many there are to be even if fewer have been registered so far.
        """
        return Readiness(self.healthy, max(self.registered, at_least))

    @property
    def why_not(self) -> str:
        """What is wrong with those that are unwell; the first few of them."""
        more = len(self.unwell) - _MOST_NAMED
        return "; ".join(self.unwell[:_MOST_NAMED]) + (f"; and {more} more" if more > 0 else "")


def read_health(descriptions: Iterable[Mapping[str, Any]]) -> Health:
    """The health of a group, by the answer of DescribeTargetHealth."""
    staying = [one for one in descriptions if _state(one) not in _LEAVING]
    healthy = sum(_state(one) == "healthy" for one in staying)
    return Health(healthy, len(staying), tuple(_spell(one) for one in staying if _state(one) != "healthy"))


def staying_targets(descriptions: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The targets that are not leaving, as they are named to RegisterTargets."""
    return [dict(one["Target"]) for one in descriptions if _state(one) not in _LEAVING]


def _state(description: Mapping[str, Any]) -> str:
    return str(description.get("TargetHealth", {}).get("State", "unknown"))


def _spell(description: Mapping[str, Any]) -> str:
    target, health = description["Target"], description.get("TargetHealth", {})
    name = f"{target['Id']}:{target['Port']}" if "Port" in target else target["Id"]
    reason = health.get("Description") or health.get("Reason")
    return f"{name} is {_state(description)}" + (f" ({reason})" if reason else "")
