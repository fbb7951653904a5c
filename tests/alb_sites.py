"""A load balancer with two target groups in something that stands in for AWS, for tests of the engine that drives it.

It keeps what it is told, and is not AWS: every target is healthy at once, and nobody lacks a right. So the health of
targets is said by the test (`Scripted.health`), and so is what AWS refuses.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from alb_memory import MemoryAws
from migsafe.deploy.aws import Aws, explain
from migsafe.deploy.programs import Surroundings
from migsafe.deploy.providers.aws_alb import arns
from migsafe.deploy.providers.aws_alb.balancer import Balancer
from migsafe.deploy.providers.aws_alb.engine import AlbProvider
from migsafe.deploy.providers.aws_alb.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

REGION = "eu-west-1"
#: A VPC, and two subnets of it.
Network = tuple[str, tuple[str, str]]
_READS = ("Describe", "Get")
_numbers = count(1)


class Killed(BaseException):
    """The process is gone; nobody catches this."""


class Scripted(Aws):
    """AWS, but for what a test says; mixed into one that answers the rest.

    Attributes:
        health: by the name of a group, the state of each target; of a group that is not named, the other one tells.
        refusals: by operation, the code and message of the error that it ends with.
        written: the operations that changed something, in their order.
        killed: the number of the write at which the process is killed, and whether AWS has done it by then.
    """

    health: dict[str, Mapping[str, str]]
    refusals: dict[str, tuple[str, str]]
    written: list[str]
    killed: tuple[int, bool] | None

    def forget(self) -> None:
        """As if no test had said anything."""
        self.health, self.refusals, self.written, self.killed = {}, {}, [], None

    def call(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        if operation in self.refusals:
            code, message = self.refusals[operation]
            raise explain(ClientError({"Error": {"Code": code, "Message": message}}, operation), service, operation)
        name = arns.short(parameters.get("TargetGroupArn", ""))
        if operation == "DescribeTargetHealth" and name in self.health:
            return {"TargetHealthDescriptions": [_target(*one) for one in self.health[name].items()]}
        if operation.startswith(_READS):
            return super().call(service, operation, **parameters)
        self.written.append(operation)
        number, done = self.killed or (0, False)
        if number != len(self.written):
            return super().call(service, operation, **parameters)
        if done:
            super().call(service, operation, **parameters)
        raise Killed


class ScriptedServer(Scripted, Aws):
    """Over HTTP."""


def make_network(aws: Aws) -> Network:
    """A VPC and two subnets, as load balancers want them."""
    vpc = aws.call("ec2", "CreateVpc", CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    first, second = (
        aws.call("ec2", "CreateSubnet", VpcId=vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=f"{REGION}{zone}")
        for n, zone in enumerate("ab")
    )
    return vpc, (first["Subnet"]["SubnetId"], second["Subnet"]["SubnetId"])


class ScriptedMemory(Scripted, MemoryAws):
    """In memory."""


def _target(identity: str, state: str) -> dict[str, Any]:
    word, _, reason = state.partition(" ")
    return {"Target": {"Id": identity, "Port": 8080}, "TargetHealth": {"State": word, "Reason": reason}}


@dataclass
class Site:
    """One load balancer: blue has all the traffic of its listener, and green waits.

    Attributes:
        groups: `blue` and `green`, by ARN.
    """

    aws: Scripted
    vpc: str
    subnets: tuple[str, str]
    balancer: str = ""
    listener: str = ""
    groups: dict[str, str] = field(default_factory=dict)

    @classmethod
    def make(cls, aws: Scripted, vpc: str, subnets: tuple[str, str], **group: Any) -> Site:
        site = cls(aws, vpc, subnets)
        number = next(_numbers)
        made = site.call("CreateLoadBalancer", Name=f"lb-{number}", Subnets=list(subnets))
        site.balancer = made["LoadBalancers"][0]["LoadBalancerArn"]
        for colour in ("blue", "green"):
            site.groups[colour] = site.make_group(f"{colour}-{number}", **group)
        made = site.call("CreateListener", LoadBalancerArn=site.balancer, Protocol="HTTP", Port=80,
                         DefaultActions=[{"Type": "forward", "TargetGroupArn": site.groups["blue"]}])  # fmt: skip
        site.listener = made["Listeners"][0]["ListenerArn"]
        site.tag("blue", "migsafe:version", "1.0")
        aws.health = {site.name("blue"): {"i-1": "healthy"}, site.name("green"): {"i-2": "healthy"}}
        aws.written.clear()
        return site

    def call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        return self.aws.call("elbv2", operation, **parameters)

    def make_group(self, name: str, **more: Any) -> str:
        usual = {"Protocol": "HTTP", "Port": 8080, "VpcId": self.vpc, "TargetType": "ip"}
        made = self.call("CreateTargetGroup", Name=name, **(usual | more))
        return str(made["TargetGroups"][0]["TargetGroupArn"])

    def make_rule(self, colour: str, priority: int = 5) -> str:
        made = self.call("CreateRule", ListenerArn=self.listener, Priority=priority,
                         Conditions=[{"Field": "path-pattern", "Values": ["/shop/*"]}],
                         Actions=[{"Type": "forward", "TargetGroupArn": self.groups[colour]}])  # fmt: skip
        return str(made["Rules"][0]["RuleArn"])

    def name(self, colour: str) -> str:
        return arns.short(self.groups[colour])

    def tag(self, what: str, key: str, value: str) -> None:
        self.call("AddTags", ResourceArns=[self._arn(what)], Tags=[{"Key": key, "Value": value}])

    def tags(self, what: str) -> dict[str, str]:
        found = self.call("DescribeTags", ResourceArns=[self._arn(what)])["TagDescriptions"][0]["Tags"]
        return {one["Key"]: one["Value"] for one in found}

    def actions(self, rule: str | None = None) -> list[dict[str, Any]]:
        if rule is not None:
            found: list[dict[str, Any]] = self.call("DescribeRules", RuleArns=[rule])["Rules"][0]["Actions"]
        else:
            found = self.call("DescribeListeners", ListenerArns=[self.listener])["Listeners"][0]["DefaultActions"]
        return found

    def weights(self, rule: str | None = None) -> dict[str, int]:
        """By colour, or by name for any other group."""
        (action,) = self.actions(rule)
        colours = {arn: colour for colour, arn in self.groups.items()}
        if "ForwardConfig" not in action:
            return {colours[action["TargetGroupArn"]]: 100}
        groups = action["ForwardConfig"]["TargetGroups"]
        return {colours.get(one["TargetGroupArn"], arns.short(one["TargetGroupArn"])): one["Weight"] for one in groups}

    def registered(self, colour: str) -> set[tuple[str, int]]:
        """The targets of a group that are not leaving it."""
        found = self.call("DescribeTargetHealth", TargetGroupArn=self.groups[colour])["TargetHealthDescriptions"]
        return {(one["Target"]["Id"], one["Target"]["Port"]) for one in found
                if one["TargetHealth"]["State"] != "draining"}  # fmt: skip

    def launch(self, version: str) -> str:
        """An instance whose tag `app` names blue and its version, so that each site has its own."""
        tags = [{"ResourceType": "instance", "Tags": [{"Key": "app", "Value": f"{self.name('blue')}-{version}"}]}]
        made = self.aws.call("ec2", "RunInstances", ImageId="ami-12c6146b", MinCount=1, MaxCount=1,
                             SubnetId=self.subnets[0], TagSpecifications=tags)  # fmt: skip
        return str(made["Instances"][0]["InstanceId"])

    def split(self, *, sticky: bool = False, **weights: int) -> None:
        """Somebody sets weights by hand; a name that is no colour is a group's ARN in `groups`."""
        groups = [{"TargetGroupArn": self.groups[one], "Weight": weight} for one, weight in weights.items()]
        config: dict[str, Any] = {"TargetGroups": groups}
        if sticky:
            config["TargetGroupStickinessConfig"] = {"Enabled": True, "DurationSeconds": 600}
        self.do([{"Type": "forward", "ForwardConfig": config}])

    def do(self, actions: list[dict[str, Any]]) -> None:
        self.call("ModifyListener", ListenerArn=self.listener, DefaultActions=actions)
        self.aws.written.clear()

    def provider(self, folder: Path = Path(), *, entry: str | None = None, **settings: Any) -> AlbProvider:
        read = arns.read_entry(entry or self.listener)
        assert read is not None
        named = {"blue": self.name("blue"), "green": self.groups["green"]} | settings
        said = Settings(entry=read, **named)
        surroundings = Surroundings(folder, os.environ, said.timeout_s)
        return AlbProvider(Balancer(self.aws, said), said, surroundings, "staging")

    def _arn(self, what: str) -> str:
        return self.listener if what == "listener" else self.groups.get(what, what)
