"""Going round a fleet: never more at once than a ring says, every database once, and what a failure stops."""

from __future__ import annotations

import time
from collections import Counter
from threading import Event, Lock, Semaphore
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migsafe.errors import EnvironmentFailedError
from migsafe.fleet.rings import go_round
from migsafe.fleet.roster import FleetTarget, Ring, Roster

if TYPE_CHECKING:
    from collections.abc import Collection

#: Of each ring: how many databases, and how many at once.
SHAPES = st.lists(st.tuples(st.integers(1, 8), st.integers(1, 5)), min_size=1, max_size=4)


def roster_of(shape: list[tuple[int, int]]) -> Roster:
    return Roster(
        tuple(
            Ring(f"r{place}", tuple(FleetTarget(f"r{place}_{n}", "service") for n in range(size)), at_once)
            for place, (size, at_once) in enumerate(shape)
        )
    )


class Worker:
    """Fails for some databases, and counts how many are under way."""

    def __init__(self, failing: Collection[str] = ()) -> None:
        self.begun: list[str] = []
        self.most: Counter[str] = Counter()
        self._failing = failing
        self._now: Counter[str] = Counter()
        self._turn = Lock()

    def __call__(self, target: FleetTarget) -> str:
        ring = target.name.partition("_")[0]
        with self._turn:
            self.begun.append(target.name)
            self._now[ring] += 1
            self.most[ring] = max(self.most[ring], self._now[ring])
        time.sleep(0)  # another thread's turn
        with self._turn:
            self._now[ring] -= 1
        if target.name in self._failing:
            raise EnvironmentFailedError(f"{target.name} is away")
        return target.name


def never(_: str) -> bool:
    return False


@given(SHAPES)
def test_every_database_once_ring_after_ring(shape: list[tuple[int, int]]) -> None:
    roster, worker = roster_of(shape), Worker()
    settled = list(go_round(roster, worker, never, stop=Event()))
    names = [target.name for target in roster]
    assert sorted(worker.begun) == sorted(names)
    assert sorted(one.value or "" for one in settled) == sorted(names)
    rings = [one.ring for one in settled]
    assert rings == sorted(rings), "a ring begins when the one before it is through"
    assert all(worker.most[ring.name] <= ring.concurrency for ring in roster.rings)


@given(SHAPES, st.data())
def test_a_failure_ends_its_ring_or_the_round(shape: list[tuple[int, int]], data: st.DataObject) -> None:
    roster = roster_of(shape)
    names = [target.name for target in roster]
    bad = data.draw(st.sets(st.sampled_from(names), max_size=3))
    stop_on_failure, go_on = data.draw(st.booleans()), data.draw(st.booleans())
    worker = Worker(bad)
    settled = list(go_round(roster, worker, never, stop=Event(), stop_on_failure=stop_on_failure, go_on=go_on))
    assert {one.target for one in settled if one.error is not None} <= bad
    assert sorted(one.target for one in settled) == sorted(worker.begun), "what was begun is told"
    over = False
    for ring in roster.rings:
        begun = [name for name in worker.begun if name.startswith(f"{ring.name}_")]
        failed = bad.intersection(begun)
        if over:
            assert not begun
        elif not (failed and stop_on_failure):
            assert len(begun) == len(ring.targets), "one that fails does not hold up the others"
        over = over or (bool(failed) and not go_on)


def test_one_at_a_time_stops_right_behind_the_failure() -> None:
    worker = Worker({"r0_2"})
    list(go_round(roster_of([(6, 1), (2, 1)]), worker, never, stop=Event(), stop_on_failure=True))
    assert worker.begun == ["r0_0", "r0_1", "r0_2"]


def test_the_next_ring_goes_on_where_that_is_asked_for() -> None:
    worker = Worker({"r0_0"})
    list(go_round(roster_of([(3, 1), (2, 1)]), worker, never, stop=Event(), stop_on_failure=True, go_on=True))
    assert worker.begun == ["r0_0", "r1_0", "r1_1"]


def test_a_value_may_be_a_failure() -> None:
    worker = Worker()
    list(go_round(roster_of([(2, 1), (2, 1)]), worker, lambda name: name == "r0_1", stop=Event()))
    assert worker.begun == ["r0_0", "r0_1"]


def test_they_are_under_way_together() -> None:
    """Each waits for the other one: it would never end if they came one after the other."""
    here, there = Semaphore(0), Semaphore(0)

    def meet(target: FleetTarget) -> bool:
        mine, other = (here, there) if target.name == "r0_0" else (there, here)
        mine.release()
        return other.acquire(timeout=10)

    settled = list(go_round(roster_of([(2, 2)]), meet, lambda met: not met, stop=Event()))
    assert [one.value for one in settled] == [True, True]


def test_who_stops_it_gets_what_was_under_way_and_nothing_new() -> None:
    stop = Event()

    def work(target: FleetTarget) -> str:
        if target.name == "r0_1":
            stop.set()
        return target.name

    settled = list(go_round(roster_of([(5, 1), (3, 1)]), work, never, stop=stop))
    assert [one.target for one in settled] == ["r0_0", "r0_1"]


def test_a_bug_is_raised_once_the_others_are_through() -> None:
    through, begun = Event(), Event()

    def work(target: FleetTarget) -> str:
        if target.name == "r0_0":
            begun.wait(10)
            raise ZeroDivisionError
        begun.set()
        through.wait(0.05)  # still at work when the other one has failed
        through.set()
        return target.name

    stop = Event()
    with pytest.raises(ZeroDivisionError):
        list(go_round(roster_of([(4, 2)]), work, never, stop=stop))
    assert through.is_set()
    assert stop.is_set()


@pytest.mark.parametrize("way", ["close", "throw", "drop"])
def test_nobody_waits_behind_an_interrupt(way: str) -> None:
    stuck, stop = Event(), Event()

    def work(target: FleetTarget) -> str:
        if target.name == "r0_1":
            stuck.wait(30)
        return target.name

    began = time.monotonic()
    rounds: Any = go_round(roster_of([(3, 2)]), work, never, stop=stop)
    assert next(rounds).target == "r0_0"
    if way == "close":
        rounds.close()
    elif way == "throw":
        with pytest.raises(KeyboardInterrupt):
            rounds.throw(KeyboardInterrupt)
    del rounds
    assert time.monotonic() - began < 10
    assert stop.is_set()
    stuck.set()
