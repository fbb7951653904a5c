"""Messages that wait to be sent: written with the change that they tell of, taken out by whoever sends them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from migsafe.tracker import tables as t

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from migsafe.tracker.ledger import Ledger
    from migsafe.tracker.store import Store

_LONGEST_ERROR = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A message that was not delivered yet.

    Attributes:
        channel: to whom, by the name that deploy.toml has for it.
        attempts: how often it was tried.
    """

    id: str
    channel: str
    payload: Mapping[str, Any]
    attempts: int


def put_message(store: Store, key: str, channel: str, environment: str | None, payload: Mapping[str, Any]) -> None:
    """Lay a message out, in the transaction of what it tells of."""
    row = {
        "message_id": key, "channel": channel, "env": environment, "payload": dict(payload), "made_at": store.now,
        "attempts": 0, "next_at": store.now, "delivered_at": None, "given_up_at": None, "error": None,
    }  # fmt: skip
    store.ledger.insert(t.outbox, [row])


def waiting_messages(ledger: Ledger, now: datetime, *, limit: int = 50) -> tuple[Waiting, ...]:
    """Those whose time has come, the oldest first."""
    c = t.outbox.c
    due = sa.and_(c.delivered_at.is_(None), c.given_up_at.is_(None), c.next_at <= now)
    rows = ledger.rows(sa.select(t.outbox).where(due).order_by(c.made_at, c.message_id).limit(limit))
    return tuple(
        Waiting(id=row.message_id, channel=row.channel, payload=row.payload, attempts=row.attempts) for row in rows
    )


def mark_delivered(store: Store, key: str) -> None:
    """It has arrived; it may have arrived before, too."""
    store.ledger.write(t.outbox.update().where(t.outbox.c.message_id == key).values(delivered_at=store.now))


def mark_failed(store: Store, key: str, error: str, next_at: datetime | None) -> None:
    """It could not be delivered.

    Args:
        next_at: when it is tried again; None gives it up.
    """
    c = t.outbox.c
    news: dict[str, Any] = {"attempts": c.attempts + 1, "error": error[:_LONGEST_ERROR]}
    news |= {"given_up_at": store.now} if next_at is None else {"next_at": next_at}
    store.ledger.write(t.outbox.update().where(c.message_id == key).values(**news))
