"""Looks before a lock is queued for: who has what a piece needs, and who would suffer if it waited.

The look is preflight's, kept to the tables of one piece, and stricter: whoever has held on for longer than a try may
wait will not let go for it. It reads what the server knows of its locks, and locks nothing itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self

from migsafe.errors import EnvironmentFailedError
from migsafe.model.dialect import ServerVersion
from migsafe.postgres.address import resolve_address, spell_database
from migsafe.postgres.catalogue import read_catalogue
from migsafe.postgres.live import glance, open_live, read_live
from migsafe.preflight.case import Case, Replica
from migsafe.preflight.checks import locks, replicas, transactions, vacuum
from migsafe.preflight.options import Limits
from migsafe.preflight.report import Reason, Weight, heaviest_first
from migsafe.preflight.text import spell_culprit
from migsafe.preflight.touched import Touched, predict_next
from migsafe.runner.patience import Budget, Sight, Way

if TYPE_CHECKING:
    from migsafe.model.catalogue import Catalogue
    from migsafe.model.script import Migration
    from migsafe.model.statement import ReadScript
    from migsafe.postgres.connection import Session
    from migsafe.postgres.live_rows import Live
    from migsafe.runner.pieces import Piece

#: Whoever is younger ends by itself, as a rule: transactions of an application last for milliseconds.
LIMITS = Limits(holding=1.0, waiting=1.0, on_replica=1.0, old=60.0)
#: On a standby no try ends by itself: replay waits for who is there, however long they go on to last. So at first only
#: a moment will do in which nobody has read for even this long; such moments need not come, so later LIMITS are enough.
_YOUNG_ON_REPLICA, _CHOOSY_FOR = 0.1, 10.0
#: How much longer than `deadlock_timeout` a wait must be, for autovacuum to be gone before it ends.
_GRACE_MS = 250

#: What concerns a single try; the rest of preflight was asked before the step.
_CHECKS: tuple[Callable[[Case], Iterator[Reason]], ...] = (
    locks.holders,
    locks.queue,
    transactions.check,
    vacuum.check,
    replicas.check,
)


class Lookout:
    """Looks at one server and its standbys, on connections of its own; a context manager that closes them.

    A step is judged by what the server has when it begins; each of its pieces by that, and by what those before it did.
    Where one of them ran code that nobody could read, the server is asked anew.
    """

    def __init__(
        self,
        dsn: str,
        replicas: Sequence[str] = (),
        *,
        limits: Limits = LIMITS,
        budget: Budget | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Args:
            replicas: standbys, as people say addresses: `env:NAME`, the name of a service, or one without a password.
        """
        self._dsn = dsn
        self._replicas = [resolve_address(one, option="--replica") for one in replicas]
        self._limits = limits
        self._budget = budget or Budget()
        self._clock = clock
        self._choosy_until = 0.0
        self._session: Session | None = None
        self._step: tuple[Migration, ReadScript] | None = None
        self._touched: tuple[Piece, Touched] | None = None
        self._then: Catalogue | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the connections; a look opens them anew."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def turn_to(self, migration: Migration, read: ReadScript) -> None:
        """From now on, pieces are of this migration's script."""
        self._step, self._touched, self._then = (migration, read), None, None
        self._choosy_until = self._clock() + _CHOOSY_FOR

    def look(self, piece: Piece) -> Sight:
        """Who is in the way of a piece now. A server that does not answer is a reason to wait, and no error."""
        try:
            return self._judged(piece)
        except EnvironmentFailedError as error:
            self.close()
            return Sight(Way.HELD, f"nobody can tell who is in the way: {error.message}", error.hint, "cannot look")

    def is_strong(self, piece: Piece) -> bool:
        """Whether a piece takes a lock for which writers or readers have to wait.

        Code that only a run could tell of counts by what is known of it.

        Raises:
            EnvironmentFailedError: when the server cannot be asked what there is.
        """
        try:
            with glance(self._open()):
                return bool(self._touched_by(piece).strong)
        except EnvironmentFailedError:
            self.close()
            raise

    def _judged(self, piece: Piece) -> Sight:
        session = self._open()
        with glance(session):
            touched = self._touched_by(piece)
            if not touched.modes and not touched.concurrently:
                return Sight()
            live = read_live(session, touched.modes.keys(), whose=bool(self._replicas))
        asked = tuple(self._ask(dsn, touched) for dsn in self._replicas) if touched.exclusive else ()
        case = Case(live=live, now=datetime.now(UTC), touched=touched, replicas=asked, limits=self._limits_now())
        return judge(case, self._budget)

    def _limits_now(self) -> Limits:
        if self._clock() >= self._choosy_until:
            return self._limits
        return replace(self._limits, on_replica=min(self._limits.on_replica, _YOUNG_ON_REPLICA))

    def _open(self) -> Session:
        if self._session is None:
            self._session = open_live(self._dsn)
        return self._session

    def _touched_by(self, piece: Piece) -> Touched:
        """Asked once for each step: a catalogue of a thousand tables takes half a second to read."""
        if self._touched is None or self._touched[0] != piece:
            assert self._session is not None, "it was opened for this"
            assert self._step is not None, "a piece is of a step"
            migration, read = self._step
            server = ServerVersion(self._session.server_version // 10_000, "given")
            only = replace(read, statements=(*piece.settings, *piece.statements))
            before = self._then if self._then is not None else read_catalogue(self._session)
            touched, after = predict_next(migration, only, before, server)
            self._touched, self._then = (piece, touched), None if touched.opaque or touched.not_read else after
        return self._touched[1]

    def _ask(self, dsn: str, touched: Touched) -> Replica:
        name = spell_database(dsn)
        try:
            with open_live(dsn) as session, glance(session):
                return Replica(name, read_live(session, touched.modes.keys(), whose=True))
        except EnvironmentFailedError as error:
            return Replica(name, failure=error.message)


def judge(case: Case, budget: Budget) -> Sight:
    """Who is in the way, of all that was seen; pure.

    Args:
        case: what is touched, and what goes on there.
        budget: says how long a try may wait for autovacuum.
    """
    case = replace(case, live=_of_known_age(case.live))
    reasons = [reason for check in _CHECKS for reason in check(case)]
    if held := heaviest_first([one for one in reasons if _stands(one)]):
        return Sight(Way.HELD, _spell(held), held[0].hint, _about(held))
    working = [one for one in reasons if one.check == vacuum.NAME]
    if not working:
        young = _young(reasons)
        return Sight(text=_spell(young)) if young else Sight()
    if case.live.server.deadlock_timeout_ms + _GRACE_MS > budget.lock_beside_autovacuum * 1000:
        hint = "no try may wait that long: let it end, or cancel that vacuum"
        return Sight(Way.HELD, _spell(working), hint, _about(working))
    return Sight(Way.AUTOVACUUM, _spell(working))


def _of_known_age(live: Live) -> Live:
    """Without those who may be young: of a group with one of them, nobody could say how old it is.

    Sessions are read a moment before their locks: who has one and had no transaction has just begun it. Who is hidden
    stops nobody either: tries are short.
    """
    backends = tuple(replace(one, age=0.0) if one.age is None and not one.hidden else one for one in live.backends)
    seen = {one.pid for one in backends if not one.hidden}
    held = tuple(one for one in live.locks if not one.granted or one.pid is None or one.pid in seen)
    return replace(live, backends=backends, locks=held)


def _stands(reason: Reason) -> bool:
    """A standby that cannot be asked may have to stand still for minutes; else what is not known costs one try."""
    return reason.weight is Weight.NO_GO or (reason.weight is Weight.UNKNOWN and reason.check == replicas.NAME)


def _young(reasons: Iterable[Reason]) -> list[Reason]:
    """Nobody waits for those who end in a moment, but a try that fails has failed because of them."""
    return [one for one in reasons if one.check == locks.HOLDERS]


def _about(reasons: Iterable[Reason]) -> str:
    """What is in the way, without how old it is."""
    return "; ".join(
        f"{one.check} {' '.join(one.objects)} {' '.join(str(each.pid or each.gid) for each in one.culprits)}"
        for one in reasons
    )


def _spell(reasons: Sequence[Reason]) -> str:
    """The heaviest in one line, with the first of those whom it is about."""
    first = reasons[0]
    parts = [first.text]
    if first.culprits:
        culprit = first.culprits[0]
        parts.append(spell_culprit(culprit) + (f": {culprit.query}" if culprit.query else ""))
    more = len(reasons) - 1
    return "; ".join(parts) + (f" (and {more} more)" if more else "")
