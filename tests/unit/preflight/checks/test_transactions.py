"""Old transactions."""

from __future__ import annotations

from typing import Any

import pytest

from migsafe.model.locks import LockMode
from preflight_cases import ask, backend, case, live, touching, weights

BUILD = touching(LockMode.SHARE_UPDATE_EXCLUSIVE, concurrently=True)


def test_an_index_build_waits_for_what_is_older_than_a_minute() -> None:
    old, older = backend(7, age=61.0), backend(8, age=70.0)
    (reason,) = ask("old-transactions", case(live(backends=(old, older)), BUILD))
    assert (reason.weight, reason.passing) == ("no-go", True)
    assert [one.pid for one in reason.culprits] == [8, 7]
    assert "pg_terminate_backend(8)" in (reason.hint or "")


@pytest.mark.parametrize(
    "said",
    [
        {"age": 59.0},
        {"age": None, "state": "idle"},
        {"age": 900.0, "kind": "autovacuum worker"},
        {"age": 900.0, "vacuums": True},
    ],
)
def test_nobody_waits_for_the_young_and_for_vacuum(said: dict[str, Any]) -> None:
    assert weights("old-transactions", case(live(backends=(backend(**said),)), BUILD)) == []


def test_other_migrations_do_not_wait_for_transactions_elsewhere() -> None:
    assert weights("old-transactions", case(live(backends=(backend(age=900.0),)), touching())) == []


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"age": 61.0, "state": "active"}, ["no-go"]),
        ({"age": 59.0, "state": "active"}, []),
        ({"age": 4.0}, ["warning"]),
        ({"age": 2.0}, []),
        ({"age": 4.0, "state": "idle in transaction (aborted)"}, ["warning"]),
    ],
)
def test_a_server_by_itself(said: dict[str, Any], expected: list[str]) -> None:
    assert weights("old-transactions", case(live(backends=(backend(**said),)))) == expected
