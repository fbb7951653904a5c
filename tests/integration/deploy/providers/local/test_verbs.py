"""The verbs on a real HAProxy and real processes, without load."""

from __future__ import annotations

import os
import signal
import socket
from typing import TYPE_CHECKING

import pytest

from deploy_load import ask
from leftovers import programs_on
from migsafe.deploy.errors import ProviderRefusedError
from migsafe.deploy.providers.local.socket import RuntimeSocket
from migsafe.deploy.words import Motion, Observed, Readiness
from migsafe.errors import EnvironmentFailedError

if TYPE_CHECKING:
    from deploy_shop import Shop

_ONE = Readiness(1, 1)


def _bare(seen: Observed) -> tuple[str | None, str | None, int, dict[str, Readiness]]:
    return seen.stable, seen.candidate, seen.weight, dict(seen.ready)


def test_the_first_version_and_the_one_after_it(shop: Shop) -> None:
    provider = shop.provider()
    assert provider.check() == ()
    assert _bare(provider.observe()) == (None, None, 0, {})
    shop.open_with(provider, "v1")
    assert _bare(provider.observe()) == ("v1", None, 0, {"v1": _ONE})
    assert provider.check() == (), "the port is taken by ourselves"
    shop.candidate(provider, "v2")
    assert _bare(provider.observe()) == ("v1", "v2", 0, {"v1": _ONE, "v2": _ONE})
    provider.shift("v2", 30)
    assert provider.observe().weight == 30
    provider.shift("v2", 100)
    assert _bare(provider.observe()) == ("v1", "v2", 100, {"v1": _ONE, "v2": _ONE})
    provider.promote("v2")
    assert _bare(provider.observe()) == ("v2", "v1", 0, {"v1": _ONE, "v2": _ONE})
    assert ask("127.0.0.1", shop.port).version == "v2"
    provider.abort("v1")
    assert _bare(provider.observe()) == ("v1", "v2", 0, {"v1": _ONE, "v2": _ONE})
    assert ask("127.0.0.1", shop.port).version == "v1"
    provider.retire("v2")
    assert _bare(provider.observe()) == ("v1", None, 0, {"v1": _ONE})
    assert provider.observe().motion is Motion.IDLE


def test_all_that_was_started_ends_with_the_engine(shop: Shop) -> None:
    with shop.provider().engine as engine:
        provider = shop.provider()
        shop.open_with(provider, "v1")
        running = programs_on(shop.folder)
        assert len(running) == 2, "HAProxy and one instance"
        assert engine.is_running
    assert programs_on(shop.folder) == set()
    assert _bare(shop.provider().observe()) == (None, None, 0, {})


@pytest.mark.endurance
def test_a_version_that_is_not_ready_gets_no_traffic(shop: Shop) -> None:
    provider = shop.provider()
    shop.open_with(provider, "v1")
    shop.fault(v2={"ready": False})
    provider.stage("v2")
    with pytest.raises(ProviderRefusedError, match=r"v2 is not ready \(0 of 1\)"):
        provider.shift("v2", 5)
    shop.until(provider, lambda seen: bool(seen.notes))
    assert provider.observe().notes == ("green-1, an instance of v2, says that it is not ready (503)",)
    assert provider.observe().motion is Motion.PROGRESSING
    assert ask("127.0.0.1", shop.port).version == "v1"


@pytest.mark.long
def test_a_haproxy_that_was_killed_is_noticed_and_comes_back_with_the_weights(shop: Shop) -> None:
    provider = shop.provider()
    shop.open_with(provider, "v1")
    shop.candidate(provider, "v2")
    provider.shift("v2", 20)
    (pid,) = (int(line.split()[1]) for line in programs_on(shop.folder) if "haproxy.cfg" in line)
    os.kill(pid, signal.SIGKILL)
    shop.until(provider, lambda seen: seen.motion is Motion.DEGRADED)
    seen = provider.observe()
    assert seen.weight == 20, "as it will begin again"
    assert seen.ready == {"v1": Readiness(0, 1), "v2": Readiness(0, 1)}
    assert seen.notes == ("HAProxy does not run, so nobody has traffic; the next order starts it",)
    with pytest.raises(ProviderRefusedError, match="v2 is not ready"):
        provider.shift("v2", 20)
    provider.stage("v2")
    shop.until(provider, lambda seen: seen.is_ready("v1") and seen.is_ready("v2"))
    assert provider.observe().weight == 20
    assert ask("127.0.0.1", shop.port).status == 200


@pytest.mark.endurance
def test_weights_that_somebody_else_has_moved_are_shown_and_set_again(shop: Shop) -> None:
    provider = shop.provider()
    shop.open_with(provider, "v1")
    shop.candidate(provider, "v2")
    provider.shift("v2", 20)
    before = provider.observe()
    by_hand = RuntimeSocket(shop.settings().folder)
    by_hand.order("set weight app/blue-1 1", "set weight app/green-1 1", "set server app/green-1 state drain")
    moved = provider.observe()
    assert moved.weight == 50
    assert moved.etag != before.etag
    assert not moved.is_ready("v2"), "it was drained by hand"
    provider.abort("v1")
    shop.until_ready(provider, "v2")
    assert provider.observe().weight == 0


def test_a_port_that_is_taken_is_named_before_and_when_it_starts(shop: Shop) -> None:
    with socket.create_server(("127.0.0.1", shop.port)):
        provider = shop.provider()
        (complaint,) = provider.check()
        assert complaint == f"nobody can listen at 127.0.0.1:{shop.port}: Address already in use"
        with pytest.raises(EnvironmentFailedError, match=r"HAProxy does not start: .*Address already in use"):
            provider.stage("v1")
    assert not [line for line in programs_on(shop.folder) if "haproxy.cfg" in line]


@pytest.mark.endurance
def test_a_candidate_that_dies_is_noticed(shop: Shop) -> None:
    provider = shop.provider()
    shop.open_with(provider, "v1")
    shop.candidate(provider, "v2")
    (pid,) = (int(line.split()[1]) for line in programs_on(shop.folder) if "--version v2" in line)
    os.kill(pid, signal.SIGKILL)
    shop.until(provider, lambda seen: seen.motion is Motion.DEGRADED)
    (note,) = provider.observe().notes
    assert note.startswith("green-1, an instance of v2, has ended by itself; what it said is in ")
    provider.abort("v1")
    assert provider.observe().motion is Motion.IDLE, "nobody waits for it any more"
    provider.stage("v2")
    shop.until_ready(provider, "v2")


def test_a_later_coordinator_shuts_an_earlier_one_out(shop: Shop) -> None:
    early, late = shop.provider(), shop.provider()
    early.fence(3)
    early.fence(3)
    shop.open_with(early, "v1")
    late.fence(4)
    with pytest.raises(ProviderRefusedError, match=r"a later coordinator has this engine \(mark 4, ours is 3\)"):
        early.stage("v2")
    with pytest.raises(ProviderRefusedError, match="a later coordinator"):
        early.fence(3)
    assert _bare(late.observe()) == ("v1", None, 0, {"v1": _ONE})
