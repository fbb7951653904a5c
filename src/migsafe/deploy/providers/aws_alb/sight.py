"""What is so in AWS, in one look: who is attached with which share, who holds which version, who is promoted. Pure."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from migsafe.deploy.providers.aws_alb import arns
from migsafe.deploy.providers.aws_alb.actions import Split, answers_itself, read_split

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

STABLE, FENCE, VERSION = "migsafe:stable", "migsafe:fence", "migsafe:version"


@dataclass(frozen=True, slots=True)
class Group:
    """A target group, as it was made."""

    arn: str
    name: str
    vpc: str
    protocol: str
    protocol_version: str
    target_type: str
    port: int
    checks_health: bool
    balancers: frozenset[str]


@dataclass(frozen=True, slots=True)
class Sight:
    """One look.

    Attributes:
        blue: the group that deploy.toml calls so.
        green: the other one.
        actions: of the listener or rule, as AWS has them.
        tags: of it.
        versions: by the ARN of a group, its tag `migsafe:version`.
    """

    blue: Group
    green: Group
    actions: Sequence[Mapping[str, Any]]
    tags: Mapping[str, str]
    versions: Mapping[str, str]
    split: Split = field(default_factory=Split)

    @classmethod
    def of(
        cls,
        groups: tuple[Group, Group],
        actions: Sequence[Mapping[str, Any]],
        tags: Mapping[str, str],
        versions: Mapping[str, str],
    ) -> Sight:
        """With what follows from the actions."""
        return cls(*groups, actions, tags, versions, read_split(actions) or Split())

    @property
    def stable(self) -> Group | None:
        """The group whose version is promoted: the one that the mark names, else the one that has all the traffic."""
        if STABLE in self.tags:
            return next((one for one in (self.blue, self.green) if one.name == self.tags[STABLE]), None)
        whole = [one for one in (self.blue, self.green) if self.split.share(one.arn) == 100]
        return whole[0] if whole and whole[0].arn in self.versions else None

    @property
    def is_marked(self) -> bool:
        """Whether the listener says which group is promoted."""
        return STABLE in self.tags

    @property
    def other(self) -> Group | None:
        """The group that is not promoted; None where nobody can say which one that is."""
        stable = self.stable
        if stable is None:
            return None
        return self.green if stable is self.blue else self.blue

    def is_attached(self, group: Group) -> bool:
        """Whether requests could reach it by its weight, even if that is 0; only then its health is looked at."""
        return group.arn in self.split.weights

    def holding(self, version: str) -> Group | None:
        """The group that holds a version; the promoted one first."""
        order = (self.stable, self.other) if self.stable else (self.blue, self.green)
        return next((one for one in order if one is not None and self.versions.get(one.arn) == version), None)

    @property
    def strangers(self) -> dict[str, int]:
        """Who else has traffic by these actions, and which share in per cent."""
        if itself := answers_itself(self.actions):
            return {itself: 100}
        if self._nobody:
            return {"nobody": 100}
        ours = {self.blue.arn, self.green.arn}
        shares = {arn: self.split.share(arn) for arn in self.split.weights if arn not in ours}
        return {arns.short(arn): share for arn, share in shares.items() if share > 0}

    @property
    def _nobody(self) -> bool:
        """All weights are 0."""
        weights = self.split.weights
        return len(weights) > 1 and sum(weights.values()) == 0

    @property
    def etag(self) -> str:
        """Changes with everything that decides about traffic."""
        tags = {key: value for key, value in self.tags.items() if key == STABLE}
        text = json.dumps([self.actions, tags, self.versions], sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def oddities(self) -> tuple[str, ...]:
        """What keeps anybody from saying which version has which share, a sentence each."""
        return (*self._odd_marks(), *self._odd_traffic())

    def _odd_marks(self) -> list[str]:
        if self.is_marked and self.stable is None:
            return [
                f"the tag {STABLE} names {self.tags[STABLE]}, which is neither {self.blue.name} nor {self.green.name}"
            ]
        if self.stable is not None:
            return [] if self.stable.arn in self.versions else [untagged(self.stable)]
        whole = [one for one in (self.blue, self.green) if self.split.share(one.arn) == 100]
        if whole:
            return [untagged(whole[0])]
        return [f"no group has all the traffic, and no tag {STABLE} says which one is promoted"]

    def _odd_traffic(self) -> list[str]:
        if itself := answers_itself(self.actions):
            return [f"it answers by itself ({itself}) and forwards nothing"]
        if self._nobody:
            return ["all weights are 0, so nobody has traffic"]
        odd = [f"{name} has {share} % of the traffic, and is neither blue nor green"
               for name, share in self.strangers.items()]  # fmt: skip
        other = self.other
        if other is not None and self.split.share(other.arn) > 0 and other.arn not in self.versions:
            odd.append(untagged(other))
        return odd


def untagged(group: Group) -> str:
    """That nobody knows which version a group holds, and how to say it."""
    return (
        f"{group.name} has traffic, and no tag says which version it holds: "
        f"aws elbv2 add-tags --resource-arns {group.arn} --tags Key={VERSION},Value=…"
    )
