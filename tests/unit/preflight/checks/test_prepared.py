"""Forgotten prepared transactions."""

from __future__ import annotations

import pytest

from migsafe.model.locks import LockMode
from migsafe.postgres.live_rows import PreparedTransaction
from preflight_cases import ask, case, live, lock, touching, weights


@pytest.mark.parametrize(("age", "alone", "with_tables"), [(61.0, ["no-go"], ["warning"]), (59.0, [], [])])
def test_by_age(age: float, alone: list[str], with_tables: list[str]) -> None:
    seen = live(prepared=(PreparedTransaction("tx1", "app", age),))
    assert weights("prepared-transactions", case(seen)) == alone
    assert weights("prepared-transactions", case(seen, touching())) == with_tables
    assert weights("prepared-transactions", case(seen, touching(LockMode.ROW_EXCLUSIVE))) == []


def test_it_is_named() -> None:
    (reason,) = ask("prepared-transactions", case(live(prepared=(PreparedTransaction("tx1", "app", 900.0),))))
    assert (reason.culprits[0].gid, reason.culprits[0].user, reason.culprits[0].state) == ("tx1", "app", "prepared")


def test_one_with_locks_on_touched_tables_is_said_there() -> None:
    found = PreparedTransaction("tx1", "app", 900.0)
    seen = live(prepared=(found,), locks=(lock("RowExclusiveLock", pid=None, gid="tx1"),))
    assert weights("prepared-transactions", case(seen, touching())) == []
