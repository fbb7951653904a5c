"""The keys of `[provider]` for `provider = "local"`.

listen = "127.0.0.1:8080"                                  # where people ask; required
command = ["python", "app.py", "--port", "{port}"]         # one instance, run without a shell; required
replicas = 2                                               # instances of one version; 1 when left out
env = { APP_VERSION = "{version}" }                        # beside the coordinator's own environment
folder = ".deploy"                                         # what it remembers, and logs; migsafe's own when left out
haproxy = "/usr/sbin/haproxy"                              # PATH, then the wheel, when left out
start = "1min"                                             # how long an instance that replaces another is waited for
drain = "10s"                                              # how long open requests are let finish
grace = "10s"                                              # from SIGTERM to SIGKILL
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from migsafe.deploy.words import Strategy

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from migsafe.deploy.providers.context import ProviderContext
    from migsafe.deploy.tables import Table

#: Of one version; each costs a process and a check five times a second.
MOST_REPLICAS = 32
_LISTEN = re.compile(r"(?P<host>[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\]):(?P<port>\d{1,5})\Z")
#: What needs no quoting in HAProxy's configuration, and cannot end a line of it.
_PATH = re.compile(r"/[A-Za-z0-9._~!&()*+,;=:@%/?-]*\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalSettings:
    """How the local engine is set up. Times are in seconds.

    Attributes:
        listen: `host:port` of the front.
        command: of one instance, with `{port}` and `{version}` to be replaced.
        folder: what it remembers, and logs.
        readiness: the path that is asked of each instance.
        directory: where the command begins.
        environ: the whole environment of an instance, with the same replacements.
        haproxy: the program; PATH and then the wheel are looked at when None.
        start_s: how long an instance that replaces another one is waited for.
        drain_s: how long open requests are let finish.
        grace_s: from SIGTERM to SIGKILL.
    """

    listen: str
    command: tuple[str, ...]
    folder: Path
    readiness: str
    directory: Path
    strategy: Strategy = Strategy.CANARY
    replicas: int = 1
    environ: Mapping[str, str] = field(default_factory=dict)
    haproxy: Path | None = None
    start_s: float = 60.0
    drain_s: float = 10.0
    grace_s: float = 10.0

    @property
    def address(self) -> tuple[str, int]:
        """Host and port of the front."""
        host, _, port = self.listen.rpartition(":")
        return host.strip("[]"), int(port)

    def command_for(self, version: str, port: int) -> tuple[str, ...]:
        """The command of one instance."""
        return tuple(_filled(word, version, port) for word in self.command)

    def environ_for(self, version: str, port: int) -> dict[str, str]:
        """The environment of one instance."""
        return {name: _filled(value, version, port) for name, value in self.environ.items()}


def read_settings(table: Table, context: ProviderContext) -> LocalSettings:
    """What `[provider]` says.

    Raises:
        ConfigurationError: when a key is unknown, missing or wrong.
    """
    own = table.pairs("env", {})
    settings = LocalSettings(
        listen=table.text("listen"),
        command=table.command("command"),
        replicas=table.whole("replicas", 1, at_least=1, at_most=MOST_REPLICAS),
        folder=table.path("folder", context.state),
        haproxy=table.path("haproxy", None),
        start_s=table.duration_s("start", 60.0),
        drain_s=table.duration_s("drain", 10.0),
        grace_s=table.duration_s("grace", 10.0),
        environ={**context.environ, **own},
        readiness=context.probes.readiness,
        directory=context.folder,
        strategy=context.strategy,
    )
    table.done()
    if not is_address(settings.listen):
        raise table.error("listen", f'"{settings.listen}" must be a host and a port', 'as in listen = "127.0.0.1:8080"')
    if not any("{port}" in word for word in (*settings.command, *own.values())):
        raise table.error("command", "no instance is told its port", 'as in command = ["./serve", "--port", "{port}"]')
    if not any("{version}" in word for word in (*settings.command, *own.values())):
        raise table.error(
            "command", "every version would start the same program", 'as in command = ["./releases/{version}/serve"]'
        )
    if not is_plain_path(settings.readiness):
        raise table.error(
            None,
            f'HAProxy cannot be told to ask for "{settings.readiness}", the readiness of [probes]',
            "write what is no plain ASCII letter, digit or sign of a URL as %XX",
        )
    return settings


def is_address(text: str) -> bool:
    """Whether it is a host and a port, as `listen` takes them."""
    found = _LISTEN.match(text)
    return found is not None and 0 < int(found["port"]) < 65536


def is_plain_path(text: str) -> bool:
    """Whether it is a path of a URL that HAProxy's configuration can hold."""
    return _PATH.match(text) is not None


def _filled(text: str, version: str, port: int) -> str:
    """In one go: what a version's name has in it is not replaced again."""
    values = {"{port}": str(port), "{version}": version}
    return re.sub(r"\{port\}|\{version\}", lambda found: values[found[0]], text)
