"""What the chapters play with, what they come to, and the two commands that all of them have in common."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from migsafe import api
from migsafe.demo.site import BY, ENVIRONMENT
from migsafe.demo.timeline import Band, Mark, Tone
from migsafe.errors import EnvironmentFailedError
from migsafe.tracker.deployments import DeploymentStatus

if TYPE_CHECKING:
    from datetime import datetime

    from migsafe.demo.pace import Pace
    from migsafe.demo.people import People
    from migsafe.demo.site import Site
    from migsafe.demo.telling import Teller
    from migsafe.deploy.under_way import Deployed
    from migsafe.model.phase import Phase
    from migsafe.shadow.server import ThrowawayServer

#: How often a rollout is resumed that saw too few requests to tell: a machine may be slower than the story thinks.
_RESUMES = 5
_ENOUGH_TO_BEGIN = 50


@dataclass(slots=True)
class Told:
    """What the chapters have come to.

    Attributes:
        began: on the clock of `time.monotonic`.
        began_at: the same moment on the clock of `time.time`, which the tracker writes by.
        heard: when a rollout has said its last line.
        why: why the broken version was sent back.
        refusals: why the contract might not run while old code was there.
        waits: what it would still wait for elsewhere, once old code was gone.
    """

    began: float
    began_at: float
    marks: list[Mark] = field(default_factory=list)
    bands: list[Band] = field(default_factory=list)
    heard: float = 0.0
    back_ms: float | None = None
    why: str = ""
    refusals: tuple[str, ...] = ()
    waits: tuple[str, ...] = ()

    @property
    def now(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self.began

    def since(self, moment: datetime) -> float:
        """A moment of the tracker in seconds since the beginning."""
        return max(0.0, moment.timestamp() - self.began_at)

    def mark(self, text: str, tone: Tone, at: float | None = None) -> None:
        """Something to see in the timeline."""
        self.marks.append(Mark(self.now if at is None else at, text, tone))

    def schema(self, text: str, *, moves: bool = False) -> None:
        """From now on the schema is in another state."""
        self._end_band()
        self.bands.append(Band(self.now, self.now, text, moves))

    def end(self) -> None:
        """The story is over."""
        self._end_band()

    def _end_band(self) -> None:
        if self.bands:
            last = self.bands[-1]
            self.bands[-1] = Band(last.begin, self.now, last.text, last.moves)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What the chapters play with."""

    site: Site
    server: ThrowawayServer
    people: People
    teller: Teller
    pace: Pace
    told: Told


Chapter = Callable[[Stage], None]


def play(stage: Stage, chapters: Sequence[Chapter]) -> None:
    """Some chapters, one after the other, once people are there.

    Raises:
        MigsafeError: when one does not come to its end.
    """
    stage.people.wait_for(_ENOUGH_TO_BEGIN)
    for chapter in chapters:
        chapter(stage)
        time.sleep(stage.pace.pause)


def run(stage: Stage, phase: Phase, release: str) -> int:
    """Run a phase; how long its statements took, in milliseconds."""
    stage.teller.does(f"migsafe run {phase} --release {release} --env {ENVIRONMENT} --url …")
    options = api.RunOptions(
        phase=phase, release=release, url=stage.site.url, where=api.Where(environment=ENVIRONMENT), wait=20.0
    )
    outcome = api.run_phase(options, stage.site.config, say=stage.teller.says, by=BY)
    if outcome.problem is not None:
        raise outcome.problem
    return sum(step.ran_ms for step in outcome.steps)


def roll_out(stage: Stage, release: str) -> None:
    """Roll a release out that is expected to get through.

    Raises:
        EnvironmentFailedError: when it does not.
    """
    came = deploy(stage, release).came
    if came.status is not DeploymentStatus.DONE:
        raise EnvironmentFailedError(f"{release} did not get through: {came.status.value}: {came.reason}")


def deploy(stage: Stage, release: str) -> Deployed:
    """Roll a release out; one that saw too few requests to tell is watched once more."""
    teller, site = stage.teller, stage.site

    def say(line: str) -> None:
        stage.told.heard = stage.told.now
        teller.says(line)

    teller.does(f"migsafe deploy run --release {release} --env {ENVIRONMENT}")
    done = api.run_deploy(release, site.asked, site.config, say=say, by=BY)
    for _ in range(_RESUMES):
        if done.came.status is not DeploymentStatus.HELD:
            break
        teller.says(f"held: {done.came.reason}")
        teller.does(f"migsafe deploy resume --env {ENVIRONMENT}")
        done = api.resume_deploy(site.asked, site.config, say=say, by=BY)
    _mark_steps(stage, done)
    return done


def _mark_steps(stage: Stage, done: Deployed) -> None:
    """What the journal says of each step."""
    deployment = done.deployment
    assert deployment is not None, "the tracker of the story is a file beside it"
    words = {"shift": "{release} gets {weight} %", "promote": "{release} is promoted", "retire": "{stable} is retired"}
    for step in deployment.steps:
        if step.began_at is not None and step.kind in words:
            text = words[step.kind].format(
                release=deployment.release, stable=deployment.stable, weight=step.desired.get("weight")
            )
            stage.told.mark(text, Tone.TRAFFIC, stage.told.since(step.began_at))
