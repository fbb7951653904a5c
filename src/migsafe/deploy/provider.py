"""What an engine must offer: six verbs. Each is absolute and idempotent: it says how it is to be, never by how much.

A verb gives its order and comes back; whether it has come true, `observe` tells. So what was ordered twice, by a
coordinator that was killed in between, is ordered once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migsafe.deploy.words import Capabilities, Counts, Ended, Observed, Side


class Provider(Protocol):
    """An engine, as one deployment sees it. Made for one strategy.

    All verbs raise:
        EnvironmentFailedError: when the engine is away or refuses; nothing was changed, or `observe` shows what was.
        ProviderRefusedError: when what is asked for makes no sense there; nothing was changed.
    """

    @property
    def capabilities(self) -> Capabilities:
        """What it can do, without asking it."""

    def check(self) -> tuple[str, ...]:
        """What keeps it from working, before anything is moved: read-only, a sentence each; empty when all is well."""

    def observe(self) -> Observed:
        """What is so; read-only and cheap."""

    def stage(self, version: str) -> None:
        """A version is to exist and to become ready, with no traffic; what has traffic keeps it."""

    def shift(self, version: str, weight: int) -> None:
        """A version is to have this share of the traffic in per cent, and the promoted one the rest."""

    def promote(self, version: str) -> None:
        """A version that has all the traffic is to be the stable one; the one before goes on running, if it can."""

    def abort(self, stable: str) -> None:
        """This version is to have all the traffic, now; from any state, and without asking a database anything."""

    def retire(self, version: str) -> None:
        """A version that has no traffic is to end; open requests are let finish."""

    def close(self) -> None:
        """Let go of connections; nothing that serves is stopped."""


@runtime_checkable
class Counting(Protocol):
    """An engine that counts the answers of each side."""

    def counts(self) -> Mapping[Side, Counts]:
        """What each side has answered so far, by all that an engine counts."""


@runtime_checkable
class Stopping(Protocol):
    """An engine that has started what runs there, and so can end it."""

    def stop(self) -> tuple[Ended, ...]:
        """End all of it, and forget it: nobody new gets in, what is open is answered, then the processes end.

        Where nothing runs, nothing is ended.
        """


@runtime_checkable
class Fencing(Protocol):
    """An engine that can carry a mark, so that a coordinator that comes back late is found out."""

    def fence(self, token: int) -> None:
        """Write the mark, or refuse because a higher one is there (ProviderRefusedError)."""
