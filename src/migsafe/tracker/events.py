"""Events, and the chain that they form: each carries the hash of the one before it. Pure.

The hash is the SHA-256 of the canonical form (RFC 8785) of the event with the hash before it, so that it can be made
again in any language, from the table's columns alone.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from migsafe.tracker.columns import spell_moment
from migsafe.tracker.errors import TrackerBrokenError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

#: What stands before the first event.
GENESIS = "0" * 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that was recorded.

    Attributes:
        seq: its place, from 1, without gaps.
        actor: who says that they did it.
        role: as whom the database knew them; empty in SQLite, which knows nobody.
        kind: what it is about: `rollout`, `run`, `check`, …
        subject: which of them, for people.
        environment: None for what is of no environment.
        detail: canonical JSON: `from`, `to`, `reason`, `evidence`, `migsafe` (the version).
        previous: hash of the event before it.
        sha: its own.
        client: from where they were connected: an address, or `local`; None in SQLite, and in events of before.
    """

    seq: int
    at: datetime
    actor: str
    role: str
    kind: str
    subject: str
    environment: str | None
    detail: str
    previous: str
    sha: str
    client: str | None = None

    def computed(self) -> str:
        """The hash that it must have; what nobody has said of the client is no part of it."""
        client = {} if self.client is None else {"client": self.client}
        return event_hash(
            seq=self.seq,
            at=spell_moment(self.at),
            actor=self.actor,
            role=self.role,
            kind=self.kind,
            subject=self.subject,
            environment=self.environment,
            detail=self.detail,
            previous=self.previous,
            **client,
        )

    @property
    def facts(self) -> dict[str, Any]:
        """The detail, read."""
        read: dict[str, Any] = json.loads(self.detail)
        return read


@dataclass(frozen=True, slots=True)
class Proof:
    """What a chain was found to be.

    Attributes:
        events: how many there are.
        head: hash of the last one.
        anchored: place of the event whose hash was held against an anchor; None without one.
    """

    events: int
    head: str
    anchored: int | None = None


def event_hash(**facts: str | int | None) -> str:
    """The hash of an event's facts."""
    from migsafe.evidence.state.canonical import canonical  # with its package it costs more than reading a status

    return hashlib.sha256(canonical(dict(facts))).hexdigest()


def spell_detail(facts: dict[str, Any]) -> str:
    """An event's detail as it is kept; what is None is not said."""
    from migsafe.evidence.state.canonical import canonical

    return canonical({name: value for name, value in facts.items() if value is not None}).decode()


def prove(events: Iterable[Event], anchor: str | None = None) -> Proof:
    """Hold a chain against itself, and against a hash that was kept elsewhere.

    Args:
        events: all of them, in their order.
        anchor: the hash of any event of it, as it was at some earlier time.

    Raises:
        TrackerBrokenError: at the first event that is not as it was written, or when no event has the anchor's hash.
    """
    head, count, anchored = GENESIS, 0, None
    for event in events:
        count += 1
        _check_link(event, count, head)
        head = event.sha
        if anchor is not None and head == anchor.lower():
            anchored = count
    if anchor is not None and anchored is None and anchor != GENESIS:
        raise TrackerBrokenError(
            f"no event has the hash {anchor[:16]}…: events were taken away or written anew since it was noted",
            hint="compare with a backup of the tracker; nothing that it says can be believed",
        )
    return Proof(count, head, anchored)


def _check_link(event: Event, place: int, head: str) -> None:
    problem = None
    if event.seq != place:
        problem = f"event {place} is missing: the next one is {event.seq}"
    elif event.previous != head:
        problem = f"event {event.seq} does not follow the one before it"
    elif event.sha != event.computed():
        problem = f"event {event.seq} ({event.kind} {event.subject}) was changed after it was written"
    if problem is not None:
        raise TrackerBrokenError(problem, hint="compare with a backup of the tracker")
