"""Somebody who looks on, on a real server: who is named, and what is stopped."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from migsafe.postgres.connection import NO_TIMEOUTS, Session, StatementFailedError, Timeouts, connect, make_dsn
from migsafe.runner.execution import PieceFailedError
from migsafe.runner.pieces import Piece, pieces_of
from migsafe.runner.watching import WatchLimits, Watchman
from preflight_cases import read_sql

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import MakeDatabase

pytestmark = [pytest.mark.server, pytest.mark.long]

#: Slow enough to be looked at, and no longer.
LOCK = "lock table users in access exclusive mode"
CANCEL_WHEN_IT_SLEEPS = """do $$ begin
  while not exists (select from pg_stat_activity where pid = {pid} and wait_event = 'PgSleep') loop
    perform pg_sleep(0.01), pg_stat_clear_snapshot();
  end loop;
  perform pg_cancel_backend({pid});
end $$"""


def piece_of(sql: str) -> Piece:
    (piece,) = pieces_of(read_sql(sql)[1])
    return piece


class Office:
    """A database, sessions on it, and a watchman whose lines are kept."""

    def __init__(self, dsn: str, open_: ExitStack) -> None:
        self.dsn = dsn
        self.lines: list[str] = []
        self._open = open_

    def session(self, sql: str = "", timeouts: Timeouts = NO_TIMEOUTS) -> Session:
        session = self._open.enter_context(connect(self.dsn, autocommit=True, timeouts=timeouts))
        if sql:
            session.execute(sql)
        return session

    def watchman(self, limits: WatchLimits | None = None, dsn: str | None = None) -> Watchman:
        return self._open.enter_context(Watchman(dsn or self.dsn, self.lines.append, limits))

    def in_background(self, sql: str) -> threading.Thread:
        session = self.session()

        def run() -> None:
            session.execute(sql)

        thread = threading.Thread(target=run)
        thread.start()
        self._open.callback(thread.join)
        return thread

    def until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 10
        while not condition():
            assert time.monotonic() < deadline, self.lines
            time.sleep(0.01)


@pytest.fixture
def office(make_database: MakeDatabase) -> Iterator[Office]:
    with ExitStack() as open_:
        yield Office(make_database("create table users (id int primary key, email text)"), open_)


def run(watchman: Watchman, session: Session, piece: Piece) -> None:
    """As the runner does: the server's refusal is the piece's."""
    with watchman.watching(session, piece):
        try:
            session.execute(piece.statements[0].text)
        except StatementFailedError as error:
            raise PieceFailedError(piece.statements[0], error) from None


def failure(watchman: Watchman, session: Session, piece: Piece) -> StatementFailedError:
    with pytest.raises(PieceFailedError) as failed:
        run(watchman, session, piece)
    assert failed.value.statement is piece.statements[0]
    return failed.value.error


def test_who_had_the_lock_stands_in_the_message(office: Office) -> None:
    holder = office.session("begin; select count(*) from users where email = 'a@b'")
    error = failure(
        office.watchman(), office.session(timeouts=Timeouts(lock=600)), piece_of("alter table users add a int")
    )
    assert error.sqlstate == "55P03"
    assert error.message.startswith("canceling statement due to lock timeout: it waited for ")
    assert f"pid {holder.backend_pid}: postgres@migsafe, idle in transaction" in error.message
    assert error.message.endswith("select count(*) from users where email = '…'")


def test_other_errors_stay_as_they_are(office: Office) -> None:
    error = failure(office.watchman(), office.session(), piece_of("alter table users add id int"))
    assert (error.sqlstate, error.message) == ("42701", 'column "id" of relation "users" already exists')


def test_it_cancels_itself_when_too_many_wait_behind_it(office: Office) -> None:
    ours = office.session(f"begin; {LOCK}")
    for _ in range(3):
        office.in_background("select count(*) from users")
    watchman = office.watchman(WatchLimits(waiting=2, for_s=0.2))
    error = failure(watchman, ours, piece_of("do $$ begin perform pg_sleep(30); end $$"))
    assert error.sqlstate == "57014"
    assert error.message.startswith("cancelled by migsafe itself: 3 sessions wait behind it, for up to ")
    assert "is cancelled: 3 sessions wait" in office.lines[0]
    ours.execute("rollback")


def test_as_many_as_may_wait_do_not_stop_it(office: Office) -> None:
    ours = office.session(f"begin; {LOCK}")
    for _ in range(2):
        office.in_background("select count(*) from users")
    run(office.watchman(WatchLimits(waiting=2, for_s=0.1)), ours, piece_of("do $$ begin perform pg_sleep(0.6); end $$"))
    ours.execute("rollback")
    assert office.lines == []


def test_somebody_elses_cancel_is_not_taken_for_ours(office: Office) -> None:
    ours = office.session()
    office.in_background(CANCEL_WHEN_IT_SLEEPS.format(pid=ours.backend_pid))
    error = failure(office.watchman(WatchLimits()), ours, piece_of("do $$ begin perform pg_sleep(30); end $$"))
    assert error.message == "canceling statement due to user request"


def test_an_index_build_says_for_whom_it_waits_and_goes_on(office: Office) -> None:
    holder = office.session("begin; insert into users values (1, 'a')")
    watchman, ours = office.watchman(WatchLimits()), office.session()
    piece = piece_of("create index concurrently users_email on users (email)")
    builder = threading.Thread(target=run, args=(watchman, ours, piece))
    builder.start()
    office.until(lambda: bool(office.lines))
    holder.execute("commit")
    builder.join()
    assert "waiting for writers before build" in office.lines[0]
    assert f"waits for pid {holder.backend_pid}: postgres@migsafe, idle in transaction" in office.lines[0]
    assert ours.query("select indisvalid from pg_index where indexrelid = 'users_email'::regclass") == [(True,)]


def test_what_is_short_is_not_looked_at(office: Office) -> None:
    watchman = office.watchman(WatchLimits())
    run(watchman, office.session(), piece_of("alter table users add a int"))
    assert watchman._watcher is None


def test_who_cannot_look_says_so_once_and_stops_nothing(office: Office) -> None:
    away = make_dsn(host="/nowhere", port=1, user="nobody", dbname="x")
    run(
        office.watchman(WatchLimits(), dsn=away),
        office.session(),
        piece_of("do $$ begin perform pg_sleep(0.6); end $$"),
    )
    (line,) = office.lines
    assert "runs unwatched: cannot connect" in line
