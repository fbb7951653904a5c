"""The six verbs on a load balancer. Each looks first, refuses what makes no sense, and then says how it is to be."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from migsafe.deploy import programs
from migsafe.deploy.aws import Aws
from migsafe.deploy.errors import ProviderRefusedError
from migsafe.deploy.programs import Surroundings
from migsafe.deploy.providers.aws_alb import arns
from migsafe.deploy.providers.aws_alb.actions import refuse_page, write_split
from migsafe.deploy.providers.aws_alb.balancer import Balancer
from migsafe.deploy.providers.aws_alb.checking import find_obstacles
from migsafe.deploy.providers.aws_alb.health import read_health, staying_targets
from migsafe.deploy.providers.aws_alb.settings import read_settings
from migsafe.deploy.providers.aws_alb.showing import candidate_of, show
from migsafe.deploy.providers.aws_alb.sight import FENCE, STABLE, VERSION, untagged
from migsafe.deploy.providers.aws_alb.targets import Tag, changes, misfits, read_wish
from migsafe.deploy.words import Capabilities, Strategy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migsafe.deploy.provider import Provider
    from migsafe.deploy.providers.aws_alb.settings import Settings
    from migsafe.deploy.providers.aws_alb.sight import Group, Sight
    from migsafe.deploy.providers.context import ProviderContext
    from migsafe.deploy.tables import Table
    from migsafe.deploy.words import Observed

#: What the value of a tag may hold; versions are kept as such.
_TAG_VALUE = re.compile(r"(?!-)[\w .:/=+@-]{1,256}")
_CAPABILITIES = Capabilities(strategies=frozenset({Strategy.BLUE_GREEN, Strategy.CANARY}), weights="exact")


class Meter(NamedTuple):
    """What CloudWatch calls the two that count the answers of a version."""

    load_balancer: str
    target_group: str


def open_provider(table: Table, context: ProviderContext) -> Provider:
    """The load balancer that deploy.toml describes; AWS is asked nothing yet.

    Raises:
        ConfigurationError: when a key is unknown, missing or wrong.
        EnvironmentFailedError: when boto3 is not installed.
    """
    settings = read_settings(table, context.environ)
    aws = Aws(settings.entry.region, settings.endpoint_url)
    surroundings = Surroundings(context.folder, context.environ, settings.timeout_s)
    return AlbProvider(Balancer(aws, settings), settings, surroundings, context.environment)


class AlbProvider:
    """Two target groups that change their parts: one is promoted, the other takes the next version."""

    def __init__(self, balancer: Balancer, settings: Settings, surroundings: Surroundings, environment: str) -> None:
        self._balancer = balancer
        self._settings = settings
        self._surroundings = surroundings
        self._environment = environment
        self._token: int | None = None

    @property
    def capabilities(self) -> Capabilities:
        """Shares of requests, exact; both groups go on running."""
        return _CAPABILITIES

    @property
    def aws(self) -> Aws:
        """For those who ask the same account and region."""
        return self._balancer.aws

    def meter(self, version: str) -> Meter | None:
        """Where the answers of a version are counted; None where no group holds it. Raises like `observe`."""
        group = self._balancer.look().holding(version)
        return Meter(self._balancer.entry.metric_name, arns.group_metric_name(group.arn)) if group else None

    def check(self) -> tuple[str, ...]:
        """See `checking`."""
        return find_obstacles(self._balancer, self._settings)

    def observe(self) -> Observed:
        """Who has which share, by the listener itself, and how the targets are; see `showing`."""
        sight = self._balancer.look()
        shown = (sight.stable, candidate_of(sight))
        health = {one: read_health(self._balancer.health(one)) for one in shown if one is not None}
        return show(sight, health, self._settings.targets)

    def stage(self, version: str) -> None:
        """Attach the other group with no traffic, so that its health is looked at, and bring the version onto it.

        The group is attached first: a right that is missing shows before anything is started.
        """
        _validate(version)
        sight, stable, other = self._look()
        if stable.arn in sight.versions and sight.versions[stable.arn] == version:
            return
        holds_it = sight.versions.get(other.arn) == version
        if holds_it and sight.is_attached(other):
            self._register(other, version)
            return
        if (share := sight.split.share(other.arn)) > 0:
            raise ProviderRefusedError(
                f"{other.name} has {share} % of the traffic, so nothing is put onto it",
                hint="first: migsafe deploy abort",
            )
        _refuse_strangers(sight)
        if not self._brings_versions and not holds_it:
            raise ProviderRefusedError(
                f"{other.name} holds {sight.versions.get(other.arn, 'no version that a tag names')}, not {version}",
                hint=f"put {version} there and tag the group {VERSION}={version}, or say `stage_command` or `register`",
            )
        if other.arn in sight.versions and not holds_it:  # from here on, it holds neither one
            self._balancer.untag(other.arn, VERSION)
        self._mark(sight, stable)
        if not sight.is_attached(other):
            self._balancer.set_actions(write_split(sight.actions, {stable.arn: 100, other.arn: 0}))
        self._run("stage_command", self._settings.stage_command, version, other)
        self._register(other, version)
        if not holds_it:
            self._balancer.tag(other.arn, VERSION, version)

    def shift(self, version: str, weight: int) -> None:
        """Set both weights in one call; more than before only for a version whose targets are all healthy."""
        if not 0 <= weight <= 100:
            raise ProviderRefusedError(f"a weight of {weight}: it is in per cent, from 0 to 100")
        sight, stable, other = self._look()
        if sight.versions.get(stable.arn) == version and weight == 100 and sight.split.share(stable.arn) == 100:
            return
        if sight.versions.get(other.arn) != version or not sight.is_attached(other):
            raise ProviderRefusedError(f"{version} is not staged: {_holdings(sight)}")
        _refuse_strangers(sight)
        if weight > sight.split.share(other.arn):
            self._refuse_unready(other)
        self._mark(sight, stable)
        wanted = {stable.arn: 100 - weight, other.arn: weight}
        if any(sight.split.share(arn) != share for arn, share in wanted.items()):
            self._balancer.set_actions(write_split(sight.actions, wanted))

    def promote(self, version: str) -> None:
        """Mark the version's group as the promoted one; no traffic is moved."""
        sight, stable, other = self._look()
        if sight.versions.get(stable.arn) == version:
            return
        if sight.versions.get(other.arn) != version:
            raise ProviderRefusedError(f"neither group holds {version}: {_holdings(sight)}")
        if (share := sight.split.share(other.arn)) != 100:
            raise ProviderRefusedError(f"{version} has {share} % of the traffic; only all of it can be promoted")
        self._balancer.tag(self._balancer.entry.text, STABLE, other.name)

    def abort(self, stable: str) -> None:
        """All traffic to this version, whoever has it now; then the mark."""
        sight = self._fenced()
        refuse_page(sight.actions)
        group = sight.holding(stable)
        if group is None or not sight.is_attached(group):
            raise ProviderRefusedError(
                f"{stable} cannot have traffic: {_holdings(sight)}",
                hint=f"stage it again, or correct the tag {VERSION} of the group that holds it",
            )
        other = sight.green if group is sight.blue else sight.blue
        weights = {group.arn: 100} | ({other.arn: 0} if sight.is_attached(other) else {})
        if sight.split.share(group.arn) != 100:
            self._balancer.set_actions(write_split(sight.actions, weights))
        if sight.tags.get(STABLE) != group.name:
            self._balancer.tag(self._balancer.entry.text, STABLE, group.name)

    def retire(self, version: str) -> None:
        """Take the version away, let its targets leave, and detach its group. What is gone already stays so."""
        sight, stable, other = self._look()
        if sight.versions.get(stable.arn) == version:
            raise ProviderRefusedError(f"{version} is the promoted version")
        if sight.versions.get(other.arn) != version:
            return
        if (share := sight.split.share(other.arn)) > 0:
            raise ProviderRefusedError(f"{version} has {share} % of the traffic")
        _refuse_strangers(sight)
        if sight.is_attached(other):
            self._run("retire_command", self._settings.retire_command, version, other)
        if self._settings.deregister:
            self._balancer.deregister(other, staying_targets(self._balancer.health(other)))
        if sight.is_attached(other):
            self._mark(sight, stable)
            self._balancer.set_actions(write_split(sight.actions, {stable.arn: 100}, without=other.arn))
        if self._settings.deregister or self._settings.retire_command:
            self._balancer.untag(other.arn, VERSION)

    def fence(self, token: int) -> None:
        """Write the mark onto the listener; every verb of this provider then refuses if it finds a higher one.

        AWS compares nothing while it writes: two that write in the same moment are told apart by their next look.
        """
        self._token = token
        if _fence_of(self._fenced()) != token:
            self._balancer.tag(self._balancer.entry.text, FENCE, str(token))

    def close(self) -> None:
        """Let go of the connections to AWS."""
        self.aws.close()

    @property
    def _brings_versions(self) -> bool:
        return bool(self._settings.stage_command or self._settings.register)

    def _look(self) -> tuple[Sight, Group, Group]:
        """What is so, with the promoted group and the other one; refused where nobody can tell them apart."""
        sight = self._fenced()
        refuse_page(sight.actions)
        stable, other = sight.stable, sight.other
        if stable is None or other is None or stable.arn not in sight.versions:
            raise ProviderRefusedError("; ".join(sight.oddities) or untagged(sight.blue))
        return sight, stable, other

    def _fenced(self) -> Sight:
        sight = self._balancer.look()
        found = _fence_of(sight)
        if self._token is not None and found is not None and found > self._token:
            raise ProviderRefusedError(
                f"another coordinator has taken over (mark {found}, ours is {self._token})",
                hint="migsafe deploy status",
            )
        return sight

    def _mark(self, sight: Sight, stable: Group) -> None:
        """Say who is promoted before weights change: by them alone, nobody could tell it any more."""
        if not sight.is_marked:
            self._balancer.tag(self._balancer.entry.text, STABLE, stable.name)

    def _refuse_unready(self, group: Group) -> None:
        health = read_health(self._balancer.health(group))
        ready = health.readiness(self._settings.targets)
        if not ready.is_full:
            why = f": {health.why_not}" if health.unwell else ""
            raise ProviderRefusedError(f"{ready.ready} of {ready.wanted} targets of {group.name} are healthy{why}")

    def _run(self, called: str, words: Sequence[str] | None, version: str, group: Group) -> None:
        if words is not None:
            told = {"version": version, "environment": self._environment, "target_group": group.arn}
            programs.run_program(called, words, told, self._surroundings)

    def _register(self, group: Group, version: str) -> None:
        """The group is to have exactly the targets that `register` names; those of an older version leave."""
        if self._settings.register:
            wanted = self._wanted_targets(group, version)
            enter, leave = changes(wanted, staying_targets(self._balancer.health(group)), group.port)
            self._balancer.deregister(group, leave)
            self._balancer.register(group, enter)

    def _wanted_targets(self, group: Group, version: str) -> list[dict[str, Any]]:
        wanted: list[dict[str, Any]] = []
        for text in self._settings.register:
            wish = read_wish(text.replace("{version}", version))
            found = self._balancer.instances(wish, group) if isinstance(wish, Tag) else [wish] if wish else []
            if not found:
                raise ProviderRefusedError(f"no running instance of {group.vpc} is meant by {text} for {version}")
            wanted += found
        if wrong := misfits(wanted, group.target_type):
            raise ProviderRefusedError(f"{group.name} has targets of type {group.target_type}, not {', '.join(wrong)}")
        return wanted


def _validate(version: str) -> None:
    if not _TAG_VALUE.fullmatch(version) or version != version.strip():
        raise ProviderRefusedError(
            f"{version!r} cannot be kept as a tag of AWS", hint="letters, digits, spaces and .:/=+@-_, not - at first"
        )


def _refuse_strangers(sight: Sight) -> None:
    """Writing the weights anew would take away traffic that somebody else has sent there."""
    if sight.strangers:
        raise ProviderRefusedError(
            f"somebody else has changed the listener: {'; '.join(sight.oddities)}",
            hint="set it right, or give the stable version all the traffic: migsafe deploy abort",
        )


def _fence_of(sight: Sight) -> int | None:
    text = sight.tags.get(FENCE, "")
    return int(text) if text.isdecimal() else None


def _holdings(sight: Sight) -> str:
    """Which version is where, in one line."""
    return ", ".join(
        f"{one.name} holds {sight.versions.get(one.arn, 'no known version')}"
        + ("" if sight.is_attached(one) else " and is not attached")
        for one in (sight.blue, sight.green)
    )
