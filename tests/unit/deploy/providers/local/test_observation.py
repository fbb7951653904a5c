"""What the local engine shows, from looks that were made up."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from migsafe.deploy.providers.local.observation import Look, observed
from migsafe.deploy.providers.local.processes import Identity
from migsafe.deploy.providers.local.state import Color, Pool, State
from migsafe.deploy.providers.local.statistics import Server
from migsafe.deploy.words import Counts, Motion, Readiness

_NONE = Counts(requests=0, errors=0)


def _server(slot: str, weight: int, *, is_up: bool = True, port: int = 0) -> Server:
    return Server(
        name=slot,
        is_up=is_up,
        is_held=False,
        weight=weight,
        refusal=0 if is_up else 503,
        port=port or _port(slot),
        open_requests=0,
        counts=_NONE,
    )


def _instance(slot: str, version: str) -> Identity:
    return Identity(pid=_port(slot), started="then", version=version, port=_port(slot))


def _port(slot: str) -> int:
    return {"blue-1": 20001, "blue-2": 20002, "green-1": 20003, "green-2": 20004}[slot]


#: v1 is stable on blue, v2 has 5 % on green, and all is well.
_WELL = Look(
    state=State(
        promoted=Color.BLUE,
        pools={Color.BLUE: Pool(version="v1", slots=(1, 2)), Color.GREEN: Pool(version="v2", slots=(1, 2))},
        weights={"blue-1": 19, "blue-2": 19, "green-1": 1, "green-2": 1},
    ),
    servers={slot: _server(slot, 19 if slot < "c" else 1) for slot in ("blue-1", "blue-2", "green-1", "green-2")},
    living={slot: _instance(slot, "v1" if slot < "c" else "v2") for slot in ("blue-1", "blue-2", "green-1", "green-2")},
    ending=frozenset(),
    died={},
)


def _without(look: Look, *slots: str) -> Look:
    assert look.servers is not None
    return replace(
        look,
        living={slot: one for slot, one in look.living.items() if slot not in slots},
        servers={slot: replace(one, is_up=one.is_up and slot not in slots) for slot, one in look.servers.items()},
    )


def test_all_is_well() -> None:
    seen = observed(_WELL)
    assert (seen.stable, seen.candidate, seen.weight, seen.motion, seen.notes) == ("v1", "v2", 5, Motion.IDLE, ())
    assert seen.ready == {"v1": Readiness(2, 2), "v2": Readiness(2, 2)}


def test_nothing_there() -> None:
    empty = Look(state=State(), servers=None, living={}, ending=frozenset(), died={})
    seen = observed(empty)
    assert (seen.stable, seen.candidate, seen.weight, seen.ready, seen.motion) == (None, None, 0, {}, Motion.IDLE)


def test_one_that_begins_is_on_its_way() -> None:
    seen = observed(_without(_WELL, "green-2"))
    assert seen.motion is Motion.PROGRESSING
    assert seen.ready["v2"] == Readiness(1, 2)


def test_one_that_died_is_a_failure_and_is_named() -> None:
    seen = observed(replace(_without(_WELL, "green-2"), died={"green-2": Path("logs/green-2.log")}))
    assert seen.motion is Motion.DEGRADED
    assert seen.notes == ("green-2, an instance of v2, has ended by itself; what it said is in logs/green-2.log",)


def test_one_that_died_where_nobody_waits_is_only_named() -> None:
    resting = Pool(version="v2", slots=(1, 2), resting=True)
    state = replace(_WELL.state, pools={**_WELL.state.pools, Color.GREEN: resting})
    seen = observed(replace(_without(_WELL, "green-2"), state=state, died={"green-2": Path("x.log")}))
    assert seen.motion is Motion.IDLE
    assert len(seen.notes) == 1


def test_one_that_says_that_it_is_not_ready_is_quoted() -> None:
    assert _WELL.servers is not None
    seen = observed(replace(_WELL, servers={**_WELL.servers, "green-2": _server("green-2", 1, is_up=False)}))
    assert seen.motion is Motion.PROGRESSING
    assert seen.notes == ("green-2, an instance of v2, says that it is not ready (503)",)


def test_a_server_at_another_port_is_not_the_instance() -> None:
    assert _WELL.servers is not None
    look = replace(_WELL, servers={**_WELL.servers, "green-1": _server("green-1", 1, port=30000)})
    assert observed(look).ready["v2"] == Readiness(1, 2)


def test_an_instance_of_another_version_is_none_of_this_one() -> None:
    look = replace(_WELL, living={**_WELL.living, "green-1": _instance("green-1", "v0")})
    assert observed(look).ready["v2"] == Readiness(1, 2)


def test_without_haproxy_it_is_said_what_it_would_begin_with() -> None:
    seen = observed(replace(_WELL, servers=None))
    assert (seen.weight, seen.motion) == (5, Motion.DEGRADED)
    assert seen.ready == {"v1": Readiness(0, 2), "v2": Readiness(0, 2)}
    assert seen.notes == ("HAProxy does not run, so nobody has traffic; the next order starts it",)


def test_a_candidate_that_is_ending_is_there_until_it_has() -> None:
    pools = {**_WELL.state.pools, Color.GREEN: Pool(version="v2")}
    going = replace(_without(_WELL, "green-1", "green-2"), state=replace(_WELL.state, pools=pools, weights={}))
    ending = observed(replace(going, ending=frozenset({"green-1"})))
    assert (ending.candidate, ending.motion) == ("v2", Motion.PROGRESSING)
    gone = observed(going)
    assert (gone.candidate, gone.motion) == (None, Motion.IDLE)
    assert gone.ready.keys() == {"v1"}


def test_an_instance_too_many_is_on_its_way_out() -> None:
    pools = {**_WELL.state.pools, Color.BLUE: Pool(version="v1", slots=(1,))}
    assert observed(replace(_WELL, state=replace(_WELL.state, pools=pools))).motion is Motion.PROGRESSING


def test_a_gap_that_goes_on_and_one_that_is_over() -> None:
    assert _WELL.servers is not None
    dark = replace(_WELL, servers={slot: replace(one, weight=0) for slot, one in _WELL.servers.items()})
    assert observed(dark).notes == (
        "no version has traffic: one is being replaced by another, or that was interrupted",
    )
    over = replace(_WELL, state=replace(_WELL.state, gap_s=1.25))
    assert observed(over).notes == ("nobody answered for 1.2 s while all instances were replaced",)


@pytest.mark.parametrize(
    "changed",
    [
        replace(_WELL, state=replace(_WELL.state, promoted=Color.GREEN)),
        replace(_WELL, servers={"blue-1": _server("blue-1", 3)}),
        _without(_WELL, "green-1"),
        replace(_WELL, state=replace(_WELL.state, pools={Color.BLUE: Pool(version="v3")})),
    ],
)
def test_whatever_anybody_changes_changes_the_etag(changed: Look) -> None:
    assert observed(changed).etag != observed(_WELL).etag


def test_an_order_that_changed_nothing_does_not() -> None:
    assert observed(replace(_WELL, state=replace(_WELL.state, order=99, fence=7))).etag == observed(_WELL).etag
