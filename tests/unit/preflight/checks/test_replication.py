"""Slots, lag, readers on replicas, publications, subscriptions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from migsafe.model.locks import LockMode
from migsafe.model.names import QualifiedName
from migsafe.postgres.live_rows import Live, Publication, Subscription
from migsafe.preflight.case import Replica
from preflight_cases import (
    ORDERS,
    ROLE,
    SERVER,
    STANDBY,
    USERS,
    ask,
    backend,
    case,
    live,
    lock,
    sender,
    slot,
    touching,
    weights,
)

GIB = 1 << 30


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({}, []),
        ({"active": False}, ["no-go"]),
        ({"wal_status": "extended"}, ["no-go"]),
        ({"wal_status": "lost"}, ["no-go"]),
        ({"retained": GIB}, []),
        ({"retained": GIB + 1}, ["no-go"]),
        ({"retained": None, "wal_status": None}, []),
    ],
)
def test_slots(said: dict[str, Any], expected: list[str]) -> None:
    assert weights("replication-slots", case(live(slots=(slot(**said),)))) == expected


@pytest.mark.parametrize(("keep_mb", "expected"), [(-1, ["no-go"]), (5_000, ["no-go"]), (100_000, [])])
def test_a_tenth_of_a_large_limit_may_be_kept(keep_mb: int, expected: list[str]) -> None:
    seen = live(server=replace(SERVER, slot_keep_mb=keep_mb), slots=(slot(retained=2 * GIB),))
    assert weights("replication-slots", case(seen)) == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({}, []),
        ({"lag": 6.0}, ["warning"]),
        ({"lag": 61.0}, ["no-go"]),
        ({"lag": None}, ["warning"]),
        ({"lag": None, "behind": None, "state": None}, ["warning"]),
        ({"lag": None, "behind": 0}, []),
        ({"lag": None, "logical": True}, []),
        ({"lag": None, "state": "backup"}, []),
    ],
)
def test_lag(said: dict[str, Any], expected: list[str]) -> None:
    assert weights("replica-lag", case(live(senders=(sender(**said),)))) == expected


def on_replica(**said: Any) -> Replica:
    return Replica("shop on ro", live(**{"server": STANDBY, "identity": "1", **said}))


def standby_conflict(replica: Replica, mode: LockMode = LockMode.ACCESS_EXCLUSIVE) -> list[str]:
    return weights("standby-conflict", case(live(identity="1"), touching(mode), replicas=(replica,)))


def test_a_reader_of_a_touched_table_on_a_replica() -> None:
    reader = on_replica(backends=(backend(age=1.5),), locks=(lock("AccessShareLock"),))
    assert standby_conflict(reader) == ["no-go"]
    assert standby_conflict(reader, LockMode.SHARE_ROW_EXCLUSIVE) == []
    (reason,) = ask("standby-conflict", case(live(identity="1"), touching(), replicas=(reader,)))
    assert (reason.node, reason.culprits[0].pid, reason.passing) == ("shop on ro", 7, True)
    assert "public.users" in reason.text


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"backends": (backend(age=0.5),), "locks": (lock("AccessShareLock"),)}, []),
        ({"backends": (backend(age=900.0),), "locks": (lock("AccessShareLock", table=ORDERS),)}, ["warning"]),
        ({"server": SERVER}, ["unknown"]),
        ({"identity": "2"}, ["unknown"]),
        ({"identity": None}, []),
        ({"role": replace(ROLE, sees_all=False)}, ["unknown"]),
    ],
)
def test_replicas(said: dict[str, Any], expected: list[str]) -> None:
    assert standby_conflict(on_replica(**said)) == expected


def test_a_replica_that_is_away_leaves_it_unknown() -> None:
    assert standby_conflict(Replica("ro", failure="cannot connect")) == ["unknown"]


@pytest.mark.parametrize(
    ("senders", "named", "expected"),
    [((sender(),), 0, ["warning"]), ((sender(),), 1, []), ((sender(logical=True),), 0, []), ((), 0, [])],
)
def test_replicas_that_nobody_has_named(senders: tuple[Any, ...], named: int, expected: list[str]) -> None:
    one = case(live(senders=senders), touching(), replicas=(on_replica(identity=None),) * named)
    assert weights("standby-conflict", one) == expected


ALL = Publication("everything", True, ())
SOME = Publication("some", False, (1,))
RESHAPE = touching(reshaped={USERS})
MADE = touching(modes={}, made={QualifiedName("fresh", "public")})


@pytest.mark.parametrize(
    ("publication", "touched", "expected"),
    [
        (SOME, RESHAPE, ["no-go"]),
        (ALL, RESHAPE, ["no-go"]),
        (ALL, MADE, ["no-go"]),
        (SOME, MADE, []),
        (Publication("others", False, ()), RESHAPE, []),
        (ALL, touching(), []),
        (ALL, None, ["warning"]),
        (SOME, None, []),
    ],
)
def test_published_tables(publication: Publication, touched: Any, expected: list[str]) -> None:
    seen = live(publications=(publication,), slots=(slot(),))
    assert weights("published-tables", case(seen, touched)) == expected


def test_subscribers_that_are_ready_or_absent() -> None:
    seen: Live = live(publications=(SOME,), slots=(slot(),))
    assert weights("published-tables", case(seen, RESHAPE, subscribers_ready=True)) == ["note"]
    assert weights("published-tables", case(live(publications=(SOME,)), RESHAPE)) == ["warning"]
    elsewhere = live(publications=(SOME,), slots=(slot(database="other"),))
    assert weights("published-tables", case(elsewhere, RESHAPE)) == ["warning"]


@pytest.mark.parametrize(
    ("subscription", "touched", "expected"),
    [
        (Subscription("s", True, (1,)), touching(), ["warning"]),
        (Subscription("s", True, (1,)), touching(LockMode.ROW_EXCLUSIVE), []),
        (Subscription("s", True, ()), touching(), []),
        (Subscription("s", False, (1,)), touching(), []),
        (Subscription("s", True, ()), None, ["warning"]),
    ],
)
def test_subscribed_tables(subscription: Subscription, touched: Any, expected: list[str]) -> None:
    assert weights("subscribed-tables", case(live(subscriptions=(subscription,)), touched)) == expected
