"""Every kind of change under a long mixed load: transactions, failed statements and mismatches, by kind.

    python plans.py [--transactions 5000] [--seed 1] [--only rename]

Each is driven forward to the purge, and once more to the quarantine and back; backfills write one row at a time, so
that as many transactions as can be of old and new code come in between.
"""

from __future__ import annotations

import argparse
import sys
import time
from itertools import count
from typing import TYPE_CHECKING

from migsafe.shadow.server import ThrowawayServer
from plan_driver import Driver
from plan_stories import STORIES, VARIANTS
from plan_workloads import CASES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migsafe.model.plan import ChangePlan
    from plan_driver import Outcome, Workload

_numbers = count()


def main() -> int:
    """Drive all, and say what came out; 1 when something failed."""
    options = _options()
    failed = False
    with ThrowawayServer.start() as server:
        print(f"Postgres {server.version}, {options.transactions} transactions each way, seed {options.seed}")
        for name, plan, workload in _all():
            if options.only is not None and options.only not in name:
                continue
            for way in ("whole", "there_and_back"):
                started = time.monotonic()
                driver = _driver(server, plan, workload, options.seed)
                outcome: Outcome = getattr(driver, way)(options.transactions)
                print(f"{name:32} {way:15} {outcome}, {time.monotonic() - started:.1f} s", flush=True)
                for failure in outcome.failures[:3]:
                    print(f"    {failure}")
                failed = failed or bool(outcome.failures) or any(outcome.mismatches.values())
    return int(failed)


def _all() -> Iterator[tuple[str, ChangePlan, Workload]]:
    yield from ((name, case.plan(), case.workload) for name, case in CASES.items())
    yield from ((name, story.plan(), story.workload) for name, story in {**STORIES, **VARIANTS}.items())


def _driver(server: ThrowawayServer, plan: ChangePlan, workload: Workload, seed: int) -> Driver:
    name = f"load_{next(_numbers)}"
    dsn = server.create_database(name)
    with server.connect(name) as session:
        session.execute(workload.setup + workload.rows)
    return Driver(dsn, plan, workload, seed=seed, batch_rows=1)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--transactions", type=int, default=5_000, help="of all clients together, each way")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", help="kinds whose name has this in it")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
