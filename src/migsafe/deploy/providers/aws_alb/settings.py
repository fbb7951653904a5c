"""The keys of `[provider]` for `aws-alb`, read and held against each other before AWS is asked anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from migsafe.deploy import programs
from migsafe.deploy.providers.aws_alb import arns
from migsafe.deploy.providers.aws_alb.targets import is_wish

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migsafe.deploy.providers.aws_alb.arns import EntryArn
    from migsafe.deploy.tables import Table

#: What may stand in the braces of `stage_command` and `retire_command`.
PLACES = ("version", "environment", "target_group")
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_TIMEOUT_S = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What deploy.toml says of a load balancer.

    Attributes:
        entry: the listener or rule whose weights are set.
        blue: a target group, by ARN or name.
        green: the other one.
        endpoint_url: where AWS is, for tests.
        register: the targets of a candidate, see `targets`; empty where others register them.
        deregister: whether `retire` takes the targets out of their group.
        targets: how many a version must have at least, all of them healthy, to be ready.
        stage_command: brings a version onto the targets of a group, or begins to.
        retire_command: takes it away again.
        timeout_s: how long either may take.
    """

    entry: EntryArn
    blue: str
    green: str
    endpoint_url: str | None = None
    register: tuple[str, ...] = ()
    deregister: bool = False
    targets: int = 1
    stage_command: tuple[str, ...] | None = None
    retire_command: tuple[str, ...] | None = None
    timeout_s: float = _TIMEOUT_S


def read_settings(table: Table, environ: Mapping[str, str]) -> Settings:
    """The keys of the table.

    Raises:
        ConfigurationError: when one is unknown, missing or wrong.
    """
    entry = _entry(table)
    register = table.texts("register", ())
    for one in register:
        if not is_wish(one):
            raise table.error(
                "register", f"{one} is no target", "an instance (i-0abc), an address, with :port, or tag:KEY=VALUE"
            )
    settings = Settings(
        entry=entry,
        blue=_group(table, "blue", entry),
        green=_group(table, "green", entry),
        endpoint_url=_endpoint(table, environ),
        register=register,
        deregister=table.flag("deregister", bool(register)),
        targets=table.whole("targets", 1, at_least=1),
        stage_command=programs.optional_program(table, "stage_command", PLACES),
        retire_command=programs.optional_program(table, "retire_command", PLACES),
        timeout_s=table.duration_s("timeout", _TIMEOUT_S),
    )
    if settings.blue == settings.green:
        raise table.error("green", "blue and green are one target group", "a version needs one of its own")
    if settings.timeout_s <= 0:
        raise table.error("timeout", "a program needs some time", 'such as "5min"')
    table.done()
    return settings


def _entry(table: Table) -> EntryArn:
    keys = [key for key in ("listener", "rule") if table.has(key)]
    if len(keys) != 1:
        hint = table.misspelled("listener") or table.misspelled("rule")
        said = "has both `listener` and `rule`" if keys else "needs either `listener` or `rule`"
        raise table.error(None, said, hint or "the ARN of the one whose weights are to be set")
    key = keys[0]
    text = table.text(key)
    entry = arns.read_entry(text)
    if entry is None or entry.is_rule is not (key == "rule"):
        raise table.error(key, f"{text} is no ARN of a {key}", f"aws elbv2 describe-{key}s shows it")
    if entry.type != "app":
        raise table.error(key, "it is no Application Load Balancer's", "only those are driven here")
    region = table.text("region", entry.region)
    if region != entry.region:
        raise table.error("region", f"{region}, but the {key} is in {entry.region}")
    return entry


def _group(table: Table, key: str, entry: EntryArn) -> str:
    text = table.text(key)
    region = arns.group_region(text)
    if region is None and not arns.is_group_name(text):
        raise table.error(key, f"{text} is neither the ARN nor the name of a target group")
    if region not in {None, entry.region}:
        raise table.error(key, f"it is in {region}, but the load balancer is in {entry.region}")
    return text


def _endpoint(table: Table, environ: Mapping[str, str]) -> str | None:
    address = table.address("endpoint_url", None)
    if address is None:
        return None
    url = address.resolve(environ)
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise table.error("endpoint_url", "it is no http address")
    if address.variable is None and parts.hostname not in _LOOPBACK:
        raise table.error(
            "endpoint_url", "a committed file may name only this machine", "put another one into a variable: env:NAME"
        )
    return url
