"""How far a backfill has come, in a tracker."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from migsafe.model.phase import Phase
from migsafe.model.state import TargetName
from migsafe.tracker.backfills import (
    Advance,
    BackfillRows,
    LostShardError,
    Shard,
    ShardState,
    find_step,
    know_step,
    put_pause,
    read_pause,
)
from migsafe.tracker.facts import StepFacts
from tracker_books import MAIN, NOW, Book, book_in, ran, step

if TYPE_CHECKING:
    from pathlib import Path

FILL = StepFacts(name="fill", change="users", phase=Phase.MIGRATE)


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return book_in(tmp_path).furnish()


def shard(number: int, digest: str = "one") -> Shard:
    return Shard(number=number, table=("public", "users"), low=("1",), high=("9",), digest=digest)


def begun(book: Book, *shards: Shard) -> str:
    with book.writing() as store:
        step_id = know_step(store, FILL)
        BackfillRows(store.ledger, step_id, MAIN).begin(shards, NOW)
    return step_id


def test_what_is_begun_is_read_as_it_was(book: Book) -> None:
    step_id = begun(book, shard(0), shard(1))
    with book.tracker.reading() as ledger:
        found = BackfillRows(ledger, step_id, MAIN).shards()
    assert [(one.number, one.low, one.high, one.place, one.state) for one in found] == [
        (0, ("1",), ("9",), None, ShardState.WAITING),
        (1, ("1",), ("9",), None, ShardState.WAITING),
    ]


def test_a_worker_takes_moves_and_leaves_a_shard(book: Book) -> None:
    step_id = begun(book, shard(0), shard(1))
    with book.writing() as store:
        rows = BackfillRows(store.ledger, step_id, MAIN)
        assert rows.open_shards() == (0, 1)
        assert rows.take(0, "me", NOW) is not None
        for place in ("3", "6"):
            rows.advance(0, "me", Advance(place=(place,), seen=3, written=2, rows_next=50), NOW)
        rows.beat(0, "me", "the standby is behind", NOW)
        found = rows.shards()[0]
        assert (found.place, found.rows_seen, found.rows_written, found.batches) == (("6",), 6, 4, 2)
        assert (found.batch_rows, found.held_by, found.worker) == (50, "the standby is behind", "me")
        rows.leave(0, "me", ShardState.DONE, NOW)
        assert rows.open_shards() == (1,)
        assert rows.take(0, "me", NOW) is None, "nothing is left of it"
        assert rows.shards()[0].ended_at == NOW


def test_nobody_moves_a_shard_that_another_has_taken(book: Book) -> None:
    step_id = begun(book, shard(0))
    with book.writing() as store:
        rows = BackfillRows(store.ledger, step_id, MAIN)
        rows.take(0, "me", NOW)
        rows.take(0, "somebody else", NOW)
        with pytest.raises(LostShardError):
            rows.advance(0, "me", Advance(place=("3",), seen=3, written=2, rows_next=50), NOW)
        assert rows.shards()[0].place is None


def test_begun_anew_the_old_one_is_over_and_no_row_is_deleted(book: Book) -> None:
    step_id = begun(book, shard(0), shard(1))
    begun(book, shard(0, "two"))
    with book.tracker.reading() as ledger:
        rows = BackfillRows(ledger, step_id, MAIN)
        assert [(one.number, one.digest, one.attempt) for one in rows.shards()] == [(2, "two", 2)]
        assert rows.open_shards() == (2,)


def test_bad_rows(book: Book) -> None:
    step_id = begun(book, shard(0))
    long = "x" * 600
    with book.writing() as store:
        rows = BackfillRows(store.ledger, step_id, MAIN)
        rows.set_aside(("7", "a"), "23514", "it violates", NOW)
        rows.set_aside(("7", "a"), "23502", "it is NULL", NOW)
        rows.set_aside((long,), None, "first", NOW)
        rows.set_aside((f"{long}y",), None, "second", NOW)
        found = rows.bad_rows()
    assert len(found) == 3
    assert all(len(row.key) <= 512 for row in found)
    assert ('["7", "a"]', "23502", "it is NULL") in [(row.key, row.sqlstate, row.error) for row in found]
    assert json.loads(next(row.key for row in found if row.error == "it is NULL")) == ["7", "a"]


def test_databases_do_not_see_each_other(book: Book) -> None:
    step_id = begun(book, shard(0))
    with book.tracker.reading() as ledger:
        assert BackfillRows(ledger, step_id, TargetName("production", "other")).shards() == ()


def test_a_step_that_somebody_has_recorded_is_the_same(book: Book) -> None:
    with book.writing() as store:
        store.record(step("0003_fill", Phase.MIGRATE), ran())
        known = find_step(store.ledger, step("0003_fill", Phase.MIGRATE))
        assert known is not None
        assert know_step(store, step("0003_fill", Phase.MIGRATE)) == known
        assert find_step(store.ledger, FILL) is None


def test_a_pause(book: Book) -> None:
    with book.writing() as store:
        assert read_pause(store.ledger, MAIN) is None
        assert not put_pause(store, MAIN, None, "mira").changed
        assert put_pause(store, MAIN, "a sale", "mira").changed
        assert not put_pause(store, MAIN, "a sale", "jo").changed
        found = read_pause(store.ledger, MAIN)
        assert found is not None
        assert (found.reason, found.actor) == ("a sale", "mira")
        assert put_pause(store, MAIN, None, "jo").changed
        assert read_pause(store.ledger, MAIN) is None
    assert book.kinds().count("pause") == 2
