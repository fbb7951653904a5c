"""`migsafe deploy run`, killed by SIGKILL, and two of them at once: through the command line.

On a team's scripts, on clusters that the real kubectl talks to, and on a load balancer that boto3 talks to. Each is
killed at one of the points at which `heavy-deploy` kills, which are all of them.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy_scripts import ScriptSite
from killed_rollouts import End, Rollouts
from kube_program import WHY_NOT, kubectl_program
from run_forks import Forks, forks
from served_clusters import ARGO, KUBERNETES

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(sys.platform == "win32", reason="processes are forked, and killed"),
]

#: How v1 and v2 stand.
OUT = {"v1": ("retired", 0), "v2": ("deployed", 100)}
TAKEN_BACK = {"v1": ("deployed", 100), "v2": ("draining", 0)}

needs_kubectl = pytest.mark.skipif(kubectl_program() is None, reason=WHY_NOT)


@pytest.fixture(scope="module")
def forked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forks]:
    with forks(tmp_path_factory.mktemp("forks")) as running:
        yield running


@pytest.fixture(scope="module")
def site(forked: Forks, tmp_path_factory: pytest.TempPathFactory) -> ScriptSite:
    return ScriptSite(tmp_path_factory.mktemp("site") / "shop").furnish(forked)


def test_killed_in_the_midst_and_resumed(site: ScriptSite, forked: Forks, tmp_path: Path) -> None:
    undisturbed = site.copy(tmp_path / "undisturbed")
    ended = undisturbed.deploy(forked)
    assert ended.code == 0, ended.output
    disturbed = site.copy(tmp_path / "disturbed")
    assert disturbed.deploy(forked, kill_at=ended.points // 2).code is None
    again = disturbed.to_the_end(forked)
    assert again.code == 0, again.output
    assert disturbed.facts(forked) == undisturbed.facts(forked)


@needs_kubectl
def test_a_deployment_goes_on_where_its_coordinator_was_killed(site: ScriptSite, forked: Forks, tmp_path: Path) -> None:
    end = Rollouts(KUBERNETES["rolling"], "forward", site.folder, forked).killed(tmp_path, point=22)  # of 44
    assert well_ended(end) == (("v2", None, 0, "idle", {"v2": (4, 4)}), "done", OUT)


@needs_kubectl
def test_a_canary_of_argo_goes_back_though_its_coordinator_was_killed(
    site: ScriptSite, forked: Forks, tmp_path: Path
) -> None:
    end = Rollouts(ARGO["argo canary"], "back", site.folder, forked).killed(tmp_path, point=15)  # of 30
    assert well_ended(end) == (("v1", None, 0, "idle", {"v1": (4, 4)}), "aborted", TAKEN_BACK)


def test_a_load_balancer_goes_back_though_its_coordinator_was_killed(
    site: ScriptSite, forked: Forks, tmp_path: Path
) -> None:
    pytest.importorskip("boto3", reason="boto3 is not installed")
    pytest.importorskip("moto.server", reason="moto is not installed, or flask for its server")
    from served_aws import served_aws

    with served_aws(tmp_path) as opened:
        end = Rollouts(opened, "back", site.folder, forked).killed(tmp_path, point=17)  # of 34
    assert well_ended(end) == (("v1", "v2", 0, "idle", {"v1": (1, 1), "v2": (1, 1)}), "aborted", TAKEN_BACK)


def well_ended(end: End | None) -> tuple[object, ...]:
    """What the engine shows, and what is written of the rollout and its releases."""
    assert end is not None, "it was over before it was killed"
    assert end.code_fits, end.said
    assert end.left == 0
    return end.engine, end.status, end.standing


_GATED = """\
import os, runpy, time
while not os.path.exists("gate"):
    time.sleep(0.01)
runpy.run_path("rollout.py", run_name="__main__")
"""


def test_who_comes_second_moves_nothing(site: ScriptSite, forked: Forks, tmp_path: Path) -> None:
    """A coordinator that hangs in a verb has the turn: the other one is told who has it, and by which process."""
    both = site.copy(tmp_path / "both")
    (both.folder / "gated.py").write_text(_GATED)
    toml = (both.folder / "deploy.toml").read_text()
    (both.folder / "deploy.toml").write_text(toml.replace('"rollout.py", "stage"', '"gated.py", "stage"'))
    words = [sys.executable, "-m", "migsafe", "deploy", "run", "--release", "v2", "--env", "production"]
    environ = {**os.environ, "MIGSAFE_TRACKER": f"sqlite:{both.folder / 'tracker.db'}"}
    first = subprocess.Popen(words, cwd=both.folder, env=environ, stderr=subprocess.PIPE, text=True)
    try:
        assert first.stderr is not None
        assert any("made ready" in line for line in first.stderr), "it ended early"
        second = both.deploy(forked)
        assert second.code == 4
        assert "the rollout on production is taken" in second.output
        assert f"(process {first.pid})" in second.output
    finally:
        (both.folder / "gate").touch()
        first.communicate(timeout=60)
    assert first.returncode == 0
    assert len(both.status(forked)["deployments"]) == 1
