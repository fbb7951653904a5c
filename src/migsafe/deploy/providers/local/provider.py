"""The six verbs on the local engine."""

from __future__ import annotations

import os
import shutil
import socket
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from migsafe.deploy.errors import ProviderRefusedError
from migsafe.deploy.providers.local.engine import LocalEngine
from migsafe.deploy.providers.local.haproxy import OLDEST, find_haproxy, version_of
from migsafe.deploy.providers.local.moves import Moves, look_at, promoted, with_pool, without_pool
from migsafe.deploy.providers.local.observation import observed
from migsafe.deploy.providers.local.settings import LocalSettings, read_settings
from migsafe.deploy.providers.local.shares import instances_for, share_of, weights_for
from migsafe.deploy.providers.local.state import Color, State
from migsafe.deploy.providers.local.statistics import Totals
from migsafe.deploy.words import Capabilities, Counts, Ended, Observed, Side, Strategy
from migsafe.errors import EnvironmentFailedError, MigsafeError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from migsafe.deploy.providers.context import ProviderContext
    from migsafe.deploy.tables import Table

_BESIDE = frozenset({Strategy.CANARY, Strategy.BLUE_GREEN})


def open_provider(table: Table, context: ProviderContext) -> LocalProvider:
    """The local engine as `[provider]` describes it (`settings` has the keys); nothing is started yet.

    Raises:
        ConfigurationError: when a key is unknown, missing or wrong.
    """
    return LocalProvider(read_settings(table, context), clock=context.clock, sleep=context.sleep)


class LocalProvider:
    """HAProxy and processes on this machine, driven for one strategy.

    Canary and blue-green: both versions stand beside each other, and the weights of HAProxy's servers are moved.
    Rolling: one instance after the other is replaced by one that is ready. Recreate: all end, then all begin.
    What it has started goes on running when the coordinator ends.
    """

    def __init__(
        self,
        settings: LocalSettings,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """
        Args:
            clock: in seconds.
            sleep: wait for so many seconds.
        """
        self._settings = settings
        self._engine = LocalEngine(settings, clock=clock, sleep=sleep)
        self._clock = clock
        self._sleep = sleep
        self._fence: int | None = None
        self._totals = Totals()

    @property
    def engine(self) -> LocalEngine:
        """What it drives; for who wants to start or stop all of it."""
        return self._engine

    @property
    def capabilities(self) -> Capabilities:
        """All strategies; shares are exact, but rolling's are of instances, and recreate has none."""
        strategy = self._settings.strategy
        return Capabilities(
            strategies=frozenset(Strategy),
            weights="exact" if strategy in _BESIDE else "replicas" if strategy is Strategy.ROLLING else "none",
            stages=strategy in _BESIDE,
            keeps_old_warm=strategy in _BESIDE,
            replicas=self._settings.replicas,
        )

    def check(self) -> tuple[str, ...]:
        """What keeps it from working."""
        complaints = (self._check_haproxy(), self._check_front(), self._check_command(), self._check_memory())
        return tuple(one for one in complaints if one is not None)

    def observe(self) -> Observed:
        """What is so; a HAProxy that does not run is a note, not an error."""
        return observed(look_at(self._engine))

    def addresses(self, version: str) -> tuple[str, ...]:
        """Where the instances of a version answer by themselves, past HAProxy."""
        living = look_at(self._engine).living.values()
        return tuple(f"http://127.0.0.1:{one.port}" for one in living if one.version == version)

    def counts(self) -> Mapping[Side, Counts]:
        """What each side has answered, since the HAProxy began that ran when this object first looked.

        Raises:
            EngineAwayError: when HAProxy does not run.
        """
        state = self._engine.memory.read()
        servers = self._engine.servers()
        self._totals.add(servers.values())
        sides: dict[Side, Color | None] = {"stable": state.promoted, "candidate": state.candidate}
        return {
            side: self._totals.of(name for name in servers if name.startswith(f"{color.value}-"))
            for side, color in sides.items()
            if color is not None
        }

    def fence(self, token: int) -> None:
        """Write the mark; from here on orders of this object are refused once a higher one is there."""
        self._engine.make_folder()
        with self._engine.memory.held():
            state = self._engine.memory.read()
            if state.fence > token:
                raise ProviderRefusedError(f"a later coordinator has this engine (mark {state.fence}, ours is {token})")
            self._engine.memory.write(replace(state, fence=token))
        self._fence = token

    def stage(self, version: str) -> None:
        """Its instances are begun; a version that was given up before makes room."""
        if self._settings.strategy not in _BESIDE:
            raise ProviderRefusedError(f"{self._settings.strategy} replaces instances; none is made ready beside them")
        moves = self._moves()
        color = self._room_for(version, moves)
        moves.stand_up(color, version)

    def shift(self, version: str, weight: int) -> None:
        """Canary and blue-green: at once. Rolling and recreate: comes back when the instances are replaced."""
        match self._settings.strategy:
            case Strategy.ROLLING:
                self._roll(version, weight)
            case Strategy.RECREATE:
                self._recreate(version, weight)
            case _:
                self._weigh(version, weight)

    def promote(self, version: str) -> None:
        """It is remembered as the stable version; the one before is kept warm where it still runs."""
        moves = self._moves()
        look = moves.look()
        color = _place(look.state, version)
        if look.state.promoted is color:
            return
        if share_of(look.weight_of(color), look.weight_of(color.other)) != 100:
            raise ProviderRefusedError(f"{version} has not all the traffic, so it cannot be promoted")
        is_gone = not look.used_in(color.other)
        moves.settle(lambda state: promoted(without_pool(state, color.other) if is_gone else state, color))

    def abort(self, stable: str) -> None:
        """At once where an instance of it is ready; else it is begun, and gets the traffic when it is ready."""
        moves = self._moves()
        color = self._way_back(stable, moves)
        if self._settings.strategy is Strategy.RECREATE:
            moves.recreate(color, stable)
            moves.settle(lambda state: promoted(without_pool(state, color.other), color))
        else:
            moves.give_all(color, stable)

    def retire(self, version: str) -> None:
        """Its instances end, when they have answered what they have."""
        moves = self._moves()
        look = moves.look()
        color = look.state.place_of(version)
        if color is None:
            return
        if look.state.promoted is color or look.weight_of(color):
            raise ProviderRefusedError(f"{version} has traffic, so it cannot end")
        moves.clear(color)

    def stop(self) -> tuple[Ended, ...]:
        """HAProxy lets nobody new in and answers what it has; then the instances end."""
        if self._fence is not None:
            self._moves()  # a later coordinator's engine is not ours to end
        return self._engine.stop(drain_s=self._settings.drain_s)

    def close(self) -> None:
        """Nothing is held open."""

    def _moves(self) -> Moves:
        return Moves(self._engine, self._fence, clock=self._clock, sleep=self._sleep)

    def _room_for(self, version: str, moves: Moves) -> Color:
        """Where a version is, or can be."""
        look = moves.look()
        color = look.state.place_of(version)
        if color is not None:
            return color
        color = look.state.promoted.other if look.state.promoted is not None else Color.BLUE
        taken = look.state.pools.get(color)
        if taken is not None and look.weight_of(color):
            raise ProviderRefusedError(f"{taken.version} has traffic, so {version} has no room yet")
        moves.clear(color)
        return color

    def _way_back(self, stable: str, moves: Moves) -> Color:
        state = moves.look().state
        color = state.place_of(stable)
        if color is not None:
            return color
        if self._settings.strategy in _BESIDE or state.promoted is None:
            raise ProviderRefusedError(f"{stable} has no instances here any more", hint=f"deploy {stable} again")
        return state.promoted.other

    def _weigh(self, version: str, weight: int) -> None:
        """Canary and blue-green."""
        moves = self._moves()
        look = moves.look()
        color = _place(look.state, version)
        self._refuse_share(look.state, color, weight)
        pool, other = look.state.pools[color], look.state.pools.get(color.other)
        if weight and len(look.up_in(color)) < max(1, len(pool.slots)):
            raise ProviderRefusedError(
                f"{version} is not ready ({len(look.up_in(color))} of {len(pool.slots)}), so it gets no traffic"
            )
        one, another = weights_for(weight, len(pool.slots), len(other.slots) if other is not None else 0)
        found = share_of(one * len(pool.slots), another * len(other.slots) if other is not None else 0)
        if found != weight:
            raise ProviderRefusedError(
                f"{weight} % cannot be had with {len(pool.slots)} instances of {version} beside what there is",
                hint="deploy with the number of replicas that the stable version has, and change it afterwards",
            )
        weights = {color.slot(number): one for number in pool.slots}
        if other is not None:
            weights |= {color.other.slot(number): another for number in other.slots}
        moves.weigh(weights, lambda state: with_pool(state, color, replace(pool, resting=False)))

    def _refuse_share(self, state: State, color: Color, weight: int) -> None:
        version = state.pools[color].version
        if state.promoted is color and weight != 100:
            raise ProviderRefusedError(f"{version} is the stable version: shares are those of the other one")
        if state.promoted is None and weight not in {0, 100}:
            raise ProviderRefusedError(f"no version has traffic beside {version}: it can have all of it, or none")
        if self._settings.strategy is not Strategy.CANARY and weight not in {0, 100}:
            raise ProviderRefusedError(f"{self._settings.strategy} moves all the traffic at once, not {weight} %")

    def _roll(self, version: str, weight: int) -> None:
        replicas = self._settings.replicas
        count = instances_for(weight, replicas)
        if count is None:
            shares = ", ".join(f"{round(100 * number / replicas)} %" for number in range(1, replicas + 1))
            raise ProviderRefusedError(f"{weight} % is no number of {replicas} instances", hint=f"it can be {shares}")
        moves = self._moves()
        color = self._room_for_rolling(version, moves)
        moves.roll(color, version, count)

    def _recreate(self, version: str, weight: int) -> None:
        if weight != 100:
            raise ProviderRefusedError(f"recreate replaces all instances, not {weight} % of them")
        moves = self._moves()
        moves.recreate(self._room_for_rolling(version, moves), version)

    def _room_for_rolling(self, version: str, moves: Moves) -> Color:
        color = self._room_for(version, moves)
        state = moves.look().state
        if state.promoted is color:
            raise ProviderRefusedError(
                f"{version} is the stable version already", hint="abort gives it all the traffic"
            )
        return color

    def _check_haproxy(self) -> str | None:
        try:
            program = find_haproxy(self._settings.haproxy)
            found = version_of(program)
        except EnvironmentFailedError as error:
            return f"{error.message} ({error.hint})" if error.hint else error.message
        if found < OLDEST:
            return f"{program} is HAProxy {found[0]}.{found[1]}, and {OLDEST[0]}.{OLDEST[1]} or later is needed"
        return None

    def _check_front(self) -> str | None:
        """Somebody else on the port is seen before anything is started."""
        if self._engine.is_running:
            return None
        try:
            with socket.create_server(self._settings.address):
                return None
        except OSError as error:
            return f"nobody can listen at {self._settings.listen}: {os.strerror(error.errno) if error.errno else error}"

    def _check_command(self) -> str | None:
        program, directory = self._settings.command[0], self._settings.directory
        path = self._settings.environ.get("PATH", os.defpath)
        found = directory / program if os.sep in program else shutil.which(program, path=path)
        if found is None or not os.access(found, os.X_OK):
            return f"no program {program} to start an instance with"
        return None

    def _check_memory(self) -> str | None:
        try:
            self._engine.memory.read()
        except MigsafeError as error:
            return error.message
        return None


def _place(state: State, version: str) -> Color:
    color = state.place_of(version)
    if color is None:
        raise ProviderRefusedError(f"{version} is not there", hint="it is staged first")
    return color
