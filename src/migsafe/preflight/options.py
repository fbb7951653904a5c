"""What a preflight asks, and from where on something is in the way."""

from __future__ import annotations

from dataclasses import dataclass, field

_GIBIBYTE = 1 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """From where on something is in the way. Ages are seconds, sizes are bytes.

    Attributes:
        old: of a transaction that an index build would wait for.
        holding: of a transaction that has a lock which the migrations' locks conflict with.
        waiting: of somebody in the queue for a lock.
        on_replica: of a transaction on a replica that replaying the lock would wait for.
        lag: of a replica, to be said.
        far_behind: of a replica, to be refused.
        retained: of the log that a slot keeps, where the server has no limit that is large.
        retained_part: the part of `max_slot_wal_keep_size` that is too much.
    """

    old: float = 60.0
    holding: float = 3.0
    waiting: float = 1.0
    on_replica: float = 1.0
    lag: float = 5.0
    far_behind: float = 60.0
    retained: int = _GIBIBYTE
    retained_part: float = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class PreflightOptions:
    """What a preflight asks.

    Attributes:
        url: the database: `env:NAME`, the name of a service, or an address without a password.
        replicas: its standbys, said like that.
        wait: seconds for which to look again until it is a go.
        subscribers_ready: subscribers have the changes already.
        makes_too: tables that whoever runs the migrations makes besides them, as people write their names.
    """

    url: str
    replicas: tuple[str, ...] = ()
    wait: float = 0.0
    subscribers_ready: bool = False
    makes_too: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)
