"""An engine for tests that keeps its state in a value: what is ordered comes true by itself, or not, as it is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from migsafe.deploy.errors import ProviderRefusedError
from migsafe.deploy.words import Capabilities, Motion, Observed, Readiness, Strategy
from migsafe.errors import EnvironmentFailedError

ALL = frozenset(Strategy)


@dataclass
class Engine:
    """Follows every order, after `slow` looks; never makes `never_ready` ready; is away for `away` calls.

    Attributes:
        orders: what it was told, in order.
        after_order: called when an order has come true, with its number.
    """

    stable: str | None = "1.8.0"
    candidate: str | None = None
    weight: int = 0
    slow: int = 0
    never_ready: str | None = None
    away: int = 0
    refuses: str | None = None
    keeps_old_warm: bool = True
    capabilities: Capabilities = field(default_factory=lambda: Capabilities(strategies=ALL, weights="exact"))
    orders: list[str] = field(default_factory=list)
    seen_serving: list[frozenset[str]] = field(default_factory=list)
    unready: set[str] = field(default_factory=set)
    after_order: Callable[[int], None] = lambda number: None
    _waits: int = 0
    _instances: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._instances |= {one for one in (self.stable, self.candidate) if one is not None}

    def check(self) -> tuple[str, ...]:
        """Nothing keeps it from working."""
        return ()

    def observe(self) -> Observed:
        """What is so."""
        self._answer()
        moving = self._waits > 0
        self._waits = max(self._waits - 1, 0)
        versions = self._instances
        ready = {
            one: Readiness(
                0 if one in {self.never_ready, *self.unready} or (moving and one == self.candidate) else 1, 1
            )
            for one in versions
        }
        seen = Observed(
            stable=self.stable,
            candidate=self.candidate,
            weight=self.weight,
            ready=ready,
            motion=Motion.PROGRESSING if moving else Motion.IDLE,
        )
        self.seen_serving.append(seen.serving)
        return seen

    def stage(self, version: str) -> None:
        """A version exists, with no traffic."""
        self._take("stage", version)
        self.candidate, self.weight = version, 0
        self._instances = {one for one in (self.stable, version) if one is not None}
        self._waits = self.slow
        self.after_order(len(self.orders))

    def shift(self, version: str, weight: int) -> None:
        """A version has a share."""
        self._take("shift", f"{version} {weight}")
        self.candidate, self.weight = version, weight
        self._instances.add(version)
        self.after_order(len(self.orders))

    def promote(self, version: str) -> None:
        """A version is the stable one."""
        self._take("promote", version)
        if self.stable != version:
            self.stable, self.candidate, self.weight = version, self.stable if self.keeps_old_warm else None, 0
        self.after_order(len(self.orders))

    def abort(self, stable: str) -> None:
        """A version has everything."""
        self._take("abort", stable)
        if self.stable != stable:
            self.candidate = self.stable
        self.stable, self.weight = stable, 0
        self._instances.add(stable)
        self.after_order(len(self.orders))

    def retire(self, version: str) -> None:
        """A version ends."""
        self._take("retire", version)
        self._instances.discard(version)
        if self.candidate == version:
            self.candidate = None
        self.after_order(len(self.orders))

    def close(self) -> None:
        """Nothing is held."""

    def _take(self, verb: str, words: str) -> None:
        self._answer()
        if self.refuses == verb:
            raise ProviderRefusedError(f"{verb} makes no sense here")
        self.orders.append(f"{verb} {words}")

    def _answer(self) -> None:
        if self.away > 0:
            self.away -= 1
            raise EnvironmentFailedError("no answer")
