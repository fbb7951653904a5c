"""Whether a backfill should wait, by what was read of the servers. Pure.

What nobody can tell is a reason to wait: a standby whose lag is hidden may be an hour behind.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_GIGABYTE = 1024**3
#: So much above the point at which autovacuum comes, it has come, or is on its way.
_SURELY = 1.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """From where on a backfill waits.

    Attributes:
        lag_s: a standby is so far behind, in seconds.
        queue_s: somebody waits for a lock on the table for so long, in seconds.
        transaction_s: the oldest transaction is so old, in seconds: what it may still see, no vacuum removes.
        dead_share: of the table's rows so many are dead, from 0 to 1.
        dead_rows: … and so many at least: of a small table every batch is a large part.
        wal_bytes: a replication slot holds back so much.
    """

    lag_s: float = 5.0
    queue_s: float = 0.5
    transaction_s: float = 1_800.0
    dead_share: float = 0.3
    dead_rows: int = 200_000
    wal_bytes: int = _GIGABYTE


@dataclass(frozen=True, slots=True)
class Standby:
    """A standby.

    Attributes:
        lag_s: how far behind it is, in seconds; None where nobody can tell.
        why: why nobody can tell, in words.
    """

    name: str
    lag_s: float | None
    why: str = "nobody can tell how far behind it is"


@dataclass(frozen=True, slots=True)
class Vacuum:
    """A vacuum that works on the table."""

    pid: int
    wraparound: bool
    automatic: bool


@dataclass(frozen=True, slots=True)
class Transaction:
    """The oldest transaction."""

    pid: int
    user: str
    age_s: float
    query: str


@dataclass(frozen=True, slots=True)
class Slot:
    """A replication slot.

    Attributes:
        status: `wal_status`: reserved, extended, unreserved; one that is lost holds nothing back.
        held_bytes: what it holds back; None where it holds nothing any more.
        most_bytes: `max_slot_wal_keep_size`; negative without a limit.
    """

    name: str
    active: bool
    status: str
    held_bytes: int | None
    most_bytes: int


@dataclass(frozen=True, slots=True)
class Bloat:
    """Dead rows of one table, or of one partition.

    Attributes:
        trigger: at so many dead rows autovacuum comes.
        comes: it is on; else dead rows are no reason to wait, since nobody takes them.
    """

    table: str
    rows: float
    dead: int
    trigger: float
    comes: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """What was read at one moment.

    Attributes:
        pause: why somebody wants it to wait; None where nobody does.
        queue: process and seconds of who waits longest for a lock on the table.
        asked: the question of `--hold-if`, and the number that it gave.
    """

    pause: str | None = None
    standbys: tuple[Standby, ...] = ()
    queue: tuple[int, float] | None = None
    oldest: Transaction | None = None
    vacuums: tuple[Vacuum, ...] = ()
    slots: tuple[Slot, ...] = ()
    bloat: tuple[Bloat, ...] = ()
    asked: tuple[tuple[str, float | None], ...] = field(default=())


def reason_to_wait(readings: Readings, limits: Limits) -> str | None:
    """The first reason in the order of their weight; None where it may go on."""
    return next(_reasons(readings, limits), None)


def _reasons(readings: Readings, limits: Limits) -> Iterator[str]:
    if readings.pause is not None:
        yield f"paused: {readings.pause}"
    for query, number in readings.asked:
        if number is None or number > 0:
            yield f"--hold-if gave {'NULL' if number is None else f'{number:g}'}: {query}"
    if readings.queue is not None and readings.queue[1] > limits.queue_s:
        pid, waited = readings.queue
        yield f"process {pid} waits for a lock on the table for {waited:.1f} s"
    yield from (_of_standby(one, limits) for one in readings.standbys if one.lag_s is None or one.lag_s > limits.lag_s)
    yield from (_of_vacuum(one) for one in readings.vacuums)
    yield from (_of_slot(one) for one in readings.slots if _holds_too_much(one, limits))
    if readings.oldest is not None and readings.oldest.age_s > limits.transaction_s:
        yield _of_transaction(readings.oldest)
    yield from (_of_bloat(one) for one in readings.bloat if _is_bloated(one, limits))


def _of_standby(one: Standby, limits: Limits) -> str:
    if one.lag_s is None:
        return f"the standby {one.name}: {one.why}"
    return f"the standby {one.name} is {one.lag_s:.1f} s behind; {limits.lag_s:g} s are the limit"


def _of_vacuum(one: Vacuum) -> str:
    if one.wraparound:
        return f"process {one.pid} vacuums the table to prevent wraparound"
    return f"{'autovacuum' if one.automatic else 'VACUUM'} works on the table (process {one.pid})"


def _of_slot(one: Slot) -> str:
    gone = "" if one.active else ", and nobody reads from it"
    held = "WAL" if one.held_bytes is None else f"{one.held_bytes / _GIGABYTE:.1f} GB of WAL"
    return f"the replication slot {one.name} holds back {held}{gone}"


def _of_transaction(one: Transaction) -> str:
    query = " ".join(one.query.split())[:80]
    return f"process {one.pid} of {one.user} has a transaction open for {one.age_s / 60:.0f} minutes: {query}"


def _holds_too_much(slot: Slot, limits: Limits) -> bool:
    most = max(limits.wal_bytes, slot.most_bytes // 10)
    return slot.status == "unreserved" or (slot.held_bytes is not None and slot.held_bytes > most)


def _of_bloat(one: Bloat) -> str:
    share = 100 * one.dead / (one.rows + one.dead)
    return f"{share:.0f} % of the rows of {one.table} are dead; autovacuum comes for them"


def _is_bloated(one: Bloat, limits: Limits) -> bool:
    """Whether there is much to take away, and so much that autovacuum is sure to come: else the wait had no end."""
    return (
        one.comes
        and one.dead > limits.dead_rows
        and one.dead > limits.dead_share * (one.rows + one.dead)
        and one.dead > _SURELY * one.trigger
    )
