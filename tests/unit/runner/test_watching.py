"""When a statement of our own is cancelled, and what is said of it while it runs."""

from __future__ import annotations

import pytest

from migsafe.postgres.watching import Building, Waiter
from migsafe.runner.watching import Look, Vigil, WatchLimits, consider, spell_look
from preflight_cases import backend

LIMITS = WatchLimits(waiting=2, for_s=1.0, lag=10.0)


def crowd(*waited: float) -> tuple[Waiter, ...]:
    return tuple(Waiter(100 + place, seconds) for place, seconds in enumerate(waited))


def after(*looks: Look, limits: WatchLimits = LIMITS) -> Vigil:
    vigil = Vigil()
    for look in looks:
        vigil = consider(vigil, look, limits)
    return vigil


@pytest.mark.parametrize(
    ("waited", "cancelled"),
    [
        ((), False),
        ((60.0, 60.0), False),  # two are not more than two
        ((1.0, 1.0, 1.0), True),
        ((9.0, 9.0, 0.9), False),  # the third has only come
        ((0.1, 0.1, 0.1, 0.1), False),
    ],
)
def test_more_than_some_for_longer_than_a_moment(waited: tuple[float, ...], cancelled: bool) -> None:
    assert (after(Look(at=0.0, waiters=crowd(*waited))).cancel is not None) is cancelled


def test_a_crowd_in_which_everybody_is_new_is_a_crowd() -> None:
    """They give up after half a second, and others come."""
    looks = [Look(at=0.5 * place, waiters=crowd(0.4, 0.4, 0.4)) for place in range(3)]
    assert after(*looks[:2]).cancel is None
    assert after(*looks).cancel == "3 sessions wait behind it, for up to 1.0 s, and 2 for 1.0 s is the limit"


def test_a_crowd_that_goes_away_in_between_begins_anew() -> None:
    full, empty = Look(at=0.0, waiters=crowd(0.4, 0.4, 0.4)), Look(at=0.5)
    later = Look(at=1.2, waiters=crowd(0.4, 0.4, 0.4))
    assert after(full, empty, later) == Vigil(crowded_since=1.2)


@pytest.mark.parametrize(("lag", "cancelled"), [(None, False), (10.0, False), (10.1, True)])
def test_a_standby_that_falls_behind(lag: float | None, cancelled: bool) -> None:
    vigil = after(Look(at=0.0, lag=lag))
    assert (vigil.cancel is not None) is cancelled
    if cancelled:
        assert vigil.cancel == "a standby is 10 s behind, and 10 s is the limit"


def test_lag_does_not_matter_where_nobody_says_so() -> None:
    assert after(Look(at=0.0, lag=3600.0), limits=WatchLimits(lag=None)) == Vigil()


def test_it_says_for_whom_it_waits_without_what_the_query_holds() -> None:
    blocker = backend(4711, age=42.0, query="select * from users where email = 'a@b'")
    assert spell_look(Look(at=0.0, blockers=(blocker, backend(9)))) == (
        "waits for pid 4711: app@web, idle in transaction, 42 s old: select * from users where email = '…' (and 1 more)"
    )


def test_a_prepared_transaction_has_no_process() -> None:
    nobody = backend(0, user=None, application="", state=None, age=None, query=None, kind="", hidden=True)
    assert "a prepared transaction" in spell_look(Look(at=0.0, blockers=(nobody,)))


@pytest.mark.parametrize(
    ("building", "said"),
    [
        (Building("building index: scanning table", 0, 0, 200, 90, 0, 0), "building index: scanning table, 45%"),
        (Building("loading tuples", 0, 0, 0, 0, 10, 10), "loading tuples, 100%"),
        (Building("waiting for old snapshots", 3, 1, 0, 0, 0, 0), "waiting for old snapshots (1 of 3 have ended)"),
        (Building("initializing", 0, 0, 0, 0, 0, 0), "initializing"),
    ],
)  # fmt: skip
def test_how_far_a_build_has_come(building: Building, said: str) -> None:
    assert spell_look(Look(at=0.0, building=building)) == said


def test_of_what_is_at_work_and_not_waiting_there_is_nothing_to_say() -> None:
    assert spell_look(Look(at=0.0)) == ""
