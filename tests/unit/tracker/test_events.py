"""The chain, link by link."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migsafe.tracker.columns import spell_moment
from migsafe.tracker.errors import TrackerBrokenError
from migsafe.tracker.events import GENESIS, Event, event_hash, prove, spell_detail
from tracker_books import NOW


def chain(count: int) -> list[Event]:
    events: list[Event] = []
    for seq in range(1, count + 1):
        facts = {
            "seq": seq, "at": spell_moment(NOW), "actor": "mira", "role": "app", "kind": "run", "subject": f"00{seq}",
            "environment": None, "detail": spell_detail({"to": {"status": "done"}, "reason": None}),
            "previous": events[-1].sha if events else GENESIS,
        }  # fmt: skip
        events.append(Event(**{**facts, "at": NOW}, sha=event_hash(**facts)))
    return events


def test_a_chain_holds() -> None:
    events = chain(3)
    proof = prove(events)
    assert (proof.events, proof.head, proof.anchored) == (3, events[-1].sha, None)
    assert prove([]).head == GENESIS


def test_the_hash_is_that_of_the_canonical_form() -> None:
    """As any other program would make it: RFC 8785, then SHA-256."""
    import hashlib

    text = '{"a":1,"b":"é","c":null}'
    assert event_hash(b="é", a=1, c=None) == hashlib.sha256(text.encode()).hexdigest()


CHANGES = {
    "actor": "somebody", "role": "postgres", "kind": "check", "subject": "x", "environment": "staging",
    "detail": '{"to":{"status":"failed"}}', "at": NOW + timedelta(microseconds=1), "previous": "f" * 64,
    "sha": "f" * 64, "seq": 9,
}  # fmt: skip


@given(st.integers(0, 4), st.sampled_from(sorted(CHANGES)))
def test_no_member_of_no_event_can_be_changed(place: int, member: str) -> None:
    events = chain(5)
    events[place] = replace(events[place], **{member: CHANGES[member]})
    with pytest.raises(TrackerBrokenError):
        prove(events)


@given(st.integers(0, 3))
def test_no_event_can_be_taken_away(place: int) -> None:
    events = chain(5)
    del events[place]
    with pytest.raises(TrackerBrokenError, match=f"event {place + 1} is missing"):
        prove(events)


def test_the_end_can_be_cut_off_and_an_anchor_shows_it() -> None:
    events = chain(5)
    prove(events[:3])
    with pytest.raises(TrackerBrokenError, match="were taken away or written anew"):
        prove(events[:3], events[4].sha)
    assert prove(events, events[2].sha.upper()).anchored == 3


def test_a_chain_that_was_written_anew_does_not_hold_the_anchor() -> None:
    anchor = chain(2)[-1].sha
    forged = [replace(event, actor="mallory") for event in chain(2)]
    with pytest.raises(TrackerBrokenError, match="was changed after it was written"):
        prove(forged)
    assert prove([], GENESIS).anchored is None
    with pytest.raises(TrackerBrokenError):
        prove([], anchor)
