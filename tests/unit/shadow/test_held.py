from __future__ import annotations

from migsafe.model.evidence import HeldLock
from migsafe.model.locks import LockMode
from migsafe.model.names import QualifiedName
from migsafe.shadow.held import HeldLocks

T, U = QualifiedName("t", "public"), QualifiedName("u", "public")
A, S = LockMode.ACCESS_EXCLUSIVE, LockMode.SHARE


def test_a_lock_is_held_to_the_end_of_its_transaction() -> None:
    held = HeldLocks()
    held.update(0, 1.0, {(1, A): T})
    held.update(1, 2.0, {(1, A): T, (2, S): U})
    held.extend(2, 4.0)
    held.release()
    assert held.all == (HeldLock(T, A, 0, 2, 7.0), HeldLock(U, S, 1, 2, 6.0))


def test_a_new_transaction_takes_its_locks_anew() -> None:
    held = HeldLocks()
    for index in range(2):
        held.update(index, 1.0, {(1, A): T})
        held.release()
    assert held.all == (HeldLock(T, A, 0, 0, 1.0), HeldLock(T, A, 1, 1, 1.0))


def test_rolling_back_to_a_savepoint_lets_locks_go() -> None:
    held = HeldLocks()
    held.update(0, 1.0, {(1, A): T, (2, S): U})
    held.update(1, 1.0, {(2, S): U})
    held.release()
    assert held.all == (HeldLock(T, A, 0, 0, 1.0), HeldLock(U, S, 0, 1, 2.0))


def test_a_renamed_table_keeps_its_lock() -> None:
    held = HeldLocks()
    held.update(0, 1.0, {(1, A): T})
    held.update(1, 1.0, {(1, A): U})
    held.release()
    assert held.all == (HeldLock(T, A, 0, 1, 2.0),)


def test_a_script_that_begins_anew_forgets_what_was_rolled_back() -> None:
    held = HeldLocks()
    held.update(0, 1.0, {(1, A): T})
    held.update(1, 1.0, {(1, A): T})
    held.update(0, 5.0, {(1, A): T})
    held.release()
    assert held.all == (HeldLock(T, A, 0, 0, 5.0),)
