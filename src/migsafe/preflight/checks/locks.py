"""Who has, or waits for, locks on the tables that are about to be locked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from migsafe.model.locks import LockMode
from migsafe.model.names import QualifiedName
from migsafe.postgres.live_rows import AUTOVACUUM, Live, RelationLock
from migsafe.preflight.case import Case, backend_of, holder, name_of, oldest_first, session
from migsafe.preflight.report import Culprit, Reason, Weight
from migsafe.preflight.words import counted, duration, some

HOLDERS, QUEUE = "lock-holders", "lock-queue"


def holders(case: Case) -> Iterator[Reason]:
    """A lock that conflicts with one of the migrations' keeps them waiting, and everybody who comes after them."""
    if case.touched is None:
        return
    modes, case = case.touched.modes, replace(case, live=_of_known_age(case.live))
    found: dict[tuple[QualifiedName, ...], list[Culprit]] = defaultdict(list)
    tables: dict[Culprit, list[QualifiedName]] = defaultdict(list)
    for lock in case.live.locks:
        wanted = modes.get(name_of(lock))
        if wanted is not None and lock.granted and _in_the_way(lock, wanted, case):
            tables[holder(lock, case.live)].append(name_of(lock))
    for culprit, held in tables.items():
        found[tuple(sorted(set(held)))].append(culprit)
    for names, culprits in found.items():
        yield _held(names, oldest_first(culprits), case)


def _of_known_age(live: Live) -> Live:
    """Who has a lock and no transaction yet has just begun it: sessions are read a moment before their locks."""
    backends = (replace(one, age=0.0) if one.age is None and not one.hidden else one for one in live.backends)
    return replace(live, backends=tuple(backends))


def _in_the_way(lock: RelationLock, wanted: LockMode, case: Case) -> bool:
    """Commands that are CONCURRENTLY wait for every user of the table, but keep nobody waiting meanwhile."""
    assert case.touched is not None
    if _is_autovacuum(lock, case):
        return False
    if _conflict(lock, wanted):
        return True
    user = backend_of(lock.pid, case.live)
    forgotten = user is not None and user.age is not None and user.age >= case.limits.old
    return forgotten and name_of(lock) in case.touched.patient


def _held(names: tuple[QualifiedName, ...], culprits: tuple[Culprit, ...], case: Case) -> Reason:
    assert case.touched is not None
    oldest = culprits[0]
    wanted = max(case.touched.modes[name] for name in names)
    who = _called(oldest) if oldest.gid is None else f"the prepared transaction {oldest.gid}"
    held = counted(len(culprits), "transaction has a lock", "transactions have locks")
    age = "of unknown age" if oldest.age is None else f"for {duration(oldest.age)}"
    return Reason(
        check=HOLDERS,
        weight=_weight(oldest, case),
        text=f"{some(names)}: {wanted} must wait: {held} that conflict{'s' * (len(culprits) == 1)}, {who} {age}",
        hint=_way_out(oldest),
        passing=oldest.pid is not None,
        objects=tuple(map(str, names)),
        culprits=culprits,
    )


def _weight(oldest: Culprit, case: Case) -> Weight:
    if oldest.gid is not None:
        return Weight.NO_GO  # it survives sessions and restarts: nothing ends it but somebody who means to
    if oldest.age is None:
        return Weight.UNKNOWN
    return Weight.NO_GO if oldest.age >= case.limits.holding else Weight.NOTE


def _way_out(oldest: Culprit) -> str | None:
    if oldest.gid is not None:
        return f"COMMIT PREPARED or ROLLBACK PREPARED '{oldest.gid}', in its database"
    return None if oldest.pid is None else f"let it end, or SELECT pg_terminate_backend({oldest.pid})"


def queue(case: Case) -> Iterator[Reason]:
    """Whoever waits already is a sign that another one more would be one too many."""
    modes = case.touched.modes if case.touched is not None else None
    waiting: dict[QualifiedName, list[RelationLock]] = defaultdict(list)
    for lock in case.live.locks:
        wanted = modes.get(name_of(lock)) if modes is not None else LockMode.ACCESS_EXCLUSIVE
        if not lock.granted and wanted is not None and _conflict(lock, wanted):
            waiting[name_of(lock)].append(lock)
    for name, locks in sorted(waiting.items()):
        yield _queued(name, locks, case)


def _queued(name: QualifiedName, locks: Sequence[RelationLock], case: Case) -> Reason:
    longest = max(lock.waited or 0.0 for lock in locks)
    blockers = {pid for lock in locks for pid in lock.blockers} - {lock.pid for lock in locks}
    named = tuple(_blocker(pid, case) for pid in sorted(blockers))
    waiters = tuple(holder(lock, case.live) for lock in locks)
    behind = f", behind {some([_called(one) for one in named])}" if named else ""
    waits = counted(len(locks), "session waits", "sessions wait")
    return Reason(
        check=QUEUE,
        weight=Weight.NO_GO if longest >= case.limits.waiting else Weight.WARNING,
        text=f"{name}: {waits} for a lock, for up to {duration(longest)}{behind}",
        hint="whoever comes next waits behind them",
        passing=True,
        objects=(str(name),),
        culprits=(*oldest_first(named), *waiters),
    )


def _blocker(pid: int, case: Case) -> Culprit:
    """0 is how `pg_blocking_pids` calls a prepared transaction."""
    found = backend_of(pid, case.live)
    if found is not None:
        return session(found)
    return Culprit(pid=pid) if pid else Culprit(pid=None, state="prepared")


def _called(culprit: Culprit) -> str:
    return f"pid {culprit.pid}" if culprit.pid is not None else "a prepared transaction"


def _conflict(lock: RelationLock, wanted: LockMode) -> bool:
    try:
        return LockMode.from_pg_locks(lock.mode).conflicts_with(wanted)
    except KeyError:
        return False  # a predicate lock: nobody waits for one


def _is_autovacuum(lock: RelationLock, case: Case) -> bool:
    """Those have a check of their own: they give way, or never do, and their age says nothing."""
    backend = backend_of(lock.pid, case.live)
    return backend is not None and backend.kind == AUTOVACUUM
