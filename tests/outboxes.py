"""An outbox in memory, and receivers that do as a test says."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from migsafe.deploy.notify.delivery import Row
from migsafe.deploy.notify.message import Event
from migsafe.deploy.notify.sink import DELIVERED, Sent
from migsafe.errors import EnvironmentFailedError

BEGAN = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)


class Clock:
    """Stands still until it is told."""

    def __init__(self) -> None:
        self.at = BEGAN

    def __call__(self) -> datetime:
        return self.at

    def go(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@dataclass
class MemoryOutbox:
    """Rows in memory; survives a `Delivery`, as a table would."""

    rows: dict[str, Row] = field(default_factory=dict)
    next_at: dict[str, datetime] = field(default_factory=dict)
    delivered: list[str] = field(default_factory=list)
    given_up: dict[str, str] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    is_away: bool = False
    _guard: threading.RLock = field(default_factory=threading.RLock)

    def put(self, row_id: str, channel: str = "one", event: str = "step") -> None:
        document = {"id": row_id, "event": event, "environment": "staging", "text": f"about {row_id}"}
        with self._guard:
            self.rows[row_id] = Row(id=row_id, channel=channel, document=document, attempts=0)

    def due(self, now: datetime, limit: int) -> Sequence[Row]:
        with self._guard:
            if self.is_away:
                raise EnvironmentFailedError("the tracker is away")
            return [row for row in self.rows.values() if self.next_at.get(row.id, now) <= now][:limit]

    def mark_delivered(self, row_id: str) -> None:
        with self._guard:
            del self.rows[row_id]
            self.delivered.append(row_id)

    def mark_failed(self, row_id: str, next_at: datetime | None, error: str) -> None:
        with self._guard:
            self.errors.append(error)
            if next_at is None:
                del self.rows[row_id]
                self.given_up[row_id] = error
                return
            self.next_at[row_id] = next_at
            self.rows[row_id] = replace(self.rows[row_id], attempts=self.rows[row_id].attempts + 1)


@dataclass
class Receiver:
    """Answers with what it is told, the last one for ever; an exception is raised."""

    name: str = "one"
    says: list[Sent | Exception] = field(default_factory=lambda: [DELIVERED])
    got: list[str] = field(default_factory=list)
    gate: threading.Event | None = None
    entered: threading.Event = field(default_factory=threading.Event)
    secrets: tuple[str, ...] = ()

    def wants(self, event: Event) -> bool:
        return event is not Event.LOCK_STOLEN

    def send(self, document: Mapping[str, Any]) -> Sent:
        self.got.append(str(document["id"]))
        self.entered.set()
        if self.gate is not None:
            assert self.gate.wait(20)
        says = self.says.pop(0) if len(self.says) > 1 else self.says[0]
        if isinstance(says, Exception):
            raise says
        return says
