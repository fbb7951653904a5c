"""Whole rollouts on a real HAProxy under load, each strategy, and what goes wrong: figures for a person.

python tests/heavy/deploy_local.py [--requests 50000] [--only canary|blue-green|rolling|recreate|spike|killed]

Fails where a request was lost that should not have been, where a measured share is off by more than a point, or where
the way back takes 100 ms or more.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from deploy_load import Load, versions_in
from deploy_sites import DeploySite, processes_below
from migsafe.tracker.deployments import DeploymentStatus

_SEEN = 3_000
_MOST = 10_000_000


def main() -> int:
    """Each way, one after the other; how many went wrong."""
    said = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    said.add_argument("--requests", type=int, default=50_000)
    said.add_argument("--only", choices=list(_WAYS))
    arguments = said.parse_args()
    wrong = 0
    for name in [arguments.only] if arguments.only else _WAYS:
        with tempfile.TemporaryDirectory() as home:
            problems = _WAYS[name](Path(home) / "shop", arguments.requests)
            left = processes_below(Path(home))
        problems += [f"{len(left)} processes are left"] if left else []
        wrong += bool(problems)
        print(f"{name}: {'; '.join(problems) or 'well'}", flush=True)
    return min(wrong, 1)


def _forward(strategy: str) -> Callable[[Path, int], list[str]]:
    """A rollout to its end, under so many requests."""

    def run(folder: Path, requests: int) -> list[str]:
        with DeploySite.opened(folder, strategy, replicas=3, step_time=5.0, soak=1.0, bake=2.0) as site:
            with site.load(threads=8, most=_MOST, seconds=600) as load:
                load.wait_for(requests // 4, within=300)
                done = site.deploy()
                load.wait_for(max(requests - len(load.answers), 1), within=300)
            return _judge(strategy, site, load, done.came.status)

    return run


def _judge(strategy: str, site: DeploySite, load: Load, status: DeploymentStatus) -> list[str]:
    lost, errors = len(load.lost), sum(not one.is_good for one in load.answers) - len(load.lost)
    print(
        f"{strategy}: {status}, {len(load.answers):,} requests, {lost} lost, {errors} answered with an error, "
        f"p99 {load.slowest() * 1000:.1f} ms, longest gap {load.longest_gap() * 1000:.0f} ms",
    )
    problems = [] if status is DeploymentStatus.DONE else [f"it is {status}"]
    if strategy == "recreate":
        return problems if load.longest_gap() > 0.1 else [*problems, "a gap that nobody has seen"]
    if lost or errors:
        problems.append(f"{lost} requests were lost, {errors} failed")
    if strategy == "canary":
        problems += _shares(site, load)
    return problems


def _shares(site: DeploySite, load: Load) -> list[str]:
    """What clients have seen at each step, by the times in the journal."""
    import time
    from datetime import UTC, datetime

    offset = datetime.now(UTC).timestamp() - time.monotonic()
    problems = []
    for step in site.last().steps:
        if step.kind != "shift" or step.began_at is None or step.ended_at is None:
            continue
        began, ended = (one.timestamp() - offset for one in (step.began_at, step.ended_at))
        # The order itself takes some milliseconds at the beginning.
        inside = [one for one in load.answers if began + 0.5 < one.at < ended - 0.1]
        seen = versions_in(inside)
        share = 100 * seen["v2"] / max(seen.total(), 1)
        wanted = step.desired["weight"]
        print(f"  {wanted:>3} %: clients saw {share:.2f} % of {seen.total():,}")
        if seen.total() < _SEEN or abs(share - wanted) > 1:
            problems.append(f"{share:.2f} % of {seen.total()} where {wanted} % was wanted")
    return problems


def _spike(folder: Path, requests: int) -> list[str]:
    """One answer in ten is an error, at 5 % of the traffic."""
    with DeploySite.opened(folder, step_time=60.0, min_requests=100) as site:
        site.fault("v2", error_rate=0.1)
        with site.load(threads=8, most=_MOST, seconds=600) as load:
            load.wait_for(requests // 4, within=300)
            done = site.deploy()
            load.wait_for(1000, within=60)
        came = done.came
        print(f"spike: {came.status} after {came.back_ms or -1:.1f} ms: {came.reason}")
        failed = sum(not one.is_good for one in load.answers)
        print(f"  {len(load.answers):,} requests, {len(load.lost)} lost, {failed} errors seen by clients")
        problems = [] if came.status is DeploymentStatus.ABORTED else [f"it is {came.status}"]
        if came.back_ms is None or came.back_ms >= 100:
            problems.append(f"the way back took {came.back_ms} ms")
        return problems + ([f"{len(load.lost)} requests were lost"] if load.lost else [])


def _killed(folder: Path, requests: int) -> list[str]:
    """The candidate's processes are killed at 50 %: retries hide that from clients, and not from migsafe."""

    def kill(line: str) -> None:
        if "50 % of the traffic" in line:
            for process in processes_below(folder):
                if "v2" in Path(f"/proc/{process}/cmdline").read_text().split("\0"):
                    os.kill(process, signal.SIGKILL)

    class Lines(list[str]):
        def append(self, line: str) -> None:
            super().append(line)
            kill(line)

    with DeploySite.opened(folder, step_time=5.0) as site:
        site.lines = Lines()
        with site.load(threads=8, most=_MOST, seconds=600) as load:
            load.wait_for(requests // 4, within=300)
            done = site.deploy()
            load.wait_for(1000, within=60)
        came = done.came
        print(f"killed: {came.status} after {came.back_ms or -1:.1f} ms: {came.reason}")
        print(f"  {len(load.answers):,} requests, {len(load.lost)} lost")
        problems = [] if came.status is DeploymentStatus.ABORTED else [f"it is {came.status}"]
        return problems + ([f"{len(load.lost)} requests were lost"] if load.lost else [])


_WAYS: dict[str, Callable[[Path, int], list[str]]] = {
    **{name: _forward(name) for name in ("canary", "blue-green", "rolling", "recreate")},
    "spike": _spike,
    "killed": _killed,
}

if __name__ == "__main__":
    sys.exit(main())
