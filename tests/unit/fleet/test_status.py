"""How far a fleet is, counted."""

from __future__ import annotations

from migsafe.errors import EnvironmentFailedError
from migsafe.fleet.roster import FleetTarget, Ring, Roster
from migsafe.fleet.status import FleetChange, Standing, fleet_status
from migsafe.model.phase import Part, Phase
from migsafe.model.state import StepStatus
from migsafe.tracker.whereabouts import StepName

NOTE = StepName(Phase.EXPAND, "003_note", "note")
INDEX = StepName(Phase.EXPAND, "004_index")
FILL = StepName(Phase.MIGRATE, "005_fill", "note")
DROP = StepName(Phase.CONTRACT, "006_drop", "note", Part.QUARANTINE)
GONE = StepName(Phase.CONTRACT, "006_drop", "note", Part.PURGE)
DONE, FAILED, RUNNING = StepStatus.DONE, StepStatus.FAILED, StepStatus.RUNNING
AWAY = EnvironmentFailedError("cannot connect to Postgres: no route")


def roster(*rings: str) -> Roster:
    return Roster(
        tuple(Ring(f"r{place}", tuple(FleetTarget(n, "s") for n in names)) for place, names in enumerate(rings))
    )


def test_nothing_was_begun() -> None:
    found = fleet_status(roster("ab"), {"a": {}, "b": {}}, {})
    assert [dict(line.phases) for line in found.rings] == [{}]
    assert (found.databases, found.changes, found.failed, found.away) == (2, (), (), ())


def test_rings_by_phase() -> None:
    told = {
        "a": {NOTE: DONE, INDEX: DONE, FILL: RUNNING},
        "b": {NOTE: DONE, INDEX: DONE},
        "c": {NOTE: DONE},
        "d": {NOTE: FAILED},
    }
    found = fleet_status(roster("a", "bcde"), told, {"e": AWAY})
    first, second = found.rings
    assert first.phases == {Phase.EXPAND: {Standing.DONE: 1}, Phase.MIGRATE: {Standing.RUNNING: 1}}
    assert second.phases == {
        Phase.EXPAND: {Standing.DONE: 1, Standing.WAITING: 1, Standing.FAILED: 1},
        Phase.MIGRATE: {Standing.WAITING: 3},
    }
    assert (second.databases, second.away) == (4, 1)
    assert found.failed == (("d", "003_note is failed"),)
    assert found.away == (("e", "cannot connect to Postgres: no route"),)


def test_a_change_is_done_where_all_its_steps_are() -> None:
    told = {"a": {NOTE: DONE, INDEX: FAILED, FILL: DONE}, "b": {NOTE: DONE}, "c": {INDEX: DONE}}
    found = fleet_status(roster("abc"), told, {})
    assert found.changes == (FleetChange("note", {Phase.EXPAND: 2, Phase.MIGRATE: 1}),)


def test_what_was_taken_back_waits_again() -> None:
    found = fleet_status(roster("ab"), {"a": {NOTE: StepStatus.REVERTED}, "b": {NOTE: StepStatus.SKIPPED}}, {})
    assert found.rings[0].phases == {Phase.EXPAND: {Standing.DONE: 1, Standing.WAITING: 1}}


def test_the_halves_of_a_contract_are_steps_of_their_own() -> None:
    half, whole = {DROP: StepStatus.QUARANTINED}, {DROP: StepStatus.QUARANTINED, GONE: StepStatus.PURGED}
    assert fleet_status(roster("a"), {"a": half}, {}).rings[0].phases == {Phase.CONTRACT: {Standing.DONE: 1}}
    found = fleet_status(roster("ab"), {"a": half, "b": whole}, {})
    assert found.rings[0].phases == {Phase.CONTRACT: {Standing.DONE: 1, Standing.WAITING: 1}}
