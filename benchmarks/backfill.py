"""A backfill of a large table beside a busy application: how long it takes, and what the application feels of it.

    python benchmarks/backfill.py [--rows 5000000] [--rate 200] [--only migsafe]

Side by side in one run, each on a fresh copy of the same database with `fsync` and autovacuum on:

- *nothing*: only the application, which is pgbench with point reads and writes of the very table, at a fixed rate;
- *one UPDATE* of all rows;
- *a fixed loop*: 1,000 rows of the key's order at a time, one after the other, as scripts do it;
- *migsafe*: the engine with its defaults, the tracker in the same database, in a process of its own.

For each: seconds, rows in a second, the application's p50, p99 and longest transaction (from the moment at which it was
due), and the size of the table afterwards; of migsafe also the peak of its memory.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from migsafe.backfill.engine import run_backfill
from migsafe.backfill.task import Site, Task
from migsafe.backfill.wording import progress_line, result_lines
from migsafe.model.dialect import Dialect
from migsafe.model.names import QualifiedName
from migsafe.model.phase import Phase
from migsafe.model.plan import Backfill, Check
from migsafe.model.state import Environment, Target, TargetName
from migsafe.postgres.connection import NO_TIMEOUTS, connect
from migsafe.shadow.account import Account
from migsafe.shadow.binaries import find_binaries
from migsafe.shadow.server import ThrowawayServer
from migsafe.tracker.address import read_address
from migsafe.tracker.facts import Author, StepFacts
from migsafe.tracker.opening import Tracker, now
from migsafe.tracker.upgrade import upgrade_tracker

#: As a server is that people depend on, and not as one that is thrown away.
_SERVER = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "wal_level": "replica",
    "checkpoint_timeout": "5min",
    "max_wal_size": "4GB",
    "autovacuum": "on",
    "autovacuum_naptime": "15s",
    "shared_buffers": "1GB",
    "max_worker_processes": "8",
}
_TABLE = """
CREATE TABLE accounts (id bigint PRIMARY KEY, name text NOT NULL, note text NOT NULL, seen timestamptz, full_name text);
INSERT INTO accounts SELECT g, 'name ' || g, repeat('x', 60) FROM generate_series(1, {rows}) AS g;
VACUUM (ANALYZE, FREEZE) accounts;
"""
_LOAD = r"""
\set one random(1, :rows)
\set two random(1, :rows)
SELECT name, full_name FROM accounts WHERE id = :one;
UPDATE accounts SET seen = now() WHERE id = :two;
"""
_WRITE = "UPDATE accounts SET full_name = upper(name) WHERE {} full_name IS NULL"
_CLIENTS, _SLICE_S = 4, 10
_WHERE = TargetName("production", "main")
_ME = Author(actor="benchmark")


@dataclass
class Figures:
    """What one way came to.

    Attributes:
        due: how many transactions the application would have had; those that never ran were waited for longest.
    """

    seconds: float
    latencies_ms: list[float]
    due: int
    size_mb: float
    told: dict[str, Any]


def main(arguments: argparse.Namespace) -> None:
    """Measure each way, and print one table."""
    with ThrowawayServer.start(base=Path(tempfile.gettempdir()), settings=_SERVER) as server:
        _say(f"PostgreSQL {server.version}, {os.cpu_count()} cores, {arguments.rows} rows, {arguments.rate} tps")
        dsn = server.create_database("original")
        with connect(dsn, autocommit=True, timeouts=NO_TIMEOUTS) as session:
            for statement in _TABLE.format(rows=arguments.rows).strip().split("\n"):
                session.execute(statement)
        figures: dict[str, Figures] = {}
        for name, way in _WAYS.items():
            if arguments.only is None or arguments.only == name:
                figures[name] = _measure(server, name, way, arguments)
                _say(_line(name, figures[name], arguments.rows))
    print(json.dumps({name: one.told for name, one in figures.items()}, indent=2))


def _measure(server: ThrowawayServer, name: str, way: Callable[[str, int], Any], asked: argparse.Namespace) -> Figures:
    database = name.replace(" ", "_")
    dsn = server.create_database(database, "original")
    with connect(dsn, autocommit=True, timeouts=NO_TIMEOUTS) as session:
        session.execute("CHECKPOINT")
    with tempfile.TemporaryDirectory() as folder, _load(dsn, Path(folder), asked) as load:
        began = time.monotonic()
        told = way(dsn, asked.rows)
        seconds = time.monotonic() - began
    with connect(dsn, autocommit=True, timeouts=NO_TIMEOUTS) as session:
        size = session.query("select pg_table_size('accounts')")[0][0] / 1024**2
        if name != "nothing":
            left = session.query("select count(*) from accounts where full_name is distinct from upper(name)")[0][0]
            assert left == 0, f"{name} left {left} rows"
    server.drop_database(database)
    return Figures(seconds, sorted(load.latencies_ms), len(load.latencies_ms) + load.never_ran, size, told or {})


@dataclass
class _Load:
    """What the application felt."""

    latencies_ms: list[float] = field(default_factory=list)
    never_ran: int = 0


@contextmanager
def _load(dsn: str, folder: Path, asked: argparse.Namespace) -> Iterator[_Load]:
    """The application, in slices of some seconds: pgbench writes its log when it ends."""
    (folder / "load.sql").write_text(_LOAD, encoding="utf-8")
    load = _Load()
    stop = threading.Event()
    thread = threading.Thread(target=_apply_load, args=(dsn, folder, asked, stop, load))
    thread.start()
    time.sleep(2)  # until it is at work
    try:
        yield load
    finally:
        stop.set()
        thread.join()


def _apply_load(dsn: str, folder: Path, asked: argparse.Namespace, stop: threading.Event, load: _Load) -> None:
    account = Account.current()
    pgbench = find_binaries(account, None).postgres.parent / "pgbench"
    slices = 0
    while not stop.is_set():
        slices += 1
        command = [
            str(pgbench), "--no-vacuum", f"--file={folder}/load.sql", f"--client={_CLIENTS}", f"--rate={asked.rate}",
            f"--time={_SLICE_S}", f"--define=rows={asked.rows}", "--log", f"--log-prefix={folder}/log{slices}", dsn,
        ]  # fmt: skip
        began, known = time.monotonic(), len(load.latencies_ms)
        subprocess.run(command, check=True, capture_output=True)
        seconds = time.monotonic() - began
        for log in folder.glob(f"log{slices}.*"):
            load.latencies_ms += [int(line.split()[2]) / 1000 for line in log.read_text(encoding="utf-8").splitlines()]
        if seconds > _SLICE_S + 1:  # all clients stood still: what was due then was given up at the end of the slice
            load.never_ran += max(round(seconds * asked.rate) - (len(load.latencies_ms) - known), 0)


def _nothing(_dsn: str, _rows: int) -> None:
    time.sleep(30)


def _one_update(dsn: str, _rows: int) -> None:
    with connect(dsn, autocommit=True, timeouts=NO_TIMEOUTS) as session:
        session.execute(_WRITE.format(""))


def _fixed_loop(dsn: str, rows: int) -> None:
    with connect(dsn, autocommit=True, timeouts=NO_TIMEOUTS) as session:
        for low in range(1, rows + 1, 1_000):
            session.execute(_WRITE.format(f"id >= {low} AND id < {low + 1_000} AND"))


def _migsafe(dsn: str, _rows: int) -> Any:
    told = subprocess.run(
        [sys.executable, __file__, "--inside", dsn], check=True, stdout=subprocess.PIPE, text=True
    ).stdout
    return json.loads(told)


_WAYS: dict[str, Callable[[str, int], Any]] = {
    "nothing": _nothing,
    "one UPDATE": _one_update,
    "a fixed loop": _fixed_loop,
    "migsafe": _migsafe,
}


def inside(dsn: str) -> None:
    """The engine by itself in this process; what it came to, as JSON."""
    address = read_address("env:T", environ={"T": dsn})
    upgrade_tracker(address, _ME)
    tracker = Tracker(address)
    with tracker.writing(_ME) as store:
        store.put_environment(Environment(name=_WHERE.environment, protected=True))
        store.put_target(_WHERE.environment, Target(name=_WHERE.target, dialect=Dialect.POSTGRES))
    backfill = Backfill(
        QualifiedName("accounts"), ("id",), (("full_name", "upper(name)"),), "full_name IS NULL AND name IS NOT NULL"
    )
    task = Task(
        step=StepFacts(name="backfill-full_name", change="accounts", phase=Phase.MIGRATE),
        where=_WHERE,
        backfill=backfill,
        verify=(Check("no row is left", "SELECT count(*) FROM accounts WHERE full_name IS NULL"),),
    )
    site = Site(dsn=dsn, shown="benchmark", tracker=tracker, beside=True, author=_ME, clock=now)
    seen = [0.0]

    def on_progress(progress: Any) -> None:
        if progress.run_s - seen[0] > 15:
            seen[0] = progress.run_s
            _say(progress_line(progress))

    result = run_backfill(task, site, on_progress=on_progress)
    for line in result_lines("backfill", result):
        _say(line)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    progress = result.progress
    told = {
        "peak_mb": round(peak), "batches": progress.batches, "held_s": round(progress.held_s), "ok": result.ok,
        "reasons": result.reasons,
    }  # fmt: skip
    print(json.dumps(told))


def _line(name: str, one: Figures, rows: int) -> str:
    at = one.latencies_ms + [one.latencies_ms[-1]] * (one.due - len(one.latencies_ms))
    p50, p99 = (at[min(int(len(at) * share), len(at) - 1)] for share in (0.5, 0.99))
    rate = "" if name == "nothing" else f", {rows / one.seconds:,.0f} rows/s"
    peak = f", peak {one.told['peak_mb']} MB" if one.told else ""
    return (
        f"{name}: {one.seconds:.0f} s{rate}; p50 {p50:.1f} ms, p99 {p99:.1f} ms, longest {at[-1]:,.0f} ms "
        f"({len(one.latencies_ms)} of {one.due} transactions that were due); table {one.size_mb:.0f} MB{peak}"
    )


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--rate", type=int, default=200)
    parser.add_argument("--only", choices=list(_WAYS))
    parser.add_argument("--inside", metavar="DSN", help=argparse.SUPPRESS)
    said = parser.parse_args()
    if said.inside:
        inside(said.inside)
    else:
        main(said)
