"""Kill `migsafe deploy run` by SIGKILL just before and after every commit, go on, and compare the ends.

python tests/heavy/deploy_kills.py [--only ENGINE] [--way forward|back] [--every 1]

`scripts` is a team's own programs; `local` a real HAProxy with processes behind it and people in front; `kubernetes`
and `argo` are clusters that the real kubectl talks to, `aws` a load balancer that boto3 talks to: stand-ins, behind
ports of this process, that live on. `real-kubernetes` is the control plane of README.md, at every ninth point. Each
goes forward, and back with a check that fails at the first traffic.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from deploy_scripts import ScriptSite
from deploy_sites import DeploySite, processes_below
from killed_rollouts import WAYS, Rollouts
from run_forks import Ended, Forks, forks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from contextlib import AbstractContextManager

    from killed_rollouts import Engine

    Opened = Callable[[Path], AbstractContextManager[Engine]]


def main() -> int:
    """Each engine; how many ends were wrong."""
    said = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    said.add_argument("--only", choices=list(_ENGINES))
    said.add_argument("--way", choices=list(WAYS))
    said.add_argument("--every", type=int, default=1, help="only each n-th point; odd, or it is always before a commit")
    arguments = said.parse_args()
    ways = [arguments.way] if arguments.way else list(WAYS)
    wrong = 0
    with tempfile.TemporaryDirectory() as home, forks(Path(home) / "forks") as forked:
        for name, kill in _ENGINES.items():
            if arguments.only in {None, name}:
                folder = Path(home) / name
                folder.mkdir()
                wrong += kill(folder, forked, ways, arguments.every)
    print(f"{wrong} wrong ends")
    return min(wrong, 1)


class Tally:
    """Counts what one scene has come to; prints what is wrong at once, and the rest as one line in the end."""

    def __init__(self, scene: str) -> None:
        self.killed = self.wrong = 0
        self._scene = scene
        self._began = time.monotonic()

    def wrong_at(self, point: int, why: object) -> None:
        self.wrong += 1
        print(f"WRONG {self._scene} at {point}: {why}", flush=True)

    def close(self) -> int:
        took = time.monotonic() - self._began
        print(f"{self._scene}: killed at {self.killed} points, {self.wrong} wrong ({took:.0f} s)", flush=True)
        return self.wrong


def _scripts(home: Path, forked: Forks, ways: Iterable[str], every: int) -> int:
    return sum(_scripts_one_way(home / way, forked, way, every) for way in ways)


def _scripts_one_way(home: Path, forked: Forks, way: str, every: int) -> int:
    code = WAYS[way][1]
    site = ScriptSite(home / "site", 0 if way == "forward" else 1).furnish(forked)
    undisturbed = site.copy(home / "undisturbed")
    points = _ended(undisturbed.deploy(forked), code).points
    wanted, tally = undisturbed.facts(forked), Tally(f"scripts {way}")
    for point in range(1, points + 1, every):
        one = site.copy(home / f"at{point}")
        killed = one.deploy(forked, kill_at=point)
        tally.killed += killed.code is None
        again = killed if killed.code is not None else one.to_the_end(forked)
        if again.code not in {code, 4} or one.facts(forked) != wanted:
            tally.wrong_at(point, f"{again.code} {again.output[-300:]}")
    return tally.close()


def _local(home: Path, forked: Forks, ways: Iterable[str], every: int) -> int:
    return sum(_local_one_way(home / way, forked, way, every) for way in ways)


def _local_one_way(home: Path, forked: Forks, way: str, every: int) -> int:
    """A canary on HAProxy; nobody may lose a request, but the few that a version that is unwell answers badly."""
    wanted = ("v2", None, 0, "done") if way == "forward" else ("v1", "v2", 0, "aborted")
    tally, point, killed = Tally(f"local {way}"), 0, True
    while killed:
        point += every
        folder = home / f"at{point}"
        with DeploySite.opened(folder, step_time=0.3, soak=0.1, bake=0.1, min_requests=1) as site, site.load() as load:
            if way == "back":
                site.fault("v2", error_rate=1.0)
            load.wait_for(20)
            killed = _command(forked, site, "run", "--release", "v2", kill_at=point).code is None
            if killed:
                tally.killed += 1
                last = site.last_or_none()
                _command(forked, site, *(("run", "--release", "v2") if last is None else ("resume",)))
            seen, last = site.engine.observe(), site.last()
            if (seen.stable, seen.candidate, seen.weight, last.status.value) != wanted or load.lost:
                tally.wrong_at(point, f"{seen}, {last.status} {last.reason}, {len(load.lost)} lost")
        if left := processes_below(folder):
            tally.wrong_at(point, f"{len(left)} processes are left")
    return tally.close()


def _command(forked: Forks, site: DeploySite, *words: str, kill_at: int | None = None) -> Ended:
    variables = {"MIGSAFE_TRACKER": f"sqlite:{site.folder / 'tracker.db'}"}
    return forked.run(["deploy", *words, "--env", "production"], site.folder, variables, kill_at=kill_at)


def _kubernetes(home: Path, forked: Forks, ways: Iterable[str], every: int) -> int:
    from served_clusters import KUBERNETES

    return _everywhere(home, {f"kubernetes {name}": one for name, one in KUBERNETES.items()}, forked, ways, every)


def _real_kubernetes(home: Path, forked: Forks, ways: Iterable[str], every: int) -> int:
    from kube_cluster import missing
    from served_real_clusters import real_deployments

    if (why := missing()) is not None:
        print(f"real kubernetes: skipped, {why}", flush=True)
        return 0
    (plane := home / "plane").mkdir()
    with real_deployments(plane) as scenes:
        named = {f"real kubernetes {name}": one for name, one in scenes.items()}
        return _everywhere(home, named, forked, ways, every * _RARELY)


def _argo(home: Path, forked: Forks, ways: Iterable[str], every: int) -> int:
    from served_clusters import ARGO

    return _everywhere(home, ARGO, forked, ways, every)


def _aws(home: Path, forked: Forks, ways: Iterable[str], every: int) -> int:
    from served_aws import served_aws

    with served_aws(home) as opened:
        return _everywhere(home, {"aws": opened}, forked, ways, every)


def _everywhere(home: Path, scenes: Mapping[str, Opened], forked: Forks, ways: Iterable[str], every: int) -> int:
    project, wrong = ScriptSite(home / "project").furnish(forked).folder, 0
    for scene, opened in scenes.items():
        for way in ways:
            rollouts = Rollouts(opened, way, project, forked)
            wrong += _each_point(home / scene / way, f"{scene} {way}", rollouts, every)
    return wrong


def _each_point(home: Path, scene: str, rollouts: Rollouts, every: int) -> int:
    tally = Tally(scene)
    points, wanted = rollouts.undisturbed(home / "undisturbed")
    if not wanted.code_fits or wanted.left:
        tally.wrong_at(0, f"{wanted} {wanted.said}")
    for point in range(1, points + 1, every):
        end = rollouts.killed(home / f"at{point}", point)
        tally.killed += end is not None
        if end is not None and end != wanted:
            tally.wrong_at(point, f"{end} {end.said[-300:]}")
    return tally.close()


def _ended(ended: Ended, code: int) -> Ended:
    assert ended.code == code, ended.output
    return ended


#: On a real control plane a rollout takes ten times as long; odd, so that kills come before commits and behind them.
_RARELY = 9
_ENGINES = {
    "scripts": _scripts,
    "local": _local,
    "kubernetes": _kubernetes,
    "argo": _argo,
    "aws": _aws,
    "real-kubernetes": _real_kubernetes,
}

if __name__ == "__main__":
    sys.exit(main())
