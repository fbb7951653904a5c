"""Readers on replicas: replaying an ACCESS EXCLUSIVE lock waits for them, and all other tables go stale meanwhile."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from migsafe.postgres.live_rows import Backend, Live
from migsafe.preflight.case import Case, Replica, oldest_first, session
from migsafe.preflight.report import Reason, Weight
from migsafe.preflight.words import counted, duration, some

NAME = "standby-conflict"


def check(case: Case) -> Iterator[Reason]:
    """Who reads a touched table there is a no-go; who reads others could read it next, and is a warning."""
    if case.touched is not None and not case.touched.exclusive:
        return
    for replica in case.replicas:
        yield from _of(replica, case)
    yield from _unknown_ones(case)


def _of(replica: Replica, case: Case) -> Iterator[Reason]:
    if replica.live is None:
        yield _cannot_tell(replica, f"the replica {replica.name} cannot be asked: {replica.failure}")
        return
    if not replica.live.server.standby:
        yield _cannot_tell(replica, f"{replica.name} is no standby")
        return
    if None not in {replica.live.identity, case.live.identity} and replica.live.identity != case.live.identity:
        yield _cannot_tell(replica, f"{replica.name} is no copy of this server")
        return
    if not replica.live.role.sees_all:
        yield _cannot_tell(replica, f"on {replica.name} the role {replica.live.server.role} sees no transactions")
    yield from _readers(replica.name, replica.live, case)


def _readers(name: str, live: Live, case: Case) -> Iterator[Reason]:
    old = [one for one in live.backends if one.age is not None and one.age >= case.limits.on_replica]
    exclusive = {relation.oid for relation in case.relations(case.touched.exclusive)} if case.touched else set()
    on_touched = {lock.pid for lock in live.locks if lock.granted and lock.relation in exclusive}
    readers = [one for one in old if one.pid in on_touched]
    others = [one for one in old if one.pid not in on_touched]
    if readers:
        names = sorted({f"{lock.schema}.{lock.name}" for lock in live.locks if lock.relation in exclusive})
        yield conflict_on(name, readers, names)
    if others:
        heavy = case.touched is None and any((one.age or 0.0) >= case.limits.old for one in others)
        what = "one that reads a touched table would stall replay"
        yield _conflict(name, others, Weight.NO_GO if heavy else Weight.WARNING, what)


def conflict_on(name: str, readers: Sequence[Backend], tables: Sequence[str]) -> Reason:
    """Somebody reads what is about to be locked.

    Args:
        name: of the replica, as people may see it.
        readers: one or more.
        tables: those that they may read.
    """
    return _conflict(name, readers, Weight.NO_GO, f"on {some(tables)}: replay would wait, and then end them")


def _conflict(name: str, found: Sequence[Backend], weight: Weight, what: str) -> Reason:
    longest = max(one.age or 0.0 for one in found)
    return Reason(
        check=NAME,
        weight=weight,
        text=f"{name}: {counted(len(found), 'transaction')} for up to {duration(longest)} {what}",
        hint="let them end; max_standby_streaming_delay says how long replay waits",
        passing=True,
        node=name,
        culprits=oldest_first(map(session, found)),
    )


def _cannot_tell(replica: Replica, text: str) -> Reason:
    return Reason(check=NAME, weight=Weight.UNKNOWN, text=text, passing=replica.live is None, node=replica.name)


def _unknown_ones(case: Case) -> Iterator[Reason]:
    """Replicas that take the log, and that nobody has named."""
    taking = [one for one in case.live.senders if not one.logical and one.state in {None, "streaming", "catchup"}]
    missing = len(taking) - len(case.replicas)
    if missing > 0:
        named = [one.application or one.client or str(one.pid) for one in taking]
        yield Reason(
            check=NAME,
            weight=Weight.WARNING,
            text=f"{counted(missing, 'replica')} of {len(taking)} not asked for readers: {some(named)}",
            hint="name each with --replica, or in the configuration's `replicas`",
            objects=tuple(named),
        )
