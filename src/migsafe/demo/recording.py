"""What the tracker has recorded, as parts of the timeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe.demo.timeline import Recorded

if TYPE_CHECKING:
    from collections.abc import Iterable

    from migsafe.demo.stage import Told
    from migsafe.tracker.events import Event


def recorded(events: Iterable[Event], told: Told) -> tuple[Recorded, ...]:
    """The events of the tracker; those from before the first request are at 0."""
    return tuple(Recorded(told.since(one.at), one.actor, one.kind, one.subject, _spell(one.facts)) for one in events)


def _spell(facts: dict[str, object]) -> str:
    """From what to what, and why."""
    change = " → ".join(_state(facts[name]) for name in ("from", "to") if facts.get(name) is not None)
    reason = facts.get("reason")
    return f"{change}: {reason}" if change and reason else change or str(reason or "")


def _state(said: object) -> str:
    """A state as one or two words; of one that has parts, those that are short."""
    if not isinstance(said, dict):
        return str(said)
    parts = [f"{name} {value}" if name != "status" else str(value) for name, value in said.items()]
    return ", ".join(part for part in parts if len(part) <= 40)
