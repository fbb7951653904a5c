"""The chapters of the story: each does what a person would do by the commands that it names, through the same API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe import api
from migsafe.demo.leaving import ask, purge, quarantine, switch
from migsafe.demo.site import DATABASE
from migsafe.demo.stage import deploy, roll_out, run
from migsafe.demo.timeline import Tone
from migsafe.errors import EnvironmentFailedError
from migsafe.model.phase import Phase
from migsafe.tracker.deployments import DeploymentStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migsafe.demo.stage import Chapter, Stage
    from migsafe.model.plan import PlanStep

_RENAME = "ALTER TABLE users RENAME COLUMN name TO full_name;"


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
    ran = run(stage, Phase.EXPAND, "v2")
    stage.told.schema("expanded")
    stage.told.mark("expanded: users has name and full_name, kept in step", Tone.SCHEMA)
    stage.teller.fact(f"the schema was changed under load, in {ran} ms")


def canary(stage: Stage) -> None:
    """v2 in four steps."""
    stage.teller.chapter(
        "Canary: v2 gets 5, 20, 50, 100 % of the traffic",
        "v2 writes full_name, and reads name where full_name is empty. Both versions live on the same schema.",
    )
    roll_out(stage, "v2")
    stage.teller.fact("v2 has all the traffic, and v1 is retired")


def migrate(stage: Stage) -> None:
    """The rows that nobody has written since."""
    stage.teller.chapter(
        "Migrate: the rows that nobody has written since",
        "In batches of 1,000, each a transaction of its own. Then NOT NULL, proved before the lock is taken.",
    )
    stage.told.schema("migrating", moves=True)
    run(stage, Phase.MIGRATE, "v3")
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
    done = deploy(stage, "v3")
    came = done.came
    if came.status is not DeploymentStatus.ABORTED or came.back_ms is None:
        raise EnvironmentFailedError(f"v3 was not sent back: {came.status.value}: {came.reason}")
    stage.told.back_ms, stage.told.why = came.back_ms, came.reason or ""
    stage.told.mark(f"v3 is sent back by itself, in {came.back_ms:.0f} ms", Tone.TROUBLE, stage.told.heard)
    stage.teller.fact(f"nobody had to decide: all traffic was back at v2 after {came.back_ms:.0f} ms")
    stage.teller.fact("the schema stays as it is: v2 lives on it, and so does the next try")


#: After the one in which the shop is opened.
CHAPTERS: tuple[Chapter, ...] = (plan, expand, canary, migrate, spike, ask, switch, quarantine, purge)


def _rows(stage: Stage) -> tuple[int, int]:
    """How many people there are, and how many of them have two names that disagree."""
    with stage.server.connect(DATABASE) as session:
        ((rows, apart),) = session.query(
            "SELECT count(*), count(*) FILTER (WHERE name IS DISTINCT FROM full_name) FROM users"
        )
    return rows, apart


def _count(steps: Sequence[PlanStep], phase: Phase) -> int:
    return sum(step.phase is phase for step in steps)
