"""`migsafe deploy stop` on a real HAProxy and real processes: nothing of them is left."""

from __future__ import annotations

import json
import sys
import threading
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from deploy_shop import why_no_haproxy
from deploy_sites import ENV, DeploySite, processes_below
from migsafe.cli.main import run
from migsafe.tracker.deployments import DeploymentStatus

if TYPE_CHECKING:
    from collections.abc import Callable

    Say = Callable[..., str]

pytestmark = [pytest.mark.long, pytest.mark.skipif(sys.platform != "linux", reason="processes are looked at in /proc")]
if (why := why_no_haproxy()) is not None:
    pytest.skip(f"no HAProxy: {why}", allow_module_level=True)


@pytest.fixture
def say(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Say:
    """A command in the project's folder; what it says."""
    monkeypatch.setenv("MIGSAFE_TRACKER", f"sqlite:{tmp_path / 'shop' / 'tracker.db'}")

    def speak(*words: str, code: int = 0) -> str:
        monkeypatch.chdir(tmp_path / "shop")
        found = run([*words, "--env", ENV])
        said = capsys.readouterr()
        assert found == code, said.out + said.err
        return said.out + said.err

    return speak


def test_all_that_runs_is_ended_and_can_be_begun_again(tmp_path: Path, say: Say) -> None:
    with DeploySite.opened(tmp_path / "shop", step_time=0.1, min_requests=1) as site:
        assert len(processes_below(tmp_path)) == 3, "HAProxy, and two instances"
        answers: list[tuple[int, str]] = []
        asking = threading.Thread(target=lambda: answers.append(_ask(site, "/slow")))
        asking.start()
        _until_open(site)
        told = say("deploy", "stop")
        asking.join(timeout=30)
        assert answers == [(200, "v1")], "what was open was answered"
        assert processes_below(tmp_path) == []
        assert told.count("ended an instance of v1 (blue-") == 2
        assert told.count("ended HAProxy (haproxy-") == 1
        assert told.endswith("v1 runs no more, by the tracker\n")
        assert "killed" not in told
        assert say("deploy", "stop") == f"{ENV}: nothing runs there\n", "twice is fine"
        site.engine.engine.start()  # and what comes next begins with nothing
        assert site.engine.observe().stable is None
        say("deploy", "plan", "--release", "v1")


def test_while_a_rollout_is_open_it_must_be_meant(tmp_path: Path, say: Say) -> None:
    with DeploySite.opened(tmp_path / "shop", step_time=0.1, soak=0.0, min_requests=10**6) as site:
        assert site.deploy().came.status is DeploymentStatus.HELD, "nobody asks anything, so nobody can tell"
        refused = say("deploy", "stop", code=4)
        assert "the rollout of v2 on production (deployment no. 1) is held" in refused
        assert "migsafe deploy abort --env production --reason WHY first, or --yes" in refused
        assert len(processes_below(tmp_path)) == 5
        told = json.loads(say("deploy", "stop", "--yes", "--format", "json"))
        assert processes_below(tmp_path) == []
        assert sorted(one["version"] or "" for one in told["ended"]) == ["", "v1", "v1", "v2", "v2"]
        assert (sorted(told["releases"]), told["notes"]) == (["v1", "v2"], [])
        last = site.last()
        assert (last.status, last.reason) == (DeploymentStatus.ABORTED, "migsafe deploy stop has ended all that ran")
        standing = json.loads(say("status", "--format", "json"))["environments"][0]["rollouts"]
        assert {one["release"]: one["status"] for one in standing} == {"v1": "retired", "v2": "rolled_back"}


def test_an_instance_that_does_not_want_to_end_is_killed(tmp_path: Path, say: Say) -> None:
    with DeploySite.opened(tmp_path / "shop", replicas=1) as site:
        app = site.folder / "app.py"
        deaf = app.read_text().replace("lambda *_: threading.Thread(target=shop.end).start()", "signal.SIG_IGN")
        app.write_text(deaf)
        site.engine.engine.stop()
        site.begin()
        assert "of v1 (blue-1, process" in (told := say("deploy", "stop"))
        assert ", which had to be killed" in told
    assert processes_below(tmp_path) == []


def test_without_the_tracker_it_must_be_meant(tmp_path: Path, say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    with DeploySite.opened(tmp_path / "shop", replicas=1):
        monkeypatch.setenv("MIGSAFE_TRACKER", "sqlite:nowhere.db")
        assert "nobody can tell whether a rollout is open: " in say("deploy", "stop", code=4)
        assert len(processes_below(tmp_path)) == 2
        assert "the tracker could not be told: " in say("deploy", "stop", "--yes")
        assert processes_below(tmp_path) == []


def _ask(site: DeploySite, path: str) -> tuple[int, str]:
    with urllib.request.urlopen(f"http://127.0.0.1:{site.port}{path}", timeout=30) as answer:
        return answer.status, answer.headers["X-Version"]


def _until_open(site: DeploySite) -> None:
    """Until a request is with an instance."""
    servers = site.engine.engine.servers
    while not any(one.open_requests for one in servers().values()):
        pass
