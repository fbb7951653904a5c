"""The shop of `fixtures/deploy/shop` on the local engine: a project, a tracker in a file, HAProxy and processes."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from deploy_load import Load
from migsafe.bookkeeping.asked import Record, Where
from migsafe.bookkeeping.releases import Mark, mark_release
from migsafe.bookkeeping.steps import record_steps
from migsafe.config import Config, load_config
from migsafe.deploy.abort import abort
from migsafe.deploy.planning import provider_of
from migsafe.deploy.providers.local import LocalProvider
from migsafe.deploy.run import deploy, resume
from migsafe.deploy.settings import read_settings
from migsafe.deploy.under_way import DeployRequest
from migsafe.model.state import RolloutStatus, StepStatus
from migsafe.tracker.address import read_address
from migsafe.tracker.deployments import Deployment, last_deployment
from migsafe.tracker.facts import Author
from migsafe.tracker.opening import Tracker
from migsafe.tracker.upgrade import upgrade_tracker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migsafe.deploy.under_way import Deployed

SHOP = Path(__file__).parents[1] / "fixtures" / "deploy" / "shop"
ENV = "production"
ME = Author(actor="mira", host="laptop")

_TOML = """\
[deploy]
strategy = "{strategy}"
provider = "local"
{steps}
step_time = "{step_time}s"
soak = "{soak}s"
bake = "{bake}s"
ready_within = "15s"

[probes]
readiness = "/readyz"
liveness = "/livez"

[provider]
listen = "127.0.0.1:{port}"
command = [{python}, "app.py", "--port", "{{port}}", "--version", "{{version}}"]
replicas = {replicas}
env = {{ FAULTS = {faults} }}
grace = "2s"

[[check]]
name = "errors"
kind = "proxy"
max_error_rate = 0.02
max_delta = 0.01
min_requests = {min_requests}
"""


@dataclass
class DeploySite:
    """A shop in which v1 has the traffic once `begin` was called; v2's expand has run.

    Attributes:
        step_time, soak, bake: in seconds.
    """

    folder: Path
    strategy: str = "canary"
    replicas: int = 2
    step_time: float = 1.0
    soak: float = 0.5
    bake: float = 0.5
    min_requests: int = 20
    port: int = field(default_factory=lambda: _free_port())
    lines: list[str] = field(default_factory=list)

    @classmethod
    @contextmanager
    def opened(cls, folder: Path, strategy: str = "canary", **more: float) -> Iterator[DeploySite]:
        """With v1 in front of people; nothing of it runs afterwards."""
        site = cls(folder, strategy, **more)  # type: ignore[arg-type]  # the attributes
        site.furnish()
        try:
            site.begin()
            yield site
        finally:
            site.engine.engine.stop()

    def furnish(self) -> None:
        """The project and its tracker."""
        shutil.copytree(SHOP, self.folder)
        values = {"strategy": self.strategy, "port": self.port, "replicas": self.replicas, "step_time": self.step_time,
                  "soak": self.soak, "bake": self.bake, "min_requests": self.min_requests,
                  "python": json.dumps(sys.executable),
                  "faults": json.dumps(str(self.folder / "faults.json")),
                  "steps": "steps = [5, 20, 50, 100]" if self.strategy == "canary" else ""}  # fmt: skip
        (self.folder / "deploy.toml").write_text(_TOML.format(**values))
        upgrade_tracker(read_address(self._tracker), ME)
        where = Where(environment=ENV, create=True)
        record_steps(
            Record(migrations=["00001_users", "00002_add_full_name"], where=where, status=StepStatus.DONE),
            ME,
            self.config,
        )

    def begin(self) -> None:
        """v1 has all the traffic."""
        if self.engine.capabilities.stages:
            self.engine.stage("v1")
            _until(lambda: self.engine.observe().is_ready("v1"))
        self.engine.shift("v1", 100)
        _until(lambda: self.engine.observe().weight == 100 and self.engine.observe().is_ready("v1"))
        self.engine.promote("v1")
        mark_release(Mark(release="v1", environment=ENV, status=RolloutStatus.DEPLOYED), ME, self.config)

    @property
    def config(self) -> Config:
        """As its own file says, with the tracker."""
        return load_config(self.folder / "migsafe.toml", options={"tracker": self._tracker, "paths": self._paths})

    @property
    def engine(self) -> LocalProvider:
        """The engine, opened anew."""
        provider = provider_of(read_settings(self.folder / "deploy.toml", ENV))
        assert isinstance(provider, LocalProvider)
        return provider

    @property
    def request(self) -> DeployRequest:
        """What every command is told."""
        return DeployRequest(environment=ENV, deploy_file=self.folder / "deploy.toml")

    def fault(self, version: str, **what: float) -> None:
        """From now on a version goes wrong."""
        (self.folder / "faults.json").write_text(json.dumps({version: what}))

    def deploy(self, release: str = "v2", *, rehearsal: bool = False, stop: threading.Event | None = None) -> Deployed:
        """As `migsafe deploy run`."""
        return deploy(release, self.request, self.config, ME, rehearsal=rehearsal, say=self.lines.append, stop=stop)

    def resume(self) -> Deployed:
        """As `migsafe deploy resume`."""
        return resume(self.request, self.config, ME, say=self.lines.append)

    def abort(self, reason: str = "a test") -> Deployed:
        """As `migsafe deploy abort`."""
        return abort(self.request, self.config, ME, reason=reason, say=self.lines.append)

    def load(self, **options: object) -> Load:
        """People."""
        return Load.on("127.0.0.1", self.port, **options)

    def last(self) -> Deployment:
        """The last rollout, by the journal."""
        found = self.last_or_none()
        assert found is not None
        return found

    def last_or_none(self) -> Deployment | None:
        """The same; None where none was begun."""
        with Tracker(read_address(self._tracker)).reading() as ledger:
            return last_deployment(ledger, ENV)

    @property
    def _tracker(self) -> str:
        return f"sqlite:{self.folder / 'tracker.db'}"

    @property
    def _paths(self) -> tuple[str, ...]:
        return (str(self.folder / "migrations"),)


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _until(holds: object, within: float = 15.0) -> None:
    import time

    deadline = time.monotonic() + within
    while not holds():  # type: ignore[operator]  # a condition
        assert time.monotonic() < deadline, "it does not come true"
        time.sleep(0.02)


def processes_below(folder: Path) -> list[int]:
    """Processes whose working folder is there, or in a folder of it; Linux only."""
    found = []
    for each in Path("/proc").glob("[0-9]*"):
        try:
            if (each / "cwd").readlink().is_relative_to(folder) and int(each.name) != os.getpid():
                found.append(int(each.name))
        except OSError:
            continue
    return found
