"""Somewhere to send messages to, and what came of it. Values and a protocol."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migsafe.deploy.notify.message import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What came of one try.

    Attributes:
        result: `delivered`; `retry`, for it may work later; `refused`, for it never will.
        why: in one line, without secrets; empty where it was delivered.
        wait_s: how long the receiver asks to be left alone, in seconds; None where it does not.
    """

    result: Literal["delivered", "retry", "refused"]
    why: str = ""
    wait_s: float | None = None


DELIVERED = Sent(result="delivered")


class Sink(Protocol):
    """One `[[notify]]` of deploy.toml."""

    @property
    def name(self) -> str:
        """As deploy.toml calls it: the channel of its messages in the outbox. Never its address."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """Addresses and keys that must not be seen anywhere: for `Redaction`."""

    def wants(self, event: Event) -> bool:
        """Whether it is to be told of such an event."""

    def send(self, document: Mapping[str, Any]) -> Sent:
        """Send one document of `migsafe.deploy-event/1`. Never raises for the receiver; takes a bounded time."""
