"""Whose turn it is on a database, or on the rollouts of an environment: a row with a number that grows each time.

The number is the fence: whoever comes back late finds another one, and stops. A lease lives as long as its heart beats;
one that beats is never taken over. The row is locked in three strengths, which is what makes it hold:

- a step's transaction reads it FOR KEY SHARE, and so keeps others from taking the lease until it has committed;
- a heartbeat changes no key, which KEY SHARE lets pass: a step that runs for an hour does not look dead;
- whoever takes, gives back or breaks it reads it FOR UPDATE first, which no step's transaction lets pass.

In SQLite there is one writer at a time, and all three are that.
"""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from migsafe.errors import UsageError
from migsafe.model.state import TargetName
from migsafe.tracker import tables as t
from migsafe.tracker.engines import make_engine, transaction
from migsafe.tracker.errors import TrackerRefusedError
from migsafe.tracker.ledger import Ledger
from migsafe.tracker.opening import NoTrackerError
from migsafe.tracker.place import find_tables

if TYPE_CHECKING:
    from collections.abc import Callable

    from migsafe.tracker.opening import Tracker
    from migsafe.tracker.store import Store

#: Seconds between two heartbeats.
BEAT = 5.0
#: Seconds without one after which a holder is gone.
DEAD_AFTER = 60.0
#: For how long a heartbeat waits for somebody who holds the tracker, in milliseconds: the next one is soon.
_BEAT_PATIENCE = 1_000

_KIND = "lease"
_CLOCK = sa.text("select clock_timestamp()")


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who takes a lease, and what for.

    Attributes:
        actor: a person, or a system that deploys.
        host: its machine.
        pid: its process there.
        purpose: what it does, in a few words.
        backend_pid: the server's process that holds its lock; None where the target has none.
    """

    actor: str
    purpose: str
    host: str = ""
    pid: int = 0
    backend_pid: int | None = None

    @classmethod
    def here(cls, actor: str, purpose: str, backend_pid: int | None = None) -> Holder:
        """This process."""
        return cls(actor=actor, purpose=purpose, host=socket.gethostname(), pid=os.getpid(), backend_pid=backend_pid)


@dataclass(frozen=True, slots=True)
class Rollouts:
    """The rollouts of an environment: they have a turn of their own, whatever runs on its databases meanwhile."""

    environment: str

    def __str__(self) -> str:
        return f"the rollout on {self.environment}"


#: What can be taken.
Place = TargetName | Rollouts


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """A lease as it was seen.

    Attributes:
        seen_at: when, by the clock that its heart beats by: the tracker's server's, or this machine's for a file.
        released_at: when it was given back or broken; None while it is held.
    """

    where: Place
    fence: int
    holder: Holder
    taken_at: datetime
    heartbeat_at: datetime
    seen_at: datetime
    released_at: datetime | None = None

    @property
    def silent_for(self) -> float:
        """Seconds since the last heartbeat."""
        return max((self.seen_at - self.heartbeat_at).total_seconds(), 0.0)

    @property
    def held_for(self) -> float:
        """Seconds since it was taken."""
        return max((self.seen_at - self.taken_at).total_seconds(), 0.0)

    @property
    def is_held(self) -> bool:
        """Nobody has given it back, and its heart beats."""
        return self.released_at is None and self.silent_for < DEAD_AFTER


class LeaseHeldError(TrackerRefusedError):
    """Somebody else's turn it is."""

    def __init__(self, lease: Lease, *, at_work: bool = False) -> None:
        """
        Args:
            lease: the one that stands in the way.
            at_work: a transaction of its holder is open in this moment.
        """
        self.lease = lease
        self.at_work = at_work
        super().__init__(f"{lease.where} is taken: {spell_holder(lease)}", hint=_way_on(lease, at_work=at_work))


class LeaseLostError(TrackerRefusedError):
    """It is not our turn any more."""


def read_lease(ledger: Ledger, where: Place, *, now: datetime | None = None) -> Lease | None:
    """The last lease of a database, held or not; None where nobody ever had one.

    Args:
        now: this machine's time, for a tracker in a file; its own when None.
    """
    row = ledger.first(_of(where))
    return None if row is None else _lease(row, where, _moment(ledger, now))


def take_lease(
    store: Store, where: Place, holder: Holder, *, is_gone: Callable[[Lease], bool] = lambda lease: False
) -> Lease:
    """Take a database's lease, with a fence that nobody had before.

    Args:
        store: in a transaction of its own; the lease is ours once that has committed.
        is_gone: says of a lease whether its holder is known to be gone, though its last heartbeat is young.

    Raises:
        LeaseHeldError: when its holder lives, or has a transaction open that is fenced by it.
        UnknownNameError: when the tracker does not know the database.
    """
    where = _known(store, where)
    now = _moment(store.ledger, store.now)
    values = {**_held_by(holder), "taken_at": now, "heartbeat_at": now, "released_at": None}
    last = _locked(store, where, now)
    if last is not None and last.is_held and not is_gone(last):
        raise LeaseHeldError(last)
    fence = 1 if last is None else last.fence + 1
    if last is None:
        store.ledger.insert(_table(where), [{**_key(where), "fence": fence, **values}])
    else:
        store.replace(_table(where), _key(where), {"fence": last.fence}, {"fence": fence, **values})
    before = None
    if last is not None and last.released_at is None:
        before = {"fence": last.fence, "silent_for_s": round(last.silent_for), **_said(last.holder)}
    store.log(_KIND, f"{where} taken", before=before, after={"fence": fence, **_said(holder)}, env=where.environment)
    return Lease(where=where, fence=fence, holder=holder, taken_at=now, heartbeat_at=now, seen_at=now)


def release_lease(store: Store, lease: Lease) -> bool:
    """Give a lease back; false where it was not ours any more, and nothing is written."""
    now = _moment(store.ledger, store.now)
    last = _locked(store, lease.where, now)
    if last is None or last.fence != lease.fence or last.released_at is not None:
        return False
    store.replace(
        _table(lease.where), _key(lease.where), {"fence": lease.fence, "released_at": None}, {"released_at": now}
    )
    _log_end(store, last, "released")
    return True


def break_lease(store: Store, where: Place, reason: str) -> Lease:
    """Take a lease away from its holder, whether its heart beats or not; its next step finds that out, and stops.

    This ends no session: a lock in the database stays until its session ends.

    Args:
        reason: why, for those who read the history.

    Returns:
        The lease that was broken.

    Raises:
        UsageError: without a reason.
        LeaseHeldError: when a step's transaction is open in this moment: what it does cannot be undone by this.
        TrackerRefusedError: when there is nothing to break.
    """
    if not reason.strip():
        raise UsageError(
            "a lock is only broken with a reason", hint="say who was asked, and how it is known to be gone"
        )
    now = _moment(store.ledger, store.now)
    last = _locked(store, where, now)
    if last is None or last.released_at is not None:
        raise TrackerRefusedError(f"nobody has taken {where}: there is nothing to break")
    # The fence grows here already: what the old holder still wants to commit must not pass.
    after = {"fence": last.fence + 1, "released_at": now}
    store.replace(_table(where), _key(where), {"fence": last.fence, "released_at": None}, after)
    _log_end(store, last, "broken", reason)
    return last


def check_fence(ledger: Ledger, lease: Lease) -> None:
    """Make sure, inside of a step's transaction, that it is still our turn; it stays so until the transaction ends.

    A lock that a transaction takes is only held until a savepoint is rolled back to: call it outside of savepoints.

    Raises:
        LeaseLostError: when somebody else has taken it, or has broken ours. The transaction must be rolled back.
    """
    row = ledger.first(_of(lease.where).with_for_update(read=True, key_share=True))
    if row is None or row.fence != lease.fence or row.released_at is not None:
        raise _lost(lease, row)


def beat(tracker: Tracker, lease: Lease) -> bool:
    """Say that the holder lives, in a short transaction of its own; false where the lease is not ours any more.

    It takes no turn among the tracker's writers and writes no event, so that it waits for no one.

    Raises:
        MigsafeError: when the tracker cannot be written in this moment.
    """
    engine = make_engine(tracker.address, writing=True, patience=_BEAT_PATIENCE)
    with transaction(engine, tracker.address, patience=_BEAT_PATIENCE) as connection:
        found, schema = find_tables(connection)
        if not found:
            raise NoTrackerError(f"there is no tracker at {tracker.address.shown}")
        ledger = Ledger(connection, schema)
        table = _table(lease.where)
        c = table.c
        ours = sa.and_(_is(lease.where), c.fence == lease.fence, c.released_at.is_(None))
        now = _moment(ledger, tracker.clock())
        return ledger.write(table.update().where(ours).values(heartbeat_at=now)) == 1


def spell_holder(lease: Lease) -> str:
    """`mira on laptop (process 4711) since 09:00:12 UTC (3 min): expand of 1.8.0`."""
    who = lease.holder
    place = f" on {who.host}" if who.host else ""
    since = f"since {lease.taken_at:%H:%M:%S} UTC ({_span(lease.held_for)})"
    return f"{who.actor}{place} (process {who.pid}) {since}: {who.purpose}"


def _way_on(lease: Lease, *, at_work: bool) -> str:
    if at_work:
        return "a step of it runs in this moment; --wait-for-turn SECONDS waits for it"
    if lease.silent_for < 2 * BEAT:
        return "it lives; --wait-for-turn SECONDS waits for it"
    left = max(DEAD_AFTER - lease.silent_for, 1.0)
    silence = f"nothing was heard of it for {_span(lease.silent_for)}, and after {DEAD_AFTER:.0f} s it is gone"
    sooner = "" if isinstance(lease.where, Rollouts) else ", or --break-lock REASON if you know that it is"
    return f"{silence}: --wait-for-turn {left + 1:.0f}{sooner}"


def _lost(lease: Lease, row: sa.Row[Any] | None) -> LeaseLostError:
    if row is None:
        return LeaseLostError(f"the lease of {lease.where} is not in the tracker any more")
    if row.fence == lease.fence or row.released_at is not None:
        how = "was broken" if row.fence != lease.fence else "was given back"
        text = f"the lease of {lease.where} {how}: nothing more is done"
        return LeaseLostError(text, hint="migsafe history says by whom")
    return LeaseLostError(
        f"the lease of {lease.where} was taken over by {row.holder} on {row.host or '?'} "
        f"({row.purpose}): nothing more is done",
        hint="migsafe status shows what was done",
    )


def _locked(store: Store, where: Place, now: datetime) -> Lease | None:
    """The lease, kept as it is until this transaction ends.

    Raises:
        LeaseHeldError: when somebody else's transaction has the row.
    """
    row = store.ledger.first(_of(where).with_for_update(skip_locked=True))
    if row is not None:
        return _lease(row, where, now)
    passed_over = read_lease(store.ledger, where, now=store.now)
    if passed_over is not None:
        raise LeaseHeldError(passed_over, at_work=True)
    return None


def _log_end(store: Store, lease: Lease, how: str, reason: str | None = None) -> None:
    before = {"fence": lease.fence, **_said(lease.holder)}
    store.log(_KIND, f"{lease.where} {how}", before=before, env=lease.where.environment, reason=reason)


def _moment(ledger: Ledger, now: datetime | None) -> datetime:
    """By the server's clock: those of two machines may be a minute apart, and a lease would look dead."""
    if ledger.is_postgres:
        moment: datetime = ledger.connection.scalar(_CLOCK)
        return moment.astimezone(UTC)
    return now or datetime.now(UTC)


def _known(store: Store, where: Place) -> Place:
    environment = store.names.environment(where.environment)
    return store.names.target(environment, where.target) if isinstance(where, TargetName) else Rollouts(environment)


def _of(where: Place) -> sa.Select[Any]:
    return sa.select(_table(where)).where(_is(where))


def _is(where: Place) -> sa.ColumnElement[bool]:
    return sa.and_(*(_table(where).c[name] == value for name, value in _key(where).items()))


def _table(where: Place) -> sa.Table:
    return t.lease if isinstance(where, TargetName) else t.deployment_turn


def _key(where: Place) -> dict[str, str]:
    if isinstance(where, TargetName):
        return {"env": where.environment, "target": where.target}
    return {"env": where.environment}


def _held_by(holder: Holder) -> dict[str, Any]:
    return {
        "holder": holder.actor,
        "host": holder.host,
        "pid": holder.pid,
        "backend_pid": holder.backend_pid,
        "purpose": holder.purpose[:255],
    }


def _said(holder: Holder) -> dict[str, Any]:
    return {name: value for name, value in _held_by(holder).items() if value is not None}


def _lease(row: sa.Row[Any], where: Place, now: datetime) -> Lease:
    who = Holder(actor=row.holder, host=row.host, pid=row.pid, backend_pid=row.backend_pid, purpose=row.purpose)
    return Lease(
        where=where,
        fence=row.fence,
        holder=who,
        taken_at=row.taken_at,
        heartbeat_at=row.heartbeat_at,
        seen_at=now,
        released_at=row.released_at,
    )


def _span(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
