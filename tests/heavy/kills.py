"""End `migsafe verify` at random moments, and look for what it leaves behind; Linux only.

    python kills.py [--path PROJECT] [--kills 50] [--signals 20] [--seed 4]

After SIGKILL, the next run must leave nothing behind; after SIGINT and SIGTERM nothing may be left at once. The runs
have a place of their own for servers and caches, so that other runs on the machine neither help nor disturb. They go
round through three ways: with a cached image, without one, and on a server that is given (--shadow-url).
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import leftovers
from migsafe.shadow.server import ThrowawayServer

_ROOT = Path(__file__).parents[2]
_CRATES = _ROOT.parent / "shared" / "corpus" / "sql" / "crates.io"
_PROJECT = _CRATES if _CRATES.is_dir() else _ROOT / "fixtures" / "projects" / "ways-back"

_RUN_WITH_OWN_MEMORY = """
import sys
from pathlib import Path
from migsafe.shadow import folder

folder._MEMORY = Path(sys.argv.pop(1))
from migsafe.cli.main import run

sys.exit(run())
"""

#: How a run may end by a signal; a shell calls -15 143. Before and after its own work, Python ends by SIGINT itself.
_ENDS = {
    signal.SIGKILL: {-signal.SIGKILL},
    signal.SIGINT: {130, -signal.SIGINT},
    signal.SIGTERM: {-signal.SIGTERM},
}
_FINISHED = {0, 1}
_WAYS = ("cached", "cold", "given")


@dataclass(frozen=True)
class Place:
    """Where the runs have all that they have, and the server that is given to some."""

    base: Path
    given: ThrowawayServer

    @classmethod
    @contextlib.contextmanager
    def make(cls) -> Iterator[Place]:
        """Make it below the temporary folder, and remove it."""
        base = Path(tempfile.mkdtemp(prefix="k-", dir="/tmp"))  # short: sockets
        base.chmod(0o755)
        given = base.with_name(f"given-{base.name}")
        given.mkdir(mode=0o755)
        for name in ("memory", "tmp"):
            (base / name).mkdir()
        try:
            with ThrowawayServer.start(base=given) as server:
                yield cls(base, server)
        finally:
            shutil.rmtree(base)
            shutil.rmtree(given)

    def start(self, project: Path, way: str) -> subprocess.Popen[bytes]:
        """Start a run."""
        cache = self.base / "cache"
        if way == "cold":
            shutil.rmtree(cache, ignore_errors=True)
        command = [sys.executable, "-c", _RUN_WITH_OWN_MEMORY, str(self.base / "memory"), "verify", str(project), "-q"]
        if way == "given":
            command += ["--shadow-url", "env:GIVEN"]
        variables = {"TMPDIR": str(self.base / "tmp"), "MIGSAFE_CACHE_DIR": str(cache), "GIVEN": self.given.dsn()}
        return subprocess.Popen(
            command, env={**os.environ, **variables}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )

    def left(self) -> set[str]:
        """What is there and should not be."""
        with self.given.connect() as session:
            databases = session.query("select datname::text from pg_database where datname like 'migsafe%'")
        return (
            leftovers.programs_on(self.base)
            | leftovers.entries_of(self.base / "memory", self.base / "tmp")
            | leftovers.unfinished_in(self.base / "cache")
            | {f"database {name}" for (name,) in databases}
        )


def end_at(place: Place, project: Path, way: str, number: signal.Signals, seconds: float) -> tuple[int, str]:
    """Run, and send a signal after so many seconds: with what it ended, and what it said."""
    with place.start(project, way) as run:
        with contextlib.suppress(subprocess.TimeoutExpired):
            run.wait(seconds)
        run.send_signal(number)
        _, said = run.communicate(timeout=120)
    return run.returncode, said.decode(errors="replace")


def finish(place: Place, project: Path, way: str) -> float:
    """A run from its beginning to its end, in seconds."""
    began = time.monotonic()
    with place.start(project, way) as run:
        _, said = run.communicate(timeout=600)
    if run.returncode not in _FINISHED:
        raise SystemExit(f"a run that nobody disturbed ended with {run.returncode}: {said.decode(errors='replace')}")
    return time.monotonic() - began


def prove(place: Place, project: Path, number: signal.Signals, times: int, chance: random.Random) -> list[str]:
    """End runs at random moments; what was wrong, a line each."""
    next_one = _ROOT / "fixtures" / "projects" / "shop"
    durations = {way: finish(place, project, way) for way in _WAYS}
    wrong: list[str] = []
    seen: Counter[str] = Counter()
    for turn in range(times):
        way = _WAYS[turn % len(_WAYS)]
        # Half of the moments lie in the first second, where most of what can be left behind is made.
        seconds = chance.uniform(0, durations[way] if turn % 2 else min(1.0, durations[way]))
        code, said = end_at(place, project, way, number, seconds)
        at_once = place.left()
        seen.update(word.split()[0] for word in at_once)
        where = f"{number.name} {way} after {seconds:.3f} s"
        found = [] if code in _ENDS[number] | _FINISHED else [f"{where}: ended with {code}: {said}"]
        if number is signal.SIGKILL:
            finish(place, next_one, way)
        found += [f"{where}: left {one}" for one in sorted(place.left())]
        print("\n".join(found) or f"{where}: good", file=sys.stderr, flush=True)
        wrong += found
    print(
        f"{number.name}: {times} runs ended, {len(wrong)} wrong; left at once, in all: {dict(seen) or 'nothing'}",
        flush=True,
    )
    return wrong


def main(project: Path, kills: int, signals: int, seed: int) -> int:
    """Prove it for all three signals; 1 when anything was left."""
    memory = leftovers.unused_shared_memory()
    chance = random.Random(seed)
    wrong: list[str] = []
    with Place.make() as place:
        for number, times in ((signal.SIGKILL, kills), (signal.SIGINT, signals), (signal.SIGTERM, signals)):
            wrong += prove(place, project, number, times, chance)
    # Nothing says whose a segment is: it counts for nothing where other servers came and went meanwhile.
    for one in sorted(leftovers.unused_shared_memory() - memory):
        print(f"{one} is new and nobody uses it: of these runs, or of another server on this machine")
    print("\n".join(wrong) or "nothing was left behind in the end")
    return 1 if wrong else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--path", type=Path, default=_PROJECT, help="the project that is verified")
    parser.add_argument("--kills", type=int, default=50, help="how many runs are ended by SIGKILL")
    parser.add_argument("--signals", type=int, default=20, help="how many by each of the other signals")
    parser.add_argument("--seed", type=int, default=4, help="of the random moments")
    given = parser.parse_args()
    sys.exit(main(given.path, given.kills, given.signals, given.seed))
