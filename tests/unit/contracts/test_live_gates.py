"""What the database says against a contract."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from contract_cases import CHANGE, MAIN, NOW, USERS_NAME
from migsafe.contracts import live_gates
from migsafe.contracts.phase_gates import BACKUP_CHECK
from migsafe.contracts.values import Gate, Hold, TakenObject, Thresholds
from migsafe.model.phase import Part
from migsafe.model.release import Release, ReleaseHistory
from migsafe.model.state import Chain, Check, StateDocument
from migsafe.postgres.radius import (
    Dependent,
    FoundConstraint,
    FoundFunction,
    FoundIndex,
    FoundTrigger,
    RadiusRows,
)
from migsafe.preflight.report import Reason, Weight
from preflight_cases import ROLE, backend, live

OBJECTS = {0: USERS_NAME}
HISTORY = ReleaseHistory(tuple(Release(name, at) for at, name in enumerate(("1.7.0", "1.8.0", "1.9.0"))))


def rows(**said: Any) -> RadiusRows:
    return RadiusRows(**{"database": "shop", "identity": "7711/shop", **said})


def results(gates: Any) -> list[tuple[str, str]]:
    return [(one.result, one.place) for one in gates]


def dependents(removed: tuple[str, ...] = (), *, dropped: bool = False, **said: Any) -> list[Gate]:
    return list(live_gates.dependents(rows(**said), OBJECTS, removed, dropped=dropped))


@pytest.mark.parametrize("kind", ["view", "materialized view", "rule", "policy", "generated column", "function"])
def test_whatever_is_bound_to_it_blocks(kind: str) -> None:
    (gate,) = dependents(dependents=(Dependent(0, kind, "public.names"),))
    assert (gate.result, gate.text) == ("fail", f"the {kind} public.names uses users.name")


def test_a_trigger_whose_body_names_it_blocks() -> None:
    (gate,) = dependents(triggers=(FoundTrigger(0, "audit", "audit_users()", "O", True, False),))
    assert gate.result == "fail"
    assert "every write fails" in gate.text


def test_a_trigger_that_fires_on_it_follows_it_and_is_said_so() -> None:
    (gate,) = dependents(triggers=(FoundTrigger(0, "stamp", "set_updated_at()", "O", False, True),))
    assert (gate.result, gate.text) == (
        "fail",
        "the trigger stamp fires on UPDATE OF name: make it anew for what takes its place",
    )


def test_other_triggers_of_the_table_are_none_of_its_business() -> None:
    (gate,) = dependents(triggers=(FoundTrigger(0, "audit", "audit_users()", "O", False, False),))
    assert gate.result == "pass"


def test_a_foreign_key_that_points_at_it_blocks_and_its_own_does_not() -> None:
    inbound = FoundConstraint(0, "orders_user_fk", "orders", "FOREIGN KEY …", "f", True)
    assert results(dependents(dropped=True, constraints=(inbound,))) == [("fail", "orders_user_fk")]
    assert results(dependents(constraints=(inbound,))) == [("pass", "")], "it follows a renamed column"
    table = {0: TakenObject(kind="table", name="public.users")}
    found = live_gates.dependents(rows(constraints=(inbound,)), table, (), dropped=False)
    assert results(found) == [("fail", "orders_user_fk")], "and does not follow a table out of reach"
    assert results(dependents(constraints=(replace(inbound, inbound=False),))) == [("pass", "")]


def test_what_the_plan_itself_removes_blocks_nothing() -> None:
    (gate,) = dependents(("public.names",), dependents=(Dependent(0, "view", "public.names"),))
    assert gate.result == "pass"


def test_the_body_of_a_function_must_be_accepted() -> None:
    (gate,) = live_gates.bodies(rows(functions=(FoundFunction(0, "public.report(integer)"),)), OBJECTS, ())
    assert (gate.result, gate.place) == ("acknowledge", "public.report(integer)")
    assert (
        list(live_gates.bodies(rows(functions=(FoundFunction(0, "public.report(integer)"),)), OBJECTS, ("report",)))
        == []
    )


@pytest.mark.parametrize(
    ("shared", "dropped", "expected"), [(True, True, 1), (True, False, 0), (False, True, 0), (False, False, 0)]
)
def test_an_index_of_several_columns_that_goes_must_be_accepted(shared: bool, dropped: bool, expected: int) -> None:
    index = FoundIndex(0, "public.users_name_email_idx", False, "CREATE INDEX …", 8192, shared)
    assert len(list(live_gates.vanishing(rows(indexes=(index,)), OBJECTS, dropped=dropped))) == expected


def sessions(*backends: Any, floor: str | None = "1.8.0", **said: Any) -> list[Gate]:
    nodes = [("shop", live(backends=backends, **said))]
    return list(live_gates.sessions(nodes, HISTORY, floor))


@pytest.mark.parametrize("name", ["shop 1.7.0", "shop/1.7.0", "web-1.7.0", "v1.7.0", "shop (1.7.0)"])
def test_a_session_of_an_older_release_blocks_and_is_named(name: str) -> None:
    (gate,) = sessions(backend(4711, application=name))
    assert gate.result == "fail"
    assert "pid 4711 of app" in gate.text


@pytest.mark.parametrize("name", ["shop 1.8.0", "shop 1.9.0"])
def test_sessions_of_the_floor_and_of_later_releases_pass(name: str) -> None:
    assert [one.result for one in sessions(backend(application=name))] == ["pass"]


@pytest.mark.parametrize("name", ["psql", "", "shop 1.7.00", "11.7.0"])
def test_a_session_that_says_no_release_proves_nothing(name: str) -> None:
    assert [one.result for one in sessions(backend(application=name))] == ["note"]


def test_a_replica_of_the_same_name_is_looked_at_too() -> None:
    nodes = [("shop", live()), ("shop", live(backends=(backend(application="shop 1.7.0"),)))]
    assert [one.result for one in live_gates.sessions(nodes, HISTORY, "1.8.0")] == ["fail"]


def test_a_node_that_is_away_blocks() -> None:
    gates = list(live_gates.sessions([("shop", live()), ("replica", None)], HISTORY, "1.8.0"))
    assert ("unknown", "replica") in results(gates)


def test_sessions_that_the_role_may_not_see_are_said() -> None:
    gates = sessions(backend(hidden=True), role=replace(ROLE, sees_all=False))
    assert any("pg_read_all_stats" in one.text for one in gates)


def test_only_what_lasts_is_taken_from_a_preflight() -> None:
    slot = Reason(check="replication-slots", weight=Weight.NO_GO, text="the slot is inactive", objects=("s",))
    lagging = replace(slot, passing=True)
    lock = Reason(check="old-transactions", weight=Weight.NO_GO, text="somebody idles")
    published = Reason(check="published-tables", weight=Weight.WARNING, text="published")
    assert results(live_gates.from_preflight([slot, lagging, lock, published])) == [("fail", "s"), ("note", "")]


def test_that_subscribers_are_ready_must_be_believed() -> None:
    said = Reason(check="published-tables", weight=Weight.NOTE, text="ready", objects=("public.users",))
    assert results(live_gates.from_preflight([said])) == [("note", "public.users")]
    assert results(live_gates.from_preflight([said], subscribers_ready=True)) == [("acknowledge", "public.users")]


def hold(until_hours: float) -> Hold:
    until = NOW + timedelta(hours=until_hours)
    return Hold(days=14, since=until - timedelta(days=14), until=until)


@pytest.mark.parametrize(
    ("held", "part", "loses", "expected"),
    [
        (hold(1), Part.PURGE, True, ["fail"]),
        (hold(0), Part.PURGE, True, ["pass"]),
        (hold(-1), Part.PURGE, False, ["pass"]),
        (Hold(days=14), Part.PURGE, True, ["unknown"]),
        (None, Part.PURGE, True, ["acknowledge"]),
        (None, Part.QUARANTINE, False, []),
        (None, Part.QUARANTINE, True, ["acknowledge"]),
        (None, None, False, []),
        (None, None, True, ["acknowledge"]),
    ],
)
def test_the_hold(held: Hold | None, part: Part | None, loses: bool, expected: list[str]) -> None:
    assert [one.result for one in live_gates.hold_gate(held, part, NOW, loses_data=loses)] == expected


def backup(*checks: Check, needed: bool = True) -> list[str]:
    state = StateDocument(exported=NOW, installation="x", chain=Chain("0" * 64), checks=checks)
    return [one.result for one in live_gates.backup_gate(CHANGE, state, MAIN, NOW, Thresholds(), needed=needed)]


def proof(days: float, *, ok: bool = True, name: str = BACKUP_CHECK, target: str = "main") -> Check:
    at = NOW - timedelta(days=days)
    return Check(change=CHANGE, name=name, environment="production", target=target, ok=ok, at=at)


def test_data_goes_only_after_a_backup_was_restored_lately() -> None:
    assert backup() == ["unknown"]
    assert backup(proof(7)) == ["pass"]
    assert backup(proof(7.01)) == ["fail"]
    assert backup(proof(1, ok=False)) == ["fail"]
    assert backup(proof(3, ok=False), proof(1)) == ["pass"]
    assert backup(proof(1, name="both sides agree"), proof(1, target="second")) == ["unknown"]
    assert backup(needed=False) == []


def test_what_is_not_there_blocks() -> None:
    assert results(live_gates.there({}, {0: "users.name"})) == [("fail", "users.name")]
    assert results(live_gates.there(OBJECTS, {0: "users.name"})) == []
