"""Autovacuum on the tables that are about to be locked."""

from __future__ import annotations

from collections.abc import Iterator

from migsafe.model.locks import LockMode
from migsafe.postgres.live_rows import AUTOVACUUM, Backend, RelationLock
from migsafe.preflight.case import Case, backend_of, name_of, session
from migsafe.preflight.query_text import spell_query
from migsafe.preflight.report import Reason, Weight
from migsafe.preflight.words import duration

NAME = "autovacuum"
_VACUUMS = LockMode.SHARE_UPDATE_EXCLUSIVE


def check(case: Case) -> Iterator[Reason]:
    """An ordinary worker gives way after `deadlock_timeout`; one against wraparound never does (manual, 24.1.6)."""
    if case.touched is None:
        for backend in case.live.backends:
            if backend.against_wraparound:
                yield _hold(backend, spell_query(backend.query or ""), ())
        return
    for lock, backend in _workers(case):
        wanted = case.touched.modes.get(name_of(lock))
        if wanted is None or not wanted.conflicts_with(_VACUUMS):
            continue
        if backend.against_wraparound:
            yield _hold(backend, str(name_of(lock)), (str(name_of(lock)),))
        else:
            yield _gives_way(lock, backend, case)


def _workers(case: Case) -> Iterator[tuple[RelationLock, Backend]]:
    for lock in case.live.locks:
        backend = backend_of(lock.pid, case.live)
        held = lock.granted and lock.mode == "ShareUpdateExclusiveLock"
        if held and backend is not None and backend.kind == AUTOVACUUM:
            yield lock, backend


def _hold(backend: Backend, what: str, objects: tuple[str, ...]) -> Reason:
    since = duration(backend.age or 0.0)
    return Reason(
        check=NAME,
        weight=Weight.NO_GO,
        text=f"{what}: a vacuum against wraparound is at work since {since}, and gives way to nobody",
        hint="hold until it is done; never end it: it begins again, and the server stops when it is too late",
        passing=True,
        objects=objects,
        culprits=(session(backend),),
    )


def _gives_way(lock: RelationLock, backend: Backend, case: Case) -> Reason:
    after = case.live.server.deadlock_timeout_ms
    return Reason(
        check=NAME,
        weight=Weight.WARNING,
        text=f"{name_of(lock)}: autovacuum is at work; it gives way to a lock that waits longer than {after} ms",
        hint=f"a lock_timeout of {after + 250} ms is enough, a shorter one always fails",
        passing=True,
        objects=(str(name_of(lock)),),
        culprits=(session(backend),),
    )
