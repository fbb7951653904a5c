"""What a provider is told beside its own table. Values only."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from migsafe.deploy.probes import Probes
from migsafe.deploy.words import Strategy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

__all__ = ["Probes", "ProviderContext"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderContext:
    """Where and for what an engine is driven.

    Attributes:
        folder: of deploy.toml; relative paths begin here, and programs are started in it.
        environment: its name.
        strategy: the one that the provider is made for.
        steps: the weights of a canary in per cent, the last one 100; `(100,)` for other strategies.
        state: a folder of the provider's own, which may not exist yet.
        environ: the environment's variables, for `Address.resolve`.
        clock: seconds, for measuring how long something takes.
        sleep: wait for so many seconds.
    """

    folder: Path
    environment: str
    strategy: Strategy
    probes: Probes
    state: Path
    steps: tuple[int, ...] = (100,)
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
