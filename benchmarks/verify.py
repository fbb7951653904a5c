"""How long `migsafe verify` takes, as ratios of what the same statements take by themselves, in one run.

    python benchmarks/verify.py ../shared/corpus/sql/crates.io [ROUNDS]

- *round trip*: all migrations proved, by as many jobs as it takes by itself, and by *one job*, against their ways up
  applied by psql, one file after the other in one session;
- *one new migration*: the whole command's work (reading, server, history, proof), against psql for the same history.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from migsafe.model.script import TransactionRule
from migsafe.shadow.account import Account
from migsafe.shadow.binaries import find_binaries
from migsafe.shadow.server import ThrowawayServer
from migsafe.shadow.verify import Timings, VerifyOptions, verify
from migsafe.sources import LoadedLayout, SourceOptions, read_paths


def main(path: Path, rounds: int) -> None:
    """Measure, interleaved, and print medians."""
    figures: dict[str, list[float]] = {"psql": [], "round trip": [], "one job": [], "without rows": [], "one new": []}
    for _ in range(rounds):
        (layout,) = read_paths([path], SourceOptions())
        figures["psql"].append(_psql(layout))
        figures["round trip"].append(_proof(layout))
        figures["one job"].append(_proof(layout, jobs=1))
        figures["without rows"].append(_proof(layout, rows=False))
        figures["one new"].append(_one_new(path))
    plain = statistics.median(figures["psql"])
    for name, seconds in figures.items():
        middle = statistics.median(seconds)
        print(f"{name:14} {middle:7.2f} s   {middle / plain:5.1f} x psql   of {[round(s, 2) for s in seconds]}")
    print(f"one new migration may take {3 * plain + 1:.2f} s")


def _psql(layout: LoadedLayout) -> float:
    with ThrowawayServer.start() as server, tempfile.TemporaryDirectory() as folder:
        server.create_database("plain")
        file = Path(folder) / "all.sql"
        file.write_text("\n".join(_wrapped(m.up) for m in layout.migrations.migrations if m.up), encoding="utf-8")
        psql = find_binaries(Account.current()).bin_dir / "psql"
        began = time.perf_counter()
        command = [psql, "-X", "-q", "-o", os.devnull, "-v", "ON_ERROR_STOP=1", "-d", server.dsn("plain"), "-f", file]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # no shell
        return time.perf_counter() - began


def _wrapped(script) -> str:  # a Script
    return f"BEGIN;\n{script.text}\n;COMMIT;" if script.transaction is TransactionRule.TOOL else script.text


def _proof(layout: LoadedLayout, *, rows: bool = True, jobs: int | None = None) -> float:
    timings = Timings()
    verify([layout], options=VerifyOptions(rows=rows, jobs=jobs), timings=timings)
    return timings.elapsed


def _one_new(path: Path) -> float:
    began = time.perf_counter()
    (layout,) = read_paths([path], SourceOptions())
    last = frozenset(script.path for script in layout.migrations.migrations[-1].scripts)
    verify([replace(layout, selected=last)])
    return time.perf_counter() - began


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 3)
