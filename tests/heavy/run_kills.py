"""End `migsafe run` by SIGKILL at every commit, and at random statements: in the end nothing is missing or done twice.

python tests/heavy/run_kills.py [--statements 100] [--seed 1] [--only beside|apart]
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from itertools import count
from pathlib import Path

from migsafe.shadow.server import ThrowawayServer
from run_forks import Forks, forks
from run_shops import Shop

_NUMBERS = count()
_PHASES = ("expand", "migrate", "contract")
_TRIES = 6


def main() -> int:
    """Kill, run again, compare; the number of wrong ends."""
    said = argparse.ArgumentParser(description=__doc__)
    said.add_argument("--statements", type=int, default=100, help="random points, over all")
    said.add_argument("--seed", type=int, default=1)
    said.add_argument("--only", choices=["beside", "apart"])
    arguments = said.parse_args()
    modes = [arguments.only] if arguments.only else ["beside", "apart"]
    chance, wrong = random.Random(arguments.seed), 0
    with (
        tempfile.TemporaryDirectory() as home,
        ThrowawayServer.start() as server,
        forks(Path(home) / "forks") as forked,
    ):
        for mode in modes:
            bench = _Bench(Path(home), server, forked, beside=mode == "beside")
            for phase in _PHASES:
                wrong += bench.every_commit(phase)
                wrong += bench.some_statements(phase, arguments.statements // (len(_PHASES) * len(modes)), chance)
    print(f"{wrong} wrong ends")
    return min(wrong, 1)


class _Bench:
    """One place for the tracker."""

    def __init__(self, home: Path, server: ThrowawayServer, forked: Forks, *, beside: bool) -> None:
        self._home = home
        self._server = server
        self._forks = forked
        self._beside = beside
        self._wanted = {phase: self._undisturbed(phase) for phase in _PHASES}

    def every_commit(self, phase: str) -> int:
        """Killed just before and just after each commit."""
        return self._kill(phase, list(range(1, self._wanted[phase][1] + 1)), every_statement=False)

    def some_statements(self, phase: str, number: int, chance: random.Random) -> int:
        """Killed before statements drawn at random."""
        points = [chance.randint(1, self._wanted[phase][2]) for _ in range(number)]
        return self._kill(phase, points, every_statement=True)

    def _kill(self, phase: str, points: list[int], *, every_statement: bool) -> int:
        wrong = 0
        for point in points:
            problem = self._one(phase, point, every_statement=every_statement)
            if problem is not None:
                wrong += 1
                print(f"WRONG {self._place} {phase} at {point} (statements: {every_statement}): {problem}")
        what = "statements" if every_statement else "commits"
        print(f"{self._place} {phase}: killed at {len(points)} {what}, {wrong} wrong", flush=True)
        return wrong

    def _one(self, phase: str, point: int, *, every_statement: bool) -> str | None:
        shop = self._shop(phase)
        killed = shop.run(self._forks, phase, kill_at=point, every_statement=every_statement)
        for _ in range(_TRIES):
            ended = shop.run(self._forks, phase)
            if ended.code == 0:
                break
        else:
            return f"it does not come to its end: {ended.output[-300:]}"
        if shop.command(self._forks, "tracker", "check").code != 0:
            return "the chain of events is broken"
        if shop.facts() != self._wanted[phase][0]:
            return f"other rows or another schema (killed: {killed.code is None})"
        self._server.drop_database(shop.dsn.rpartition("dbname=")[2])
        return None

    def _undisturbed(self, phase: str) -> tuple[list[list[tuple[object, ...]]], int, int]:
        shop = self._shop(phase)
        ended = shop.run(self._forks, phase)
        assert ended.code == 0, ended.output
        again = self._shop(phase).run(self._forks, phase, every_statement=True)
        return shop.facts(), ended.points, again.points

    def _shop(self, phase: str) -> Shop:
        """A shop in which a phase is the next one to run."""
        name = f"shop_{next(_NUMBERS)}"
        shop = Shop.open(self._home / name, self._server.create_database(name), beside=self._beside)
        shop.begin(self._forks)
        for before in _PHASES[: _PHASES.index(phase)]:
            ended = shop.run(self._forks, before)
            assert ended.code == 0, ended.output
        return shop

    @property
    def _place(self) -> str:
        return "beside" if self._beside else "apart"


if __name__ == "__main__":
    sys.exit(main())
