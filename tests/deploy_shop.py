"""The shop of `fixtures/deploy/shop` on a real local engine, for tests: a folder, a front, and nothing left behind.

with Shop(tmp_path) as shop:
    provider = shop.provider(Strategy.CANARY)
    shop.open_with(provider, "v1")
    provider.stage("v2")
    shop.until_ready(provider, "v2")
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

from deploy_load import Load
from migsafe.deploy.providers.local import LocalProvider
from migsafe.deploy.providers.local.engine import free_port
from migsafe.deploy.providers.local.haproxy import find_haproxy
from migsafe.deploy.providers.local.settings import LocalSettings
from migsafe.deploy.words import Strategy
from migsafe.errors import EnvironmentFailedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from migsafe.deploy.words import Observed

APP = Path(__file__).parents[1] / "fixtures" / "deploy" / "shop" / "app.py"
_WITHIN_S = 20.0


def why_no_haproxy() -> str | None:
    """Why tests of the local engine are skipped here, or None when they can run."""
    if sys.platform == "win32":
        return "the local engine needs a Unix"
    try:
        find_haproxy()
    except EnvironmentFailedError as error:
        return error.message
    return None


class Shop:
    """A front and the shops behind it; what goes wrong in a version is said by `faults`."""

    def __init__(self, folder: Path, *, replicas: int = 1, **changed: float) -> None:
        """
        Args:
            folder: of the test's own.
            replicas: instances of each version.
            changed: times of `LocalSettings` that are to be others than the tests' usual ones.
        """
        self.folder = folder
        self.port = free_port()
        self.replicas = replicas
        self._faults = folder / "faults.json"
        self._times = {"start_s": 15.0, "drain_s": 3.0, "grace_s": 3.0, **changed}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.provider().engine.stop()

    def settings(self, strategy: Strategy = Strategy.CANARY, replicas: int | None = None) -> LocalSettings:
        """The engine's settings."""
        return LocalSettings(
            listen=f"127.0.0.1:{self.port}",
            command=(sys.executable, "-S", str(APP), "--port", "{port}", "--version", "{version}"),
            folder=self.folder / "engine",
            readiness="/readyz",
            directory=self.folder,
            strategy=strategy,
            replicas=replicas or self.replicas,
            environ={"PATH": os.environ["PATH"], "FAULTS": str(self._faults)},
            **self._times,  # type: ignore[arg-type]  # each name is a time of the settings
        )

    def provider(self, strategy: Strategy = Strategy.CANARY, replicas: int | None = None) -> LocalProvider:
        """A new coordinator's view of the engine."""
        return LocalProvider(self.settings(strategy, replicas))

    def fault(self, **versions: dict[str, float | bool]) -> None:
        """What goes wrong from now on: `fault(v2={"error_rate": 0.1})`; see the app for the names."""
        new = self._faults.with_suffix(".new")
        new.write_text(json.dumps(versions))
        new.replace(self._faults)

    def load(self, **options: float) -> Load:
        """Live load on the front; the options are those of `Load`."""
        return Load.on("127.0.0.1", self.port, **options)

    def open_with(self, provider: LocalProvider, version: str) -> None:
        """The first version: it has all the traffic and is the stable one."""
        if provider.capabilities.stages:
            provider.stage(version)
            self.until_ready(provider, version)
        provider.shift(version, 100)
        provider.promote(version)

    def candidate(self, provider: LocalProvider, version: str) -> None:
        """A version that is ready and has no traffic."""
        provider.stage(version)
        self.until_ready(provider, version)

    def until_ready(self, provider: LocalProvider, version: str) -> None:
        """Wait until all instances of a version can take traffic."""
        self.until(provider, lambda seen: seen.is_ready(version))

    def until(self, provider: LocalProvider, holds: Callable[[Observed], bool]) -> None:
        """Wait until the engine shows something."""
        deadline = time.monotonic() + _WITHIN_S
        while not holds(seen := provider.observe()):
            assert time.monotonic() < deadline, f"still so: {seen}"
            time.sleep(0.01)
