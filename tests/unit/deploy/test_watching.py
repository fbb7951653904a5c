"""What is made of an engine while code is watched: one that is away, and a version that is not ready."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from deploy_desks import NEW, OLD, Desk
from migsafe.deploy.means import Manner
from migsafe.deploy.rollout import Pace, make_rollout
from migsafe.tracker.deployments import DeploymentStatus
from tracker_books import Book, book_in, copy_of


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Book:
    return book_in(tmp_path_factory.mktemp("books")).furnish()


@pytest.fixture
def desk(empty: Book, tmp_path: Path) -> Desk:
    manner = Manner(ready_within=30, look_every=1, judge_every=1, unready_for=3)
    rollout = make_rollout(OLD, NEW, (100,), Pace(step=60))
    return Desk(copy_of(empty, tmp_path / "tracker.db"), rollout=rollout, manner=manner)


def during(desk: Desk, *, away: range = range(0), unready: range = range(0)) -> Callable[[float], None]:
    """What is so at which second of the watch."""

    def change(now: float) -> None:
        desk.engine.away = 1 if int(now) in away else 0
        desk.engine.unready = {NEW} if int(now) in unready else set()

    return change


def test_an_engine_that_was_away_says_nothing_about_the_version(desk: Desk) -> None:
    desk.on_sleep = during(desk, away=range(10, 20), unready=range(20, 22))
    assert desk.run().status is DeploymentStatus.DONE


def test_a_version_that_is_not_ready_goes_back_after_its_own_patience(desk: Desk) -> None:
    desk.on_sleep = during(desk, away=range(10, 20), unready=range(20, 40))
    came = desk.run()
    assert (came.status, desk.now) == (DeploymentStatus.ABORTED, 23)
    assert came.reason == "it was ready, and is not any more: 1.9.0 is not ready yet (0 of 1)"


def test_an_engine_that_stays_away_is_held_after_its_own_patience(desk: Desk) -> None:
    """Also one of which the last that was seen is a version that stumbled."""
    desk.on_sleep = during(desk, away=range(12, 100), unready=range(10, 12))
    came = desk.run()
    assert (came.status, desk.now) == (DeploymentStatus.HELD, 42)
    assert came.reason == "the engine could not be reached for 30 s: no answer"


def test_a_watch_does_not_end_in_doubt(desk: Desk) -> None:
    desk.on_sleep = during(desk, away=range(55, 65))
    assert desk.run().status is DeploymentStatus.DONE
    assert desk.now == 65, "until it is known to be well"
