"""A standby under read load, and steps that lock the table that is read: with the standby named, and without.

python tests/heavy/standby_load.py [--seconds 60] [--only named|unnamed|quiet]

Short reads go on all the time; a report reads the same table for 3 to 6 seconds, and again after a pause. Every few
seconds a step adds a column, which takes a millisecond on the primary. Measured on the standby: by how much what it
shows is behind what was committed, and how many reads it had to end.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import pytest

from migsafe.postgres.connection import StatementFailedError
from migsafe.runner.pace import PaceOptions
from migsafe.runner.patience import Budget
from run_benches import Bench
from standby import LastingServer

#: How long replay waits for readers before it ends them: long enough for any report.
_DELAY = "30s"
_READERS = 4
_REPORT_S, _PAUSE_S = (3.0, 6.0), (1.0, 4.0)
_STEP_EVERY_S = 5.0
#: A standby that is further behind than this stands still for somebody.
_STALLED_S = 0.5
_BEAT_S = 0.05
#: By how much it is behind, and whether replay waits for a lock: nobody else can want that one there.
_LOOK = (
    "select extract(epoch from clock_timestamp() - max(at))::float, "
    "exists (select from pg_locks where mode = 'AccessExclusiveLock' and not granted) from beats"
)


@dataclass
class Figures:
    """What was seen in one run.

    Attributes:
        lags: by how many seconds the standby was behind, at each look.
        waits: whether replay waited for a reader then; else it is the machine that is late.
        ended: reads that the standby has ended.
    """

    lags: list[float] = field(default_factory=list)
    waits: list[bool] = field(default_factory=list)
    reads: int = 0
    reports: int = 0
    ended: int = 0
    steps: int = 0
    took: list[float] = field(default_factory=list)

    @property
    def stalls(self) -> list[tuple[float, bool]]:
        """The highest lag of each time that it stood still, and whether it was for a reader."""
        peaks: list[tuple[float, bool]] = []
        peak, waited = 0.0, False
        for lag, waits in [*zip(self.lags, self.waits, strict=True), (0.0, False)]:
            if lag > _STALLED_S:
                peak, waited = max(peak, lag), waited or waits
            elif peak:
                peaks.append((peak, waited))
                peak, waited = 0.0, False
        return peaks

    def __str__(self) -> str:
        stalls = self.stalls
        behind = sum(lag > _STALLED_S for lag in self.lags) / max(len(self.lags), 1)
        took = self.took or [0.0]
        return (
            f"{self.steps} steps (median {median(took):.1f} s, longest {max(took):.1f} s), "
            f"{self.reads} reads, {self.reports} reports, {self.ended} ended; "
            f"stood still {len(stalls)} times ({sum(waited for _, waited in stalls)} for a reader), "
            f"{behind:.0%} of the time, for up to {max((peak for peak, _ in stalls), default=0.0):.1f} s; "
            f"else behind by up to {max((lag for lag in self.lags if lag <= _STALLED_S), default=0.0):.2f} s"
        )


def main() -> int:
    """Measure, and print a line for each way; 1 where a reader was ended, or steps were not run, with it named."""
    said = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    said.add_argument("--seconds", type=float, default=60.0)
    said.add_argument("--only", choices=["quiet", "named", "unnamed"])
    said.add_argument("--seed", type=int, default=1)
    arguments = said.parse_args()
    wrong = 0
    for way in [arguments.only] if arguments.only else ["quiet", "named", "unnamed"]:
        figures = _measure(way, arguments.seconds, random.Random(arguments.seed))
        print(f"{way:8} {figures}", flush=True)
        wrong += way == "named" and (figures.ended > 0 or figures.steps == 0)
    return min(wrong, 1)


def _measure(way: str, seconds: float, chance: random.Random) -> Figures:
    figures, over = Figures(), threading.Event()
    with (
        tempfile.TemporaryDirectory() as home,
        pytest.MonkeyPatch.context() as patch,
        LastingServer.made() as primary,
        primary.standby({"max_standby_streaming_delay": _DELAY}) as standby,
    ):
        primary.run("create database shop")
        bench = _bench(Path(home) / "shop", primary.dsn("shop"), patch, steps=int(seconds / _STEP_EVERY_S))
        patch.setenv("REPLICA_URL", standby.dsn("shop"))
        primary.wait_for(standby)
        with _at_work(_load(primary, standby, figures, over, chance), over):
            deadline = time.monotonic() + seconds
            if way == "quiet":
                over.wait(seconds)
            while way != "quiet" and time.monotonic() < deadline:
                began = time.monotonic()
                _one_step(bench, figures, named=way == "named", left=deadline - began)
                over.wait(max(0.0, min(began + _STEP_EVERY_S, deadline) - time.monotonic()))
    return figures


def _one_step(bench: Bench, figures: Figures, *, named: bool, left: float) -> None:
    """The next column; a step that found no moment before the end is none."""
    patience = max(left, 5.0)
    label = f"{figures.steps + 2:05}"
    bench.write(
        f"{label}_more.sql", f"-- migsafe: phase=expand\n-- +goose Up\nALTER TABLE orders ADD COLUMN c{label} int;\n"
    )
    began = time.monotonic()
    outcome = bench.run(
        replicas=("env:REPLICA_URL",) if named else (),
        wait=patience,
        pace=PaceOptions(budget=Budget(whole=patience)),
    )
    if outcome.problem is None and outcome.steps:
        figures.steps += 1
        figures.took.append(time.monotonic() - began)


def _bench(folder: Path, dsn: str, patch: pytest.MonkeyPatch, *, steps: int) -> Bench:
    """A project with one table, and no steps behind it yet."""
    bench = Bench.open(folder, dsn, patch)
    for one in (folder / "migrations").glob("0000[2-9]*"):
        one.unlink()
    listed = ", ".join(f'"migrations/{number:05}_more.sql"' for number in range(2, steps + 20))
    (folder / "migsafe.releases.toml").write_text(
        '[[release]]\nname = "1.0"\nday = 2026-10-01\nmigrations = ["migrations/00001_orders.sql"]\n\n'
        f'[[release]]\nname = "1.1"\nday = 2026-11-02\nmigrations = [{listed}]\n'
    )
    assert bench.run(release="1.0").problem is None
    bench.do("insert into orders select n, n, 'open' from generate_series(1, 1000) n")
    bench.do("create table beats (at timestamptz not null)")
    return bench


def _load(
    primary: LastingServer, standby: LastingServer, figures: Figures, over: threading.Event, chance: random.Random
) -> list[Callable[[], None]]:
    def beat() -> None:
        with primary.session("shop") as session:
            while not over.wait(_BEAT_S):
                session.execute("delete from beats; insert into beats values (clock_timestamp())")

    def look() -> None:
        with standby.session("shop") as session:
            while not over.wait(_BEAT_S):
                lag, waits = session.query(_LOOK)[0]
                figures.lags.append(max(0.0, (lag or 0.0) - _BEAT_S))
                figures.waits.append(waits)

    def read() -> None:
        while not over.is_set():
            with _counted(figures), standby.session("shop") as session:
                while not over.wait(0.02):
                    session.query("select total from orders where id = 1 + (random() * 999)::int")
                    figures.reads += 1

    def report() -> None:
        while not over.wait(chance.uniform(*_PAUSE_S)):
            with _counted(figures), standby.session("shop", autocommit=False) as session:
                session.query("select sum(total) from orders")
                over.wait(chance.uniform(*_REPORT_S))
                session.query("select count(*) from orders")
                session.commit()
                figures.reports += 1

    return [beat, look, report, *[read] * _READERS]


@contextmanager
def _counted(figures: Figures) -> Iterator[None]:
    try:
        yield
    except StatementFailedError:
        figures.ended += 1


@contextmanager
def _at_work(tasks: list[Callable[[], None]], over: threading.Event) -> Iterator[None]:
    with ExitStack() as stack:
        for task in tasks:
            thread = threading.Thread(target=task)
            thread.start()
            stack.callback(thread.join)
        stack.callback(over.set)
        yield


if __name__ == "__main__":
    sys.exit(main())
