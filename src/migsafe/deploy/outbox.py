"""Messages by way of the tracker: laid out with the state that they tell of, and taken out again by `Delivery`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from migsafe.deploy.notify.delivery import Row
from migsafe.deploy.notify.message import Event, Message
from migsafe.deploy.notify.registry import address
from migsafe.tracker.outbox import mark_delivered, mark_failed, put_message, waiting_messages

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from migsafe.deploy.notify.sink import Sink
    from migsafe.deploy.redaction import Redaction
    from migsafe.tracker.deployments import Deployment
    from migsafe.tracker.facts import Author
    from migsafe.tracker.opening import Tracker
    from migsafe.tracker.store import Store


class TrackerHerald:
    """Lays messages out."""

    def __init__(self, sinks: Sequence[Sink], redaction: Redaction) -> None:
        self._sinks = tuple(sinks)
        self._redaction = redaction

    def tell(self, store: Store, deployment: Deployment, event: str, text: str, details: Mapping[str, Any]) -> None:
        """One event of a rollout, in the transaction of what it tells of."""
        message = Message(
            event=Event(event),
            id=uuid4().hex,
            at=store.now,
            environment=deployment.environment,
            release=deployment.release,
            said=text,
            details={"from": deployment.stable, "strategy": deployment.strategy, "number": deployment.n, **details},
        )
        for number, (channel, document) in enumerate(address(message, self._sinks, self._redaction)):
            key = f"{message.id}-{number}"
            put_message(store, key, channel, deployment.environment, document)


class TrackerOutbox:
    """Takes them out; each call is one transaction of the tracker's."""

    def __init__(self, tracker: Tracker, author: Author) -> None:
        self._tracker = tracker
        self._author = author

    def due(self, now: datetime, limit: int) -> Sequence[Row]:
        """Undelivered messages whose time has come, the oldest first."""
        with self._tracker.reading() as ledger:
            waiting = waiting_messages(ledger, now, limit=limit)
        return [Row(id=one.id, channel=one.channel, document=one.payload, attempts=one.attempts) for one in waiting]

    def mark_delivered(self, row_id: str) -> None:
        """All that want it have it."""
        with self._tracker.writing(self._author) as store:
            mark_delivered(store, row_id)

    def mark_failed(self, row_id: str, next_at: datetime | None, error: str) -> None:
        """One more attempt was made in vain; to be tried again then, or never where None."""
        with self._tracker.writing(self._author) as store:
            mark_failed(store, row_id, error, next_at)
