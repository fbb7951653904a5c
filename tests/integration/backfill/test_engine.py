"""A backfill on a real server: whole, stopped, begun anew, in shards, leaf by leaf."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from backfill_sites import COMPLETE, FULL_NAME, QUICK, STEADY, USERS, Field, field_apart, users_task
from migsafe.backfill.task import BackfillFailedError, BackfillRefusedError, Options
from migsafe.model.names import QualifiedName
from migsafe.model.plan import Backfill, Check
from migsafe.postgres.connection import connect
from migsafe.tracker.backfills import ShardState

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from migsafe.backfill.task import BackfillResult

    MakeField = Callable[[str], Field]

pytestmark = [pytest.mark.server, pytest.mark.long]


@pytest.fixture
def users(make_field: MakeField) -> Field:
    return make_field(USERS)


@pytest.fixture(params=["beside", "apart"])
def anywhere(request: pytest.FixtureRequest, make_field: MakeField, tmp_path: Path) -> Field:
    """The tracker in the database itself, and in a file."""
    field = make_field(USERS)
    return field if request.param == "beside" else field_apart(field.dsn, tmp_path)


def run_in_pieces(field: Field, batches: int, options: Options = QUICK) -> list[BackfillResult]:
    """Stop after so many batches, again and again, until it is done; rests are where a stop comes in."""
    results = []
    while not results or not results[-1].finished:
        stop = threading.Event()
        rests: list[float] = []

        def rest(seconds: float, rests: list[float] = rests, stop: threading.Event = stop) -> None:
            rests.append(seconds)
            if len(rests) >= batches:
                stop.set()

        results.append(field.run(options, stop=stop, sleep=rest))
        assert len(results) < 100
    return results


def test_every_row_is_written_and_it_is_proved(anywhere: Field) -> None:
    result = anywhere.run()
    assert result.ok
    assert (result.progress.rows_seen, result.progress.rows_written, result.progress.batches) == (1000, 1000, 20)
    assert [(check.name, check.ok) for check in result.checks] == [(COMPLETE.name, True)]
    (shard,) = anywhere.shards()
    assert (shard.state, shard.place, shard.rows_written) == (ShardState.DONE, ("1000",), 1000)
    known = anywhere.book.known().state
    assert [(check.change, check.name, check.ok, check.observed) for check in known.checks] == [
        ("users", COMPLETE.name, True, "0")
    ]


def test_it_leaves_two_events_and_not_one_for_each_batch(users: Field) -> None:
    before = len(users.book.kinds())
    users.run()
    assert users.book.kinds()[before:] == ["change", "step", "backfill", "check", "backfill"]


def test_stopped_anywhere_it_goes_on_and_no_row_is_looked_at_twice(anywhere: Field) -> None:
    results = run_in_pieces(anywhere, 3)
    assert len(results) == 7
    assert [result.finished for result in results] == [False] * 6 + [True]
    assert results[-1].ok
    assert (results[-1].progress.rows_seen, results[-1].progress.rows_written) == (1000, 1000)
    assert results[0].progress.share == pytest.approx(149 / 999)


def test_a_stopped_one_is_waiting_and_nobody_has_it(users: Field) -> None:
    stop = threading.Event()
    users.run(stop=stop, sleep=lambda _: stop.set())
    (shard,) = users.shards()
    assert (shard.state, shard.place, shard.batches) == (ShardState.WAITING, ("50",), 1)


def test_what_is_done_is_only_verified_again(users: Field) -> None:
    users.run()
    users.say("UPDATE users SET full_name = NULL WHERE id = 7")
    result = users.run()
    assert result.already
    assert not result.ok
    assert [check.observed for check in result.checks] == ["1"]
    again = users.run(replace(QUICK, again=True))
    assert again.ok
    assert again.progress.rows_written == 1


def test_the_end_is_fixed_at_the_beginning(users: Field) -> None:
    def insert(_seconds: float) -> None:
        users.say("INSERT INTO users SELECT max(id) + 1, 'new' FROM users")

    result = users.run(sleep=insert)
    assert result.progress.rows_seen == 1000
    assert users.ask("SELECT count(*) FROM users WHERE full_name IS NULL AND name = 'new'") == 20


def test_the_place_commits_with_its_batch(users: Field) -> None:
    """Whatever anybody sees of the rows, they see of the place."""
    seen = []

    def look(_seconds: float) -> None:
        with connect(users.dsn, autocommit=True) as session:
            (row,) = session.query(
                "SELECT (SELECT max(id) FROM users WHERE full_name IS NOT NULL), place, rows_written"
                " FROM migsafe.migsafe_backfill"
            )
        seen.append(row)

    users.run(sleep=look)
    assert len(seen) == 20
    assert all((f'["{last}"]', last) == (place, written) for last, place, written in seen)


def test_a_check_that_must_hold_before(users: Field) -> None:
    live = "SELECT count(*) FROM pg_trigger WHERE tgrelid = 'users'::regclass"
    field = users.doing(before=(Check("the trigger is live", live, "1"),))
    with pytest.raises(BackfillRefusedError, match="not before this holds: the trigger is live") as refused:
        field.run()
    assert "it gives 0, not 1" in refused.value.message
    assert users.shards() == ()


def test_another_plan_is_not_taken_for_the_one_that_was_begun(users: Field) -> None:
    stop = threading.Event()
    users.run(stop=stop, sleep=lambda _: stop.set())
    other = users.doing(replace(FULL_NAME, assignments=(("full_name", "lower(name)"),)))
    with pytest.raises(BackfillRefusedError, match="has changed since it was begun"):
        other.run()
    assert other.run(replace(QUICK, again=True)).finished
    assert users.ask("SELECT count(*) FROM users WHERE full_name = upper(name)") == 50, "new code's rows stay"


def test_an_empty_table(make_field: MakeField) -> None:
    field = make_field("CREATE TABLE users (id bigint PRIMARY KEY, name text, full_name text);")
    assert field.run().ok


def test_several_workers_share_the_shards(anywhere: Field) -> None:
    anywhere.say("ANALYZE users")
    result = anywhere.run(replace(QUICK, workers=3))
    assert result.ok
    assert (result.progress.rows_seen, result.progress.rows_written) == (1000, 1000)
    shards = anywhere.shards()
    assert 6 <= len(shards) <= 12
    assert all(shard.state is ShardState.DONE for shard in shards)
    assert [shard.low for shard in shards[1:]] == [shard.high for shard in shards[:-1]]


def test_a_shard_that_a_living_worker_has_is_never_taken(users: Field) -> None:
    entered, leave = threading.Event(), threading.Event()

    def rest(_seconds: float) -> None:
        entered.set()
        leave.wait(20)

    other = threading.Thread(target=lambda: users.run(sleep=rest))
    other.start()
    try:
        assert entered.wait(20)
        with pytest.raises(BackfillRefusedError, match="somebody else is at this backfill: "):
            users.run(sleep=threading.Event().wait)
        with pytest.raises(BackfillRefusedError, match="somebody is at this backfill"):
            users.run(replace(QUICK, again=True))
    finally:
        leave.set()
        other.join()
    assert users.run().already


_COMPOSITE = """
CREATE TABLE lines (shop text COLLATE "C", at timestamptz, n numeric, total int, PRIMARY KEY (shop, at, n));
INSERT INTO lines SELECT 'S' || g % 7, timestamptz '2026-03-29 00:00:00.123456+00' + g * interval '17 minutes', g / 3.0
  FROM generate_series(1, 500) AS g;
"""
_TOTAL = Backfill(QualifiedName("lines"), ("shop", "at", "n"), (("total", "1"),), "total IS NULL")


def test_a_key_of_several_columns_of_any_types(make_field: MakeField) -> None:
    left = Check("all", "SELECT count(*) FROM lines WHERE total IS NULL")
    field = make_field(_COMPOSITE).doing(_TOTAL, verify=(left,))
    result = run_in_pieces(field, 4)[-1]
    assert result.ok
    assert (result.progress.rows_seen, result.progress.rows_written) == (500, 500)


def test_a_key_whose_order_is_not_that_of_its_text(make_field: MakeField) -> None:
    setup = (
        "CREATE TABLE t (id int PRIMARY KEY, done bool); INSERT INTO t SELECT g FROM generate_series(-60, 1200) AS g;"
    )
    field = make_field(setup).doing(
        Backfill(QualifiedName("t"), ("id",), (("done", "true"),), "done IS NULL"), verify=()
    )
    result = field.run()
    assert (result.progress.rows_seen, result.progress.rows_written) == (1261, 1261)


_LEAVES = """
CREATE TABLE events (id bigint, day date, kind text, name text, PRIMARY KEY (day, id)) PARTITION BY RANGE (day);
CREATE TABLE events_01 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2026-02-01') PARTITION BY HASH (id);
CREATE TABLE events_01_a PARTITION OF events_01 FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE events_01_b PARTITION OF events_01 FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE "Events 02" PARTITION OF events FOR VALUES FROM ('2026-02-01') TO ('2026-03-01');
CREATE TABLE events_empty PARTITION OF events DEFAULT;
INSERT INTO events SELECT g, date '2026-01-01' + g % 59, 'k' FROM generate_series(1, 400) AS g;
"""


def test_partitions_one_by_one(make_field: MakeField) -> None:
    backfill = Backfill(QualifiedName("events"), ("day", "id"), (("name", "kind"),), "name IS NULL")
    field = make_field(_LEAVES).doing(
        backfill, verify=(Check("all", "SELECT count(*) FROM events WHERE name IS NULL"),)
    )
    result = field.run()
    assert result.ok
    assert result.progress.rows_seen == 400
    assert [shard.table[1] for shard in field.shards()] == ["Events 02", "events_01_a", "events_01_b"]


_MOVE = """
CREATE TABLE users (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), bio text);
CREATE TABLE profiles (user_id uuid PRIMARY KEY, bio text);
INSERT INTO users (bio) SELECT nullif('b' || g, 'b7') FROM generate_series(1, 300) AS g;
INSERT INTO profiles SELECT id, 'newer' FROM users WHERE bio = 'b9';
"""
_INSERT = """
INSERT INTO profiles AS place (user_id, bio)
SELECT id, bio || ' 100%' FROM users WHERE id >= :low AND id <= :high AND bio IS NOT NULL LIMIT :rows FOR SHARE
ON CONFLICT (user_id) DO NOTHING;
"""


def test_rows_that_go_to_another_table(make_field: MakeField) -> None:
    field = make_field(_MOVE).doing(
        Backfill(QualifiedName("users"), ("id",), insert=_INSERT),
        verify=(Check("all", "SELECT (SELECT count(bio) FROM users) - count(*) FROM profiles"),),
    )
    result = run_in_pieces(field, 2)[-1]
    assert result.ok
    assert (result.progress.rows_seen, result.progress.rows_written) == (300, 298)
    assert field.ask("SELECT count(*) FROM profiles WHERE bio = 'newer'") == 1
    assert field.ask("SELECT count(*) FROM profiles WHERE bio = 'b8 100%'") == 1


@pytest.mark.parametrize(
    ("setup", "why"),
    [
        ("CREATE TABLE users (id bigint, name text, full_name text)", "id may be NULL"),
        ("CREATE TABLE users (id bigint NOT NULL, name text, full_name text)", "no unique index"),
        (
            "CREATE TABLE users (id bigint NOT NULL, name text, full_name text);"
            "CREATE UNIQUE INDEX u ON users (id) WHERE id > 3",
            "no unique index",
        ),
        (
            "CREATE TABLE users (id bigint NOT NULL, name text, full_name text);"
            "CREATE UNIQUE INDEX u ON users (name, id)",
            "no unique index",
        ),
        ("CREATE TABLE users (number bigint PRIMARY KEY, name text, full_name text)", "no column id"),
        ("CREATE VIEW users AS SELECT 1 AS id", "there is no table users"),
    ],
)
def test_what_no_backfill_can_go_along(make_field: MakeField, setup: str, why: str) -> None:
    field = make_field(setup)
    with pytest.raises(BackfillRefusedError, match=why):
        field.run()


def test_a_unique_index_will_do(make_field: MakeField) -> None:
    field = make_field(
        "CREATE TABLE users (id bigint NOT NULL, name text, full_name text);"
        "CREATE UNIQUE INDEX u ON users (id DESC) INCLUDE (name);"
        "INSERT INTO users SELECT g, 'x' FROM generate_series(1, 120) AS g"
    )
    assert field.run().progress.rows_written == 120


def test_a_batch_that_reads_the_whole_table(users: Field) -> None:
    users.say("ANALYZE users")
    slow = users.doing(replace(FULL_NAME, needs_work="full_name IS NULL AND (SELECT count(*) FROM users AS u) > 0"))
    with pytest.raises(BackfillRefusedError, match="every batch would read all of users, about 1000 rows"):
        slow.run(replace(QUICK, most_scanned=500))
    assert slow.run(replace(QUICK, most_scanned=5_000, again=True)).finished


def test_statistics_of_what_was_written(users: Field) -> None:
    users.run()
    assert users.ask("SELECT count(*) FROM pg_stats WHERE tablename = 'users' AND attname = 'full_name'") == 1


def test_what_the_server_refuses_stops_it_in_one_line(users: Field) -> None:
    broken = users.doing(replace(FULL_NAME, assignments=(("full_name", "uper(name)"),)))
    with pytest.raises(BackfillRefusedError, match="the server refuses the first batch: function uper"):
        broken.run()


def test_a_batch_that_fails_for_good_keeps_its_place(users: Field) -> None:
    def break_it(_seconds: float) -> None:
        users.say("ALTER TABLE users RENAME COLUMN full_name TO whole_name")

    with pytest.raises(BackfillFailedError, match='a batch fails: column "full_name"'):
        users.run(sleep=break_it)
    (shard,) = users.shards()
    assert (shard.state, shard.place) == (ShardState.FAILED, ("50",))
    assert shard.held_by is not None
    users.say("ALTER TABLE users RENAME COLUMN whole_name TO full_name")
    assert users.run().ok


def test_progress_is_told(users: Field) -> None:
    told = []
    result = users.run(Options(pace=replace(STEADY, most=10), look_s=0.001), on_progress=told.append)
    assert result.ok
    assert told
    shares = [one.share for one in told if one.share is not None]
    assert shares == sorted(shares)
    assert users_task().digest == users.task.digest
