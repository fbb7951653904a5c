"""Cut the tracker off at every statement and every commit of `migsafe run`: in the end nothing is lost or done twice.

    python tests/heavy/run_cuts.py [--only elsewhere|apart] [--chapter NAME ...] [--every N] [--seed 1]

The story is the one of `run_kills.py`. The tracker is in another database, which takes no connections any more and
whose sessions are ended, before a statement or COMMIT, or just after a COMMIT of which nobody is told; or in a file,
which is away before a statement or after a COMMIT. It stays away until the run has ended; then it is back, and the same
command is given again. A run that is cut off must say so in one line; one that says it was refused must have changed
nothing.
"""

from __future__ import annotations

import argparse
import logging
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import psycopg

from cuts import Database, File, Watch, watching
from migsafe.errors import ExitCode, MigsafeError
from migsafe.shadow.server import ThrowawayServer
from migsafe.tracker.events import prove
from renamings import CHAPTERS, Chapter, Renaming, difference

_PLACES = ("elsewhere", "apart")


def main() -> int:
    """Cut, bring back, run again, compare; 1 when anything ended wrong."""
    said = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    said.add_argument("--only", choices=_PLACES)
    said.add_argument("--chapter", action="append", choices=[chapter.name for chapter in CHAPTERS])
    said.add_argument("--every", type=int, default=1, help="one of so many statements; commits are all cut")
    said.add_argument("--seed", type=int, default=1)
    arguments = said.parse_args()
    chapters = [one for one in CHAPTERS if arguments.chapter is None or one.name in arguments.chapter]
    # It would say that a connection cannot be rolled back whose answer this very process has taken away.
    logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL)
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as home, ThrowawayServer.start() as server:
        for place in [arguments.only] if arguments.only else _PLACES:
            story = Renaming(Path(home) / place, server, place)
            story.tell()
            for chapter in chapters:
                chance = random.Random(f"{arguments.seed} {place} {chapter.name}")
                counts.update(_Bench(story, chapter).prove(arguments.every, chance))
            story.close()
    print(", ".join(f"{number} {name}" for name, number in sorted(counts.items())))
    return min(counts["wrong"], 1)


class _Bench:
    """One chapter, with the tracker at one place."""

    def __init__(self, story: Renaming, chapter: Chapter) -> None:
        self._story, self._chapter = story, chapter
        self._tracker: Database | File = Database(story.tracker_dsn) if story.place == "elsewhere" else File(story.file)
        self._is_told = False
        story.turn_to(chapter.name)
        self._before = story.held()
        with watching(Watch(self._is_meant, _nothing, at=0)) as watch:
            assert self._run() is None
        self._wanted, self._moments = story.facts(), watch.moments

    def prove(self, every: int, chance: random.Random) -> Counter[str]:
        """Cut at the moments, or at some of them."""
        began, seen = time.monotonic(), Counter[str]()
        for at in self._drawn(every, chance):
            seen["moments"] += 1
            problem = self._one(at, seen)
            if problem is not None:
                seen["wrong"] += 1
                print(
                    f"WRONG {self._name} at {at} ({' '.join(self._moments[at - 1].split())[:60]}): {problem}",
                    flush=True,
                )
        commits = self._moments.count("COMMIT")
        figures = ", ".join(f"{seen[name]} {name}" for name in ("moments", "cut", "again", "wrong"))
        print(
            f"{self._name}: of {len(self._moments)} ({commits} commits): {figures}; {time.monotonic() - began:.0f} s",
            flush=True,
        )
        return seen

    def _drawn(self, every: int, chance: random.Random) -> list[int]:
        commits = [at for at, said in enumerate(self._moments, start=1) if said == "COMMIT"]
        others = [at for at, said in enumerate(self._moments, start=1) if said != "COMMIT"]
        return sorted([*commits, *chance.sample(others, len(others) // every)])

    @property
    def _name(self) -> str:
        return f"{self._story.place} {self._chapter.name}"

    def _is_meant(self, statement: str, database: str, done: bool) -> bool:
        self._is_told = done
        return database == self._tracker.name and (not done or statement == "COMMIT")

    def _one(self, at: int, seen: Counter[str]) -> str | None:
        """Cut once; what is wrong in the end."""
        self._story.turn_to(self._chapter.name)
        watch = Watch(self._is_meant, self._cut, at=at)
        try:
            with watching(watch):
                problem = self._run()
        finally:
            self._tracker.bring_back()
        seen["cut"] += watch.happened
        if watch.happened and (wrong := self._what_was_said(problem)) is not None:
            return wrong
        if (again := self._run()) is not None:
            seen["again"] += 1
            print(f"{self._name} at {at}: not at once: {again.message}", flush=True)
            if (again := self._run()) is not None:
                return f"it does not come to its end: {again.message}"
        with self._story.tracker.reading() as ledger:
            prove(ledger.events())
        return difference(self._wanted, self._story.facts())

    def _cut(self) -> None:
        is_told = self._is_told  # whoever cuts it off tells it something, too
        if is_told and isinstance(self._tracker, File):
            self._tracker.take_away()
            return
        self._tracker.cut_off()
        if is_told:
            raise psycopg.OperationalError("server closed the connection unexpectedly")

    def _what_was_said(self, problem: MigsafeError | None) -> str | None:
        """What is wrong with it; None where nothing is."""
        if problem is None:
            return None  # it was cut off in the last moments: all was recorded, and its turn ends by its silence
        if "\n" in problem.message:
            return f"it takes more than a line: {problem.message}"
        if problem.exit_code is ExitCode.ENVIRONMENT:
            return None
        if problem.exit_code is not ExitCode.REFUSED:
            return f"it ends with {problem.exit_code}: {problem.message}"
        changed = self._story.held() != self._before
        return f"it says that it was refused, and something has changed: {problem.message}" if changed else None

    def _run(self) -> MigsafeError | None:
        """Run the chapter; what stopped it."""
        try:
            return self._story.run_here(self._chapter).problem
        except MigsafeError as error:
            return error


def _nothing() -> None:
    return None


if __name__ == "__main__":
    sys.exit(main())
