"""One run at a time on a database: a lock in the database, and a lease in the tracker.

The lock is exact and dies with its session; the lease says to people who has it, and its fence stops whoever comes back
late. Two sessions have a lock: the guardian, for as long as the run lasts, and the one that runs the DDL. So a run that
has lost its guardian keeps others out for as long as its DDL is at work.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from migsafe.errors import EnvironmentFailedError, ExitCode, MigsafeError
from migsafe.postgres.advisory import LockHolder, key_of, lock_holder, open_guardian, try_lock, unlock
from migsafe.postgres.poolers import refuse_pooler
from migsafe.preflight.words import duration
from migsafe.runner.leased import LeasedTurn
from migsafe.tracker.errors import TrackerBusyError
from migsafe.tracker.lease import (
    Holder,
    Lease,
    LeaseHeldError,
    break_lease,
    read_lease,
    spell_holder,
    take_lease,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from migsafe.model.state import TargetName
    from migsafe.postgres.connection import Session
    from migsafe.tracker.facts import Author
    from migsafe.tracker.opening import Tracker

#: The guardian's lock: whose turn it is in this database, whatever environments and trackers call it.
TURN = key_of("turn")
#: The locks of sessions that run DDL: of the one that runs transactions, and of one beside it for what runs alone.
WORK = (key_of("work"), key_of("work alone"))

#: Seconds between two tries.
_TRY_EVERY = 1.0
#: How long the server may take to notice that the session before has gone, in seconds.
_SETTLE = 5.0
_SETTLE_STEP = 0.1


class TurnTakenError(MigsafeError):
    """Somebody else runs migrations on this database."""

    exit_code = ExitCode.REFUSED


class TurnLostError(EnvironmentFailedError):
    """It is not certain any more that nobody else runs migrations on this database; what was begun can be resumed."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """How to wait for a turn.

    Attributes:
        seconds: how long; 0 is refused at once.
        on_wait: called before each pause, with why and how many seconds are left.
    """

    seconds: float = 0.0
    on_wait: Callable[[MigsafeError, float], None] | None = None
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


class Turn(LeasedTurn):
    """A turn on a database that is ours.

    Made by `take_turn`. What was read of the database's state before it was taken is out of date: somebody else may
    have had the turn in between. Read it again.
    """

    def __init__(self, guardian: Session, tracker: Tracker, author: Author, lease: Lease) -> None:
        super().__init__(guardian, tracker, author, lease)
        self._guardian = guardian
        self._sessions = 0

    def close(self) -> None:
        """As every turn, and its lock with it."""
        super().close()
        with suppress(EnvironmentFailedError):  # the server takes a moment to end a session: the next run need not wait
            unlock(self._guardian, TURN)
        self._guardian.close()

    def check(self) -> None:
        """Make sure that it is still ours; before every step, and before every statement that runs by itself.

        Raises:
            TurnLostError: when the guardian is gone, the lease is somebody else's, or nobody could tell for too long.
        """
        if (why := self._heart.trouble) is not None:
            raise TurnLostError(
                f"{self.lease.where}: {why}; nothing more is begun", hint="migsafe run resume, when the cause is gone"
            )

    @contextmanager
    def on(self, session: Session) -> Iterator[None]:
        """Hold a second lock on a session that runs DDL, for as long as this lasts.

        One more session may have one inside of this: a statement that no transaction may hold runs on its own, and goes
        on in the server when this process is killed.

        The server may still be ending the session before, where that was lost: this waits for it for 5 s.

        Raises:
            TurnTakenError: when another run's session has it.
        """
        key = WORK[self._sessions]
        self._claim(session, key)
        self._sessions += 1
        try:
            yield
        finally:
            self._sessions -= 1
            with suppress(EnvironmentFailedError):  # a session that has ended has given it back
                unlock(session, key)

    def _claim(self, session: Session, key: int) -> None:
        deadline = time.monotonic() + _SETTLE
        while not try_lock(session, key):
            if time.monotonic() >= deadline:
                raise _still_at_work(str(self.lease.where), lock_holder(session, key))
            time.sleep(_SETTLE_STEP)


def take_turn(
    dsn: str, tracker: Tracker, where: TargetName, author: Author, purpose: str, *, waiting: Waiting | None = None
) -> Turn:
    """Take the turn on a database, or wait for it.

    The state must be read again after this, and under `with`: whoever had the turn before has changed it.

    Args:
        dsn: the target itself, not a pooler before it.
        tracker: opened anew for each heartbeat, so by its address, wherever it stands.
        purpose: what for, in a few words, for those who are refused meanwhile.
        waiting: not at all when None.

    Raises:
        TurnTakenError: when somebody else has it, for longer than one may wait.
        LeaseHeldError: when the tracker says so, though the database's lock is free: another machine, a minute ago.
        PoolerError: when there is a pooler before the server.
        EnvironmentFailedError: when the server or the tracker cannot be reached.
    """
    guardian = open_guardian(dsn, f"turn: {author.actor}@{socket.gethostname()} {purpose}")
    try:
        refuse_pooler(guardian)
        holder = Holder.here(author.actor, purpose, guardian.backend_pid)
        lease = wait_for(lambda: _try(guardian, tracker, where, author, holder), waiting or Waiting())
    except BaseException:
        guardian.close()
        raise
    return Turn(guardian, tracker, author, lease)


def break_turn(dsn: str, tracker: Tracker, where: TargetName, author: Author, reason: str) -> tuple[Lease, str | None]:
    """Take a turn away from its holder, whose next transaction finds that out; no session is ended.

    Args:
        reason: why, for those who read the history.

    Returns:
        The lease that was broken; and who still has the lock in the database, so that nobody else can have the turn:
        None where it is free.

    Raises:
        UsageError: without a reason.
        LeaseHeldError: when a transaction of its holder is open in this moment.
        TrackerRefusedError: when nobody has it.
    """
    with tracker.writing(author) as store:
        broken = break_lease(store, where, reason)
    with open_guardian(dsn, "break") as session:
        refuse_pooler(session)
        holders = [one for key in (TURN, *WORK) if (one := lock_holder(session, key)) is not None]
    return broken, _spell(holders[0]) if holders else None


def wait_for(attempt: Callable[[], Lease], waiting: Waiting) -> Lease:
    """Try until the turn is ours, or the time is over.

    Raises:
        MigsafeError: what the last try said.
    """
    deadline = waiting.clock() + waiting.seconds
    while True:
        try:
            return attempt()
        except (TurnTakenError, LeaseHeldError, TrackerBusyError) as taken:
            left = deadline - waiting.clock()
            if left <= 0:
                raise
            if waiting.on_wait is not None:
                waiting.on_wait(taken, left)
        waiting.sleep(min(_TRY_EVERY, left))


def _try(guardian: Session, tracker: Tracker, where: TargetName, author: Author, holder: Holder) -> Lease:
    """Both locks are looked at before the lease: who has them lives, whatever the tracker says."""
    if not try_lock(guardian, TURN):
        raise _taken(guardian, tracker, where)
    try:
        for key in WORK:
            if (worker := lock_holder(guardian, key)) is not None:
                raise _still_at_work(str(where), worker)
        with tracker.writing(author) as store:
            lease = take_lease(store, where, holder, is_gone=_is_gone)
    except BaseException:
        with suppress(EnvironmentFailedError):
            unlock(guardian, TURN)
        raise
    return lease


def _is_gone(lease: Lease) -> bool:
    """Whether the holder's process has ended, as only its own machine can tell.

    It is asked by who has the database's lock, so that a machine that is taken for another one by its name does no
    harm: a holder that lives has that lock.
    """
    return lease.holder.host == socket.gethostname() and process_is_gone(lease.holder.pid)


def process_is_gone(pid: int) -> bool:
    """Whether a process of this machine has ended; one that is this process is an earlier turn of ours.

    A process of the same number that is another one is taken for it: then the silence decides.
    """
    if sys.platform == "win32":
        return False
    if pid == os.getpid():
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def _taken(guardian: Session, tracker: Tracker, where: TargetName) -> TurnTakenError:
    """The tracker says it best, where it is about the same session."""
    holder = lock_holder(guardian, TURN)
    lease = None
    with suppress(MigsafeError), tracker.reading() as ledger:
        lease = read_lease(ledger, where, now=tracker.clock())
    if lease is not None and lease.is_held and (holder is None or lease.holder.backend_pid == holder.pid):
        who = f"{spell_holder(lease)}; its session is pid {lease.holder.backend_pid}"
    elif holder is not None:
        who = _spell(holder)
    else:
        who = "it was given back in this moment"  # between the try and the look
    return TurnTakenError(
        f"{where} is taken: {who}",
        hint="--wait-for-turn SECONDS waits for it"
        if holder is None
        else f"--wait-for-turn SECONDS waits for it; if it hangs: SELECT pg_terminate_backend({holder.pid})",
    )


def _still_at_work(where: str, worker: LockHolder | None) -> TurnTakenError:
    if worker is None:
        return TurnTakenError(f"{where}: a step of another run was at work until now", hint="try again")
    return TurnTakenError(
        f"{where}: a step of an earlier run is still at work, though that run has ended: {_spell(worker)}",
        hint=f"--wait-for-turn SECONDS waits for it; to stop it: SELECT pg_terminate_backend({worker.pid})",
    )


def _spell(holder: LockHolder) -> str:
    user = holder.user or "somebody"
    client = f" from {holder.client}" if holder.client else ""
    since = ""
    if holder.since is not None:
        age = (datetime.now(UTC) - holder.since).total_seconds()
        since = f" since {holder.since.astimezone(UTC):%H:%M:%S} UTC ({duration(age)})"
    return f"{holder.application or 'a session'} as {user}{client}, pid {holder.pid}{since}"
