"""What the verbs are made of: how the local engine gets from what is so to what is to be so.

Each step writes down what is to be so, and then does it; each asks what is so before it does anything. So a verb that
was killed at any point is finished by being said again, and a step that was done is not done twice.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from migsafe.deploy.errors import ProviderRefusedError
from migsafe.deploy.providers.local.observation import Look
from migsafe.deploy.providers.local.socket import EngineAwayError
from migsafe.deploy.providers.local.state import Color, Pool, State
from migsafe.errors import EnvironmentFailedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from migsafe.deploy.providers.local.engine import LocalEngine

_POLL_S = 0.02
_FULL = 1  # the smaller the weights, the sooner a change of shares is so


def look_at(engine: LocalEngine, state: State | None = None) -> Look:
    """What is so now; read-only."""
    state = engine.memory.read() if state is None else state
    slots = engine.slots(state)
    try:
        servers = engine.servers()
    except EngineAwayError:
        servers = None
    return Look(
        state=state,
        servers=servers,
        living={slot: found for slot in slots if (found := engine.instance(slot)) is not None},
        ending=frozenset(slot for slot in slots if engine.is_ending(slot)),
        died={slot: engine.log(slot) for slot in slots if engine.has_died(slot)},
    )


def _as_it_is(state: State) -> State:
    return state


class Moves:
    """The steps of one verb. They stop as soon as another verb has begun: the later order holds."""

    def __init__(
        self, engine: LocalEngine, fence: int | None, *, clock: Callable[[], float], sleep: Callable[[float], None]
    ) -> None:
        """Begin a verb.

        Args:
            fence: the mark of this coordinator, if it has one.
            clock: in seconds.
            sleep: wait for so many seconds.

        Raises:
            ProviderRefusedError: when a later coordinator was here.
        """
        self._engine = engine
        self._fence = fence
        self._clock = clock
        self._sleep = sleep
        engine.make_folder()
        with engine.memory.held():
            state = engine.memory.read()
            self._refuse_if_fenced(state)
            self._order = state.order + 1
            engine.memory.write(replace(state, order=self._order))

    def look(self) -> Look:
        """What is so now."""
        return look_at(self._engine)

    # -- steps

    def settle(self, alter: Callable[[State], State]) -> None:
        """Write down what is to be so, and let HAProxy know. Waits for nothing."""
        with self._step() as state:
            wanted = alter(state)
            if wanted != state:
                self._engine.memory.write(wanted)
            self._engine.apply(wanted)

    def begin(self, slots: Iterable[str], version: str) -> None:
        """Let instances of a version run, and let HAProxy know where they are. Waits for nothing."""
        for slot in slots:
            with self._step():  # one by one, so that an abort comes in between
                self._engine.begin(slot, version)
        self.settle(_as_it_is)

    def wait_until_up(self, slots: Iterable[str], version: str) -> None:
        """Wait until instances can take traffic.

        Raises:
            EnvironmentFailedError: when one ends by itself, or is not ready in time.
        """
        waiting = list(slots)
        deadline = self._clock() + self._engine.settings.start_s
        while waiting:
            look = self.look()
            self._still_mine(look.state)
            waiting = [slot for slot in waiting if not look.is_up(slot, version)]
            dead = next((slot for slot in waiting if slot in look.died), None)
            if dead is not None:
                raise EnvironmentFailedError(
                    f"{dead}, an instance of {version}, has ended by itself before it was ready",
                    hint=f"what it said is in {look.died[dead]}",
                )
            if waiting and self._clock() > deadline:
                said = {code for slot in waiting if (code := look.refusal_of(slot))}
                answer = f" (its readiness probe answers {', '.join(map(str, sorted(said)))})" if said else ""
                raise EnvironmentFailedError(
                    f"{', '.join(waiting)} of {version} not ready after {self._engine.settings.start_s:g} s{answer}",
                    hint=f"see {self._engine.log(waiting[0])}; [provider] start gives more time",
                )
            if waiting:
                self._sleep(_POLL_S)

    def let_finish(self, slots: Iterable[str]) -> None:
        """Wait until servers that get no new requests have answered those that they have, or the time is up."""
        names = set(slots)
        deadline = self._clock() + self._engine.settings.drain_s
        while self._clock() < deadline:
            servers = self.look().servers or {}
            if not any(server.open_requests for name, server in servers.items() if name in names):
                return
            self._sleep(_POLL_S / 4)

    def end(self, slots: Iterable[str]) -> None:
        """End instances that have no traffic, once HAProxy has forgotten where they were."""
        names = list(slots)
        with self._step() as state:
            self._engine.let_go(names)
            self._engine.apply(state)
        self._engine.finish(names)

    # -- moves

    def stand_up(self, color: Color, version: str) -> None:
        """All instances of a version are to run; who has which weight stays as it is."""
        self.settle(lambda state: self._standing(state, color, version))
        self.begin(self._slots(color), version)

    def weigh(self, weights: dict[str, int], alter: Callable[[State], State] = _as_it_is) -> None:
        """These weights, and 0 for all others, in one moment."""
        self.settle(lambda state: replace(alter(state), weights=_without_zeros(weights)))

    def clear(self, color: Color) -> None:
        """A version without traffic is to end, and its place to be free."""
        if color in self.look().state.pools:
            self.settle(lambda state: with_slots(state, color, ()))
        if begun := self._begun(color):
            self.let_finish(begun)
            self.end(begun)
        if color in self.look().state.pools:
            self.settle(lambda state: without_pool(state, color))

    def roll(self, new: Color, version: str, count: int) -> None:
        """So many instances are to be of this version, and the others of the one beside it; one after the other.

        An instance that takes over runs and is ready before the one that it replaces is drained.
        """
        old = new.other
        self.settle(lambda state: with_pool(state, new, _awake(state, new, version)))
        state = self.look().state
        if old not in state.pools:
            self._fill(new, version)
            return
        last = max(*self._numbers(), *state.pools[old].slots, *state.pools[new].slots)
        for number in range(1, last + 1):
            source, target = (old, new) if number <= count else (new, old)
            self._swap(number, source, target)

    def recreate(self, new: Color, version: str) -> None:
        """All instances of the other version end, and then those of this one begin. The gap is measured."""
        old = new.other
        look = self.look()
        if old in look.state.pools and (look.used_in(old) or look.state.pools[old].slots):
            self.settle(lambda state: _gap_begins(with_slots(replace(state, weights={}), old, ())))
            self.let_finish(self._begun(old))
            self.end(self._begun(old))
        self._fill(new, version)

    def give_all(self, color: Color, version: str) -> None:
        """A version is to have all the traffic and to be the stable one, as fast as it can; the other one rests."""

        def alter(state: State) -> State:
            state = self._standing(state, color, version)
            weights = {color.slot(number): _FULL for number in state.pools[color].slots}
            return promoted(replace(state, weights=weights), color)

        if self._can_serve_now(color, version):
            self.settle(alter)
            self.begin(self._slots(color), version)
        else:
            self.stand_up(color, version)
            self.wait_until_up(self._slots(color), version)
            self.settle(alter)

    def _can_serve_now(self, color: Color, version: str) -> bool:
        """Some instance of it is ready; or the other side has none either, so that there is nothing to lose."""
        look = self.look()
        own = any(look.is_up(slot, version) for slot in look.used_in(color))
        return own or not look.up_in(color.other)

    def _fill(self, color: Color, version: str) -> None:
        """All instances of the only version that is to run; then it has all the traffic."""
        self.stand_up(color, version)
        slots = self._slots(color)
        self.wait_until_up(slots, version)
        self.weigh(dict.fromkeys(slots, _FULL), _gap_ends)

    def _swap(self, number: int, source: Color, target: Color) -> None:
        """One instance for another; where there are to be fewer than there were, one for none."""
        coming, going = target.slot(number), source.slot(number)
        weights = {going: 0}
        if number in self._numbers():
            self.settle(lambda state: _with_slot(state, target, number))
            version = self.look().state.pools[target].version
            self.begin([coming], version)
            self.wait_until_up([coming], version)
            weights[coming] = _FULL
        self.settle(lambda state: _without_slot(_weighing(state, weights), source, number))
        if going in self._begun(source):
            self.let_finish([going])
            self.end([going])

    def _numbers(self) -> tuple[int, ...]:
        return tuple(range(1, self._engine.settings.replicas + 1))

    def _standing(self, state: State, color: Color, version: str) -> State:
        """All of a version's instances are wanted; those beyond the number that there are to be go on until it ends."""
        present = state.pools.get(color)
        more = present.slots if present is not None else ()
        return with_pool(state, color, Pool(version=version, slots=tuple(sorted({*self._numbers(), *more}))))

    def _slots(self, color: Color) -> list[str]:
        """The instances of a version that are wanted."""
        return [color.slot(number) for number in self.look().state.pools[color].slots]

    def _begun(self, color: Color) -> list[str]:
        """All that were begun there, those that have ended by themselves as well."""
        return [slot for slot in self._engine.begun() if slot.startswith(f"{color.value}-")]

    # -- one at a time

    @contextmanager
    def _step(self) -> Iterator[State]:
        with self._engine.memory.held():
            state = self._engine.memory.read()
            self._still_mine(state)
            yield state

    def _still_mine(self, state: State) -> None:
        self._refuse_if_fenced(state)
        if state.order != self._order:
            raise ProviderRefusedError(
                "another order came to the local engine before this one was done",
                hint="see what is so now: migsafe deploy status",
            )

    def _refuse_if_fenced(self, state: State) -> None:
        if self._fence is not None and state.fence > self._fence:
            raise ProviderRefusedError(
                f"a later coordinator has this engine (mark {state.fence}, ours is {self._fence})",
                hint="see what it does: migsafe deploy status",
            )


def promoted(state: State, color: Color) -> State:
    """The same with a version promoted; the other one rests."""
    other = state.pools.get(color.other)
    if other is not None:
        state = with_pool(state, color.other, replace(other, resting=True))
    return replace(state, promoted=color)


def with_pool(state: State, color: Color, pool: Pool) -> State:
    """The same with a version in a place."""
    return replace(state, pools={**state.pools, color: pool})


def with_slots(state: State, color: Color, slots: tuple[int, ...]) -> State:
    """The same with other instances that are to run in a place."""
    return with_pool(state, color, replace(state.pools[color], slots=slots))


def without_pool(state: State, color: Color) -> State:
    """The same with a place free."""
    return replace(state, pools={one: pool for one, pool in state.pools.items() if one is not color})


def _with_slot(state: State, color: Color, number: int) -> State:
    return with_slots(state, color, tuple(sorted({*state.pools[color].slots, number})))


def _without_slot(state: State, color: Color, number: int) -> State:
    return with_slots(state, color, tuple(one for one in state.pools[color].slots if one != number))


def _awake(state: State, color: Color, version: str) -> Pool:
    """The version's place as it is, and on its way to traffic; an empty one where it has none yet."""
    return replace(state.pools.get(color, Pool(version=version)), resting=False)


def _weighing(state: State, weights: dict[str, int]) -> State:
    return replace(state, weights=_without_zeros({**state.weights, **weights}))


def _without_zeros(weights: dict[str, int]) -> dict[str, int]:
    return {slot: weight for slot, weight in weights.items() if weight}


def _gap_begins(state: State) -> State:
    return replace(state, gap_began=state.gap_began or time.time(), gap_s=None)


def _gap_ends(state: State) -> State:
    if state.gap_began is None:
        return state
    return replace(state, gap_began=None, gap_s=max(0.0, time.time() - state.gap_began))
