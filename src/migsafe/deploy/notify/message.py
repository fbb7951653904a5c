"""One message: the contract `migsafe.deploy-event/1`, whose schema is `schema/deploy-event-1.json`.

Made once, without secrets, and stored; what is sent later is the stored document.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from migsafe import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from migsafe.deploy.redaction import Redaction

SCHEMA = "migsafe.deploy-event/1"


class Event(StrEnum):
    """What has happened.

    LOCKED: a deployment holds its environment. STEP: a step is done.
    HOLD: it stands still, and waits for a person. ABORT: traffic goes back. ROLLED_BACK: it has.
    DONE: the release has all the traffic, and the one before has ended.
    LOCK_STOLEN: somebody who sends the traffic back has taken the turn from whoever had it.
    """

    LOCKED = "locked"
    STEP = "step"
    HOLD = "hold"
    ABORT = "abort"
    ROLLED_BACK = "rolled-back"
    DONE = "done"
    LOCK_STOLEN = "lock-stolen"


#: How each is said, before what the deployment adds.
_HEADLINES = MappingProxyType(
    {
        Event.LOCKED: "begins",
        Event.STEP: "step done",
        Event.HOLD: "on hold, a person must decide",
        Event.ABORT: "going back",
        Event.ROLLED_BACK: "rolled back",
        Event.DONE: "done",
        Event.LOCK_STOLEN: "its lock was taken by somebody else",
    }
)

#: The three characters that mean something in Slack's texts (its manual, "Escaping text"): unescaped, the name of a
#: version could call a whole channel.
_SLACK = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is told.

    Attributes:
        id: the same however often it is sent, so that a receiver can drop the second one.
        at: when it happened; aware of its time zone.
        release: None where it is about none.
        said: what the deployment adds, in a sentence; may be empty.
        details: for programs; values of JSON.
    """

    event: Event
    id: str
    at: datetime
    environment: str
    release: str | None
    said: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """One line for a person."""
        about = self.environment if self.release is None else f"{self.environment}, {self.release}"
        headline = f"{about}: {_HEADLINES[self.event]}"
        return f"{headline}. {self.said}" if self.said else headline


def to_document(message: Message, redaction: Redaction) -> dict[str, Any]:
    """The document as plain values, without secrets."""
    return {
        "schema": SCHEMA,
        "migsafe": __version__,
        "id": message.id,
        "event": message.event.value,
        "at": message.at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "environment": redaction.line(message.environment),
        "release": None if message.release is None else redaction.line(message.release),
        "text": redaction.line(message.text).translate(_SLACK),
        "details": redaction.document(dict(message.details)),
    }


def encode(document: Mapping[str, Any]) -> bytes:
    """A document as it is sent: one line of JSON, plain ASCII."""
    return json.dumps(document, separators=(",", ":"), allow_nan=False).encode("ascii")


def plain_text(document: Mapping[str, Any]) -> str:
    """The text of a document, for receivers that are not Slack."""
    text = str(document.get("text", ""))
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
