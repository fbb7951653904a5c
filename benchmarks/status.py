"""How long `migsafe status` takes on a tracker with many runs, in a file and in a Postgres.

Standard library and migsafe only. The trackers are made for the measurement: changes with an expand, a migrate and a
contract, run in three environments, some of them still open. Seconds depend on the machine, and on how busy it is; what
reading costs beside starting the program is told by `--help`, which reads nothing.

    python benchmarks/status.py
    python benchmarks/status.py --runs 100000 --rounds 5
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from migsafe.shadow.server import ThrowawayServer
from migsafe.tracker import tables as t
from migsafe.tracker.address import TrackerAddress, read_address
from migsafe.tracker.facts import Author
from migsafe.tracker.opening import Tracker
from migsafe.tracker.upgrade import upgrade_tracker

_ENVIRONMENTS = ("production", "staging", "demo")
_PHASES = ("expand", "migrate", "contract")
_RELEASES = 60
_BEGAN = datetime(2024, 1, 1, tzinfo=UTC)
_ME = Author(actor="benchmark")
#: One change in so many has not come to its contract yet.
_OPEN = 10
_BATCH = 5_000


def fill(address: TrackerAddress, runs: int) -> None:
    """Make a tracker that knows so many runs; the rows are inserted as they are, without events."""
    upgrade_tracker(address, _ME)
    changes = max(1, runs // (len(_PHASES) * len(_ENVIRONMENTS)))
    rows: dict[Any, list[dict[str, Any]]] = {
        t.release: [{"release_id": f"1.{n}.0", "seq": n, "day": _day(n)} for n in range(1, _RELEASES + 1)],
        t.environment: [{"env": env, "protected": env == "production"} for env in _ENVIRONMENTS],
        t.target: [{"env": env, "target": "main", "dialect": "postgres", "nodes": []} for env in _ENVIRONMENTS],
        t.rollout: list(_rollouts()),
        t.change: [_change(n) for n in range(changes)],
        t.step: [_step(n, phase) for n in range(changes) for phase in _PHASES],
        t.run: [run for n in range(changes) for run in _runs(n)],
    }
    with Tracker(address).writing(_ME) as store:
        for table, known in rows.items():
            for start in range(0, len(known), _BATCH):
                store.ledger.insert(table, known[start : start + _BATCH])


def _day(number: int) -> date:
    return (_BEGAN + timedelta(days=14 * number)).date()


def _rollouts() -> Iterator[dict[str, Any]]:
    for env in _ENVIRONMENTS:
        for number in range(1, _RELEASES + 1):
            moment = _BEGAN + timedelta(days=14 * number)
            gone = number < _RELEASES
            yield {
                "env": env, "release_id": f"1.{number}.0", "status": "retired" if gone else "deployed",
                "percent": 0 if gone else 100, "full_at": moment,
                "retired_at": moment + timedelta(days=14) if gone else None, "changed_at": moment, "source": "argo",
            }  # fmt: skip


def _change(number: int) -> dict[str, Any]:
    return {
        "change_id": f"change-{number:06}", "kind": "rename-column", "objects": [f"t{number}.c"],
        "introduced_in": f"1.{number % (_RELEASES - 2) + 1}.0", "state": "open" if _is_open(number) else "closed",
    }  # fmt: skip


def _is_open(number: int) -> bool:
    return number % _OPEN == 0


def _step(number: int, phase: str) -> dict[str, Any]:
    release = f"1.{number % (_RELEASES - 2) + 1 + _PHASES.index(phase)}.0"
    name = f"{number:06}_{phase}"
    return {
        "step_id": name, "migration": name, "change_id": f"change-{number:06}", "phase": phase, "release_id": release,
    }  # fmt: skip


def _runs(number: int) -> Iterator[dict[str, Any]]:
    for place, phase in enumerate(_PHASES[: 2 if _is_open(number) else 3]):
        for env in _ENVIRONMENTS:
            at = _BEGAN + timedelta(days=number % 700, hours=place)
            yield {
                "run_id": f"{number:06}-{place}-{env}", "step_id": f"{number:06}_{phase}", "env": env, "target": "main",
                "attempt": 1, "status": "done", "at": at, "checksum": f"v1:{'0' * 64}", "source": "record",
                "actor": "ci", "host": "runner", "tool_version": "1", "recorded_at": at,
            }  # fmt: skip


def measure(command: list[str], environ: dict[str, str], rounds: int) -> str:
    """The medians of some rounds, in seconds of the clock and of the processor, after one to warm up."""
    clock, processor = [], []
    for _ in range(rounds + 1):
        began, used = time.perf_counter(), _used()
        subprocess.run(command, env=environ, check=True, stdout=subprocess.DEVNULL)
        clock.append(time.perf_counter() - began)
        processor.append(_used() - used)
    median, cpu = statistics.median(clock[1:]), statistics.median(processor[1:])
    return f"{median:.2f} s, slowest {max(clock[1:]):.2f} s; of the processor {cpu:.2f} s"


def _used() -> float:
    """What programs that were started have used of the processor, in seconds."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def main() -> None:
    """Make both trackers, measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--without-postgres", action="store_true")
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        places = {"in a file": f"sqlite:{folder / 'tracker.db'}"}
        environ = {**os.environ, "MIGSAFE_BENCHMARK": ""}
        if not options.without_postgres:
            server = stack.enter_context(ThrowawayServer.start())
            environ["MIGSAFE_BENCHMARK"] = server.create_database("tracker")
            places["in a Postgres"] = "env:MIGSAFE_BENCHMARK"
        migsafe = [sys.executable, "-m", "migsafe"]
        print("python -c pass    ", measure([sys.executable, "-c", "pass"], environ, options.rounds))
        print("import sqlalchemy ", measure([sys.executable, "-c", "import sqlalchemy"], environ, options.rounds))
        print("migsafe --help    ", measure([*migsafe, "status", "--help"], environ, options.rounds))
        for words, said in places.items():
            fill(read_address(said, environ=environ), options.runs)
            for more in ([], ["--all"]):
                shown = f"{options.runs} runs {words}{' --all' if more else ''}"
                command = [*migsafe, "status", "--tracker", said, *more]
                print(f"status of {shown}:", measure(command, environ, options.rounds), flush=True)


if __name__ == "__main__":
    main()
