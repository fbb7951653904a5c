"""Names of things in AWS: what an ARN of a listener, rule or target group says by itself. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

_ENTRY = re.compile(
    r"(?P<prefix>arn:(?P<partition>aws[a-z-]*):elasticloadbalancing:(?P<region>[a-z0-9-]+):\d{12}:)"
    r"(?P<kind>listener|listener-rule)/(?P<type>\w+)/(?P<balancer>[^/\s]+/[^/\s]+)/(?P<listener>[^/\s]+)"
    r"(?:/(?P<rule>[^/\s]+))?"
)
_GROUP = re.compile(
    r"arn:aws[a-z-]*:elasticloadbalancing:(?P<region>[a-z0-9-]+):\d{12}:(?P<name>targetgroup/[^/\s]+/[^/\s]+)"
)
_GROUP_NAME = re.compile(r"(?!-)[A-Za-z0-9-]{1,32}(?<!-)")


@dataclass(frozen=True, slots=True)
class EntryArn:
    """A listener or a rule: where requests enter.

    Attributes:
        text: the ARN itself.
        type: of load balancer: `app`, `net`, `gwy`.
        listener: the ARN of the listener itself, also of a rule's.
        balancer: the ARN of the load balancer.
        metric_name: what CloudWatch calls the load balancer.
    """

    text: str
    region: str
    is_rule: bool
    type: str
    listener: str
    balancer: str
    metric_name: str

    def __str__(self) -> str:
        return self.text


def read_entry(text: str) -> EntryArn | None:
    """What the ARN of a listener or rule says; None when it is none."""
    match = _ENTRY.fullmatch(text)
    if match is None or (match["kind"] == "listener-rule") is not (match["rule"] is not None):
        return None
    prefix, path = match["prefix"], f"{match['type']}/{match['balancer']}"
    return EntryArn(
        text=text,
        region=match["region"],
        is_rule=match["rule"] is not None,
        type=match["type"],
        listener=f"{prefix}listener/{path}/{match['listener']}",
        balancer=f"{prefix}loadbalancer/{path}",
        metric_name=path,
    )


def group_region(text: str) -> str | None:
    """The region in the ARN of a target group; None when it is no such ARN."""
    match = _GROUP.fullmatch(text)
    return match["region"] if match else None


def group_metric_name(arn: str) -> str:
    """What CloudWatch calls a target group."""
    match = _GROUP.fullmatch(arn)
    assert match is not None, "AWS gave it"
    return match["name"]


def is_group_name(text: str) -> bool:
    """Whether a target group can be called so."""
    return _GROUP_NAME.fullmatch(text) is not None


def short(arn: str) -> str:
    """How a person calls a target group of which only the ARN is known."""
    return arn.split("/")[-2] if group_region(arn) else arn
