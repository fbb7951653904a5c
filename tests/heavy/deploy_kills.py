"""Kill `migsafe deploy run` by SIGKILL just before and after every commit, go on, and compare the ends.

python tests/heavy/deploy_kills.py [--only scripts|local] [--every 1]

`scripts` is a team's own programs; `local` a real HAProxy with processes behind it and people in front. The other
engines are killed at every journal write and behind every order in `tests/integration/deploy`, against stand-ins.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

from deploy_scripts import ScriptSite
from deploy_sites import DeploySite, processes_below
from run_forks import Ended, Forks, forks


def main() -> int:
    """Each engine; how many ends were wrong."""
    said = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    said.add_argument("--only", choices=["scripts", "local"])
    said.add_argument("--every", type=int, default=1, help="only each n-th point")
    arguments = said.parse_args()
    wrong = 0
    with tempfile.TemporaryDirectory() as home, forks(Path(home) / "forks") as forked:
        if arguments.only in {None, "scripts"}:
            for verdict, code in ((0, 0), (1, 5)):
                wrong += _scripts(Path(home) / f"scripts{verdict}", forked, verdict, code, arguments.every)
        if arguments.only in {None, "local"}:
            wrong += _local(Path(home) / "local", forked, arguments.every)
    print(f"{wrong} wrong ends")
    return min(wrong, 1)


def _scripts(home: Path, forked: Forks, verdict: int, code: int, every: int) -> int:
    """The way forward, and the way back of a check that fails."""
    site = ScriptSite(home / "site", verdict).furnish(forked)
    undisturbed = site.copy(home / "undisturbed")
    points = _ended(undisturbed.deploy(forked), code).points
    wanted = undisturbed.facts(forked)
    wrong = 0
    for point in range(1, points + 1, every):
        one = site.copy(home / f"at{point}")
        killed = one.deploy(forked, kill_at=point)
        again = killed if killed.code is not None else one.to_the_end(forked)
        if again.code not in {code, 4} or one.facts(forked) != wanted:
            wrong += 1
            print(f"WRONG scripts at {point}: {again.code} {again.output[-300:]}")
    print(
        f"scripts, check {'passes' if verdict == 0 else 'fails'}: killed at {points // every} points, {wrong} wrong",
        flush=True,
    )
    return wrong


def _local(home: Path, forked: Forks, every: int) -> int:
    """A canary on HAProxy; nobody may lose a request."""
    wrong = point = 0
    while True:
        point += every
        folder = home / f"at{point}"
        with DeploySite.opened(folder, step_time=0.3, soak=0.1, bake=0.1, min_requests=1) as site, site.load() as load:
            load.wait_for(20)
            killed = _command(forked, site, "run", "--release", "v2", kill_at=point)
            if killed.code is None:
                last = site.last_or_none()
                words = ("resume",) if last is not None else ("run", "--release", "v2")
                _command(forked, site, *words)
            seen, last = site.engine.observe(), site.last()
            well = (seen.stable, seen.candidate, last.status) == ("v2", None, "done") and not load.lost
            if not well:
                wrong += 1
                print(f"WRONG local at {point}: {seen}, {last.status} {last.reason}, {len(load.lost)} lost")
        if left := processes_below(folder):
            wrong += 1
            print(f"WRONG local at {point}: {len(left)} processes are left")
        if killed.code is not None:
            print(f"local: killed at {point // every - 1} points, {wrong} wrong", flush=True)
            return wrong


def _command(forked: Forks, site: DeploySite, *words: str, kill_at: int | None = None) -> Ended:
    return forked.run(
        ["deploy", *words, "--env", "production"],
        site.folder,
        {"MIGSAFE_TRACKER": f"sqlite:{site.folder / 'tracker.db'}"},
        kill_at=kill_at,
    )


def _ended(ended: Ended, code: int) -> Any:
    assert ended.code == code, ended.output
    return ended


if __name__ == "__main__":
    sys.exit(main())
