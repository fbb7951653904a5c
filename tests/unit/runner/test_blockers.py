"""What of all that goes on stands in the way of a single try."""

from __future__ import annotations

from dataclasses import replace

import pytest

from migsafe.model.locks import LockMode
from migsafe.postgres.live_rows import AUTOVACUUM, Backend, Live, PreparedTransaction
from migsafe.preflight.case import Replica
from migsafe.preflight.touched import Touched
from migsafe.runner.blockers import LIMITS, judge
from migsafe.runner.patience import Budget, Sight, Way
from preflight_cases import (
    ORDERS,
    SERVER,
    STANDBY,
    USERS,
    backend,
    case,
    live,
    lock,
    sender,
    touching,
)

READS, WRITES, VACUUMS = "AccessShareLock", "RowExclusiveLock", "ShareUpdateExclusiveLock"


def seen(what: Live, touched: Touched | None = None, *replicas: Replica) -> Sight:
    return judge(case(what, touched or touching(), limits=LIMITS, replicas=replicas), Budget())


def working(query: str = "autovacuum: VACUUM public.users", **said: object) -> Live:
    """A server with an autovacuum on the table."""
    worker = backend(8, kind=AUTOVACUUM, user=None, application="", state="active", age=90.0, query=query)
    return live(backends=(worker,), locks=(lock(VACUUMS, 8),), **said)


def test_an_empty_table_of_locks_is_free() -> None:
    assert seen(live()) == Sight()


@pytest.mark.parametrize(
    ("held", "wanted", "age", "way"),
    [
        (READS, LockMode.ACCESS_EXCLUSIVE, 1.0, Way.HELD),
        (READS, LockMode.ACCESS_EXCLUSIVE, 0.9, Way.FREE),
        (READS, LockMode.SHARE, 900.0, Way.FREE),
        (WRITES, LockMode.SHARE, 2.0, Way.HELD),
        (WRITES, LockMode.SHARE_UPDATE_EXCLUSIVE, 900.0, Way.FREE),
        (VACUUMS, LockMode.SHARE_UPDATE_EXCLUSIVE, 2.0, Way.HELD),
    ],
)
def test_who_holds_on_for_longer_than_a_try_may_wait(held: str, wanted: LockMode, age: float, way: Way) -> None:
    assert seen(live(backends=(backend(age=age),), locks=(lock(held),)), touching(wanted)).way is way


def test_it_is_said_who_by_pid_and_query_without_what_the_query_holds() -> None:
    sight = seen(live(backends=(backend(age=42.0, query="update users set a = 'secret'"),), locks=(lock(READS),)))
    assert sight.text == (
        "public.users: ACCESS EXCLUSIVE must wait: 1 transaction has a lock that conflicts, pid 7 for 42 s; "
        "pid 7: app@web, idle in transaction, 42 s old: update users set a = '…'"
    )
    assert sight.hint
    assert "pg_terminate_backend(7)" in sight.hint


def test_as_it_grows_older_it_stays_the_same_one() -> None:
    def about(pid: int, age: float) -> str:
        return seen(live(backends=(backend(pid, age=age),), locks=(lock(READS, pid),))).about

    assert about(7, 42.0) == about(7, 43.0) != about(8, 42.0)


def test_a_young_one_is_named_too_but_not_waited_for() -> None:
    sight = seen(live(backends=(backend(age=0.1),), locks=(lock(READS),)))
    assert sight.way is Way.FREE
    assert "pid 7" in sight.text


def test_a_hidden_age_stops_nobody() -> None:
    hidden = backend(age=None, hidden=True)
    assert seen(live(backends=(hidden,), locks=(lock(READS),))).way is Way.FREE


@pytest.mark.parametrize("other", [backend(9, age=None), backend(9, age=None, hidden=True), None])
def test_an_old_one_is_in_the_way_whoever_else_is_there(other: Backend | None) -> None:
    """Readers come and go between the look at sessions and the look at locks."""
    backends = (backend(age=42.0), other) if other is not None else (backend(age=42.0),)
    sight = seen(live(backends=backends, locks=(lock(READS), lock(READS, 9))))
    assert sight.way is Way.HELD
    assert "pid 7 for 42 s" in sight.text
    assert seen(live(backends=backends[1:], locks=(lock(READS, 9),))).way is Way.FREE


def test_other_tables_are_nobodys_business() -> None:
    assert seen(live(backends=(backend(age=900.0),), locks=(lock(READS, table=ORDERS),))) == Sight()


def test_a_prepared_transaction_is_in_the_way() -> None:
    held = live(locks=(lock(READS, None, gid="move"),), prepared=(PreparedTransaction("move", "app", 2.0),))
    sight = seen(held)
    assert sight.way is Way.HELD
    assert "move" in sight.text


@pytest.mark.parametrize(("waited", "way"), [(1.5, Way.HELD), (0.2, Way.FREE)])
def test_nobody_queues_behind_a_queue(waited: float, way: Way) -> None:
    waiter = lock("AccessExclusiveLock", 9, granted=False, waited=waited, blockers=(7,))
    assert seen(live(backends=(backend(), backend(9)), locks=(waiter,))).way is way


def test_autovacuum_alone_gives_way() -> None:
    sight = seen(working())
    assert sight.way is Way.AUTOVACUUM
    assert "public.users: autovacuum is at work" in sight.text


def test_a_young_reader_beside_autovacuum_changes_nothing_and_an_old_one_does() -> None:
    for age, way in ((0.1, Way.AUTOVACUUM), (30.0, Way.HELD)):
        both = working()
        both = replace(both, backends=(*both.backends, backend(age=age)), locks=(*both.locks, lock(READS)))
        assert seen(both).way is way


def test_a_vacuum_against_wraparound_gives_way_to_nobody() -> None:
    sight = seen(working("autovacuum: VACUUM public.users (to prevent wraparound)"))
    assert sight.way is Way.HELD
    assert sight.hint
    assert "never end it" in sight.hint


@pytest.mark.parametrize(("deadlock_timeout_ms", "way"), [(1000, Way.AUTOVACUUM), (1001, Way.HELD)])
def test_autovacuum_that_gives_way_later_than_a_try_may_wait(deadlock_timeout_ms: int, way: Way) -> None:
    assert seen(working(server=replace(SERVER, deadlock_timeout_ms=deadlock_timeout_ms))).way is way


def test_an_index_build_waits_for_old_transactions_of_the_whole_database() -> None:
    build = touching(LockMode.SHARE_UPDATE_EXCLUSIVE, concurrently=True, patient={USERS})
    for age, way in ((61.0, Way.HELD), (59.0, Way.FREE)):
        assert seen(live(backends=(backend(age=age),)), build).way is way


def test_readers_on_a_replica_are_in_the_way_of_a_lock_against_reads_only() -> None:
    reading = live(server=STANDBY, backends=(backend(age=2.0),), locks=(lock(READS),))
    assert seen(live(), touching(), Replica("ro", reading)).way is Way.HELD
    young = replace(reading, backends=(backend(age=0.5),))
    assert seen(live(), touching(), Replica("ro", young)).way is Way.FREE
    assert seen(live(), touching(LockMode.SHARE), Replica("ro", reading)).way is Way.FREE


def test_a_replica_that_cannot_be_asked_may_have_readers() -> None:
    sight = seen(live(), touching(), Replica("ro", failure="refused"))
    assert sight.way is Way.HELD
    assert "cannot be asked: refused" in sight.text


def test_replicas_that_nobody_named_stop_nobody() -> None:
    assert seen(live(senders=(sender(),))).way is Way.FREE
