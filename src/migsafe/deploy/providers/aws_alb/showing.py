"""What a load balancer shows, in the words of a rollout. Pure.

Traffic that goes where no version is known is shown as a candidate that nobody knows, with its share: whoever drives
the load balancer is to stop, and not to go on as if it were not there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.deploy.words import Observed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migsafe.deploy.providers.aws_alb.health import Health
    from migsafe.deploy.providers.aws_alb.sight import Group, Sight


def candidate_of(sight: Sight) -> Group | None:
    """The group that is not promoted, if it is attached and holds a version of its own."""
    stable, other = sight.stable, sight.other
    if stable is None or other is None or not sight.is_attached(other):
        return None
    return other if sight.versions.get(other.arn) not in {None, sight.versions.get(stable.arn)} else None


def show(sight: Sight, health: Mapping[Group, Health], targets: int) -> Observed:
    """Who has which share, and who is ready.

    Args:
        health: of the promoted group and of the candidate's.
        targets: how many a version must have at least.
    """
    stable, candidate = sight.stable, candidate_of(sight)
    name, weight = _unknown(sight) or (None, 0)
    if name is None and candidate is not None:
        name, weight = sight.versions[candidate.arn], sight.split.share(candidate.arn)
    known = {sight.versions[one.arn]: found for one, found in health.items() if one.arn in sight.versions}
    return Observed(
        stable=sight.versions.get(stable.arn) if stable else None,
        candidate=name,
        weight=weight,
        ready={version: found.readiness(targets) for version, found in known.items()},
        etag=sight.etag,
        notes=(*sight.oddities, *_sticky(sight), *_unwell(sight, health)),
    )


def _unknown(sight: Sight) -> tuple[str, int] | None:
    """Who has traffic and no version that is known, with the share: somebody else's work."""
    strangers = dict(sight.strangers)
    other = sight.other
    if other is not None and other.arn not in sight.versions and (share := sight.split.share(other.arn)) > 0:
        strangers[other.name] = share
    return (f"unknown ({', '.join(strangers)})", min(100, sum(strangers.values()))) if strangers else None


def _sticky(sight: Sight) -> list[str]:
    if not sight.split.sticky:
        return []
    time = f" for {sight.split.sticky_s} s" if sight.split.sticky_s else ""
    return [
        f"group stickiness is on: a client stays with its version{time}, so the shares are those of new clients, "
        "and clients of a version that is given up may stay with it that long"
    ]


def _unwell(sight: Sight, health: Mapping[Group, Health]) -> list[str]:
    notes = [f"{group.name}: {found.why_not}" for group, found in health.items() if found.unwell]
    notes += [
        f"no target of {group.name} is healthy, and it has traffic: "
        "the load balancer sends it to all of them (fail open)"
        for group, found in health.items()
        if found.registered and not found.healthy and sight.split.share(group.arn) > 0
    ]
    return notes
