"""Autovacuum gives way, or never does."""

from __future__ import annotations

import pytest

from migsafe.model.locks import LockMode
from preflight_cases import ORDERS, ask, backend, case, live, lock, touching, weights

ORDINARY = "autovacuum: VACUUM ANALYZE public.users"
WRAPAROUND = "autovacuum: VACUUM public.users (to prevent wraparound)"


@pytest.mark.parametrize(
    ("query", "mode", "expected"),
    [
        (ORDINARY, LockMode.ACCESS_EXCLUSIVE, ["warning"]),
        (WRAPAROUND, LockMode.ACCESS_EXCLUSIVE, ["no-go"]),
        (WRAPAROUND, LockMode.SHARE_UPDATE_EXCLUSIVE, ["no-go"]),
        (WRAPAROUND, LockMode.ROW_EXCLUSIVE, []),
    ],
)
def test_on_a_touched_table(query: str, mode: LockMode, expected: list[str]) -> None:
    worker = backend(kind="autovacuum worker", query=query, state="active")
    seen = live(backends=(worker,), locks=(lock("ShareUpdateExclusiveLock"),))
    assert weights("autovacuum", case(seen, touching(mode))) == expected


def test_how_long_a_lock_must_wait_is_said() -> None:
    worker = backend(kind="autovacuum worker", query=ORDINARY)
    seen = live(backends=(worker,), locks=(lock("ShareUpdateExclusiveLock"),))
    assert "1250 ms" in (ask("autovacuum", case(seen, touching()))[0].hint or "")


def test_on_another_table_it_is_nobodys_business() -> None:
    worker = backend(kind="autovacuum worker", query=WRAPAROUND)
    seen = live(backends=(worker,), locks=(lock("ShareUpdateExclusiveLock", table=ORDERS),))
    assert weights("autovacuum", case(seen, touching())) == []


def test_somebody_who_vacuums_by_hand_is_no_worker() -> None:
    seen = live(backends=(backend(query="vacuum users"),), locks=(lock("ShareUpdateExclusiveLock"),))
    assert weights("autovacuum", case(seen, touching())) == []


@pytest.mark.parametrize(("query", "expected"), [(WRAPAROUND, ["no-go"]), (ORDINARY, [])])
def test_a_server_by_itself(query: str, expected: list[str]) -> None:
    assert weights("autovacuum", case(live(backends=(backend(kind="autovacuum worker", query=query),)))) == expected
