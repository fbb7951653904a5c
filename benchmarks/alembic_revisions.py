"""How long `migsafe lint` takes on a project's revisions beside Alembic's own rendering of the same: ratios of one run.

    python benchmarks/alembic_revisions.py FOLDER [--rounds 9] [--migsafe PROGRAM]

`FOLDER` is the cache of tests/heavy: Alembic needs the project to be installed, migsafe does not. Each run is a new
process. Alembic imports the application and prints the ways up; migsafe renders the ways up and down, and judges them.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "heavy"))

from cache import Cache, cache_option
from histories import AIRFLOW, OPTUNA, History
from lint import Command, compare, program

#: The larger one first; the other where the index does not have all that Airflow needs.
CASES = (AIRFLOW, OPTUNA)


def run(history: History, cache: Cache, migsafe: str, rounds: int) -> None:
    """Measure one project."""
    installed = cache.environment(history.name, history.requirements)
    folder = cache.unpacked(history.requirements[0]) / history.environment
    count = len(list((folder / "versions").glob("[!_]*.py")))
    script, *_ = history.upgrade
    with tempfile.TemporaryDirectory(prefix="migsafe-bench-") as temporary:
        os.environ.update(history.variables_for("postgresql+psycopg2://nobody@localhost/nobody", temporary))
        commands = [
            Command("migsafe lint", (migsafe, "lint", "--tool", "alembic", "--dialect", "postgres", str(folder))),
            Command("alembic upgrade --sql base:head", (str(installed.python), script, *history.offline)),
        ]
        compare(f"{history.requirements[0]}: {count} revisions", commands, rounds, Path(temporary))


def main() -> int:
    """Run every case that can be run; returns the exit code."""
    parser = argparse.ArgumentParser(description="Speed of the linter beside Alembic.")
    cache_option(parser)
    parser.add_argument("--rounds", type=int, default=5, help="measured rounds after the warm-up (default: 5)")
    parser.add_argument("--migsafe", metavar="PROGRAM", help="the migsafe that is measured")
    options = parser.parse_args()
    migsafe = program(options.migsafe, "migsafe")
    if migsafe is None:
        print("migsafe is not installed beside this interpreter nor on PATH: --migsafe names it", file=sys.stderr)
        return 2
    for history in CASES:
        run(history, options.cache, migsafe, options.rounds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
