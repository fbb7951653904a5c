"""Who has, or waits for, locks on touched tables."""

from __future__ import annotations

import pytest

from migsafe.model.locks import LockMode
from migsafe.postgres.live_rows import PreparedTransaction
from preflight_cases import ORDERS, USERS, ask, backend, case, live, lock, touching, weights

READS, WRITES = "AccessShareLock", "RowExclusiveLock"


@pytest.mark.parametrize(
    ("held", "wanted", "age", "expected"),
    [
        (READS, LockMode.ACCESS_EXCLUSIVE, 4.0, ["no-go"]),
        (READS, LockMode.ACCESS_EXCLUSIVE, 2.0, ["note"]),
        (READS, LockMode.SHARE, 900.0, []),
        (WRITES, LockMode.SHARE, 4.0, ["no-go"]),
        (WRITES, LockMode.SHARE_UPDATE_EXCLUSIVE, 900.0, []),
        ("ShareUpdateExclusiveLock", LockMode.SHARE_UPDATE_EXCLUSIVE, 4.0, ["no-go"]),
        ("AccessExclusiveLock", LockMode.ROW_EXCLUSIVE, 4.0, ["no-go"]),
    ],
)
def test_a_lock_that_conflicts(held: str, wanted: LockMode, age: float | None, expected: list[str]) -> None:
    seen = live(backends=(backend(age=age),), locks=(lock(held),))
    assert weights("lock-holders", case(seen, touching(wanted))) == expected


def test_an_age_that_is_hidden_is_not_known_and_one_that_is_missing_is_young() -> None:
    """Sessions are read a moment before their locks: whoever had no transaction then has just begun it."""
    hidden = live(backends=(backend(age=None, hidden=True),), locks=(lock(READS),))
    assert weights("lock-holders", case(hidden, touching())) == ["unknown"]
    fresh = live(backends=(backend(age=None),), locks=(lock(READS),))
    assert weights("lock-holders", case(fresh, touching())) == ["note"]


def test_somebody_who_has_just_begun_does_not_hide_who_is_old() -> None:
    both = live(backends=(backend(1, age=None), backend(2, age=900.0)), locks=(lock(READS, 1), lock(READS, 2)))
    (reason,) = ask("lock-holders", case(both, touching()))
    assert reason.weight == "no-go"
    assert "pid 2" in reason.text


def test_the_culprit_is_named_whole() -> None:
    seen = live(backends=(backend(age=42.0, query="update t set a = 'secret'"),), locks=(lock(READS),))
    (reason,) = ask("lock-holders", case(seen, touching()))
    (culprit,) = reason.culprits
    assert (culprit.pid, culprit.user, culprit.application) == (7, "app", "web")
    assert (culprit.state, culprit.age, culprit.query) == ("idle in transaction", 42.0, "update t set a = '…'")
    assert reason.objects == ("public.users",)
    assert "pid 7 for 42 s" in reason.text


def test_other_tables_are_nobodys_business() -> None:
    seen = live(backends=(backend(age=900.0),), locks=(lock(READS, table=ORDERS),))
    assert weights("lock-holders", case(seen, touching())) == []


def test_one_session_on_two_tables_is_one_reason() -> None:
    modes = {USERS: LockMode.ACCESS_EXCLUSIVE, ORDERS: LockMode.SHARE_ROW_EXCLUSIVE}
    seen = live(backends=(backend(age=9.0),), locks=(lock(WRITES), lock(WRITES, table=ORDERS), lock(READS)))
    (reason,) = ask("lock-holders", case(seen, touching(modes=modes)))
    assert reason.objects == ("public.orders", "public.users")


def test_a_process_that_nobody_knows_cannot_be_judged() -> None:
    assert weights("lock-holders", case(live(locks=(lock(READS, pid=99),)), touching())) == ["unknown"]


def test_a_prepared_transaction_has_its_locks_until_somebody_ends_it() -> None:
    seen = live(locks=(lock(WRITES, pid=None, gid="tx1"),), prepared=(PreparedTransaction("tx1", "app", 0.1),))
    (reason,) = ask("lock-holders", case(seen, touching()))
    assert (reason.weight, reason.passing) == ("no-go", False)
    assert "ROLLBACK PREPARED 'tx1'" in (reason.hint or "")


def test_autovacuum_is_not_judged_by_its_age() -> None:
    worker = backend(age=900.0, kind="autovacuum worker", query="autovacuum: VACUUM public.users")
    seen = live(backends=(worker,), locks=(lock("ShareUpdateExclusiveLock"),))
    assert weights("lock-holders", case(seen, touching())) == []


@pytest.mark.parametrize(("age", "expected"), [(61.0, ["no-go"]), (59.0, [])])
def test_a_concurrent_drop_waits_for_old_readers_of_its_table(age: float, expected: list[str]) -> None:
    seen = live(backends=(backend(age=age),), locks=(lock(READS),))
    drop = touching(LockMode.SHARE_UPDATE_EXCLUSIVE, patient={USERS})
    assert weights("lock-holders", case(seen, drop)) == expected
    assert weights("lock-holders", case(seen, touching(LockMode.SHARE_UPDATE_EXCLUSIVE))) == []


@pytest.mark.parametrize(("waited", "expected"), [(1.5, ["no-go"]), (0.2, ["warning"])])
def test_a_queue_that_stands_already(waited: float, expected: list[str]) -> None:
    waiter = lock("AccessExclusiveLock", 8, granted=False, waited=waited, blockers=(7,))
    seen = live(backends=(backend(7, age=1.0), backend(8, state="active")), locks=(lock(READS), waiter))
    for one in (case(seen, touching(LockMode.ROW_EXCLUSIVE)), case(seen)):
        (reason,) = ask("lock-queue", one)
        assert [reason.weight] == expected
        assert [one.pid for one in reason.culprits] == [7, 8]
        assert reason.culprits[1].waited == waited
        assert "behind pid 7" in reason.text


def test_a_queue_for_another_table_or_a_lock_that_agrees_is_none() -> None:
    elsewhere = lock("AccessExclusiveLock", granted=False, waited=9.0, table=ORDERS)
    agrees = lock(WRITES, granted=False, waited=9.0)
    for waiter in (elsewhere, agrees):
        assert weights("lock-queue", case(live(locks=(waiter,)), touching(LockMode.ROW_EXCLUSIVE))) == []


def test_a_queue_behind_a_prepared_transaction_says_so() -> None:
    waiter = lock("AccessExclusiveLock", granted=False, waited=9.0, blockers=(0,))
    assert "a prepared transaction" in ask("lock-queue", case(live(locks=(waiter,))))[0].text
