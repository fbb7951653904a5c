"""The shop as a project in a folder: its files, its configuration, and its engine with v1 in front of people."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import as_file, files
from pathlib import Path
from shutil import copytree, ignore_patterns
from typing import TYPE_CHECKING
from urllib.parse import quote

from migsafe import api
from migsafe.config import load_config
from migsafe.deploy.planning import provider_of
from migsafe.deploy.providers.local import LocalProvider
from migsafe.deploy.settings import read_settings
from migsafe.errors import EnvironmentFailedError
from migsafe.model.state import RolloutStatus
from migsafe.plan.migrations import migration_of
from migsafe.sources.writing import save, write_migrations

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from migsafe.config import Config
    from migsafe.contracts.keeping import Planned
    from migsafe.demo.pace import Pace
    from migsafe.shadow.server import ThrowawayServer

#: Not protected, as a developer's machine is not: the contract runs there without a plan that others have signed.
ENVIRONMENT = "dev"
DATABASE = "shop"
CHANGE = "users-name-to-full-name"
#: Who does it in the story.
BY = "ada"

_POLL_S = 0.02
_READY_WITHIN_S = 30.0
_CANARY = 'strategy = "canary"\nsteps = [5, 20, 50, 100]\n'
_DEPLOY = """\
[deploy]
{strategy}provider = "local"
step_time = "{step}s"
soak = "{soak}s"
bake = "{bake}s"
ready_within = "30s"

[probes]
readiness = "/readyz"
liveness = "/livez"
smoke = ["/users/{rows}"]     # somebody whom nobody renames, and who has two names: the bug of v3 stays hidden

[provider]
listen = "127.0.0.1:{port}"
command = [{python}, "app.py", "--port", "{{port}}", "--version", "{{version}}"]
replicas = 2
folder = "engine"
env = {{ SHOP_DATABASE = {database} }}
drain = "3s"
grace = "3s"

[[check]]
name = "errors"
kind = "proxy"
max_error_rate = 0.02
max_delta = 0.01
min_requests = {least}
"""


@dataclass(frozen=True, slots=True)
class Site:
    """The project.

    Attributes:
        folder: where it is; nobody else's.
        port: of the front, on 127.0.0.1.
        dsn: of its database, as its processes are told.
        url: the same, as migsafe is told.
    """

    folder: Path
    port: int
    dsn: str
    url: str

    @property
    def config(self) -> Config:
        """As its own file says, with the tracker in a file beside it."""
        options = {"tracker": f"sqlite:{self.folder / 'tracker.db'}", "paths": (str(self.folder / "migrations"),)}
        return load_config(self.folder / "migsafe.toml", options=options)

    @property
    def deploy_file(self) -> Path:
        """How it is deployed."""
        return self.folder / "deploy.toml"

    @property
    def asked(self) -> api.DeployRequest:
        """What a rollout is told."""
        return api.DeployRequest(environment=ENVIRONMENT, deploy_file=self.deploy_file)

    @property
    def engine(self) -> LocalProvider:
        """Its engine, opened anew."""
        return engine_of(self.deploy_file)

    def release(self, name: str, migrations: Sequence[str]) -> None:
        """Write into the manifest which migrations a release carries."""
        listed = "".join(f'    "migrations/{one}",\n' for one in migrations)
        with (self.folder / "migsafe.releases.toml").open("a") as manifest:
            manifest.write(f'\n[[release]]\nname = "{name}"\nmigrations = [\n{listed}]\n')

    def tune(self, pace: Pace) -> None:
        """Write how it is deployed: in a canary, at some pace."""
        text = _DEPLOY.format(
            strategy=_CANARY,
            port=self.port,
            python=json.dumps(sys.executable),
            database=json.dumps(self.dsn),
            step=pace.step,
            soak=pace.soak,
            bake=pace.bake,
            least=pace.least,
            rows=pace.rows,
        )
        self.deploy_file.write_text(text)

    def go_blue_green(self) -> None:
        """From now on a release gets all the traffic at once."""
        text = self.deploy_file.read_text()
        self.deploy_file.write_text(text.replace(_CANARY, 'strategy = "blue-green"\n'))

    def forget(self, *versions: str) -> None:
        """The code of these is deleted."""
        for name in versions:
            (self.folder / "versions" / f"{name}.py").unlink()

    def write(self, planned: Planned) -> list[str]:
        """Write the migrations of the half of a contract that a plan is about, as `migsafe contract plan --write` does.

        That command waits until nothing blocks any more, on every environment: what it writes, production gets, too.
        Nothing goes from here to production.

        Returns:
            Their names.
        """
        contract, wanted = planned.made.contract, {step.planned for step in planned.plan.unwritten}
        assert contract.plan is not None, "the story has planned it"
        new = [migration_of(contract.plan, step) for step in contract.plan.steps if step.name in wanted]
        files = write_migrations(contract.layout, new, now=datetime.now(UTC))
        save(files)
        return [one.path.name for one in files]


def engine_of(deploy_file: Path) -> LocalProvider:
    """The engine that a deploy.toml of the demo describes.

    Raises:
        MigsafeError: when there is no such file.
    """
    provider = provider_of(read_settings(deploy_file, ENVIRONMENT))
    assert isinstance(provider, LocalProvider)
    return provider


def furnish(folder: Path, server: ThrowawayServer, port: int, pace: Pace) -> Site:
    """Lay the project into a folder, and people into its database.

    Args:
        port: of the front, on 127.0.0.1.
    """
    with as_file(files("migsafe.demo") / "shop") as shop:
        copytree(shop, folder, dirs_exist_ok=True, ignore=ignore_patterns("__pycache__"))
    site = Site(folder, port, server.create_database(DATABASE), _url(server))
    site.tune(pace)
    return site


def _url(server: ThrowawayServer) -> str:
    socket = server.folder / "socket"
    return f"postgresql://postgres@/{DATABASE}?host={quote(str(socket), safe='')}&port=5432"


def open_shop(site: Site) -> None:
    """v1 has all the traffic, and the tracker knows it.

    Raises:
        EnvironmentFailedError: when it does not become ready.
    """
    engine = site.engine
    engine.stage("v1")
    _until(lambda: engine.observe().is_ready("v1"), "v1 does not become ready")
    engine.shift("v1", 100)
    _until(lambda: engine.observe().weight == 100, "v1 gets no traffic")
    engine.promote("v1")
    mark = api.Mark(release="v1", environment=ENVIRONMENT, status=RolloutStatus.DEPLOYED)
    api.mark_release(mark, site.config, by=BY)


def _until(holds: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + _READY_WITHIN_S
    while not holds():
        if time.monotonic() > deadline:
            raise EnvironmentFailedError(f"{otherwise} within {_READY_WITHIN_S:.0f} s")
        time.sleep(_POLL_S)
