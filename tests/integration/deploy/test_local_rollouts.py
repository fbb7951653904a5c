"""Whole rollouts on a real HAProxy with live load, as `migsafe deploy run` does them."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from deploy_sites import DeploySite, processes_below
from migsafe.deploy.providers.local.haproxy import find_haproxy
from migsafe.errors import EnvironmentFailedError
from migsafe.tracker.deployments import DeploymentStatus

pytestmark = pytest.mark.long

try:
    find_haproxy()
except EnvironmentFailedError as missing:
    pytest.skip(f"no HAProxy: {missing}", allow_module_level=True)
if sys.platform != "linux":
    pytest.skip("processes are looked at in /proc", allow_module_level=True)


def test_nobody_notices_a_canary(tmp_path: Path) -> None:
    quickly = {"step_time": 1.0, "soak": 0.5, "bake": 0.5, "min_requests": 5}
    with DeploySite.opened(tmp_path / "shop", **quickly) as site, site.load(threads=4) as load:
        load.wait_for(200)
        done = site.deploy()
        assert done.came.status is DeploymentStatus.DONE, done.came
        load.wait_for(200)
        assert not load.lost
        assert load.versions.keys() == {"v1", "v2"}
        seen = site.engine.observe()
        assert (seen.stable, seen.candidate) == ("v2", None)
    assert processes_below(tmp_path) == []


def test_an_error_spike_sends_the_traffic_back_by_itself(tmp_path: Path) -> None:
    with DeploySite.opened(tmp_path / "shop", step_time=20.0) as site, site.load(threads=4) as load:
        site.fault("v2", error_rate=0.5)
        load.wait_for(200)
        done = site.deploy()
        assert done.came.status is DeploymentStatus.ABORTED
        assert done.came.reason is not None
        assert done.came.reason.startswith("errors: candidate ")
        assert done.came.back_ms is not None
        assert not load.lost
        load.wait_for(20)  # those that were on their way
        start = len(load.answers)
        load.wait_for(200)
        assert load.share_of("v1", start) == 100.0
        failed = [step for step in site.last().steps if step.status == "failed"]
        assert [(step.kind, step.desired["weight"]) for step in failed] == [("shift", 5)]


def test_a_candidate_that_is_killed_is_seen_though_nobody_lost_a_request(tmp_path: Path) -> None:
    with DeploySite.opened(tmp_path / "shop", step_time=20.0) as site, site.load(threads=4) as load:
        load.wait_for(200)

        def kill(line: str) -> None:
            if "5 % of the traffic" in line:
                for process in processes_below(site.folder):
                    if "v2" in Path(f"/proc/{process}/cmdline").read_text().split("\0"):
                        os.kill(process, signal.SIGKILL)

        site.lines = _Listening(kill)
        done = site.deploy()
        assert done.came.status is DeploymentStatus.ABORTED
        assert not load.lost


class _Listening(list[str]):
    """Lines, and somebody who acts on them."""

    def __init__(self, act: object) -> None:
        super().__init__()
        self._act = act

    def append(self, line: str) -> None:
        """A line that was said."""
        super().append(line)
        self._act(line)  # type: ignore[operator]  # takes a line
