"""Turns on a real server: with trackers in the database and in a file, lost guardians, and steps that run for long."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from migsafe.errors import MigsafeError
from migsafe.postgres.advisory import lock_holder, try_lock
from migsafe.postgres.connection import StatementFailedError, connect, make_dsn
from migsafe.postgres.poolers import PoolerError
from migsafe.runner import turn as turns
from migsafe.runner.turn import TURN, WORK, Turn, TurnLostError, TurnTakenError, Waiting, break_turn, take_turn
from migsafe.tracker.beside import TrackerBeside
from migsafe.tracker.errors import TrackerRefusedError
from migsafe.tracker.lease import (
    Holder,
    LeaseHeldError,
    LeaseLostError,
    beat,
    break_lease,
    take_lease,
)
from migsafe.tracker.opening import Tracker
from pooler_stand_in import PoolerStandIn
from tracker_books import MAIN, ME, Book, book_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from migsafe.postgres.connection import Session
    from migsafe.shadow.server import ThrowawayServer

pytestmark = [pytest.mark.server, pytest.mark.long]


@pytest.fixture(params=["beside", "file"])
def tracker(request: pytest.FixtureRequest, database: str, tmp_path: Path) -> Tracker:
    """By the clock of today: leases are judged by it."""
    book = Book("env:T", environ={"T": database}) if request.param == "beside" else book_in(tmp_path)
    return Tracker(book.furnish().address)


@pytest.fixture
def beside(database: str) -> Tracker:
    return Tracker(Book("env:T", environ={"T": database}).furnish().address)


@pytest.fixture
def session(database: str) -> Iterator[Session]:
    with connect(database, autocommit=True) as opened:
        yield opened


def take(dsn: str, tracker: Tracker, waiting: Waiting | None = None, purpose: str = "expand of 1.8.0") -> Turn:
    return take_turn(dsn, tracker, MAIN, ME, purpose, waiting=waiting)


def guardian_pid(session: Session) -> int:
    holder = lock_holder(session, TURN)
    assert holder is not None
    return holder.pid


def end(session: Session, pid: int) -> None:
    """Terminate a session, and wait until it is gone."""
    session.query("select pg_terminate_backend(%s, 5000)", (pid,))


def until(condition: Callable[[], bool]) -> None:
    """Wait for what another thread does."""
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.005)


def test_the_second_is_refused_and_reads_who_has_it(database: str, tracker: Tracker, session: Session) -> None:
    with take(database, tracker) as first:
        with pytest.raises(TurnTakenError) as refused:
            take(database, tracker)
        assert refused.value.exit_code == 4
        assert "mira on" in refused.value.message
        assert f"(process {os.getpid()})" in refused.value.message
        assert "expand of 1.8.0" in refused.value.message
        assert f"pid {guardian_pid(session)}" in refused.value.message
        assert "--wait-for-turn" in (refused.value.hint or "")
    with take(database, tracker) as second:
        assert second.fence == first.fence + 1
    assert lock_holder(session, TURN) is None


def test_of_ten_at_once_one_has_it(database: str, tracker: Tracker) -> None:
    start, won, refused = threading.Barrier(10), list[Turn](), list[MigsafeError]()

    def try_it() -> None:
        start.wait()
        try:
            won.append(take(database, tracker))
        except MigsafeError as error:
            refused.append(error)

    threads = [threading.Thread(target=try_it) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert {error.exit_code for error in refused} == {4}
    won[0].close()


def test_waiting_is_trying_again_until_the_deadline(database: str, beside: Tracker) -> None:
    now, said = [0.0], list[float]()
    first = take(database, beside)

    def sleep(seconds: float) -> None:
        now[0] += seconds
        if now[0] >= 3:
            first.close()

    def waiting(seconds: float) -> Waiting:
        return Waiting(seconds, lambda _, left: said.append(left), clock=lambda: now[0], sleep=sleep)

    with pytest.raises(TurnTakenError):
        take(database, beside, waiting(2.5))
    assert said == [2.5, 1.5, 0.5]
    take(database, beside, waiting(10)).close()


def test_who_waits_is_in_no_transaction_that_an_index_build_would_wait_for(database: str, beside: Tracker) -> None:
    """The builder holds the lock, and the waiter's snapshot would hold the builder: the deadlock that is no more."""
    with take(database, beside), connect(database, autocommit=True) as builder:
        builder.execute("create table users (id int)")

        def build(_: float) -> None:
            builder.execute("create index concurrently users_id on users (id)")
            raise InterruptedError

        with pytest.raises(InterruptedError):
            take(database, beside, Waiting(60, sleep=build))
    with connect(database, autocommit=True) as session:
        assert session.query("select indisvalid from pg_index where indexrelid = 'users_id'::regclass") == [(True,)]


def test_a_lost_guardian_stops_the_run_and_its_ddl_keeps_others_out(
    database: str, tracker: Tracker, session: Session
) -> None:
    first = take(database, tracker)
    first._heart._every = 0.01
    with first, connect(database, autocommit=True) as ddl, first.on(ddl):
        first.check()
        end(session, guardian_pid(session))
        until(lambda: first._heart.trouble is not None)
        with pytest.raises(TurnLostError, match="the session that held the lock of this run is gone"):
            first.check()
        with pytest.raises(TurnTakenError, match=f"still at work.*pid {ddl.backend_pid}"):
            take(database, tracker)
    take(database, tracker).close()


@pytest.mark.parametrize("alone", [False, True])
def test_what_a_killed_run_has_left_at_work_keeps_others_out(
    database: str, beside: Tracker, session: Session, alone: bool
) -> None:
    """Its transaction, or a statement that runs by itself and that the server brings to its end."""
    with ExitStack() as open_:
        sessions = [open_.enter_context(connect(database, autocommit=True)) for _ in range(2)]
        with take(database, beside) as mine:
            for each in sessions:
                open_.enter_context(mine.on(each))
        if alone:
            end(session, sessions[0].backend_pid)
        at_work = sessions[1 if alone else 0].backend_pid
        with pytest.raises(TurnTakenError, match=f"still at work.*pid {at_work}"):
            take(database, beside)
    take(database, beside).close()


def test_another_runs_session_is_not_joined(database: str, beside: Tracker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "_SETTLE", 0.0)
    with take(database, beside) as mine, connect(database, autocommit=True) as other:
        assert try_lock(other, WORK[0])
        with connect(database, autocommit=True) as session, pytest.raises(TurnTakenError), mine.on(session):
            pytest.fail("two runs at work")


def test_a_lock_of_the_session_leaves_no_transaction_open(database: str, beside: Tracker) -> None:
    with take(database, beside) as mine, connect(database, autocommit=False) as session:
        with mine.on(session):
            assert not session.in_transaction
        assert not session.in_transaction


def test_the_lock_outlives_a_transaction_that_fails(database: str, beside: Tracker) -> None:
    with take(database, beside) as mine, connect(database, autocommit=False) as ddl, mine.on(ddl):
        with pytest.raises(StatementFailedError):
            ddl.execute("select 1 / 0")
        ddl.execute("rollback")
        with connect(database, autocommit=True) as other:
            assert not try_lock(other, WORK[0])


def test_a_pooler_is_refused_before_anything_is_locked(
    postgres_server: ThrowawayServer, database: str, beside: Tracker, session: Session
) -> None:
    name = session.query("select current_database()::text")[0][0]
    with PoolerStandIn(postgres_server.folder / "socket" / ".s.PGSQL.5432") as stand_in:
        dsn = make_dsn(host=str(stand_in.folder), port=5432, user="postgres", dbname=name)
        with pytest.raises(PoolerError, match="there is a pooler in between: it told of process 1, and process"):
            take(dsn, beside)
    assert lock_holder(session, TURN) is None


def test_after_a_kill_the_same_machine_need_not_wait_and_another_one_must(database: str, tracker: Tracker) -> None:
    gone = Holder(actor="mira", host=Holder.here("", "").host, pid=_a_pid_of_nobody(), purpose="expand", backend_pid=1)
    with tracker.writing(ME) as store:
        take_lease(store, MAIN, gone)
    take(database, tracker).close()
    with tracker.writing(ME) as store:
        take_lease(store, MAIN, Holder(actor="mira", host="elsewhere", pid=1, purpose="expand"))
    with pytest.raises(LeaseHeldError, match="mira on elsewhere"):
        take(database, tracker)


_TAKER = """
import sys
from migsafe.runner.turn import take_turn
from migsafe.tracker.address import read_address
from migsafe.tracker.opening import Tracker
from tracker_books import MAIN, ME

dsn = sys.argv[1]
with take_turn(dsn, Tracker(read_address("env:T", environ={"T": dsn})), MAIN, ME, "expand of 1.8.0"):
    print("taken", flush=True)
    sys.stdin.read()
"""


def test_a_killed_run_leaves_nothing_that_one_must_wait_for(database: str, beside: Tracker) -> None:
    tests = str(Path(__file__).parents[2])
    command = [sys.executable, "-c", _TAKER, database]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env={**os.environ, "PYTHONPATH": tests}, stdin=pipe, stdout=pipe) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == b"taken\n"
        with pytest.raises(TurnTakenError, match=f"process {run.pid}"):
            take(database, beside)
        run.kill()
    with take(database, beside, Waiting(10, sleep=lambda _: time.sleep(0.01))) as next_one:
        assert next_one.fence == 2


def _a_pid_of_nobody() -> int:
    child = os.posix_spawn("/bin/true", ["true"], {})
    os.waitpid(child, 0)
    return child


# -- the lease beside a step's transaction


class Step:
    """A step's transaction on the target, with the tracker beside."""

    def __init__(self, dsn: str) -> None:
        self.session = connect(dsn, autocommit=False)
        self.beside = TrackerBeside(self.session.driver, "test")


@pytest.fixture
def step(database: str) -> Iterator[Step]:
    made = Step(database)
    with made.session:
        yield made


def test_a_heart_beats_while_a_step_runs_and_nobody_takes_the_lease(
    database: str, beside: Tracker, session: Session, step: Step
) -> None:
    with take(database, beside) as mine:
        with step.beside.reading() as ledger:
            mine.check_fence(ledger)
            assert beat(beside, mine.lease), "the step's lock lets heartbeats pass"
            _age(session, 3600)
            with pytest.raises(LeaseHeldError) as refused, beside.writing(ME) as store:
                take_lease(store, MAIN, Holder.here("omar", "contract"))
            assert refused.value.at_work
            with pytest.raises(LeaseHeldError), beside.writing(ME) as store:
                break_lease(store, MAIN, "he said so")
        with beside.writing(ME) as store:
            assert take_lease(store, MAIN, Holder.here("omar", "contract")).fence == mine.fence + 1
        with pytest.raises(LeaseLostError, match="taken over by omar"), step.beside.reading() as ledger:
            mine.check_fence(ledger)


def test_a_broken_turn_says_which_session_still_has_the_lock(
    database: str, beside: Tracker, session: Session, step: Step
) -> None:
    with take(database, beside) as mine:
        broken, still = break_turn(database, beside, MAIN, ME, "it hangs")
        assert broken.fence == mine.fence
        assert still is not None
        assert f"pid {guardian_pid(session)}" in still
        with pytest.raises(LeaseLostError, match="was broken"), step.beside.reading() as ledger:
            mine.check_fence(ledger)
        with pytest.raises(TurnTakenError):
            take(database, beside)
    with pytest.raises(TrackerRefusedError, match="nothing to break"):
        break_turn(database, beside, MAIN, ME, "it hangs")
    with beside.writing(ME) as store:
        take_lease(store, MAIN, Holder(actor="mira", host="elsewhere", pid=1, purpose="expand"))
    assert break_turn(database, beside, MAIN, ME, "that machine is gone")[1] is None
    take(database, beside).close()


def test_leases_are_judged_by_the_servers_clock(database: str, beside: Tracker, session: Session) -> None:
    """A machine whose clock is an hour ahead would rob everybody."""
    from datetime import UTC, datetime, timedelta

    ahead = Tracker(beside.address, clock=lambda: datetime.now(UTC) + timedelta(hours=1))
    with beside.writing(ME) as store:
        take_lease(store, MAIN, Holder(actor="mira", host="elsewhere", pid=1, purpose="expand"))
    with pytest.raises(LeaseHeldError), ahead.writing(ME) as store:
        take_lease(store, MAIN, Holder.here("omar", "contract"))
    _age(session, 61)
    with ahead.writing(ME) as store:
        take_lease(store, MAIN, Holder.here("omar", "contract"))


def _age(session: Session, seconds: int) -> None:
    session.execute(
        f"update migsafe.migsafe_lease set heartbeat_at = clock_timestamp() - make_interval(secs => {seconds})"
    )


def test_a_tracker_that_is_away_when_the_turn_ends_is_no_error(database: str, tmp_path: Path) -> None:
    tracker = Tracker(book_in(tmp_path).furnish().address)
    with take(database, tracker):
        assert tracker.address.file is not None
        tracker.address.file.unlink()
    with connect(database, autocommit=True) as session:
        assert lock_holder(session, TURN) is None
    assert isinstance(_refusal(database, tracker), TrackerRefusedError)


def _refusal(dsn: str, tracker: Tracker) -> MigsafeError:
    with pytest.raises(MigsafeError) as refused:
        take(dsn, tracker)
    return refused.value
