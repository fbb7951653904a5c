"""Every verb is killed at each of its acts, and then said again: what is so is what it would have been."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deploy_load import ask
from leftovers import programs_on
from local_kills import each_kill
from migsafe.deploy.words import Motion, Strategy

if TYPE_CHECKING:
    from deploy_shop import Shop
    from migsafe.deploy.providers.local import LocalProvider


def _stands(shop: Shop, stable: str, candidate: str | None, weight: int) -> None:
    """What the engine shows, and that nothing runs twice, or that nobody knows."""
    provider = shop.provider()
    shop.until(provider, lambda seen: seen.motion is Motion.IDLE)
    seen = provider.observe()
    assert (seen.stable, seen.candidate, seen.weight) == (stable, candidate, weight)
    versions = [version for version in (stable, candidate) if version is not None and version in seen.ready]
    assert _running(shop) == sorted(versions * shop.replicas)


def _running(shop: Shop) -> list[str]:
    """The version of each instance that runs, and that there is one HAProxy."""
    lines = [line for line in programs_on(shop.folder) if "launch.py" not in line]
    assert sum("haproxy.cfg" in line for line in lines) == 1
    return sorted(line.split("--version ")[1].strip() for line in lines if "--version " in line)


def _answers(shop: Shop, version: str) -> None:
    answer = ask("127.0.0.1", shop.port)
    assert (answer.status, answer.version) == (200, version)


def _fresh(shop: Shop, strategy: Strategy = Strategy.CANARY) -> LocalProvider:
    return shop.provider(strategy)


@pytest.mark.endurance
def test_shift_promote_and_abort(shop: Shop) -> None:
    provider = shop.provider()
    shop.open_with(provider, "v1")
    shop.candidate(provider, "v2")

    def shifted(_: int) -> None:
        _fresh(shop).shift("v2", 30)
        _stands(shop, "v1", "v2", 30)
        _fresh(shop).shift("v2", 0)

    assert each_kill(lambda: _fresh(shop).shift("v2", 30), shifted) >= 4

    def promoted(_: int) -> None:
        _fresh(shop).promote("v2")
        _stands(shop, "v2", "v1", 0)
        _fresh(shop).abort("v1")

    def go_on_and_promote() -> None:
        _fresh(shop).shift("v2", 100)
        _fresh(shop).promote("v2")

    def promoted_after_all(act: int) -> None:
        _fresh(shop).shift("v2", 100)
        promoted(act)

    assert each_kill(go_on_and_promote, promoted_after_all) >= 8

    def back(_: int) -> None:
        _fresh(shop).abort("v1")
        _stands(shop, "v1", "v2", 0)
        _answers(shop, "v1")
        _fresh(shop).shift("v2", 50)

    _fresh(shop).abort("v1")
    _fresh(shop).shift("v2", 50)
    assert each_kill(lambda: _fresh(shop).abort("v1"), back) >= 4


@pytest.mark.endurance
def test_stage_and_retire(shop: Shop) -> None:
    shop.open_with(shop.provider(), "v1")

    def staged(_: int) -> None:
        _fresh(shop).stage("v2")
        shop.until_ready(shop.provider(), "v2")
        _stands(shop, "v1", "v2", 0)
        _fresh(shop).retire("v2")

    assert each_kill(lambda: _fresh(shop).stage("v2"), staged) >= 5

    def retired(_: int) -> None:
        _fresh(shop).retire("v2")
        _stands(shop, "v1", None, 0)
        shop.candidate(shop.provider(), "v2")

    shop.candidate(shop.provider(), "v2")
    assert each_kill(lambda: _fresh(shop).retire("v2"), retired) >= 6
    _answers(shop, "v1")


@pytest.mark.endurance
def test_the_first_stage(shop: Shop) -> None:
    def staged(_: int) -> None:
        _fresh(shop).stage("v1")
        shop.until_ready(shop.provider(), "v1")
        assert _running(shop) == ["v1"]
        _fresh(shop).engine.stop()

    assert each_kill(lambda: _fresh(shop).stage("v1"), staged) >= 6


@pytest.mark.endurance
def test_rolling(pair: Shop) -> None:
    pair.open_with(_fresh(pair, Strategy.ROLLING), "v1")

    def rolled(_: int) -> None:
        _answers(pair, "v1") if pair.provider().observe().weight == 0 else None
        _fresh(pair, Strategy.ROLLING).shift("v2", 100)
        _stands(pair, "v1", "v2", 100)
        _fresh(pair, Strategy.ROLLING).shift("v2", 0)
        _stands(pair, "v1", None, 0)

    assert each_kill(lambda: _fresh(pair, Strategy.ROLLING).shift("v2", 100), rolled) >= 20


@pytest.mark.endurance
def test_recreate(shop: Shop) -> None:
    shop.open_with(_fresh(shop, Strategy.RECREATE), "v1")

    def recreated(_: int) -> None:
        _fresh(shop, Strategy.RECREATE).shift("v2", 100)
        _stands(shop, "v1", "v2", 100)
        _answers(shop, "v2")
        _fresh(shop, Strategy.RECREATE).abort("v1")
        _stands(shop, "v1", None, 0)

    assert each_kill(lambda: _fresh(shop, Strategy.RECREATE).shift("v2", 100), recreated) >= 8
