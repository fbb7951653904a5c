"""A coordinator that is killed at every write to its journal, on stand-ins for each engine; the end is always the same.

All engines are killed by a real SIGKILL at every commit of the command in nox's `heavy-deploy`; a small part of that
runs in `tests/acceptance/test_deploy_kills.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import pytest

from deploy_desks import Analyst, Desk, Killed
from kube_sites import SCENES
from migsafe.deploy.means import Manner
from migsafe.deploy.provider import Provider
from migsafe.deploy.rollout import Pace, Rollout, make_rollout
from migsafe.deploy.verdict import Result, Window
from migsafe.deploy.words import Observed
from migsafe.tracker.deployments import DeploymentStatus
from tracker_books import Book, book_in, copy_of

PACE = Pace(soak=1, step=1, bake=1)
MANNER = Manner(ready_within=600, look_every=1, judge_every=1)


@dataclass
class Stage:
    """An engine that has not begun: how to make its provider, and what time does to it."""

    rollout: Rollout
    provider: Callable[[], Provider]
    tick: Callable[[], None] = lambda: None

    def desk(self, book: Book, analyst: Analyst | None = None, kill_at: int | None = None) -> Desk:
        """A coordinator for it."""
        answers = {name: "yes" for name in (self.rollout.stable, self.rollout.candidate) if name is not None}
        return Desk(
            book, rollout=self.rollout, another=self.provider, manner=MANNER, answers=answers,  # type: ignore[arg-type]  # answers
            analyst=analyst or Analyst(), kill_at=kill_at, on_sleep=lambda now: self.tick(),
        )  # fmt: skip


def kubernetes(name: str) -> Stage:
    scene = SCENES[name]()
    provider = scene.make(scene.cluster)
    rollout = make_rollout("v1", "v2", scene.weights, PACE, stages=provider.capabilities.stages)
    return Stage(rollout, lambda: scene.make(scene.cluster), scene.cluster.controllers.tick)


def load_balancer() -> Stage:
    pytest.importorskip("boto3", reason="boto3 is not installed")
    from alb_sites import ScriptedMemory, Site

    aws = ScriptedMemory()
    aws.forget()
    site = Site.make(aws, "vpc-1", ("subnet-1", "subnet-2"))
    aws.health = {}
    site.call("RegisterTargets", TargetGroupArn=site.groups["blue"], Targets=[{"Id": "10.0.0.4"}])
    return Stage(
        make_rollout("1.0", "2.0", (5, 50, 100), PACE),
        lambda: site.provider(register=("10.0.0.5",), deregister=True),
    )


STAGES: dict[str, Callable[[], Stage]] = {
    **{name: lambda name=name: kubernetes(name) for name in SCENES},  # type: ignore[misc]  # bound at once
    "aws-alb": load_balancer,
}


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Book:
    folder = tmp_path_factory.mktemp("books")
    return copy_of(book_in(folder).furnish(), folder / "empty.db")


def shown(seen: Observed) -> tuple[object, ...]:
    return seen.stable, seen.candidate, seen.weight, seen.motion


def fails_at_the_first_share(window: Window) -> Result:
    return Result.FAIL if window.weight > 0 else Result.PASS


@pytest.mark.long
@pytest.mark.parametrize(("engine", "way"), list(zip(STAGES, cycle(["forward", "back"]), strict=False)))
def test_killed_at_some_writes(engine: str, way: str, empty: Book, tmp_path: Path) -> None:
    writes = _undisturbed(engine, way, empty, tmp_path)
    _all_the_same(engine, way, empty, tmp_path, [writes // 2])


@pytest.mark.endurance
@pytest.mark.parametrize("engine", STAGES)
@pytest.mark.parametrize("way", ["forward", "back"])
def test_killed_at_every_write(engine: str, way: str, empty: Book, tmp_path: Path) -> None:
    writes = _undisturbed(engine, way, empty, tmp_path)
    _all_the_same(engine, way, empty, tmp_path, range(1, writes))


def _undisturbed(engine: str, way: str, empty: Book, folder: Path) -> int:
    desk = _desk(STAGES[engine](), way, copy_of(empty, folder / "undisturbed.db"))
    assert desk.run().status is (DeploymentStatus.DONE if way == "forward" else DeploymentStatus.ABORTED)
    return desk.writes


def _all_the_same(engine: str, way: str, empty: Book, folder: Path, writes: object) -> None:
    stage = STAGES[engine]()
    undisturbed = _desk(stage, way, copy_of(empty, folder / "wanted.db"))
    undisturbed.run()
    wanted = shown(stage.provider().observe()), undisturbed.standing(), undisturbed.last().status
    for write in writes:  # type: ignore[attr-defined]  # numbers
        stage = STAGES[engine]()
        desk = _desk(stage, way, copy_of(empty, folder / f"{write}.db"), kill_at=write)
        with pytest.raises(Killed):
            desk.run()
        if desk.is_going_back:
            desk.abort()
        elif desk.is_open:
            desk.run()
        assert (shown(stage.provider().observe()), desk.standing(), desk.last().status) == wanted, write


def _desk(stage: Stage, way: str, book: Book, kill_at: int | None = None) -> Desk:
    analyst = Analyst(fails_at_the_first_share) if way == "back" else Analyst()
    return stage.desk(book, analyst, kill_at)
