"""What the chapters remember, and how they say it."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

from migsafe.contracts.values import Gate
from migsafe.demo.leaving import refusals
from migsafe.demo.recording import recorded
from migsafe.demo.stage import Told
from migsafe.demo.story import CHAPTERS
from migsafe.demo.timeline import Mark, Tone

if TYPE_CHECKING:
    from migsafe.contracts.keeping import Planned
    from migsafe.tracker.events import Event


def test_the_story_is_told_in_this_order() -> None:
    told = ["plan", "expand", "canary", "migrate", "spike", "ask", "switch", "quarantine", "purge"]
    assert [one.__name__ for one in CHAPTERS] == told


def test_a_state_of_the_schema_lasts_until_the_next_one() -> None:
    told = Told(began=time.monotonic() - 5, began_at=0.0)
    told.schema("as before")
    told.schema("expanding", moves=True)
    told.end()
    before, expanding = told.bands
    assert (before.text, before.moves, expanding.text, expanding.moves) == ("as before", False, "expanding", True)
    assert 5 <= before.begin <= before.end <= expanding.begin <= expanding.end


def test_moments_of_the_tracker_are_seconds_of_the_story() -> None:
    told = Told(0.0, datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC).timestamp())
    assert told.since(datetime(2026, 11, 23, 12, 0, 7, 500_000, tzinfo=UTC)) == 7.5
    assert told.since(datetime(2026, 11, 23, 11, 0, 0, tzinfo=UTC)) == 0.0, "before the first request"
    told.mark("x", Tone.TRAFFIC, at=1.5)
    assert told.marks == [Mark(1.5, "x", Tone.TRAFFIC)]


def _planned(gates: list[Gate], usage: list[Gate]) -> Planned:
    return cast("Planned", SimpleNamespace(plan=SimpleNamespace(gates=gates, usage=usage)))


def test_each_closed_gate_is_said_once_and_open_ones_are_not() -> None:
    gates = [
        Gate("floor", "pass", "fine", "tracker", ""),
        Gate("older-sessions", "fail", "pid 1", "database", ""),
        Gate("older-sessions", "fail", "pid 2", "database", ""),
        Gate("older-release-quiet", "unknown", "nobody knows", "tracker", ""),
        Gate("statistics", "acknowledge", "a person may weigh it", "database", ""),
    ]
    usage = [Gate("still-in-use", "fail", "a query names it", "code", "")]
    assert refusals(_planned(gates, usage)) == (
        "older-sessions: pid 1 (and 1 more)",
        "older-release-quiet: nobody knows",
        "still-in-use: a query names it",
    )


def test_nothing_is_refused_where_all_gates_are_open() -> None:
    assert refusals(_planned([Gate("floor", "pass", "fine", "tracker", "")], [])) == ()


def _event(**facts: object) -> Event:
    at = datetime(2026, 11, 23, 12, 0, 1, tzinfo=UTC)
    return cast("Event", SimpleNamespace(at=at, actor="ada", kind="run", subject="00002", facts=facts))


def test_events_say_from_what_to_what_and_why() -> None:
    told = Told(0.0, datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp())
    events = [
        _event(**{"from": "planned", "to": "done", "reason": "it ran"}),
        _event(to={"status": "deployed", "percent": 100, "long": "x" * 60}),
        _event(reason="only that"),
        _event(),
    ]
    found = recorded(events, told)
    assert [one.text for one in found] == ["planned → done: it ran", "deployed, percent 100", "only that", ""]
    assert {one.at for one in found} == {1.0}
