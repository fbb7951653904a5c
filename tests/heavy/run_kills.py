"""End `migsafe run` by SIGKILL at every commit, and at random statements and moments: nothing is missing or done twice.

    python tests/heavy/run_kills.py [--statements 100] [--moments 100] [--seed 1] [--only beside|apart]
                                    [--chapter NAME ...] [--every N]

The story is a column's rename by its plan, with the tracker beside and in a file: expand, a backfill by the engine, an
index that is built concurrently, the quarantine of the old column, and its purge. What was killed goes on by `migsafe
run resume` and the same command again, or by the same command at once, in turns. Compared are rows (with how often each
was written), whatever DDL has made or altered, schema, the tool's own table, and what the tracker has of each step.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from migsafe.shadow.server import ThrowawayServer
from renamings import CHAPTERS, Chapter, Facts, Renaming, difference
from run_forks import Ended, Forks, forks

_PLACES = ("beside", "apart")
#: The first one must do; why another one was needed is said.
_TRIES = 6


@dataclass(frozen=True)
class Undisturbed:
    """A chapter that nobody disturbs.

    Attributes:
        facts: in the end.
        commits: how many points there are around commits.
        statements: … and before statements.
        seconds: how long it takes.
    """

    facts: Facts
    commits: int
    statements: int
    seconds: float


def main() -> int:
    """Kill, run again, compare; 1 when anything ended wrong."""
    said = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    said.add_argument("--statements", type=int, default=100, help="random statements, over all")
    said.add_argument("--moments", type=int, default=100, help="random moments, over all")
    said.add_argument("--seed", type=int, default=1)
    said.add_argument("--only", choices=_PLACES)
    said.add_argument("--chapter", action="append", choices=[chapter.name for chapter in CHAPTERS])
    said.add_argument("--every", type=int, default=1, help="one of so many commits, drawn by chance")
    arguments = said.parse_args()
    chapters = [one for one in CHAPTERS if arguments.chapter is None or one.name in arguments.chapter]
    places = [arguments.only] if arguments.only else list(_PLACES)
    share = len(chapters) * len(places)
    counts: Counter[str] = Counter()
    with (
        tempfile.TemporaryDirectory() as home,
        ThrowawayServer.start() as server,
        forks(Path(home) / "forks") as forked,
    ):
        for place in places:
            story = Renaming(Path(home) / place, server, place)
            story.tell()
            for chapter in chapters:
                bench = _Bench(story, chapter, forked, random.Random(f"{arguments.seed} {place} {chapter.name}"))
                bench.prove("commits", bench.commits(arguments.every), counts)
                bench.prove("statements", bench.statements(arguments.statements // share), counts)
                bench.prove("moments", bench.moments(arguments.moments // share), counts)
            story.close()
    print(", ".join(f"{number} {name}" for name, number in sorted(counts.items())))
    return min(counts["wrong"], 1)


class _Bench:
    """One chapter, with the tracker at one place."""

    def __init__(self, story: Renaming, chapter: Chapter, forked: Forks, chance: random.Random) -> None:
        self._story, self._chapter, self._forks, self._chance = story, chapter, forked, chance
        self._again = self._killed = 0
        self._wanted = self._undisturbed()

    def commits(self, every: int) -> Iterator[dict[str, Any]]:
        """Just before and just after each commit; of some, where only each so many-th is wanted, by chance."""
        points = range(1, self._wanted.commits + 1)
        for point in sorted(self._chance.sample(points, len(points) // every)):
            yield {"kill_at": point}

    def statements(self, number: int) -> Iterator[dict[str, Any]]:
        """Before statements drawn at random."""
        for _ in range(number):
            yield {"kill_at": self._chance.randint(1, self._wanted.statements), "every_statement": True}

    def moments(self, number: int) -> Iterator[dict[str, Any]]:
        """After a time that chance chooses, until so many have met a run that was alive."""
        before = self._killed
        while self._killed - before < number:
            yield {"kill_after": self._chance.uniform(0, self._wanted.seconds)}

    def prove(self, kind: str, points: Iterator[dict[str, Any]], counts: Counter[str]) -> None:
        """Kill at each of the points."""
        began, seen = time.monotonic(), Counter[str]()
        for when in points:
            problem = self._one(when, seen)
            seen["points"] += 1
            if problem is not None:
                seen["wrong"] += 1
                print(f"WRONG {self._name} at {when}: {problem}", flush=True)
        counts.update(seen)
        figures = (f"{seen[name]} {name}" for name in ("points", "killed", "again", "wrong"))
        print(f"{self._name}, {kind}: {', '.join(figures)}; {time.monotonic() - began:.0f} s", flush=True)

    @property
    def _name(self) -> str:
        return f"{self._story.place} {self._chapter.name}"

    def _one(self, when: dict[str, Any], seen: Counter[str]) -> str | None:
        """Kill once; what is wrong in the end."""
        self._story.turn_to(self._chapter.name)
        killed = self._story.run(self._forks, self._chapter, **when).code is None
        self._killed += killed
        seen["killed"] += killed
        ended, tries = self._to_its_end()
        if ended.code != 0:
            return f"it does not come to its end: {ended.output[-300:]}"
        if tries:
            seen["again"] += 1
            print(f"{self._name} at {when}: not at once: {' | '.join(tries)}", flush=True)
        if self._story.command(self._forks, "tracker", "check").code != 0:
            return "the chain of events is broken"
        return difference(self._wanted.facts, self._story.facts())

    def _to_its_end(self) -> tuple[Ended, list[str]]:
        """By `resume` first, in every other round; and what the tries said that did not do."""
        self._again += 1
        tries: list[str] = []
        if self._again % 2:
            resumed = self._story.resume(self._forks)
            if resumed.code != 0:
                tries.append(resumed.output[-300:])
        for _ in range(_TRIES):
            ended = self._story.run(self._forks, self._chapter)
            if ended.code == 0:
                break
            tries.append(ended.output[-300:])
        return ended, tries

    def _undisturbed(self) -> Undisturbed:
        self._story.turn_to(self._chapter.name)
        by_statement = self._story.run(self._forks, self._chapter, every_statement=True)
        self._story.turn_to(self._chapter.name)
        ended = self._story.run(self._forks, self._chapter)
        assert ended.code == 0, ended.output
        seconds = min(ended.seconds, by_statement.seconds)
        return Undisturbed(self._story.facts(), ended.points, by_statement.points, seconds)


if __name__ == "__main__":
    sys.exit(main())
