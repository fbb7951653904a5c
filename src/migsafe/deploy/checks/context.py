"""What a check is told beside its own table. Values only."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from migsafe.deploy.probes import Probes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from migsafe.deploy.provider import Provider
    from migsafe.deploy.verdict import Window

__all__ = ["Addressed", "CheckContext", "Closing", "Probes", "judged_version"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckContext:
    """Where and for what something is looked at.

    Attributes:
        provider: the engine that moves the traffic; `proxy` asks it for its counts, where it is `Counting`.
        environment: its name.
        folder: of deploy.toml; relative paths begin here, and programs are started in it.
        database: the target, as a person says it (`env:NAME`, a service, an address); None where there is none.
        environ: the environment's variables, for `Address.resolve`.
        clock: seconds, for measuring how long something takes.
        sleep: wait for so many seconds.
    """

    provider: Provider
    environment: str
    folder: Path
    probes: Probes
    database: str | None = None
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


@runtime_checkable
class Addressed(Protocol):
    """An engine that knows where the instances of a version answer by themselves, past the proxy."""

    def addresses(self, version: str) -> tuple[str, ...]:
        """Of each instance, `http://host:port`; empty where it knows none."""


@runtime_checkable
class Closing(Protocol):
    """A check that holds something which must not outlive the deployment: a program that still runs."""

    def close(self) -> None:
        """Let go of it. Called from another thread than `judge`, perhaps while that has not come back."""


def judged_version(window: Window) -> str | None:
    """The version that a window is about: the candidate, or the stable one where the candidate has no traffic."""
    return window.candidate if window.weight > 0 else window.stable
