"""Whether the server's table of locks has room for all partitions and their indexes."""

from __future__ import annotations

from collections.abc import Iterator

from migsafe.preflight.case import Case
from migsafe.preflight.report import Reason, Weight

NAME = "lock-table"


def check(case: Case) -> Iterator[Reason]:
    """`out of shared memory` hits whoever asks next, not only the migration (manual, 19.12 "Lock Management")."""
    if case.touched is None:
        return
    relations = case.relations(case.touched.at_once)
    needed = sum(1 + one.attached for one in relations)
    server = case.live.server
    free = server.lock_capacity - server.locks_taken
    if needed <= server.locks_each:
        return
    partitions = sum(one.partition for one in relations)
    yield Reason(
        check=NAME,
        weight=Weight.NO_GO if needed > free else Weight.WARNING,
        text=f"one transaction locks up to {needed:,} relations ({partitions:,} partitions); "
        f"{server.locks_each:,} are planned for each, and {max(free, 0):,} are free for all",
        hint="raise max_locks_per_transaction (it takes a restart), or change partition by partition",
    )
