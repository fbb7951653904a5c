"""Transactions that are open for long."""

from __future__ import annotations

from collections.abc import Iterator

from migsafe.postgres.live_rows import AUTOVACUUM, Backend
from migsafe.preflight.case import Case, oldest_first, session
from migsafe.preflight.report import Reason, Weight
from migsafe.preflight.words import counted, duration

NAME = "old-transactions"
_IDLE = "idle in transaction"


def check(case: Case) -> Iterator[Reason]:
    """An index build CONCURRENTLY waits for every old transaction of the database, whatever tables that has read.

    Without migrations, every table is a table that may be touched, and one that is idle may have locked any of them.
    """
    old = [one for one in case.live.backends if _is_older(one, case.limits.old)]
    if old and (case.touched is None or case.touched.concurrently):
        yield _reason(old, Weight.NO_GO, case)
    if case.touched is None:
        idle = [one for one in _idle(case) if one not in old]
        if idle:
            yield _reason(idle, Weight.WARNING, case)


def _reason(found: list[Backend], weight: Weight, case: Case) -> Reason:
    culprits = oldest_first(session(one) for one in found)
    oldest = culprits[0].age or 0.0
    limit = duration(case.limits.old) if weight is Weight.NO_GO else duration(case.limits.holding)
    waits = (
        "an index build CONCURRENTLY waits for it"
        if case.touched is not None
        else "what it has locked, and an index build CONCURRENTLY, must wait for it"
    )
    pid = culprits[0].pid
    return Reason(
        check=NAME,
        weight=weight,
        text=f"{counted(len(found), 'transaction')} older than {limit}, the oldest {duration(oldest)}: {waits}",
        hint=f"let it end, or SELECT pg_terminate_backend({pid})",
        passing=True,
        culprits=culprits,
    )


def _is_older(backend: Backend, limit: float) -> bool:
    """VACUUM's own snapshot holds nobody up, and a vacuum's lock is judged where it stands."""
    counts = backend.kind != AUTOVACUUM and not backend.vacuums and not backend.hidden
    return counts and backend.age is not None and backend.age >= limit


def _idle(case: Case) -> Iterator[Backend]:
    for one in case.live.backends:
        if (one.state or "").startswith(_IDLE) and _is_older(one, case.limits.holding):
            yield one
