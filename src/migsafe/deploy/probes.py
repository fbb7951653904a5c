"""The paths at which an instance says how it is. Values only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Probes:
    """Paths of the application's own web server.

    Attributes:
        readiness: answers 2xx when an instance can take traffic.
        liveness: answers 2xx as long as an instance is not to be started anew; never the same as `readiness`.
        smoke: are asked once a candidate is ready, before it has traffic.
    """

    readiness: str
    liveness: str
    smoke: tuple[str, ...] = ()
