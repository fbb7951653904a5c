"""The few operations of AWS that the engine of load balancers uses, kept in memory.

Stricter than the server that stands in for AWS elsewhere, where AWS is known to be: it refuses weights and target
groups that there are not, a second group beside one with sticky sessions, and a sign-in without its secret, which it
never shows. The same tests run on both.
"""

from __future__ import annotations

import copy
from itertools import count
from typing import Any

from botocore.exceptions import ClientError

from migsafe.deploy.aws import Aws, explain

_PREFIX = "arn:aws:elasticloadbalancing:eu-west-1:123456789012"
_FORWARD = "forward"
Answer = dict[str, Any]


class MemoryAws(Aws):
    """One account in one region, without boto3's clients and without a network."""

    def __init__(self) -> None:
        self.region, self.endpoint_url = "eu-west-1", None
        self._numbers = count(1)
        self._groups: dict[str, Answer] = {}
        self._listeners: dict[str, Answer] = {}
        self._rules: dict[str, Answer] = {}
        self._tags: dict[str, dict[str, str]] = {}
        self._targets: dict[str, list[Answer]] = {}
        self._attributes: dict[str, dict[str, str]] = {}
        self._instances: list[Answer] = []

    def call(self, service: str, operation: str, **parameters: Any) -> Answer:
        try:
            answer: Answer = getattr(self, f"_do_{operation}")(**copy.deepcopy(parameters)) or {}
        except ClientError as error:
            raise explain(error, service, operation) from None
        return copy.deepcopy(answer)

    def close(self) -> None:
        """Nothing is open."""

    def _do_CreateVpc(self, CidrBlock: str) -> Answer:
        return {"Vpc": {"VpcId": f"vpc-{next(self._numbers):08x}"}}

    def _do_ModifyTargetGroup(self, TargetGroupArn: str, **more: Any) -> None:
        self._groups[TargetGroupArn].update(more)

    def _do_CreateLoadBalancer(self, Name: str, Subnets: list[str]) -> Answer:
        return {"LoadBalancers": [{"LoadBalancerArn": self._name(f"loadbalancer/app/{Name}")}]}

    def _do_CreateTargetGroup(self, Name: str, **more: Any) -> Answer:
        arn = self._name(f"targetgroup/{Name}")
        made = {"TargetGroupArn": arn, "TargetGroupName": Name, "ProtocolVersion": "HTTP1", "HealthCheckEnabled": True}
        self._groups[arn] = made | more
        self._targets[arn], self._attributes[arn] = [], {"stickiness.enabled": "false"}
        return {"TargetGroups": [self._groups[arn]]}

    def _do_CreateListener(self, LoadBalancerArn: str, DefaultActions: list[Answer], **more: Any) -> Answer:
        arn = self._name(LoadBalancerArn.removeprefix(f"{_PREFIX}:").replace("loadbalancer/", "listener/"))
        self._listeners[arn] = {"ListenerArn": arn, "DefaultActions": DefaultActions, **more}
        self._rules[f"{arn}/default"] = {"RuleArn": f"{arn}/default".replace("listener/", "listener-rule/"),
                                         "IsDefault": True, "Listener": arn}  # fmt: skip
        return {"Listeners": [self._listeners[arn]]}

    def _do_CreateRule(self, ListenerArn: str, Priority: int, Actions: list[Answer], **_: Any) -> Answer:
        arn = self._name(ListenerArn.removeprefix(f"{_PREFIX}:").replace("listener/", "listener-rule/"))
        self._rules[arn] = {"RuleArn": arn, "Priority": str(Priority), "IsDefault": False, "Actions": Actions,
                            "Listener": ListenerArn}  # fmt: skip
        return {"Rules": [self._rules[arn]]}

    def _do_DescribeTargetGroups(self, Names: list[str] = [], TargetGroupArns: list[str] = []) -> Answer:  # noqa: B006
        found = [one for arn, one in self._groups.items() if one["TargetGroupName"] in Names or arn in TargetGroupArns]
        if not found:
            raise _error("TargetGroupNotFound", "One or more target groups not found")
        return {"TargetGroups": found}

    def _do_DescribeListeners(self, ListenerArns: list[str]) -> Answer:
        found = copy.deepcopy(self._listeners.get(ListenerArns[0]))
        if found is None:
            raise _error("ListenerNotFound", "The specified listener does not exist.")
        for action in found["DefaultActions"]:
            action.get("AuthenticateOidcConfig", {}).pop("ClientSecret", None)
        return {"Listeners": [found]}

    def _do_DescribeRules(self, ListenerArn: str = "", RuleArns: list[str] = []) -> Answer:  # noqa: B006
        found = [one for arn, one in self._rules.items() if arn in RuleArns or one["Listener"] == ListenerArn]
        if not found:
            raise _error("RuleNotFound", "One or more rules not found")
        return {"Rules": [self._of_default(one) for one in found]}

    def _of_default(self, rule: Answer) -> Answer:
        if not rule["IsDefault"]:
            return rule
        return rule | {"Actions": self._listeners[rule["Listener"]]["DefaultActions"]}

    def _do_ModifyListener(self, ListenerArn: str, DefaultActions: list[Answer]) -> None:
        self._validate(DefaultActions, has_secret=any("AuthenticateOidcConfig" in one for one in
                                                      self._listeners[ListenerArn]["DefaultActions"]))  # fmt: skip
        self._listeners[ListenerArn]["DefaultActions"] = DefaultActions

    def _do_ModifyRule(self, RuleArn: str, Actions: list[Answer]) -> None:
        self._validate(Actions, has_secret=False)
        self._rules[RuleArn]["Actions"] = Actions

    def _do_AddTags(self, ResourceArns: list[str], Tags: list[dict[str, str]]) -> None:
        for arn in ResourceArns:
            self._tags.setdefault(arn, {}).update({one["Key"]: one["Value"] for one in Tags})

    def _do_RemoveTags(self, ResourceArns: list[str], TagKeys: list[str]) -> None:
        for arn in ResourceArns:
            for key in TagKeys:
                self._tags.get(arn, {}).pop(key, None)

    def _do_DescribeTags(self, ResourceArns: list[str]) -> Answer:
        def shown(arn: str) -> list[dict[str, str]]:
            return [{"Key": key, "Value": value} for key, value in self._tags.get(arn, {}).items()]

        return {"TagDescriptions": [{"ResourceArn": arn, "Tags": shown(arn)} for arn in ResourceArns]}

    def _do_DescribeTargetGroupAttributes(self, TargetGroupArn: str) -> Answer:
        return {"Attributes": [{"Key": key, "Value": value} for key, value in self._attributes[TargetGroupArn].items()]}

    def _do_ModifyTargetGroupAttributes(self, TargetGroupArn: str, Attributes: list[dict[str, str]]) -> None:
        self._attributes[TargetGroupArn].update({one["Key"]: one["Value"] for one in Attributes})

    def _do_RegisterTargets(self, TargetGroupArn: str, Targets: list[Answer]) -> None:
        usual = {"Port": self._groups[TargetGroupArn]["Port"]}
        self._targets[TargetGroupArn] += [usual | one for one in Targets]

    def _do_DeregisterTargets(self, TargetGroupArn: str, Targets: list[Answer]) -> None:
        gone = [{"Port": self._groups[TargetGroupArn]["Port"]} | one for one in Targets]
        self._targets[TargetGroupArn] = [one for one in self._targets[TargetGroupArn] if one not in gone]

    def _do_DescribeTargetHealth(self, TargetGroupArn: str) -> Answer:
        used = any(TargetGroupArn in str(one) for one in (*self._listeners.values(), *self._rules.values()))
        health = {"State": "healthy"} if used else {"State": "unused", "Reason": "Target.NotInUse"}
        return {"TargetHealthDescriptions": [{"Target": one, "TargetHealth": health}
                                             for one in self._targets[TargetGroupArn]]}  # fmt: skip

    def _do_RunInstances(self, TagSpecifications: list[Answer], **_: Any) -> Answer:
        made = {"InstanceId": f"i-{next(self._numbers):08x}", "Tags": TagSpecifications[0]["Tags"]}
        self._instances.append(made)
        return {"Instances": [made]}

    def _do_DescribeInstances(self, Filters: list[Answer]) -> Answer:
        wanted = [{"Key": one["Name"].removeprefix("tag:"), "Value": one["Values"][0]}
                  for one in Filters if one["Name"].startswith("tag:")]  # fmt: skip
        found = [one for one in self._instances if all(tag in one["Tags"] for tag in wanted)]
        return {"Reservations": [{"Instances": found}]}

    def _name(self, path: str) -> str:
        return f"{_PREFIX}:{path}/{next(self._numbers):016x}"

    def _validate(self, actions: list[Answer], *, has_secret: bool) -> None:
        for action in actions:
            config = action.get("AuthenticateOidcConfig", {})
            if config and "ClientSecret" not in config and not (has_secret and config.get("UseExistingClientSecret")):
                raise _error("InvalidLoadBalancerAction", "A client secret must be specified")
            if action["Type"] == _FORWARD:
                self._validate_forward(action)

    def _validate_forward(self, action: Answer) -> None:
        config = action.get("ForwardConfig", {})
        groups = config.get("TargetGroups", [{"TargetGroupArn": action.get("TargetGroupArn")}])
        for one in groups:
            if one["TargetGroupArn"] not in self._groups:
                raise _error("TargetGroupNotFound", f"Target groups '{one['TargetGroupArn']}' not found")
            if not 0 <= one.get("Weight", 1) <= 999:
                raise _error("ValidationError", "Weight must be between 0 and 999")
        sticky = any(self._attributes[one["TargetGroupArn"]]["stickiness.enabled"] == "true" for one in groups)
        if sticky and len(groups) > 1 and not config.get("TargetGroupStickinessConfig", {}).get("Enabled"):
            raise _error("InvalidConfigurationRequest", "You must enable group stickiness on a rule if …")


def _error(code: str, message: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "")
