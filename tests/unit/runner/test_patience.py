"""The budget of tries: what it grants, what it never grants, and when it ends."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migsafe.runner.patience import (
    Attempt,
    Budget,
    Failure,
    GiveUp,
    Sight,
    Tries,
    Wait,
    Way,
    after_failure,
    after_success,
    decide,
)

BUDGET = Budget()
FREE, VACUUM = Sight(), Sight(Way.AUTOVACUUM, "autovacuum is at work")
HELD = Sight(Way.HELD, "public.users: pid 4711 for 42 s: update users", "pg_terminate_backend(4711)", "users 4711")
LOCK_TIMEOUT = "55P03"


def attempt(tries: Tries, now: float, sight: Sight = FREE, *, strong: bool = True) -> Attempt:
    decision = decide(tries, now, sight, BUDGET, strong=strong)
    assert isinstance(decision, Attempt), decision
    return decision


def fail(
    tries: Tries, made: Attempt, took: float = 0.5, sqlstate: str | None = LOCK_TIMEOUT, *, jitter: float = 1.0,
    repeatable: bool = True,
) -> Tries | GiveUp:  # fmt: skip
    failure = Failure(made.began + took, sqlstate, "canceling statement due to lock timeout")
    return after_failure(tries, made, failure, BUDGET, jitter=jitter, repeatable=repeatable)


def failed(tries: Tries, made: Attempt, took: float = 0.5, *, jitter: float = 1.0) -> Tries:
    after = fail(tries, made, took, jitter=jitter)
    assert isinstance(after, Tries), after
    return after


def test_the_first_try_is_at_once_and_short() -> None:
    made = attempt(Tries(), 0.0)
    assert (made.number, made.lock_ms, made.cap_ms) == (1, 500, 1500)


def test_autovacuum_alone_is_waited_for_until_it_gives_way() -> None:
    made = attempt(Tries(), 0.0, VACUUM)
    assert (made.lock_ms, made.cap_ms) == (1250, 3750)


def test_who_keeps_nobody_waiting_has_no_cap() -> None:
    made = attempt(Tries(), 0.0, strong=False)
    assert (made.lock_ms, made.cap_ms, made.transaction_ms, made.statement_ms(5000)) == (500, 0, 0, 0)


def test_each_statement_has_what_is_left_of_the_cap_and_the_backstop_comes_after_it() -> None:
    made = attempt(Tries(), 0.0)
    assert [made.statement_ms(spent) for spent in (0, 400, 1499.9, 9000)] == [1500, 1100, 1, 1]
    assert made.transaction_ms > made.cap_ms


def test_nobody_queues_behind_who_is_seen() -> None:
    assert decide(Tries(), 0.0, HELD, BUDGET) == Wait(2.0, HELD.text, HELD.about)


def test_pauses_double_up_to_a_minute() -> None:
    tries, now, pauses = Tries(), 0.0, []
    for _ in range(9):
        made = attempt(tries, now, strong=False)
        tries = failed(tries, made)
        waited = decide(tries, now + 0.5, FREE, BUDGET, strong=False)
        assert isinstance(waited, Wait)
        pauses.append(waited.seconds)
        now = tries.not_before
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_a_pause_is_drawn_by_lot_and_never_shorter_than_the_try() -> None:
    made = attempt(Tries(), 0.0)
    assert failed(Tries(), made, jitter=0.7).not_before == pytest.approx(0.5 + 0.7)
    assert failed(Tries(), made, 0.5, jitter=0.0).not_before == pytest.approx(0.5 + 0.5)


@pytest.mark.parametrize("sqlstate", ["55P03", "40P01", "40001"])
def test_what_may_have_more_luck_next_time_is_tried_again(sqlstate: str) -> None:
    assert isinstance(fail(Tries(), attempt(Tries(), 0.0), 0.01, sqlstate), Tries)


@pytest.mark.parametrize("sqlstate", ["42P07", "23505", "42501", "57P01", "25P02", None])
def test_what_would_fail_again_is_not(sqlstate: str | None) -> None:
    assert isinstance(fail(Tries(), attempt(Tries(), 0.0), 0.01, sqlstate), GiveUp)


@pytest.mark.parametrize("sqlstate", ["57014", "25P04"])
@pytest.mark.parametrize(("took", "again"), [(1.5, True), (1.4, True), (1.2, False), (0.1, False)])
def test_a_cancelled_try_is_tried_again_where_our_own_cap_has_ended_it(sqlstate: str, took: float, again: bool) -> None:
    assert isinstance(fail(Tries(), attempt(Tries(), 0.0), took, sqlstate), Tries) is again


def test_without_a_cap_somebody_else_has_cancelled_it() -> None:
    made = attempt(Tries(), 0.0, strong=False)
    assert isinstance(fail(Tries(), made, 3600, "57014"), GiveUp)


def test_work_that_takes_longer_than_the_cap_is_not_tried_for_ever() -> None:
    tries: Tries | GiveUp = Tries()
    for _ in range(3):
        assert isinstance(tries, Tries)
        tries = fail(tries, attempt(tries, tries.not_before), 1.5, "57014")
    assert isinstance(tries, GiveUp)
    assert "3 times in a row it took longer than 1.5 s" in tries.why
    assert "lint" in (tries.hint or "")


def test_a_lock_timeout_in_between_begins_the_count_anew() -> None:
    tries: Tries | GiveUp = Tries()
    for place, sqlstate in enumerate(("57014", "57014", LOCK_TIMEOUT, "57014", "57014")):
        assert isinstance(tries, Tries)
        tries = fail(tries, attempt(tries, 300.0 * place), 1.5, sqlstate)
    assert isinstance(tries, Tries)


def test_what_commits_in_between_is_tried_once() -> None:
    given_up = fail(Tries(), attempt(Tries(), 0.0), repeatable=False)
    assert isinstance(given_up, GiveUp)
    assert given_up.hint


def test_after_half_an_hour_it_is_given_up_and_says_for_whom() -> None:
    assert isinstance(decide(Tries(), 1798.0, FREE, BUDGET), Attempt)
    given_up = decide(Tries(), 1799.0, HELD, BUDGET)
    assert given_up == GiveUp(f"given up after 30 min 00 s, never tried: {HELD.text}", HELD.hint)
    tried = failed(Tries(), attempt(Tries(), 0.0))
    said = decide(tried, 1800.0, FREE, BUDGET)
    assert isinstance(said, GiveUp)
    assert "tried 1 time: canceling statement due to lock timeout" in said.why


def test_the_next_piece_has_half_an_hour_and_the_same_share() -> None:
    tries, now = Tries(), 0.0
    for _ in range(4):
        made = attempt(tries, now)
        now += 1.5
        tries = after_success(tries, made, now, BUDGET)
    assert tries.since == now
    waited = decide(tries, now, FREE, BUDGET)
    assert isinstance(waited, Wait)
    assert waited.why == "for 1 min 54 s: tries may take 5% of the time"


def test_a_budget_in_which_no_try_fits_is_refused() -> None:
    with pytest.raises(ValueError, match="single try"):
        Budget(window=60.0)


# -- over any sequence


@dataclass
class History:
    """What a run did, by a clock that only the decisions move."""

    tries: list[tuple[float, float]] = field(default_factory=list)
    caps: list[float] = field(default_factory=list)
    ended: float = 0.0
    decision: GiveUp | None = None


#: For each turn: what is seen, which part of the cap a try takes, and the lot that is drawn.
TURNS = st.lists(
    st.tuples(st.sampled_from([FREE, FREE, FREE, VACUUM, HELD]), st.floats(0.1, 1.0), st.floats(0, 1)),
    min_size=1,
    max_size=12,
)


def live(turns: list[tuple[Sight, float, float]], *, succeed_every: int | None = None) -> History:
    """A run in which those turns come round and round until it is given up."""
    history, tries, now = History(), Tries(), 0.0
    for place in range(100_000):
        sight, part, jitter = turns[place % len(turns)]
        decision = decide(tries, now, sight, BUDGET)
        if isinstance(decision, GiveUp):
            history.ended, history.decision = now, decision
            return history
        if isinstance(decision, Wait):
            assert decision.seconds > 0
            now += decision.seconds
            continue
        began, now = now, now + part * decision.cap_ms / 1000
        history.tries.append((began, now))
        history.caps.append(decision.cap_ms / 1000)
        if succeed_every is not None and len(history.tries) % succeed_every == 0:
            tries = after_success(tries, decision, now, BUDGET)
        else:
            after = after_failure(tries, decision, Failure(now, LOCK_TIMEOUT, "locked"), BUDGET, jitter=jitter)
            assert isinstance(after, Tries)
            tries = after
        if now > 1300 and succeed_every is not None:
            history.ended = now
            return history
    raise AssertionError("it goes on for ever")


def share_of(tries: list[tuple[float, float]], begin: float, end: float) -> float:
    return sum(max(0.0, min(ended, end) - max(began, begin)) for began, ended in tries) / (end - begin)


@settings(max_examples=40, deadline=None)
@given(TURNS)
def test_of_any_two_minutes_tries_take_at_most_a_twentieth(turns: list[tuple[Sight, float, float]]) -> None:
    history = live(turns)
    for edge in {moment for one in history.tries[:60] for moment in one}:
        assert share_of(history.tries, edge, edge + BUDGET.window) <= BUDGET.share + 1e-9
        assert share_of(history.tries, edge - BUDGET.window, edge) <= BUDGET.share + 1e-9


@settings(max_examples=40, deadline=None)
@given(TURNS)
def test_of_ten_minutes_from_the_start_too(turns: list[tuple[Sight, float, float]]) -> None:
    assert share_of(live(turns).tries, 0.0, 600.0) <= BUDGET.share + 1e-9


@settings(max_examples=40, deadline=None)
@given(TURNS, st.integers(1, 4))
def test_many_pieces_share_one_share(turns: list[tuple[Sight, float, float]], succeed_every: int) -> None:
    tries = live(turns, succeed_every=succeed_every).tries
    for began, _ in tries[::5]:
        assert share_of(tries, began, began + BUDGET.window) <= BUDGET.share + 1e-9


@settings(max_examples=40, deadline=None)
@given(TURNS)
def test_it_ends_in_time_and_with_a_reason(turns: list[tuple[Sight, float, float]]) -> None:
    history = live(turns)
    assert history.decision is not None
    assert history.ended <= BUDGET.whole
    assert all(ended <= BUDGET.whole for _, ended in history.tries)
    assert history.ended > BUDGET.whole - 3.75 - 1e-6


@settings(max_examples=40, deadline=None)
@given(TURNS)
def test_no_try_is_longer_than_its_cap_or_without_a_rest_after_it(turns: list[tuple[Sight, float, float]]) -> None:
    history = live(turns)
    assert set(history.caps) <= {1.5, 3.75}
    for (began, ended), (next_began, _) in pairwise(history.tries):
        assert next_began - ended >= ended - began - 1e-9


@given(st.floats(0.05, 1.9), st.floats(1.0, 1.6))
def test_a_longer_lock_timeout_gives_a_longer_cap(lock: float, more: float) -> None:
    try:
        short, long = Budget(lock=lock), Budget(lock=lock * more)
    except ValueError:
        return
    first, second = (decide(Tries(), 0.0, FREE, budget) for budget in (short, long))
    assert isinstance(first, Attempt)
    assert isinstance(second, Attempt)
    assert first.cap_ms <= second.cap_ms
    assert first.cap_ms <= 3 * first.lock_ms + 2


def test_who_may_be_gone_in_a_moment_is_looked_for_sooner_and_said_only_if_it_lasts() -> None:
    soon = Sight(Way.HELD, "pid 7 reads", about="ro", again=0.05)
    assert decide(Tries(), 0.0, soon, BUDGET) == Wait(0.05, "pid 7 reads", "ro")
    assert decide(Tries(), 0.0, replace(soon, brief=True), BUDGET) == Wait(0.05, "", "ro")
    assert decide(Tries(), 0.0, replace(soon, again=None), BUDGET) == Wait(2.0, "pid 7 reads", "ro")
