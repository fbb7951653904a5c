"""The calls to AWS that the engine is made of: each reads one thing, or says how one thing is to be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from migsafe.deploy.errors import ProviderRefusedError
from migsafe.deploy.providers.aws_alb import arns
from migsafe.deploy.providers.aws_alb.sight import VERSION, Group, Sight
from migsafe.deploy.providers.aws_alb.targets import Tag

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from migsafe.deploy.aws import Aws
    from migsafe.deploy.providers.aws_alb.settings import Settings

_ELB, _EC2 = "elbv2", "ec2"


class Balancer:
    """One listener or rule, and its two target groups. All methods raise as `Aws.call` does."""

    def __init__(self, aws: Aws, settings: Settings) -> None:
        self.aws = aws
        self.entry = settings.entry
        self._names = (settings.blue, settings.green)
        self._groups: tuple[Group, Group] | None = None

    def look(self) -> Sight:
        """What is so now."""
        groups, actions = self.groups(), self.actions()
        entry, *of_groups = self.tags(self.entry.text, *(one.arn for one in groups))
        versions = {one.arn: tags[VERSION] for one, tags in zip(groups, of_groups, strict=True) if tags.get(VERSION)}
        return Sight.of(groups, actions, entry, versions)

    def groups(self) -> tuple[Group, Group]:
        """Blue and green; asked once, as what is read of them never changes."""
        if self._groups is None:
            blue, green = (self.group(name) for name in self._names)
            if blue.arn == green.arn:
                raise ProviderRefusedError(f"blue and green are one target group, {blue.name}")
            self._groups = (blue, green)
        return self._groups

    def group(self, name: str) -> Group:
        """One target group, by ARN or name."""
        by = "TargetGroupArns" if arns.group_region(name) else "Names"
        try:
            found = self.aws.call(_ELB, "DescribeTargetGroups", **{by: [name]})["TargetGroups"]
        except ProviderRefusedError:
            found = []
        if not found:
            raise ProviderRefusedError(
                f"there is no target group {name} in {self.entry.region}",
                hint="is it another account or region? aws elbv2 describe-target-groups shows what there is",
            )
        return _group(found[0])

    def actions(self) -> list[dict[str, Any]]:
        """What the listener or rule does with a request, in its order."""
        if self.entry.is_rule:
            found = self._one("DescribeRules", "Rules", RuleArns=[self.entry.text])["Actions"]
        else:
            found = self.listener()["DefaultActions"]
        return sorted(found, key=lambda action: action.get("Order", 0))

    def listener(self) -> dict[str, Any]:
        """The listener itself, also of a rule."""
        return self._one("DescribeListeners", "Listeners", ListenerArns=[self.entry.listener])

    def rules(self) -> list[dict[str, Any]]:
        """All rules of the listener, its default one too."""
        return list(self.aws.every(_ELB, "DescribeRules", "Rules", ListenerArn=self.entry.listener))

    def tags(self, *resources: str) -> list[dict[str, str]]:
        """The tags of each."""
        answer = self.aws.call(_ELB, "DescribeTags", ResourceArns=list(resources))["TagDescriptions"]
        by_arn = {one["ResourceArn"]: {tag["Key"]: tag.get("Value", "") for tag in one["Tags"]} for one in answer}
        return [by_arn.get(arn, {}) for arn in resources]

    def attributes(self, group: Group) -> dict[str, str]:
        """The settings of a target group."""
        found = self.aws.call(_ELB, "DescribeTargetGroupAttributes", TargetGroupArn=group.arn)["Attributes"]
        return {one["Key"]: one.get("Value", "") for one in found}

    def health(self, group: Group) -> list[dict[str, Any]]:
        """How each target of a group is."""
        answer = self.aws.call(_ELB, "DescribeTargetHealth", TargetGroupArn=group.arn)
        found: list[dict[str, Any]] = answer["TargetHealthDescriptions"]
        return found

    def instances(self, tag: Tag, group: Group) -> list[dict[str, Any]]:
        """The running instances that have a tag, as targets of a group."""
        filters = {f"tag:{tag.key}": tag.value, "instance-state-name": "running", "vpc-id": group.vpc}
        asked = [{"Name": name, "Values": [value]} for name, value in filters.items()]
        found = self.aws.every(_EC2, "DescribeInstances", "Reservations", Filters=asked)
        key = "PrivateIpAddress" if group.target_type == "ip" else "InstanceId"
        return [{"Id": one[key]} for reservation in found for one in reservation["Instances"]]

    def set_actions(self, actions: Sequence[Mapping[str, Any]]) -> None:
        """The listener or rule is to do this: one call, so that all weights change together."""
        if self.entry.is_rule:
            self.aws.call(_ELB, "ModifyRule", RuleArn=self.entry.text, Actions=list(actions))
        else:
            self.aws.call(_ELB, "ModifyListener", ListenerArn=self.entry.text, DefaultActions=list(actions))

    def tag(self, resource: str, key: str, value: str) -> None:
        """A tag is to have this value."""
        self.aws.call(_ELB, "AddTags", ResourceArns=[resource], Tags=[{"Key": key, "Value": value}])

    def untag(self, resource: str, key: str) -> None:
        """A tag is to be gone."""
        self.aws.call(_ELB, "RemoveTags", ResourceArns=[resource], TagKeys=[key])

    def register(self, group: Group, targets: Sequence[Mapping[str, Any]]) -> None:
        """Targets are to be in a group."""
        if targets:
            self.aws.call(_ELB, "RegisterTargets", TargetGroupArn=group.arn, Targets=list(targets))

    def deregister(self, group: Group, targets: Sequence[Mapping[str, Any]]) -> None:
        """Targets are to leave a group; open requests have the group's deregistration delay to end."""
        if targets:
            self.aws.call(_ELB, "DeregisterTargets", TargetGroupArn=group.arn, Targets=list(targets))

    def _one(self, operation: str, key: str, **parameters: Any) -> dict[str, Any]:
        try:
            found: list[dict[str, Any]] = self.aws.call(_ELB, operation, **parameters)[key]
        except ProviderRefusedError:
            found = []
        if not found:
            (asked,) = next(iter(parameters.values()))
            raise ProviderRefusedError(f"there is no {asked}", hint="was it made anew? then its ARN is another one")
        return found[0]


def _group(found: Mapping[str, Any]) -> Group:
    return Group(
        arn=found["TargetGroupArn"],
        name=found["TargetGroupName"],
        vpc=found.get("VpcId", ""),
        protocol=found.get("Protocol", ""),
        protocol_version=found.get("ProtocolVersion", ""),
        target_type=found.get("TargetType", "instance"),
        port=int(found.get("Port", 0)),
        checks_health=bool(found.get("HealthCheckEnabled", True)),
        balancers=frozenset(found.get("LoadBalancerArns", ())),
    )
