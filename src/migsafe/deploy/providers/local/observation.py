"""What the local engine shows, from what is remembered, what runs and what HAProxy says. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from migsafe.deploy.providers.local.shares import share_of
from migsafe.deploy.words import Motion, Observed, Readiness

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from migsafe.deploy.providers.local.processes import Identity
    from migsafe.deploy.providers.local.state import Color, Pool, State
    from migsafe.deploy.providers.local.statistics import Server


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look at the engine.

    Attributes:
        servers: as HAProxy says it; None when it does not run.
        living: the instances that run, by slot.
        ending: the slots whose instance was let go, and is not known to have ended.
        died: the slots whose instance has ended by itself, with the file of what it said.
    """

    state: State
    servers: Mapping[str, Server] | None
    living: Mapping[str, Identity]
    ending: frozenset[str]
    died: Mapping[str, Path]

    def is_up(self, slot: str, version: str) -> bool:
        """Whether an instance of a version runs in a slot, and HAProxy has found it ready there."""
        instance, server = self.living.get(slot), (self.servers or {}).get(slot)
        if instance is None or server is None:
            return False
        return instance.version == version and server.is_up and server.port == instance.port

    def refusal_of(self, slot: str) -> int:
        """What an instance that runs and is not ready answers; 0 where it does not answer, or nothing runs."""
        instance, server = self.living.get(slot), (self.servers or {}).get(slot)
        return server.refusal if instance is not None and server is not None else 0

    def up_in(self, color: Color) -> list[str]:
        """The slots of a version that can take traffic."""
        pool = self.state.pools.get(color)
        slots = [color.slot(number) for number in pool.slots] if pool is not None else []
        return [slot for slot in slots if pool is not None and self.is_up(slot, pool.version)]

    def weight_of(self, color: Color | None) -> int:
        """The sum of the weights of one side: as HAProxy has them, or would begin with where it does not run."""
        if color is None:
            return 0
        mark = f"{color.value}-"
        if self.servers is None:
            return sum(weight for slot, weight in self.state.weights.items() if slot.startswith(mark))
        return sum(server.weight for slot, server in self.servers.items() if slot.startswith(mark))

    def used_in(self, color: Color) -> list[str]:
        """The slots of one side in which something runs, wanted or not, or is about to end."""
        return sorted(slot for slot in {*self.living, *self.ending} if slot.startswith(f"{color.value}-"))


def observed(look: Look) -> Observed:
    """The look in the words that all engines share."""
    state, candidate = look.state, look.state.candidate
    if candidate is not None and not _exists(look, candidate):
        candidate = None  # it was on its way out, and nothing of it is left
    stable = state.stable
    return Observed(
        stable=stable.version if stable is not None else None,
        candidate=state.pools[candidate].version if candidate is not None else None,
        weight=share_of(look.weight_of(candidate), look.weight_of(state.promoted)) if candidate is not None else 0,
        ready={pool.version: _readiness(look, color) for color, pool in state.pools.items() if _exists(look, color)},
        motion=_motion(look),
        etag=_etag(look),
        notes=tuple(_notes(look)),
    )


def _exists(look: Look, color: Color) -> bool:
    return bool(look.state.pools[color].slots or look.used_in(color))


def _readiness(look: Look, color: Color) -> Readiness:
    return Readiness(ready=len(look.up_in(color)), wanted=len(look.state.pools[color].slots))


def _motion(look: Look) -> Motion:
    if look.servers is None:
        return Motion.DEGRADED if look.state.pools else Motion.IDLE
    minded = [color for color, pool in look.state.pools.items() if not pool.resting]
    if any(slot in look.died for color in minded for slot in _wanted(look, color)):
        return Motion.DEGRADED
    ready = all(_readiness(look, color).ready >= _readiness(look, color).wanted for color in minded)
    leaving = look.ending or any(set(look.used_in(color)) - set(_wanted(look, color)) for color in look.state.pools)
    return Motion.IDLE if ready and not leaving else Motion.PROGRESSING


def _wanted(look: Look, color: Color) -> list[str]:
    return [color.slot(number) for number in look.state.pools[color].slots]


def _notes(look: Look) -> list[str]:
    state = look.state
    notes = []
    if look.servers is None and state.pools:
        notes.append("HAProxy does not run, so nobody has traffic; the next order starts it")
    for color, pool in state.pools.items():
        notes += [_obituary(look, slot, pool) for slot in _wanted(look, color) if slot in look.died]
        notes += [_refusal(look, slot, pool) for slot in _wanted(look, color) if look.refusal_of(slot)]
    if look.servers is not None and state.promoted is not None and not sum(map(look.weight_of, state.pools)):
        notes.append("no version has traffic: one is being replaced by another, or that was interrupted")
    if state.gap_s is not None:
        notes.append(f"nobody answered for {state.gap_s:.1f} s while all instances were replaced")
    return notes


def _obituary(look: Look, slot: str, pool: Pool) -> str:
    return f"{slot}, an instance of {pool.version}, has ended by itself; what it said is in {look.died[slot]}"


def _refusal(look: Look, slot: str, pool: Pool) -> str:
    return f"{slot}, an instance of {pool.version}, says that it is not ready ({look.refusal_of(slot)})"


def _etag(look: Look) -> str:
    """Of who is where, who is promoted, what runs, and who has which weight."""
    state = look.state
    weights = {name: server.weight for name, server in (look.servers or {}).items()}
    pids = {slot: instance.pid for slot, instance in look.living.items()}
    said = repr((state.promoted, sorted(state.pools.items()), sorted(weights.items()), sorted(pids.items())))
    return hashlib.sha256(said.encode()).hexdigest()[:16]
