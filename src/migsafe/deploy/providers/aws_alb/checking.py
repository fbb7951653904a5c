"""What keeps a load balancer from being driven, found before anything is moved. Read-only.

Each question is asked by itself, so that one missing right does not hide the next. Rights to write cannot be tried
without writing; staging a candidate, which moves no traffic, is the first to need them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from migsafe.deploy.providers.aws_alb.actions import read_split
from migsafe.deploy.providers.aws_alb.targets import Tag, misfits, read_wish
from migsafe.errors import MigsafeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from migsafe.deploy.providers.aws_alb.balancer import Balancer
    from migsafe.deploy.providers.aws_alb.settings import Settings
    from migsafe.deploy.providers.aws_alb.sight import Group, Sight

T = TypeVar("T")

_HTTP = frozenset({"HTTP", "HTTPS"})
_STICKY = "stickiness.enabled"


def find_obstacles(balancer: Balancer, settings: Settings) -> tuple[str, ...]:
    """A sentence each; empty when all is well."""
    return tuple(dict.fromkeys(_Asking(balancer, settings).obstacles()))


class _Asking:
    """One round of questions; what goes wrong with a question is an answer."""

    def __init__(self, balancer: Balancer, settings: Settings) -> None:
        self._balancer = balancer
        self._settings = settings
        self._failed: list[str] = []

    def obstacles(self) -> Iterator[str]:
        listener = self._ask(self._balancer.listener)
        groups = self._ask(self._balancer.groups)
        rules = self._ask(self._balancer.rules)
        if listener is not None and listener.get("Protocol") not in _HTTP:
            yield f"the listener speaks {listener.get('Protocol')}; weights are set for HTTP and HTTPS only"
        if groups is not None:
            yield from _pair(*groups)
            for group in groups:
                yield from self._group(group)
            if rules is not None:
                yield from self._rules(groups, rules)
            yield from self._sight()
        yield from self._failed

    def _sight(self) -> Iterator[str]:
        sight = self._ask(self._balancer.look)
        if sight is None:
            return
        yield from sight.oddities
        if not sight.split.sticky:
            yield from self._sticky_targets(sight)

    def _group(self, group: Group) -> Iterator[str]:
        self._ask(lambda: self._balancer.health(group))
        if not group.checks_health:
            yield f"{group.name} looks at no health, so nobody would know when a version is ready"
        if others := group.balancers - {self._balancer.entry.balancer}:
            yield f"{group.name} belongs to another load balancer, {', '.join(sorted(others))}"
        wishes = [read_wish(one.replace("{version}", "1")) for one in self._settings.register]
        if wrong := misfits([one for one in wishes if isinstance(one, dict)], group.target_type):
            yield f"{group.name} has targets of type {group.target_type}, which {', '.join(wrong)} is not"
        if any(isinstance(one, Tag) for one in wishes):
            self._ask(lambda: self._balancer.instances(Tag("migsafe:version", "none"), group))

    def _rules(self, groups: tuple[Group, Group], rules: list[dict[str, Any]]) -> Iterator[str]:
        """Rules of the same listener that go to the same groups: their traffic would neither be seen nor moved."""
        for rule in rules:
            is_entry = rule.get("IsDefault") if not self._balancer.entry.is_rule else False
            if is_entry or rule["RuleArn"] == self._balancer.entry.text:
                continue
            split = read_split(rule["Actions"])
            for group in groups:
                if split is not None and split.share(group.arn) > 0:
                    yield f"{_rule(rule)} also sends requests to {group.name}; they would neither be seen nor moved"

    def _sticky_targets(self, sight: Sight) -> Iterator[str]:
        for group in (sight.blue, sight.green):
            found = self._ask(lambda group=group: self._balancer.attributes(group))  # type: ignore[misc]  # bound now
            if found is not None and found.get(_STICKY) == "true":
                yield (
                    f"{group.name} has sticky sessions, and with them AWS takes no second target group here: "
                    f"switch stickiness.enabled off, or group stickiness of the listener on"
                )

    def _ask(self, question: Callable[[], T]) -> T | None:
        try:
            return question()
        except MigsafeError as error:
            self._failed.append(error.message + (f" ({error.hint})" if error.hint else ""))
            return None


def _pair(blue: Group, green: Group) -> Iterator[str]:
    """What two groups that take each other's place must share."""
    for what, one, other in (
        ("VPC", blue.vpc, green.vpc),
        ("protocol", blue.protocol, green.protocol),
        ("protocol version", blue.protocol_version, green.protocol_version),
    ):
        if one != other:
            yield f"{blue.name} and {green.name} differ in their {what}: {one or 'none'} and {other or 'none'}"


def _rule(rule: Mapping[str, Any]) -> str:
    return "the listener's default action" if rule.get("IsDefault") else f"the rule of priority {rule.get('Priority')}"
