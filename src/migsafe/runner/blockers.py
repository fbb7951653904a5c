"""Looks before a lock is queued for: who has what a piece needs, and who would suffer if it waited.

The look is preflight's, kept to the tables of one piece, and stricter: whoever has held on for longer than a try may
wait will not let go for it. It reads what the server knows of its locks, and locks nothing itself; all that it ever
writes is an empty message, to have the log sent.

Of standbys, more is asked: see `standbys`. A look is old as soon as it is over, so there is a last one inside of the
transaction, just before the statement that locks against reads.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self

from migsafe.errors import EnvironmentFailedError
from migsafe.postgres.address import resolve_address
from migsafe.postgres.live import glance, open_live, read_live
from migsafe.postgres.watching import send_log
from migsafe.preflight.case import Case, name_of
from migsafe.preflight.checks import locks, replicas, transactions, vacuum
from migsafe.preflight.options import Limits
from migsafe.preflight.report import Reason, Weight, heaviest_first
from migsafe.preflight.text import spell_culprit
from migsafe.runner.patience import Budget, Sight, Way
from migsafe.runner.scenes import Scenes
from migsafe.runner.standbys import StandbyReadError, Standbys, judge_readers

if TYPE_CHECKING:
    from migsafe.model.script import Migration
    from migsafe.model.statement import ReadScript, Statement
    from migsafe.postgres.connection import Session
    from migsafe.postgres.live_rows import Live
    from migsafe.runner.pieces import Piece
    from migsafe.runner.scenes import Scene

#: Whoever is younger ends by itself, as a rule: transactions of an application last for milliseconds.
LIMITS = Limits(holding=1.0, waiting=1.0, on_replica=1.0, old=60.0)
#: For how long the last look waits for short reads to end, and how often it looks, in seconds: the transaction is open,
#: but has no lock yet.
_LAST_LOOK, _LAST_LOOK_EVERY = 0.2, 0.01
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

    `turn_to` comes first.
    """

    def __init__(
        self,
        dsn: str,
        replicas: Sequence[str] = (),
        *,
        limits: Limits = LIMITS,
        budget: Budget | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """
        Args:
            replicas: standbys, as people say addresses: `env:NAME`, the name of a service, or one without a password.
        """
        self._dsn = dsn
        self._standbys = Standbys([resolve_address(one, option="--replica") for one in replicas])
        self._limits = limits
        self._budget = budget or Budget()
        self._clock = clock
        self._sleep = sleep
        self._session: Session | None = None
        self._scenes: Scenes

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the connections; a look opens them anew."""
        self._standbys.close()
        self._hang_up()

    def turn_to(self, migration: Migration, read: ReadScript) -> None:
        """From now on, pieces are of this migration's script."""
        self._scenes = Scenes(migration, read)

    def look(self, piece: Piece) -> Sight:
        """Who is in the way of a piece now. A server that does not answer is a reason to wait, and no error."""
        try:
            return self._judged(piece)
        except EnvironmentFailedError as error:
            self._hang_up()
            return Sight(Way.HELD, f"nobody can tell who is in the way: {error.message}", error.hint, "cannot look")

    def is_strong(self, piece: Piece) -> bool:
        """Whether a piece takes a lock for which writers or readers have to wait.

        Code that only a run could tell of counts by what is known of it.

        Raises:
            EnvironmentFailedError: when the server cannot be asked what there is.
        """
        try:
            with glance(self._open()):
                return bool(self._scene_of(piece).touched.strong)
        except EnvironmentFailedError:
            self._hang_up()
            raise

    def last_look(self, piece: Piece, statement: Statement | None = None) -> str:
        """Look at the standbys once more, where a statement is the first of its piece that locks against reads.

        Nothing is locked yet, so whoever is seen there costs no more than a rollback. Short reads are waited for.

        Args:
            statement: None is the piece as a whole, for who cannot be there at each of its statements.

        Returns:
            For whom replay will have to wait, in one line; empty where nobody has to wait.

        Raises:
            StandbyReadError: somebody reads there for longer than a moment.
        """
        scene = self._scenes.known(piece)
        if scene is None or scene.first is None:
            return ""
        if statement is not None and statement is not scene.first:
            return ""
        until = self._clock() + _LAST_LOOK
        while (sight := self._on_standbys(scene)).way is Way.HELD:
            if self._clock() >= until:
                raise StandbyReadError(sight)
            self._sleep(_LAST_LOOK_EVERY)
        scene.unfree_since = None
        return sight.warning

    def sent(self, piece: Piece, statement: Statement) -> None:
        """Have standbys take the lock now that a statement has taken, and not when its transaction is committed."""
        scene = self._scenes.known(piece)
        if scene is None or scene.first is not statement:
            return
        try:
            send_log(self._open())
        except EnvironmentFailedError:  # then it is sent with the commit: that takes some milliseconds more
            self._hang_up()

    def _judged(self, piece: Piece) -> Sight:
        """Standbys first, where it is known what to ask them: it is one question, and may be asked often."""
        if (sight := self._standby_in_the_way(piece)) is not None:
            return sight
        session = self._open()
        with glance(session):
            scene = self._scene_of(piece)
            touched = scene.touched
            if not touched.modes and not touched.concurrently:
                return Sight()
            live = read_live(session, touched.modes.keys(), whose=bool(self._standbys))
        sight = judge(self._case(live, scene), self._budget)
        if sight.way is Way.HELD:
            scene.unfree_since = None  # it is not for them that it waits
        if sight.way is Way.HELD or scene.first is None:
            return sight
        scene.judged = self._standbys.opened
        on_standbys = self._on_standbys(scene)
        return on_standbys if on_standbys.way is Way.HELD else sight

    def _case(self, live: Live, scene: Scene) -> Case:
        """Everything but who reads on standbys, which changes too fast for this."""
        case = Case(live=live, now=datetime.now(UTC), touched=scene.touched, limits=self._limits)
        locked = case.relations(scene.touched.exclusive)
        scene.relations, scene.tables = tuple(one.oid for one in locked), tuple(str(name_of(one)) for one in locked)
        if scene.first is None or scene.judged == self._standbys.opened:
            return case
        limits = replace(self._limits, on_replica=float("inf"))
        return replace(case, replicas=self._standbys.all_of(scene.touched.modes), limits=limits)

    def _standby_in_the_way(self, piece: Piece) -> Sight | None:
        scene = self._scenes.known(piece)
        if scene is None or scene.judged is None:
            return None
        sight = self._on_standbys(scene)
        return sight if sight.way is Way.HELD else None

    def _on_standbys(self, scene: Scene) -> Sight:
        """Who is there now. A connection that is new may lead elsewhere: then all is to be asked again."""
        now = self._clock()
        seen = self._standbys.readers(scene.relations)
        waited = now - scene.unfree_since if scene.unfree_since is not None else 0.0
        sight = judge_readers(seen, scene.tables, waited, self._limits.on_replica)
        if scene.judged != self._standbys.opened:
            scene.judged = None
            return replace(sight, way=Way.HELD, text=sight.text or "a standby's connection was lost", again=0.0)
        if sight.again is not None and scene.unfree_since is None:
            scene.unfree_since = now
        return sight

    def _scene_of(self, piece: Piece) -> Scene:
        assert self._session is not None, "it was opened for this"
        return self._scenes.of(piece, self._session, with_standbys=bool(self._standbys))

    def _hang_up(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None

    def _open(self) -> Session:
        if self._session is None:
            self._session = open_live(self._dsn)
        return self._session


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
