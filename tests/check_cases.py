"""What tests of checks share: windows, an engine that counts, and a context."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from migsafe.deploy.checks.context import CheckContext, Probes
from migsafe.deploy.provider import Provider
from migsafe.deploy.tables import Table
from migsafe.deploy.verdict import Window
from migsafe.deploy.words import Counts, Side
from migsafe.errors import EnvironmentFailedError


def window(*, weight: int = 5, seconds: float = 60.0, over: bool = True, candidate: str | None = "v2") -> Window:
    return Window(stable="v1", candidate=candidate, weight=weight, seconds=seconds, over=over)


def counts(requests: int, errors: int = 0, hidden: int = 0) -> Counts:
    return Counts(requests=requests, errors=errors, hidden=hidden)


@dataclass
class Engine:
    """Counts as it is told, and knows addresses; None is away."""

    now: Mapping[Side, Counts] | None = field(default_factory=dict)
    places: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def counts(self) -> Mapping[Side, Counts]:
        if self.now is None:
            raise EnvironmentFailedError("the socket is gone")
        return self.now

    def addresses(self, version: str) -> tuple[str, ...]:
        return self.places.get(version, ())


class Dumb:
    """An engine that counts nothing and knows no addresses."""


def context(provider: object | None = None, **more: Any) -> CheckContext:
    known = {"environment": "staging", "folder": Path.cwd(), "sleep": lambda _: None, "environ": {}, **more}
    probes = Probes(readiness="/readyz", liveness="/livez", smoke=("/",))
    return CheckContext(provider=cast("Provider", provider or Engine()), probes=probes, **known)


def table(**keys: Any) -> Table:
    return Table.of({"name": "it", **keys}, "check")
