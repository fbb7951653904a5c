"""The shop of `fixtures/deploy/shop`, deployed by the scripts of `fixtures/deploy/scripts`: no proxy, no processes."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from run_forks import Ended, Forks

_FIXTURES = Path(__file__).parents[1] / "fixtures" / "deploy"
_TOML = """\
[deploy]
strategy = "canary"
provider = "command"
steps = [5, 50, 100]
step_time = "50ms"
soak = "50ms"
bake = "50ms"

[probes]
readiness = "/readyz"
liveness = "/livez"

[provider]
strategies = ["canary"]
weights = "exact"
{verbs}

[[check]]
name = "well"
kind = "command"
command = [{python}, "-c", "raise SystemExit({verdict} if {{weight}} else 0)"]
"""
_WORDS = {"observe": (), "stage": ("{version}",), "shift": ("{version}", "{weight}"), "promote": ("{version}",),
          "abort": ("{version}",), "retire": ("{version}",)}  # fmt: skip


@dataclass
class ScriptSite:
    """A copy of the project, in which v1 has the traffic, and v2's expand has run.

    Attributes:
        verdict: the check's exit code as soon as v2 has traffic: 0 passes, 1 fails.
    """

    BEGINNING: ClassVar = (
        ("tracker", "upgrade"),
        ("record", "00001_users", "00002_add_full_name", "--env", "production", "--status", "done", "--create-env"),
        ("release", "mark", "v1", "--env", "production", "--status", "deployed"),
    )
    folder: Path
    verdict: int = 0

    def furnish(self, forks: Forks) -> ScriptSite:
        """The project, its engine and its tracker."""
        self.lay_out()
        for words in self.BEGINNING:
            ended = self.command(forks, *words)
            assert ended.code == 0, ended.output
        return self

    def lay_out(self) -> None:
        """The project and its engine."""
        shutil.copytree(_FIXTURES / "shop", self.folder)
        shutil.copy(_FIXTURES / "scripts" / "rollout.py", self.folder)
        python = json.dumps(sys.executable)
        verbs = "\n".join(
            f"{verb} = [{python}, {', '.join(json.dumps(one) for one in ('rollout.py', verb, *words))}]"
            for verb, words in _WORDS.items()
        )
        (self.folder / "deploy.toml").write_text(_TOML.format(verbs=verbs, python=python, verdict=self.verdict))
        (self.folder / "site.json").write_text(
            json.dumps({"stable": "v1", "candidate": None, "weight": 0, "instances": {"v1": 2}})
        )

    def copy(self, folder: Path) -> ScriptSite:
        """The same in another folder, which is quicker than to make one anew."""
        shutil.copytree(self.folder, folder)
        return ScriptSite(folder, self.verdict)

    def command(self, forks: Forks, *words: str, kill_at: int | None = None) -> Ended:
        """A command of migsafe in the project's folder."""
        variables = {"MIGSAFE_TRACKER": f"sqlite:{self.folder / 'tracker.db'}"}
        return forks.run(list(words), self.folder, variables, kill_at=kill_at)

    def deploy(self, forks: Forks, kill_at: int | None = None) -> Ended:
        """`migsafe deploy run` of v2."""
        return self.command(forks, "deploy", "run", "--release", "v2", "--env", "production", kill_at=kill_at)

    def to_the_end(self, forks: Forks) -> Ended:
        """Whatever a person does whose coordinator was killed: look how it stands, and go on, or begin."""
        last = self.status(forks)["deployments"][:1]
        if not last:
            return self.deploy(forks)
        return self.command(forks, "deploy", "resume", "--env", "production")

    def status(self, forks: Forks) -> dict[str, Any]:
        """`migsafe deploy status` as a document."""
        said: dict[str, Any] = json.loads(
            self.command(forks, "deploy", "status", "--env", "production", "--format", "json").output
        )
        return said

    def facts(self, forks: Forks) -> dict[str, Any]:
        """What must be so in the end, however it came to be so."""
        said = self.status(forks)
        (last,) = said["deployments"]
        releases = self.command(forks, "status", "--env", "production", "--format", "json").output
        return {
            "engine": json.loads((self.folder / "site.json").read_text()),
            "status": last["status"],
            "steps": [(step["kind"], step["status"], step["weight"]) for step in last["steps"]],
            "chain": self.command(forks, "tracker", "check").code,
            "releases": [
                (one["release"], one["status"])
                for each in json.loads(releases)["environments"]
                for one in each.get("releases", [])
            ],
        }
