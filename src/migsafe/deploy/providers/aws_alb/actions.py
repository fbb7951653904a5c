"""The actions of a listener or rule: who has which share by them, and how they say another one. Pure.

AWS has two shapes for the same thing (`TargetGroupArn`, `ForwardConfig`) and often answers both at once. All other
actions, such as a sign-in before the forward, are kept as they are.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from migsafe.deploy.errors import ProviderRefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Actions = Sequence[Mapping[str, Any]]

_FORWARD = "forward"
_OIDC = "AuthenticateOidcConfig"


@dataclass(frozen=True, slots=True)
class Split:
    """How requests are shared out.

    Attributes:
        weights: by the ARN of the target group, as AWS has them: 0 to 999, relative to their sum.
        sticky: a client stays with the target group that it had first, whatever the weights are later.
        sticky_s: for how long, in seconds; None where AWS does not say.
    """

    weights: Mapping[str, int] = field(default_factory=dict)
    sticky: bool = False
    sticky_s: int | None = None

    def share(self, arn: str) -> int:
        """A target group's share in per cent; a little is never shown as nothing, nor a little less than all as all."""
        weight, total = self.weights.get(arn, 0), sum(self.weights.values())
        if len(self.weights) == 1:  # its weight has nothing to be relative to
            return 100 if arn in self.weights else 0
        if weight <= 0 or total <= 0:
            return 0
        return 100 if weight == total else min(99, max(1, round(100 * weight / total)))


def read_split(actions: Actions) -> Split | None:
    """Who has which share; None where nothing is forwarded at all."""
    forward = _forward(actions)
    if forward is None:
        return None
    config = forward.get("ForwardConfig") or {}
    groups = config.get("TargetGroups") or [{"TargetGroupArn": forward.get("TargetGroupArn", ""), "Weight": 1}]
    sticky = config.get("TargetGroupStickinessConfig") or {}
    weights = {one["TargetGroupArn"]: int(one.get("Weight", 1)) for one in groups}
    return Split(weights, bool(sticky.get("Enabled")), sticky.get("DurationSeconds"))


def answers_itself(actions: Actions) -> str | None:
    """What a listener does instead of forwarding: `redirect`, `fixed-response`; None where it forwards."""
    return None if _forward(actions) else str(actions[-1].get("Type", "nothing") if actions else "nothing")


def refuse_page(actions: Actions) -> None:
    """Leave a listener alone that forwards nothing, such as a maintenance page.

    Raises:
        ProviderRefusedError: when it answers by itself.
    """
    if (itself := answers_itself(actions)) is not None:
        raise ProviderRefusedError(
            f"the listener answers by itself ({itself}) and forwards nothing",
            hint="if that is over, let it forward to the stable target group again",
        )


def write_split(actions: Actions, weights: Mapping[str, int], *, without: str | None = None) -> list[dict[str, Any]]:
    """The same actions with other weights.

    Target groups that the actions have and `weights` do not name keep their place with no traffic.

    Args:
        weights: in per cent, by ARN; together 100.
        without: a target group that loses its place.

    Raises:
        ProviderRefusedError: when a weight is none, or nothing is forwarded.
    """
    _validate(weights)
    refuse_page(actions)
    forward = _forward(actions)
    found = read_split(actions)
    others = [arn for arn in (found.weights if found else ()) if arn not in weights and arn != without]
    return [_written(one, {**weights, **dict.fromkeys(others, 0)}, is_it=one is forward) for one in actions]


def _written(action: Mapping[str, Any], weights: Mapping[str, int], *, is_it: bool) -> dict[str, Any]:
    written = copy.deepcopy(dict(action))
    if _OIDC in written:  # AWS never shows the secret, and without this asks for it
        written[_OIDC].pop("ClientSecret", None)
        written[_OIDC]["UseExistingClientSecret"] = True
    if is_it:
        written.pop("TargetGroupArn", None)
        config = written.get("ForwardConfig") or {}
        groups = [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in weights.items()]
        written["ForwardConfig"] = {**config, "TargetGroups": groups}
    return written


def _validate(weights: Mapping[str, int]) -> None:
    for arn, weight in weights.items():
        if not 0 <= weight <= 100:
            raise ProviderRefusedError(f"a weight of {weight} for {arn}: it is in per cent, from 0 to 100")
    if sum(weights.values()) != 100:
        raise ProviderRefusedError(f"weights of {', '.join(map(str, weights.values()))}: together they are not 100")


def _forward(actions: Actions) -> Mapping[str, Any] | None:
    return next((one for one in actions if one.get("Type") == _FORWARD), None)
