"""The four strategies under live load: no request is lost, shares are what was ordered, failures are seen."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import TYPE_CHECKING

import pytest

from deploy_load import ask
from leftovers import programs_on
from migsafe.deploy.errors import ProviderRefusedError
from migsafe.deploy.words import Motion, Strategy

if TYPE_CHECKING:
    from deploy_load import Load
    from deploy_shop import Shop
    from migsafe.deploy.providers.local import LocalProvider

_ENOUGH = 2_000


def _share(load: Load, version: str) -> float:
    mark = len(load.answers)
    load.wait_for(_ENOUGH)
    return load.share_of(version, mark)


def _switch_time(load: Load, provider: LocalProvider, back_to: str) -> float:
    """How long after the order the last request went to another version, in seconds."""
    mark, ordered = len(load.answers), time.monotonic()
    provider.abort(back_to)
    load.wait_for(200)
    return max((one.at - ordered for one in load.since(mark) if one.version != back_to), default=0.0)


@pytest.mark.long
def test_a_canary_has_its_share_and_nobody_notices(pair: Shop) -> None:
    provider = pair.provider()
    pair.open_with(provider, "v1")
    with pair.load() as load:
        pair.candidate(provider, "v2")
        for weight in (5, 20, 50, 100):
            provider.shift("v2", weight)
            assert _share(load, "v2") == pytest.approx(weight, abs=1)
        provider.promote("v2")
        assert _switch_time(load, provider, "v1") < 0.1
        assert _share(load, "v2") == pytest.approx(0, abs=0.5)
        provider.retire("v2")
    assert load.lost == []


@pytest.mark.endurance
def test_blue_green_moves_all_and_goes_back_at_once(pair: Shop) -> None:
    provider = pair.provider(Strategy.BLUE_GREEN)
    pair.open_with(provider, "v1")
    with pair.load() as load:
        pair.candidate(provider, "v2")
        provider.shift("v2", 100)
        assert _share(load, "v2") == pytest.approx(100, abs=1)
        provider.promote("v2")
        assert _switch_time(load, provider, "v1") < 0.1
    assert load.lost == []


@pytest.mark.long
def test_rolling_replaces_one_after_the_other_and_nobody_notices(pair: Shop) -> None:
    provider = pair.provider(Strategy.ROLLING)
    pair.open_with(provider, "v1")
    with pair.load() as load:
        provider.shift("v2", 50)
        assert provider.observe().weight == 50
        assert _share(load, "v2") == pytest.approx(50, abs=1)
        provider.abort("v1")
        pair.until_ready(provider, "v1")
        assert _share(load, "v2") == pytest.approx(0, abs=0.5)
        provider.shift("v2", 100)
        provider.promote("v2")
        seen = provider.observe()
        assert (seen.stable, seen.candidate, seen.motion) == ("v2", None, Motion.IDLE)
        provider.abort("v1")
        assert _share(load, "v1") == pytest.approx(100, abs=0.5)
    assert load.lost == []


@pytest.mark.long
def test_recreate_says_how_long_nobody_answered(shop: Shop) -> None:
    provider = shop.provider(Strategy.RECREATE)
    shop.open_with(provider, "v1")
    with shop.load(threads=2) as load:
        load.wait_for(100)
        provider.shift("v2", 100)
        load.wait_for(100)
    (note,) = provider.observe().notes
    said = float(note.removeprefix("nobody answered for ").partition(" s ")[0])
    assert load.lost, "a gap is a gap"
    assert said == pytest.approx(load.longest_gap(), abs=0.3)
    assert provider.observe().ready.keys() == {"v2"}


@pytest.mark.endurance
def test_errors_are_counted_on_the_side_that_makes_them(shop: Shop) -> None:
    provider = shop.provider()
    shop.open_with(provider, "v1")
    shop.fault(v2={"error_rate": 0.1})
    with shop.load() as load:
        shop.candidate(provider, "v2")
        before = provider.counts()
        provider.shift("v2", 20)
        load.wait_for(_ENOUGH)
        after = provider.counts()
    errors = after["candidate"].errors - before["candidate"].errors
    requests = after["candidate"].requests - before["candidate"].requests
    assert errors / requests == pytest.approx(0.1, abs=0.01)
    assert after["stable"].errors == 0
    assert load.lost == []


@pytest.mark.endurance
def test_a_candidate_that_is_killed_is_seen_though_no_client_notices(pair: Shop) -> None:
    provider = pair.provider()
    pair.open_with(provider, "v1")
    with pair.load() as load:
        pair.candidate(provider, "v2")
        provider.shift("v2", 50)
        load.wait_for(500)
        before = provider.counts()
        for line in programs_on(pair.folder):
            if "--version v2" in line:
                os.kill(int(line.split()[1]), signal.SIGKILL)
        load.wait_for(_ENOUGH)
        after = provider.counts()
    assert load.lost == []
    assert after["candidate"].hidden - before["candidate"].hidden > 20
    assert after["stable"].hidden == before["stable"].hidden, "failures count where they were made"
    assert provider.observe().motion is Motion.DEGRADED


@pytest.mark.endurance
def test_counts_go_on_when_haproxy_begins_anew(shop: Shop) -> None:
    provider = shop.provider()
    shop.open_with(provider, "v1")
    with shop.load(threads=2) as load:
        load.wait_for(300)
        before = provider.counts()["stable"].requests
        (pid,) = (int(line.split()[1]) for line in programs_on(shop.folder) if "haproxy.cfg" in line)
        os.kill(pid, signal.SIGKILL)
        provider.stage("v1")
        shop.until_ready(provider, "v1")
        load.wait_for(50)
        assert provider.counts()["stable"].requests >= before + 20


@pytest.mark.endurance
def test_other_settings_take_over_without_losing_a_request(shop: Shop) -> None:
    shop.open_with(shop.provider(), "v1")
    more = shop.provider(replicas=3)
    with shop.load() as load:
        load.wait_for(200)
        shop.candidate(more, "v2")
        more.shift("v2", 5)
        assert more.observe().ready["v2"].wanted == 3
        assert _share(load, "v2") == pytest.approx(5, abs=1)
    assert load.lost == []


@pytest.mark.endurance
def test_open_requests_are_let_finish_before_an_instance_ends(shop: Shop) -> None:
    provider = shop.provider()
    shop.open_with(provider, "v1")
    shop.candidate(provider, "v2")
    provider.shift("v2", 100)
    with shop.load(path="/slow", threads=4) as load:
        load.wait_for(4)
        provider.abort("v1")
        provider.retire("v2")
        load.wait_for(8)
    assert load.lost == []
    assert set(load.versions) == {"v1", "v2"}


@pytest.mark.long
def test_an_abort_comes_in_between_while_instances_are_replaced(pair: Shop) -> None:
    provider = pair.provider(Strategy.ROLLING)
    pair.open_with(provider, "v1")
    pair.fault(v2={"ready": False})
    refused: list[ProviderRefusedError] = []

    def roll() -> None:
        try:
            pair.provider(Strategy.ROLLING).shift("v2", 100)
        except ProviderRefusedError as error:
            refused.append(error)

    rolling = threading.Thread(target=roll)
    rolling.start()
    pair.until(provider, lambda seen: seen.candidate == "v2" and seen.motion is Motion.PROGRESSING)
    provider.abort("v1")
    rolling.join(10)
    assert [error.message for error in refused] == ["another order came to the local engine before this one was done"]
    assert provider.observe().weight == 0
    provider.retire("v2")
    pair.until(provider, lambda seen: seen.candidate is None)
    assert ask("127.0.0.1", pair.port).version == "v1"
