"""The chapters of the story: each does what a person would do by the commands that it names, through the same API."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from migsafe import api
from migsafe.demo.site import BY, CHANGE, DATABASE, ENVIRONMENT
from migsafe.demo.timeline import Band, Mark, Tone
from migsafe.errors import EnvironmentFailedError
from migsafe.model.phase import Phase
from migsafe.tracker.deployments import DeploymentStatus

if TYPE_CHECKING:
    from datetime import datetime

    from migsafe.contracts.keeping import Planned
    from migsafe.demo.pace import Pace
    from migsafe.demo.people import People
    from migsafe.demo.site import Site
    from migsafe.demo.telling import Teller
    from migsafe.deploy.run import Deployed
    from migsafe.model.plan import PlanStep
    from migsafe.shadow.server import ThrowawayServer

#: How often a rollout is resumed that saw too few requests to tell: a machine may be slower than the story thinks.
_RESUMES = 5
_ENOUGH_TO_BEGIN = 50
_RENAME = "ALTER TABLE users RENAME COLUMN name TO full_name;"


@dataclass(slots=True)
class Told:
    """What the chapters have come to.

    Attributes:
        began: on the clock of `time.monotonic`.
        began_at: the same moment on the clock of `time.time`, which the tracker writes by.
        heard: when a rollout has said its last line.
        why: why the broken version was sent back.
        refusals: why the contract may not run yet.
    """

    began: float
    began_at: float
    marks: list[Mark] = field(default_factory=list)
    bands: list[Band] = field(default_factory=list)
    heard: float = 0.0
    back_ms: float | None = None
    why: str = ""
    refusals: tuple[str, ...] = ()

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


def plan(stage: Stage) -> None:
    """The rename is held against the running code, and planned in steps."""
    teller, site = stage.teller, stage.site
    teller.chapter(
        "A column is to be renamed: users.name → full_name",
        "In one statement the rename would break every running instance of v1 in the same moment.",
    )
    teller.does("migsafe lint")
    for finding in api.lint_text(_RENAME, name="rename.sql", dialect="postgres").findings:
        if finding.rule == "rename-column":
            teller.says(f"{finding.rule}: {finding.message}")
    teller.does("migsafe plan rename-column users.name full_name --accept")
    arguments = {"column": "users.name", "to": "full_name"}
    planned = api.plan("rename-column", arguments, [site.folder / "migrations"], site.config)
    planned.save()
    written = sorted(one.name for one in (site.folder / "migrations").glob("*.sql"))[1:]
    expands = [one for one in written if "_add_full_name" in one]
    site.release("v2", expands)
    site.release("v3", [one for one in written if one not in expands])
    steps = planned.plan.steps
    teller.fact(
        f"{len(steps)} small steps instead: {_count(steps, Phase.EXPAND)} to expand, {_count(steps, Phase.MIGRATE)} to "
        f"move the data, {_count(steps, Phase.CONTRACT)} to take the old column away when nobody needs it"
    )


def expand(stage: Stage) -> None:
    """The new column, and a trigger that keeps both in step."""
    stage.teller.chapter(
        "Expand: the new column beside the old one",
        "A trigger keeps both in step. v1 goes on and notices nothing; the lock is short, and is not waited for.",
    )
    stage.told.schema("expanding", moves=True)
    ran = _run(stage, Phase.EXPAND, "v2")
    stage.told.schema("expanded")
    stage.told.mark("expanded: users has name and full_name, kept in step", Tone.SCHEMA)
    stage.teller.fact(f"the schema was changed under load, in {ran} ms")


def canary(stage: Stage) -> None:
    """v2 in four steps."""
    stage.teller.chapter(
        "Canary: v2 gets 5, 20, 50, 100 % of the traffic",
        "v2 writes full_name, and reads name where full_name is empty. Both versions live on the same schema.",
    )
    done = _deploy(stage, "v2")
    if done.came.status is not DeploymentStatus.DONE:
        raise EnvironmentFailedError(f"v2 did not get through: {done.came.status.value}: {done.came.reason}")
    stage.teller.fact("v2 has all the traffic, and v1 is retired")


def migrate(stage: Stage) -> None:
    """The rows that nobody has written since."""
    stage.teller.chapter(
        "Migrate: the rows that nobody has written since",
        "In batches of 1,000, each a transaction of its own. Then NOT NULL, proved before the lock is taken.",
    )
    stage.told.schema("migrating", moves=True)
    _run(stage, Phase.MIGRATE, "v3")
    stage.told.schema("migrated")
    stage.told.mark("migrated: every row has full_name, and NOT NULL holds", Tone.SCHEMA)
    rows, apart = _rows(stage)
    stage.teller.fact(f"{rows:,} people, {apart} with names that disagree")


def spike(stage: Stage) -> None:
    """v3 has a bug, which people meet."""
    stage.teller.chapter(
        "A bad release: v3 fails for people who have one name only",
        "The smoke test asks for Ada Lovelace, and finds nothing. Then the coordinator compares v3 with v2, in the "
        "same seconds and under the same load.",
    )
    done = _deploy(stage, "v3")
    came = done.came
    if came.status is not DeploymentStatus.ABORTED or came.back_ms is None:
        raise EnvironmentFailedError(f"v3 was not sent back: {came.status.value}: {came.reason}")
    stage.told.back_ms, stage.told.why = came.back_ms, came.reason or ""
    stage.told.mark(f"v3 is sent back by itself, in {came.back_ms:.0f} ms", Tone.TROUBLE, stage.told.heard)
    stage.teller.fact(f"nobody had to decide: all traffic was back at v2 after {came.back_ms:.0f} ms")
    stage.teller.fact("the schema stays as it is: v2 lives on it, and so does the next try")


def contract(stage: Stage) -> None:
    """Whether the old column may go; not on this day."""
    teller, site = stage.teller, stage.site
    teller.chapter(
        "Contract: may the old column go?",
        "What is dropped does not come back, so migsafe asks what is known instead of whom it may believe.",
    )
    teller.does(f"migsafe contract plan {CHANGE} --env {ENVIRONMENT} --url …")
    planned = api.plan_contract(CHANGE, site.config, environment=ENVIRONMENT, url=site.url, by=BY)
    stage.told.refusals = refusals(planned)
    for refusal in stage.told.refusals:
        teller.says(f"blocked: {refusal}")
    if not stage.told.refusals:
        raise EnvironmentFailedError("the contract of the story was not refused, though v2 still reads the old column")
    stage.told.mark("contract: refused, and nothing was dropped", Tone.SCHEMA)
    teller.fact("refused, and rightly: v2 still reads the old column, and v1 has only just gone")
    teller.fact(
        "no clock is faked for it: later come a good v3, another person's approval, the quarantine, and 14 days after "
        "that the purge"
    )


def refusals(planned: Planned) -> tuple[str, ...]:
    """Why a contract may not run: a line for each gate that is closed."""
    texts: dict[str, list[str]] = {}
    for one in (*planned.plan.gates, *planned.plan.usage):
        if one.result in {"fail", "unknown"}:
            texts.setdefault(one.name, []).append(one.text)
    return tuple(
        f"{name}: {first}" + (f" (and {len(others)} more)" if others else "")
        for name, (first, *others) in texts.items()
    )


#: After the one in which the shop is opened.
CHAPTERS: tuple[Chapter, ...] = (plan, expand, canary, migrate, spike, contract)


def _run(stage: Stage, phase: Phase, release: str) -> int:
    """Run a phase; how long its statements took, in milliseconds."""
    stage.teller.does(f"migsafe run {phase} --release {release} --env {ENVIRONMENT} --url …")
    options = api.RunOptions(
        phase=phase, release=release, url=stage.site.url, where=api.Where(environment=ENVIRONMENT), wait=20.0
    )
    outcome = api.run_phase(options, stage.site.config, say=stage.teller.says, by=BY)
    if outcome.problem is not None:
        raise outcome.problem
    return sum(step.ran_ms for step in outcome.steps)


def _deploy(stage: Stage, release: str) -> Deployed:
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


def _rows(stage: Stage) -> tuple[int, int]:
    """How many people there are, and how many of them have two names that disagree."""
    with stage.server.connect(DATABASE) as session:
        ((rows, apart),) = session.query(
            "SELECT count(*), count(*) FILTER (WHERE name IS DISTINCT FROM full_name) FROM users"
        )
    return rows, apart


def _count(steps: Sequence[PlanStep], phase: Phase) -> int:
    return sum(step.phase is phase for step in steps)
