"""A rollout through the command line that is killed at a commit, on an engine that lives on; and how it has ended.

Each rollout has an engine of its own, outside of the process that is killed: it goes on by itself meanwhile, as engines
do. What a person does then is done: look how it stands, and go on, or begin.
"""

from __future__ import annotations

import json
import shutil
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from deploy_sites import ENV, processes_below
from migsafe.tracker.address import read_address
from migsafe.tracker.deployments import Deployment, last_deployment
from migsafe.tracker.events import prove
from migsafe.tracker.opening import Tracker
from migsafe.tracker.reading import read_known

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from migsafe.deploy.words import Observed
    from run_forks import Ended, Forks

_TOML = """\
[deploy]
strategy = "{strategy}"
provider = "{provider}"
{steps}
step_time = "50ms"
soak = "50ms"
bake = "50ms"
ready_within = "1min"

[probes]
readiness = "/readyz"
liveness = "/livez"

[provider]
{keys}

[[check]]
name = "well"
kind = "command"
command = ["test", "{{weight}}", "-lt", "{unwell_from}"]
"""
#: From which share of the traffic on the check fails, and the exit code that is expected.
WAYS = {"forward": (101, 0), "back": (1, 5)}


@dataclass(frozen=True, slots=True)
class Told:
    """What deploy.toml says of an engine.

    Attributes:
        weights: of a canary.
        keys: of `[provider]`.
    """

    strategy: str
    provider: str
    keys: Mapping[str, object]
    weights: tuple[int, ...] = ()

    def toml(self, unwell_from: int) -> str:
        """The file."""
        keys = "\n".join(f"{key} = {json.dumps(value)}" for key, value in self.keys.items())
        steps = f"steps = {list(self.weights)}" if self.weights else ""
        return _TOML.format(
            strategy=self.strategy, provider=self.provider, steps=steps, keys=keys, unwell_from=unwell_from
        )


class Engine(Protocol):
    """An engine on which v1 has the traffic, reached from any process of this machine.

    Attributes:
        told: what deploy.toml says of it.
        variables: what a command needs in its environment.
    """

    @property
    def told(self) -> Told: ...

    @property
    def variables(self) -> Mapping[str, str]: ...

    def shown(self) -> Observed:
        """What it shows once it has come to rest."""


@dataclass(frozen=True, slots=True)
class End:
    """What must be so in the end, however it came to be so.

    Attributes:
        engine: stable, candidate, weight, motion, and the instances of each version: ready, and wanted.
        status: of the rollout, by the journal.
        steps: kind and status of each, by the journal.
        standing: how far each release has come, by the tracker.
        code_fits: the command that went to the end has said by its exit code how it was.
        left: how many processes were left behind.
        said: what that command has printed; is not compared.
    """

    engine: tuple[object, ...]
    status: str
    steps: tuple[tuple[str, str], ...]
    standing: Mapping[str, tuple[str, int | None]]
    code_fits: bool
    left: int
    said: str = field(default="", compare=False, repr=False)


class Rollouts:
    """Rollouts of v2 on one kind of engine, all of them in one way: `forward`, or `back` with its first traffic."""

    def __init__(
        self, opened: Callable[[Path], AbstractContextManager[Engine]], way: str, project: Path, forks: Forks
    ) -> None:
        """
        Args:
            opened: makes an engine, with a folder for what it needs; it ends with the context.
            project: by its tracker v1 is out, and v2's expand has run; each rollout has a copy of it.
        """
        self._opened = opened
        self._unwell_from, self._code = WAYS[way]
        self._project = project
        self._forks = forks

    def undisturbed(self, folder: Path) -> tuple[int, End]:
        """One that nobody kills: at how many points it could be, and its end."""
        with self._begun(folder) as rollout:
            ended = rollout.run()
            return ended.points, rollout.end(ended)

    def killed(self, folder: Path, point: int) -> End | None:
        """One that is killed at a point, and gone on with; None where it was over before."""
        with self._begun(folder) as rollout:
            if rollout.run(kill_at=point).code is not None:
                return None
            return rollout.end(rollout.go_on())

    @contextmanager
    def _begun(self, folder: Path) -> Iterator[_Rollout]:
        shop = folder / "shop"
        shutil.copytree(self._project, shop)
        with self._opened(folder) as engine:
            (shop / "deploy.toml").write_text(engine.told.toml(self._unwell_from))
            yield _Rollout(shop, engine, self._forks, self._code)


@dataclass(frozen=True, slots=True)
class _Rollout:
    folder: Path
    engine: Engine
    forks: Forks
    code: int

    def run(self, kill_at: int | None = None) -> Ended:
        return self._command("run", "--release", "v2", kill_at=kill_at)

    def go_on(self) -> Ended | None:
        """None where nothing is left to be done."""
        last = self._last()
        if last is None:
            return self.run()
        return self._command("resume") if last.is_open else None

    def end(self, ended: Ended | None) -> End:
        """How it stands behind the last command, if there was one."""
        seen, last = self.engine.shown(), self._last()
        ready = {name: (one.ready, one.wanted) for name, one in seen.ready.items()}
        return End(
            engine=(seen.stable, seen.candidate, seen.weight, seen.motion.value, ready),
            status="none" if last is None else last.status.value,
            steps=() if last is None else tuple((step.kind, step.status.value) for step in last.steps),
            standing=self._standing(),
            code_fits=ended is None or ended.code == self.code,
            left=len(processes_below(self.folder)),
            said="" if ended is None else ended.output,
        )

    def _last(self) -> Deployment | None:
        with self._tracker.reading() as ledger:
            return last_deployment(ledger, ENV)

    def _standing(self) -> dict[str, tuple[str, int | None]]:
        with self._tracker.reading() as ledger:
            prove(ledger.events())  # whoever was killed has left no event half-written
            environment = read_known(ledger, self._tracker.clock()).state.environment(ENV)
        assert environment is not None
        return {one.release: (one.status.value, one.percent) for one in environment.rollouts}

    @property
    def _tracker(self) -> Tracker:
        return Tracker(read_address(_tracker_of(self.folder)["MIGSAFE_TRACKER"]))

    def _command(self, verb: str, *words: str, kill_at: int | None = None) -> Ended:
        variables = {**_tracker_of(self.folder), **self.engine.variables}
        return self.forks.run(["deploy", verb, *words, "--env", ENV], self.folder, variables, kill_at=kill_at)


def _tracker_of(folder: Path) -> dict[str, str]:
    return {"MIGSAFE_TRACKER": f"sqlite:{folder / 'tracker.db'}"}
