"""`migsafe deploy run`, killed by SIGKILL, and two of them at once: through the command line, on a team's scripts."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy_scripts import ScriptSite
from run_forks import Forks, forks

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(sys.platform == "win32", reason="processes are forked, and killed"),
]


@pytest.fixture(scope="module")
def forked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forks]:
    with forks(tmp_path_factory.mktemp("forks")) as running:
        yield running


@pytest.fixture(scope="module")
def site(forked: Forks, tmp_path_factory: pytest.TempPathFactory) -> ScriptSite:
    return ScriptSite(tmp_path_factory.mktemp("site") / "shop").furnish(forked)


def test_killed_in_the_midst_and_resumed(site: ScriptSite, forked: Forks, tmp_path: Path) -> None:
    """One of the points at which `heavy-deploy` kills, which are all of them."""
    undisturbed = site.copy(tmp_path / "undisturbed")
    ended = undisturbed.deploy(forked)
    assert ended.code == 0, ended.output
    disturbed = site.copy(tmp_path / "disturbed")
    assert disturbed.deploy(forked, kill_at=ended.points // 2).code is None
    again = disturbed.to_the_end(forked)
    assert again.code == 0, again.output
    assert disturbed.facts(forked) == undisturbed.facts(forked)


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
