"""Kill a backfill at random moments, again and again: the end must be that of an undisturbed one; not on Windows.

    python backfill.py [--kills 200] [--seed 6]

Rounds go through four ways: the tracker beside and in a file, one worker and three. In each round a process is killed
twice, by SIGKILL after a time that chance chooses; then one runs to the end. A trigger counts how often each row was
written: beside, no row more than once, and as many rows counted as there are.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import replace
from itertools import cycle
from pathlib import Path

from backfill_sites import QUICK, Field, field_apart, field_at
from migsafe.postgres.connection import connect
from migsafe.shadow.server import ThrowawayServer
from tracker_books import Book

_TESTS = Path(__file__).parents[1]
_WAYS = (("beside", 1), ("beside", 3), ("apart", 1), ("apart", 3))
_KILLS_OF_A_ROUND = 2
#: About as long as a process takes to start and to write 2,000 rows.
_LONGEST_S = 2.0
_TABLE = """
CREATE TABLE users (id bigint PRIMARY KEY, name text, full_name text, writes int NOT NULL DEFAULT 0);
INSERT INTO users SELECT g, 'u' || g FROM generate_series(1, 2000) AS g;
CREATE FUNCTION count_writes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN NEW.writes := OLD.writes + 1; RETURN NEW; END $$;
CREATE TRIGGER count_writes BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION count_writes();
"""


def main(kills: int, seed: int) -> int:
    """Rounds until there were so many kills; how many failed."""
    chance = random.Random(seed)
    counts: Counter[str] = Counter()
    with ThrowawayServer.start() as server, tempfile.TemporaryDirectory() as folder:
        for number, (place, workers) in enumerate(cycle(_WAYS)):
            if counts["kills"] >= kills:
                break
            dsn = server.create_database(f"round_{number}")
            with connect(dsn, autocommit=True) as session:
                session.execute(_TABLE)
            home = Path(folder, str(number))
            home.mkdir()
            field = _field(dsn, place, home)
            for _ in range(_KILLS_OF_A_ROUND):
                counts[_kill(field, place if place == "beside" else str(home), workers, chance)] += 1
                counts["kills"] += 1
            problem = _problem(field, place)
            counts["failed" if problem else "right"] += 1
            print(f"round {number}: {place}, {workers} workers: {problem or 'right'}", flush=True)
            server.drop_database(f"round_{number}")
    print(", ".join(f"{count} {name}" for name, count in sorted(counts.items())))
    return counts["failed"]


def _field(dsn: str, place: str, home: Path) -> Field:
    if place == "apart":
        return field_apart(dsn, home)
    Book("env:T", environ={"T": dsn}).furnish()
    return field_at(dsn)


def _kill(field: Field, place: str, workers: int, chance: random.Random) -> str:
    """Kill one after a while; where that found it."""
    command = [sys.executable, str(_TESTS / "backfill_victim.py"), field.dsn, place, str(workers)]
    environment = {**os.environ, "PYTHONPATH": str(_TESTS)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as process:
        time.sleep(chance.uniform(0.3, _LONGEST_S))
        written = field.ask("SELECT count(full_name) FROM users")
        over = process.poll() is not None
        process.kill()
    if over:
        assert process.returncode == 0, f"it failed by itself: {process.returncode}"
        return "found done"
    return "found at work" if written else "found before the first batch"


def _problem(field: Field, place: str) -> str | None:
    """Run it to the end; what is wrong then."""
    result = field.run(replace(QUICK, patience_s=30.0), sleep=time.sleep)
    if not result.ok:
        return f"it does not come to its end: {result}"
    if (most := field.ask("SELECT max(writes) FROM users")) != 1:
        return f"a row was written {most} times"
    seen = (result.progress.rows_seen, result.progress.rows_written)
    return f"it has counted {seen}" if place == "beside" and seen != (2000, 2000) else None


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=6)
    said = parser.parse_args()
    sys.exit(1 if main(said.kills, said.seed) else 0)
