from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pytest

from deploy_engines import ALL, Engine
from migsafe.deploy.decide import Answer, Drift, GoBack, Hold, Met, Next, Tell, Wait, decide, is_back, is_met
from migsafe.deploy.rollout import Kind, Order, Pace, Rollout, make_rollout
from migsafe.deploy.words import Capabilities, Motion, Observed, Readiness

OLD, NEW = "1.8.0", "1.9.0"
PACE = Pace(soak=1, step=1, bake=1)
CANARY = make_rollout(OLD, NEW, (5, 50, 100), PACE)
SOAK, STAGE, FIVE, HALF, ALL_OF_IT, PROMOTE, BAKE, RETIRE = CANARY.steps
FINE: Mapping[str, Answer] = {OLD: "yes", NEW: "yes"}
BOTH = {OLD: Readiness(1, 1), NEW: Readiness(1, 1)}


def seen(
    stable: str | None = OLD,
    candidate: str | None = None,
    weight: int = 0,
    *,
    motion: Motion = Motion.IDLE,
    ready: Mapping[str, Readiness] = BOTH,
    notes: tuple[str, ...] = (),
) -> Observed:
    return Observed(stable=stable, candidate=candidate, weight=weight, ready=ready, motion=motion, notes=notes)


def what(
    step: object, shown: Observed, *, answers: Mapping[str, Answer] = FINE, told: bool = False, exact: bool = True
) -> Next:
    return decide(CANARY, step, shown, answers, told=told, exact=exact)  # type: ignore[arg-type]  # a step of CANARY


def test_what_was_before_is_changed_and_what_is_so_is_left_alone() -> None:
    assert what(STAGE, seen()) == Tell(Order("stage", NEW))
    assert what(STAGE, seen(OLD, NEW)) == Met()
    assert what(FIVE, seen(OLD, NEW)) == Tell(Order("shift", NEW, 5))
    assert what(FIVE, seen(OLD, NEW, 5)) == Met()
    assert what(PROMOTE, seen(OLD, NEW, 100)) == Tell(Order("promote", NEW))
    assert what(PROMOTE, seen(NEW, OLD)) == Met()
    assert what(RETIRE, seen(NEW, OLD)) == Tell(Order("retire", OLD))
    assert what(RETIRE, seen(NEW)) == Met()
    assert what(SOAK, seen()) == Met()
    assert what(BAKE, seen(NEW, OLD)) == Met()


def test_told_twice_is_waited_for() -> None:
    starting = seen(OLD, NEW, ready={OLD: Readiness(1, 1), NEW: Readiness(0, 2)})
    assert what(STAGE, starting, told=True) == Wait(f"{NEW} is not ready yet (0 of 2)")
    assert what(STAGE, starting) == Tell(Order("stage", NEW)), "after a kill it is told again"


def test_what_is_to_be_promoted_comes_to_rest_first() -> None:
    """A Deployment is on its way for a moment when only the mark of a coordinator has changed in it."""
    restless = seen(OLD, NEW, 100, motion=Motion.PROGRESSING)
    assert isinstance(what(PROMOTE, restless), Wait)
    assert what(PROMOTE, seen(OLD, NEW, 100, motion=Motion.PAUSED)) == Tell(Order("promote", NEW))
    assert what(FIVE, seen(OLD, NEW, motion=Motion.PROGRESSING)) == Tell(Order("shift", NEW, 5))


def test_an_engine_that_gives_up_goes_back_and_says_why() -> None:
    broken = seen(OLD, NEW, motion=Motion.DEGRADED, ready={}, notes=("ImagePullBackOff",))
    assert what(STAGE, broken, told=True) == GoBack("ImagePullBackOff")
    assert what(STAGE, broken) == Tell(Order("stage", NEW)), "it may be what the last rollout has left"


def test_a_version_that_died_while_nobody_looked_loses_its_traffic() -> None:
    gone = seen(OLD, NEW, 5, ready={OLD: Readiness(1, 1), NEW: Readiness(0, 2)})
    assert (
        what(FIVE, gone) == what(HALF, gone) == GoBack(f"{NEW} has 5 % of the traffic, and no instance of it is ready")
    )
    assert isinstance(what(FIVE, gone, told=True), Wait), "one that was just told may be on its way"
    assert what(ALL_OF_IT, seen(OLD, NEW, 100, ready={NEW: Readiness(0, 2)}), exact=False) == Tell(
        Order("shift", NEW, 100)
    )
    one_left = seen(OLD, NEW, 5, ready={OLD: Readiness(1, 1), NEW: Readiness(1, 2)})
    assert what(HALF, one_left) == Tell(Order("shift", NEW, 50))


@pytest.mark.parametrize(
    ("step", "shown", "why"),
    [
        (FIVE, seen("2.0", NEW), "the engine's stable version is 2.0, not 1.8.0"),
        (FIVE, seen(None, NEW), "the engine's stable version is no version, not 1.8.0"),
        (FIVE, seen(OLD, "hotfix", 3), "hotfix is beside 1.8.0 in the engine, and no part of this rollout"),
        (HALF, seen(OLD, "hotfix"), "hotfix is beside 1.8.0 in the engine, and no part of this rollout"),
        (HALF, seen(OLD, NEW, 20), "1.9.0 has 20 % of the traffic, where 5 % was left and 50 % is wanted"),
        (PROMOTE, seen(OLD, NEW, 50), "1.9.0 has 50 % of the traffic, not 100 %"),
        (PROMOTE, seen(NEW, OLD, 30), "1.8.0 has 30 % of the traffic after 1.9.0 was promoted"),
        (BAKE, seen(OLD, NEW, 100), "the engine's stable version is 1.8.0, not 1.9.0"),
        (RETIRE, seen(NEW, OLD, 1), "1.8.0 has 1 % of the traffic, where 0 % was left and 0 % is wanted"),
        (SOAK, seen(OLD, NEW, 5), "1.9.0 has 5 % of the traffic, where 0 % was left and 0 % is wanted"),
    ],
)
def test_what_somebody_else_has_done_is_not_mended(step: object, shown: Observed, why: str) -> None:
    for told in (False, True):
        assert what(step, shown, told=told) == Drift(why)


@pytest.mark.parametrize("step", [HALF, ALL_OF_IT, PROMOTE, BAKE, RETIRE])
@pytest.mark.parametrize("candidate", [NEW, None])
def test_what_somebody_has_sent_back_stays_there(step: object, candidate: str | None) -> None:
    """A person at the engine, or this coordinator, cut off between its last order and the journal."""
    assert what(step, seen(OLD, candidate)) == GoBack("all traffic is at 1.8.0 already: it was sent back")


@pytest.mark.parametrize("step", [SOAK, STAGE, FIVE])
def test_before_anything_moved_the_same_is_just_the_beginning(step: object) -> None:
    assert not isinstance(what(step, seen(OLD, NEW)), GoBack | Drift)


def test_what_an_earlier_rollout_left_makes_room() -> None:
    assert what(SOAK, seen(OLD, "1.8.5")) == Met()
    assert what(STAGE, seen(OLD, "1.8.5")) == Tell(Order("stage", NEW))


def test_between_two_shares_is_on_the_way_only_where_the_engine_goes_through_them() -> None:
    between = seen(OLD, NEW, 30)
    assert isinstance(what(HALF, between), Drift)
    assert what(HALF, between, exact=False, told=True) == Wait("the engine shows 1.8.0 70 %, 1.9.0 30 %")
    assert isinstance(what(HALF, seen(OLD, NEW, 30, motion=Motion.PROGRESSING), told=True), Wait)
    assert isinstance(what(HALF, seen(OLD, NEW, 60), exact=False), Drift)


def test_the_schema_has_a_word_before_anything_moves() -> None:
    assert what(STAGE, seen(), answers={OLD: "yes", NEW: "no"}) == GoBack(
        f"{NEW} does not work on the schema as it is now"
    )
    assert what(STAGE, seen(), answers={OLD: "no", NEW: "yes"}) == Hold(
        f"{OLD} does not work on the schema as it is now, and is running"
    )
    assert what(FIVE, seen(OLD, NEW, 5), answers={OLD: "no", NEW: "no"}) == Hold(
        f"{OLD}, {NEW} does not work on the schema as it is now, and is running"
    )
    assert what(STAGE, seen(), answers={OLD: "yes", NEW: "unknown"}) == Hold(
        f"nobody can tell whether {NEW} works on the schema as it is now"
    )
    assert what(SOAK, seen(), answers={OLD: "yes", NEW: "no"}) == Met(), "the new one does not run yet"
    assert isinstance(what(RETIRE, seen(NEW, OLD), answers={OLD: "no", NEW: "yes"}), Hold)


def test_back_is_where_one_version_has_everything() -> None:
    assert is_back(OLD, seen())
    assert is_back(OLD, seen(OLD, NEW))
    assert not is_back(OLD, seen(OLD, NEW, 1))
    assert not is_back(OLD, seen(NEW, OLD))
    assert not is_back(OLD, seen(OLD, NEW, motion=Motion.PROGRESSING))


# -- every state that can be reached


@dataclass(frozen=True)
class World:
    """An engine, how far the coordinator is, and how far the schema is.

    Attributes:
        phase: 0 nothing was done, 1 expanded, 2 contracted. OLD lives on 0 and 1, NEW on 1 and 2.
        at: the step that is performed next; behind the last one it is over.
        going_back: the coordinator has decided to.
    """

    stable: str | None
    candidate: str | None
    weight: int
    ready: frozenset[str]
    phase: int
    at: int
    told: bool
    going_back: bool = False
    stopped: bool = False

    @property
    def live(self) -> set[str]:
        """Versions that run: with no traffic, too."""
        return {one for one in (self.stable, self.candidate) if one is not None}

    @property
    def observed(self) -> Observed:
        ready = {one: Readiness(int(one in self.ready), 1) for one in self.live}
        return Observed(stable=self.stable, candidate=self.candidate, weight=self.weight, ready=ready)


def lives(version: str, phase: int) -> bool:
    return phase in ({0, 1} if version == OLD else {1, 2})


def answers_in(phase: int) -> dict[str, Answer]:
    return {one: "yes" if lives(one, phase) else "no" for one in (OLD, NEW)}


def after(world: World, order: Order) -> World:
    """The same engine as other tests have: what it is told comes true; a version becomes ready later."""
    engine = Engine(stable=world.stable, candidate=world.candidate, weight=world.weight)
    words = (order.version,) if order.weight is None else (order.version, order.weight)
    getattr(engine, order.verb)(*words)
    ready = world.ready - {order.version} if order.verb == "stage" else world.ready
    return World(engine.stable, engine.candidate, engine.weight, ready, world.phase, world.at, True, world.going_back)


def moves(rollout: Rollout, world: World) -> Iterator[tuple[str, World]]:
    """All that can happen next, the coordinator's next move among it; `fields` are given by name where they change."""
    yield from database_moves(rollout, world)
    for one in world.live - world.ready:
        yield f"{one} becomes ready", changed(world, ready=world.ready | {one})
    if world.stopped:
        return
    if world.going_back:
        yield "abort", changed(after(world, Order("abort", OLD)), stopped=True)
        return
    if world.at > len(rollout.steps):
        return
    yield "a check fails, or a person aborts", changed(world, going_back=True)
    yield "killed and resumed", changed(world, told=False)
    step = rollout.steps[world.at - 1]
    match decide(rollout, step, world.observed, answers_in(world.phase), told=world.told, exact=True):
        case Met():
            yield f"{step.kind} done", changed(world, at=world.at + 1, told=False)
        case Tell(order):
            yield order.verb, after(world, order)
        case GoBack():
            yield "goes back", changed(world, going_back=True)
        case Hold() | Drift():
            yield "stops", changed(world, stopped=True)
        case Wait():
            pass


def database_moves(rollout: Rollout, world: World) -> Iterator[tuple[str, World]]:
    """The gates of the runner: an expand any time, its way back and a contract by who is live or about to be."""
    under_way = 1 < world.at <= len(rollout.steps) and not world.stopped
    if world.phase == 0:
        yield "expand", changed(world, phase=1)
    if world.phase == 1 and not under_way and world.live == {OLD}:
        yield "backward", changed(world, phase=0)
    if world.phase == 1 and not under_way and world.live == {NEW}:
        yield "contract", changed(world, phase=2)


def changed(world: World, **news: object) -> World:
    from dataclasses import replace

    return replace(world, **news)  # type: ignore[arg-type]  # names of its fields


@pytest.mark.parametrize(
    "weights",
    [(5, 20, 50, 100), (100,), (50, 100)],
    ids=["canary", "blue-green", "halves"],
)
@pytest.mark.parametrize("phase", [0, 1], ids=["too early", "expanded"])
def test_no_path_lets_a_live_version_leave_its_schema(weights: tuple[int, ...], phase: int) -> None:
    """Every order of what a coordinator, people, kills and migrations can do."""
    rollout = make_rollout(OLD, NEW, weights, PACE)
    begin = World(OLD, None, 0, frozenset({OLD}), phase, 1, told=False)
    paths: dict[World, tuple[World, str] | None] = {begin: None}
    todo = deque([begin])
    ended = set()
    while todo:
        world = todo.popleft()
        assert all(lives(one, world.phase) for one in world.live), _way(paths, world)
        assert all(one in world.ready for one in world.observed.serving), _way(paths, world)
        for name, then in moves(rollout, world):
            if then not in paths:
                paths[then] = world, name
                todo.append(then)
        if world.at > len(rollout.steps):
            ended.add((world.stable, world.candidate, world.phase))
    assert (NEW, None, 1) in ended, "the way forward ends with the new version alone"
    assert (NEW, None, 2) in ended, "and with the contract behind it"


def _way(paths: Mapping[World, tuple[World, str] | None], world: World) -> str:
    names = []
    while (before := paths[world]) is not None:
        world, name = before
        names.append(name)
    return " → ".join(reversed(names))


def test_the_model_of_the_engine_can_do_all_of_it() -> None:
    engine = Engine()
    assert Capabilities(strategies=ALL, weights="exact") == engine.capabilities
    for step in CANARY.steps:
        match decide(CANARY, step, engine.observe(), FINE, told=False, exact=True):
            case Tell(order):
                words = (order.version,) if order.weight is None else (order.version, order.weight)
                getattr(engine, order.verb)(*words)
        assert is_met(step, engine.observe()), step
    assert step.kind is Kind.RETIRE
