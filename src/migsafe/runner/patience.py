"""When a transaction that needs a strong lock is tried, for how long, and when no more. Pure: values in, values out.

Whoever waits for a strong lock keeps everybody waiting who comes after: the try itself is what hurts. So a try is
short, it is made only when nobody is seen who would make it fail, and in any two minutes all tries together last at
most 6 s, which is 5 % of the time. What failed is tried as a whole, from its BEGIN, after a pause that doubles.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum

from migsafe.preflight.words import counted, duration

#: lock_not_available, deadlock_detected, serialization_failure: nothing is left of the transaction, and the next one
#: may have more luck (manual of PostgreSQL 18, appendix A).
_RETRIED = frozenset({"55P03", "40P01", "40001"})
#: query_canceled and transaction_timeout: retried where it was our own limit that ended it.
_CANCELLED = frozenset({"57014", "25P04"})
#: A limit may strike a little early, by another clock.
_ABOUT = 0.9
#: So many tries that end by the cap, and not by `lock_timeout`, are no bad luck: the work itself takes longer.
_OVERRUNS = 3
#: `transaction_timeout` ends the session, which `statement_timeout` does not: it comes so much later, if that fails.
_BACKSTOP_MS = 500


class Way(Enum):
    """What was seen on the way to a lock.

    FREE: nobody, or transactions so young that they end by themselves in a moment.
    AUTOVACUUM: an ordinary autovacuum alone, which gives way to who waits for a second.
    HELD: somebody who would make the try fail, or who would suffer from it.
    """

    FREE = "free"
    AUTOVACUUM = "autovacuum"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class Sight:
    """What a look before a try has found.

    Attributes:
        text: who is in the way, with pid and query, in one line; empty where nobody is.
        hint: what a person can do about it.
        about: the same for as long as the same ones are in the way, though `text` says how old they are by now.
        again: seconds until the next look, where somebody is seen who may be gone in a moment.
        brief: in the way for so short a time that nobody has to read of it.
        warning: who will have to wait though it is tried, in one line; empty where nobody has to.
    """

    way: Way = Way.FREE
    text: str = ""
    hint: str | None = None
    about: str = ""
    again: float | None = None
    brief: bool = False
    warning: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How much patience there is; in seconds.

    Attributes:
        lock: for each lock of a try.
        lock_beside_autovacuum: the same, where only an ordinary autovacuum is in the way: it gives way after 1 s.
        cap_times: a try lasts at most so many times that, however many locks it takes.
        pause: after the first try; it doubles.
        longest_pause: what it does not grow beyond.
        share: the part of the time that tries may take …
        window: … in any stretch of this length.
        whole: when a piece is given up.
        look_every: between two looks at who is in the way; looking disturbs nobody.
    """

    lock: float = 0.5
    lock_beside_autovacuum: float = 1.25
    cap_times: float = 3.0
    pause: float = 1.0
    longest_pause: float = 60.0
    share: float = 0.05
    window: float = 120.0
    whole: float = 1800.0
    look_every: float = 2.0

    def __post_init__(self) -> None:
        if self.cap_times * max(self.lock, self.lock_beside_autovacuum) > self.allowance:
            raise ValueError("a single try would take more than its share of the time")

    @property
    def allowance(self) -> float:
        """For how long tries may last altogether in one window."""
        return self.share * self.window


@dataclass(frozen=True, slots=True)
class Attempt:
    """Try it now.

    Attributes:
        number: from 1.
        lock_ms: `lock_timeout`.
        cap_ms: `statement_timeout`: of the whole transaction, so that each next statement gets what is left of it;
            0 for a transaction that keeps nobody waiting.
        began: when, by the clock of `decide`.
    """

    number: int
    lock_ms: int
    cap_ms: int
    began: float

    @property
    def transaction_ms(self) -> int:
        """`transaction_timeout`, from Postgres 17 on; 0 without a cap."""
        return self.cap_ms + _BACKSTOP_MS if self.cap_ms else 0

    def statement_ms(self, spent_ms: float) -> int:
        """`statement_timeout` for the next statement of a transaction that has lasted so long; 0 without a cap."""
        return max(int(self.cap_ms - spent_ms), 1) if self.cap_ms else 0


@dataclass(frozen=True, slots=True)
class Wait:
    """Look again after some seconds; in the meantime nobody waits because of us.

    Attributes:
        why: for people; empty where it is not worth a line.
        about: the same for as long as the cause is, so that nobody has to read it again and again.
    """

    seconds: float
    why: str
    about: str


@dataclass(frozen=True, slots=True)
class GiveUp:
    """It is not tried any more; nothing of it is left."""

    why: str
    hint: str | None = None


Decision = Attempt | Wait | GiveUp


@dataclass(frozen=True, slots=True)
class Failure:
    """How a try ended that did not succeed.

    Attributes:
        ended: when, by the clock of `decide`.
        sqlstate: None where the connection is lost.
        text: what the server said.
    """

    ended: float
    sqlstate: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Tries:
    """What was tried so far on one database: the share of the time counts for all pieces together.

    Attributes:
        since: when the piece that is under way was first thought of.
        number: how often it was tried.
        overruns: how often it reached the cap, one after the other.
        not_before: when the pause is over.
        lasted: tries of the last window: when they began and ended.
        last: why the last one failed, or who was seen just before it would have begun.
    """

    since: float = 0.0
    number: int = 0
    overruns: int = 0
    not_before: float = 0.0
    lasted: tuple[tuple[float, float], ...] = field(default=())
    last: str = ""

    def next_piece(self, now: float) -> Tries:
        """The same for another piece, which has all its time before it."""
        return Tries(since=now, lasted=self.lasted)


def decide(tries: Tries, now: float, sight: Sight, budget: Budget, *, strong: bool = True) -> Decision:
    """What to do now.

    Args:
        now: seconds, by any clock that does not go back.
        sight: what was just seen.
        strong: it takes a lock for which writers or readers have to wait; else it has no cap, and no share.
    """
    lock = budget.lock_beside_autovacuum if sight.way is Way.AUTOVACUUM else budget.lock
    cap = budget.cap_times * lock if strong else 0.0
    left = tries.since + budget.whole - now
    if left <= cap:
        return _give_up(tries, sight, budget)
    if sight.way is Way.HELD:
        pause = budget.look_every if sight.again is None else sight.again
        return Wait(min(pause, left), "" if sight.brief else sight.text, sight.about or sight.text)
    if now < tries.not_before:
        why = f"for {duration(tries.not_before - now)}, before try {tries.number + 1}: {tries.last}"
        return Wait(min(tries.not_before - now, left), why, f"pause {tries.number}")
    if strong and (free := _free_at(tries.lasted, now, cap, budget)) > now:
        share = f"for {duration(free - now)}: tries may take {budget.share:.0%} of the time"
        why = f"{share}; the last one failed: {tries.last}" if tries.last else share
        return Wait(min(free - now, left), why, f"share {tries.number}")
    return Attempt(tries.number + 1, _ms(lock), _ms(cap), now)


def after_success(tries: Tries, attempt: Attempt, ended: float, budget: Budget) -> Tries:
    """What counts for the next piece: others have waited for a try that succeeded, too."""
    return replace(tries.next_piece(ended), lasted=_lasted(tries, attempt, ended, budget))


def after_passing(tries: Tries, sight: Sight) -> Tries:
    """What is known after a moment that has passed before anything was locked: that was no try."""
    return replace(tries, last=sight.text)


def after_failure(
    tries: Tries, attempt: Attempt, failure: Failure, budget: Budget, *, jitter: float, repeatable: bool = True
) -> Tries | GiveUp:
    """What counts for the next try, or why there is none.

    Args:
        jitter: from 0 to 1, drawn anew each time: two runs that met do not meet again.
        repeatable: nothing of it is left when it fails; false where a tool commits in between.
    """
    took = failure.ended - attempt.began
    if (refusal := _refusal(tries, attempt, failure, took, repeatable=repeatable)) is not None:
        return refusal
    longest = min(budget.pause * 2 ** min(tries.number, 30), budget.longest_pause)
    return Tries(
        since=tries.since,
        number=attempt.number,
        overruns=tries.overruns + 1 if failure.sqlstate in _CANCELLED else 0,
        # Never less than the try itself has lasted: those who waited for it get through before the next one.
        not_before=failure.ended + max(jitter * longest, took),
        lasted=_lasted(tries, attempt, failure.ended, budget),
        last=failure.text,
    )


def _refusal(tries: Tries, attempt: Attempt, failure: Failure, took: float, *, repeatable: bool) -> GiveUp | None:
    by_cap = failure.sqlstate in _CANCELLED and attempt.cap_ms > 0 and took * 1000 >= _ABOUT * attempt.cap_ms
    if failure.sqlstate not in _RETRIED and not by_cap:
        return GiveUp(failure.text)
    if not repeatable:
        return GiveUp(failure.text, hint="it commits in between, so it is not tried again by itself: look what is left")
    if by_cap and tries.overruns + 1 >= _OVERRUNS:
        return GiveUp(
            f"{_OVERRUNS} times in a row it took longer than {duration(attempt.cap_ms / 1000)}, "
            "with a lock that keeps others waiting",
            hint="it is its work that takes so long, not the wait for a lock: migsafe lint says how to do it in parts",
        )
    return None


def _give_up(tries: Tries, sight: Sight, budget: Budget) -> GiveUp:
    tried = f"tried {counted(tries.number, 'time')}" if tries.number else "never tried"
    why = sight.text or tries.last
    text = f"given up after {duration(budget.whole)}, {tried}"
    return GiveUp(f"{text}: {why}" if why else text, hint=sight.hint)


def _free_at(lasted: tuple[tuple[float, float], ...], now: float, cap: float, budget: Budget) -> float:
    """The first moment from which a try of the longest length keeps every window below its share.

    Windows that end before that try does hold less of it, by as much as they may hold more of what was before.
    """
    counting = [one for one in lasted if one[1] > now + cap - budget.window]
    taken = sum(ended - began for began, ended in counting)
    moment = now
    for began, ended in counting:  # oldest first: each leaves the window in its turn
        if cap + taken <= budget.allowance:
            break
        moment, taken = ended + budget.window - cap, taken - (ended - began)
    return moment


def _lasted(tries: Tries, attempt: Attempt, ended: float, budget: Budget) -> tuple[tuple[float, float], ...]:
    """Those that still count, and this one; a transaction that keeps nobody waiting does not count."""
    still = tuple(one for one in tries.lasted if one[1] > ended - budget.window)
    return (*still, (attempt.began, ended)) if attempt.cap_ms else still


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
