"""How far a backfill has come."""

from __future__ import annotations

import pytest

from migsafe.backfill.bench import Batch
from migsafe.backfill.tally import Tally
from migsafe.tracker.backfills import Shard, ShardState

USERS, LOGS = ("public", "users"), ("public", "logs")


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def shard(number: int = 0, table: tuple[str, str] = USERS, **values: object) -> Shard:
    return Shard(**{"number": number, "table": table, "low": ("1",), "high": ("101",), "digest": "d", **values})


def batch(last: str, seen: int = 10, written: int = 8) -> Batch:
    return Batch((last,), seen, written, 200.0)


def test_it_counts_and_tells_the_time_that_is_left() -> None:
    clock = Clock()
    tally = Tally([shard()], {USERS: 100}, clock)
    assert tally.progress().share == 0.0
    clock.now += 10
    tally.add(0, batch("26", seen=25, written=20))
    found = tally.progress()
    assert (found.share, found.rows_seen, found.rows_written, found.batches) == (0.25, 25, 20, 1)
    assert (found.rows_per_s, found.left_s) == (2.5, 30.0)


def test_at_first_nobody_can_tell_how_long_it_takes() -> None:
    clock = Clock()
    tally = Tally([shard()], {USERS: 100}, clock)
    tally.add(0, batch("2"))
    clock.now += 1
    assert tally.progress().left_s is None


def test_what_runs_before_have_done_is_counted_and_is_no_speed_of_this_one() -> None:
    clock = Clock()
    tally = Tally([shard(place=("51",), rows_seen=50, rows_written=40, batches=5)], {USERS: 100}, clock)
    clock.now += 10
    tally.add(0, batch("76", seen=25, written=25))
    found = tally.progress()
    assert (found.share, found.rows_seen, found.rows_written, found.rows_per_s) == (0.75, 75, 65, 2.5)
    assert found.left_s == pytest.approx(10.0)


def test_a_large_table_weighs_more() -> None:
    shards = [shard(0), shard(1, LOGS, state=ShardState.DONE), shard(2, LOGS)]
    tally = Tally(shards, {USERS: 200, LOGS: 600}, Clock())
    assert tally.progress().share == pytest.approx(300 / 800)
    assert not tally.all_done
    for number in (0, 2):
        tally.close(number)
    assert tally.progress().share == 1.0
    assert tally.all_done


def test_keys_that_are_no_numbers_are_judged_by_rows() -> None:
    tally = Tally([shard(low=("anna",), high=("zoe",))], {USERS: 100}, Clock())
    tally.add(0, batch("ben", seen=30))
    assert tally.progress().share == pytest.approx(0.3)
    tally.add(0, batch("yan", seen=300))
    assert tally.progress().share == 0.99, "it is not done before it is"


def test_rows_that_nobody_has_counted() -> None:
    tally = Tally([shard(low=("anna",), high=("zoe",))], {}, Clock())
    tally.add(0, batch("ben"))
    assert tally.progress().share is None


def test_nothing_to_do_is_all_done() -> None:
    tally = Tally([], {}, Clock())
    assert tally.all_done
    assert tally.progress().share == 1.0


def test_what_it_waited_for() -> None:
    clock = Clock()
    tally = Tally([shard()], {USERS: 100}, clock)
    for reason, seconds in (
        ("the standby ro is 7.0 s behind", 3),
        ("the standby ro is 9.1 s behind", 4),
        ("paused", 2),
    ):
        tally.hold(reason)
        clock.now += seconds
    assert tally.progress().held_by == "paused"
    assert tally.progress().held_s == 9
    tally.hold(None)
    clock.now += 100
    assert tally.progress().held_s == 9
    assert tally.reasons() == (("the standby ro is … s behind", 7.0), ("paused", 2.0))


def test_one_bad_row_too_many() -> None:
    tally = Tally([shard(rows_bad=1)], {}, Clock())
    assert tally.take_bad(2)
    assert not tally.take_bad(2)
    tally.pass_over(0, ("7",))
    assert (tally.progress().rows_bad, tally.progress().rows_seen) == (2, 1)
