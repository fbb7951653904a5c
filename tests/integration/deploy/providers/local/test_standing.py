"""What holds while a stable version and a candidate stand beside each other, on one engine for all of it."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from deploy_load import ask
from deploy_shop import Shop, why_no_haproxy
from migsafe.deploy.errors import ProviderRefusedError
from migsafe.deploy.words import Strategy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from migsafe.deploy.providers.local import LocalProvider


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """v1 is stable, and v2 has 5 % of the traffic."""
    if (why := why_no_haproxy()) is not None:
        pytest.skip(why)
    deep = "a-folder-with-a-name-that-is-longer-than-the-path-of-a-socket-may-be" * 2
    folder = tmp_path_factory.mktemp("standing") / deep
    folder.mkdir()
    with Shop(folder) as shop:
        provider = shop.provider()
        shop.open_with(provider, "v1")
        shop.candidate(provider, "v2")
        provider.shift("v2", 5)
        yield shop


def test_what_it_remembers_is_its_owners_alone(standing: Shop) -> None:
    engine = standing.settings().folder
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in [engine, *engine.rglob("*")]}
    assert {path: oct(mode) for path, mode in modes.items() if mode & 0o077} == {}


def test_instances_listen_on_this_machine_alone(standing: Shop) -> None:
    (address,) = standing.provider().addresses("v2")
    assert address.startswith("http://127.0.0.1:")
    assert ask("127.0.0.1", int(address.rpartition(":")[2])).version == "v2"
    assert standing.provider().addresses("v3") == ()


@pytest.mark.parametrize(
    ("strategy", "order", "message"),
    [
        (Strategy.BLUE_GREEN, lambda p: p.shift("v2", 20), "blue-green moves all the traffic at once, not 20 %"),
        (Strategy.RECREATE, lambda p: p.shift("v2", 20), "recreate replaces all instances, not 20 % of them"),
        (Strategy.RECREATE, lambda p: p.stage("v3"), "recreate replaces instances; none is made ready beside them"),
        (Strategy.ROLLING, lambda p: p.shift("v2", 20), "20 % is no number of 1 instances"),
        (Strategy.ROLLING, lambda p: p.shift("v1", 100), "v1 is the stable version already"),
        (Strategy.CANARY, lambda p: p.shift("v3", 20), "v3 is not there"),
        (Strategy.CANARY, lambda p: p.shift("v1", 20), "v1 is the stable version: shares are those of the other one"),
        (Strategy.CANARY, lambda p: p.retire("v1"), "v1 has traffic, so it cannot end"),
        (Strategy.CANARY, lambda p: p.retire("v2"), "v2 has traffic, so it cannot end"),
        (Strategy.CANARY, lambda p: p.promote("v2"), "v2 has not all the traffic"),
        (Strategy.CANARY, lambda p: p.promote("v3"), "v3 is not there"),
        (Strategy.CANARY, lambda p: p.stage("v3"), "v2 has traffic, so v3 has no room yet"),
        (Strategy.CANARY, lambda p: p.abort("v0"), "v0 has no instances here any more"),
    ],
)
def test_what_makes_no_sense_is_refused_and_moves_nothing(
    standing: Shop, strategy: Strategy, order: Callable[[LocalProvider], None], message: str
) -> None:
    provider = standing.provider(strategy)
    before = provider.observe()
    with pytest.raises(ProviderRefusedError, match=message):
        order(provider)
    assert provider.observe() == before


def test_what_is_so_already_is_done_again_without_harm(standing: Shop) -> None:
    provider = standing.provider()
    before = provider.observe()
    provider.shift("v2", 5)
    provider.stage("v2")
    provider.stage("v1")
    provider.promote("v1")
    provider.retire("v0")
    assert provider.observe() == before
