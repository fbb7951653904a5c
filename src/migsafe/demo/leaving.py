"""The last chapters: how the old column goes, under the same load."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migsafe import api
from migsafe.demo.site import BY, CHANGE, DATABASE, ENVIRONMENT
from migsafe.demo.stage import roll_out, run
from migsafe.demo.timeline import Tone
from migsafe.errors import EnvironmentFailedError
from migsafe.model.phase import Phase

if TYPE_CHECKING:
    from migsafe.contracts.keeping import Planned
    from migsafe.demo.stage import Stage

#: Requests that are to be answered without the column before the story goes on.
_ENOUGH_TO_TELL = 200
_SHAPE = """
SELECT string_agg(attname, ', ' ORDER BY attnum),
       (SELECT count(*) FROM pg_trigger WHERE tgrelid = 'users'::regclass AND NOT tgisinternal)
  FROM pg_attribute
 WHERE attrelid = 'users'::regclass AND attnum > 0 AND NOT attisdropped
"""


def ask(stage: Stage) -> None:
    """Whether the old column may go; not while anybody needs it."""
    teller = stage.teller
    teller.chapter(
        "Contract: may the old column go?",
        "What is dropped does not come back, so migsafe asks what is known instead of whom it may believe.",
    )
    stage.told.refusals = refusals(_plan(stage))
    if not stage.told.refusals:
        raise EnvironmentFailedError("the contract of the story was not refused, though v2 still reads the old column")
    stage.told.mark("contract: refused, because v2 still reads the old column", Tone.SCHEMA)
    teller.fact("refused, and rightly: v2 still reads the old column, and v3, which does without it, is not out")


def switch(stage: Stage) -> None:
    """v4, which does without the old column, takes the place of v2; the code of older versions goes."""
    teller, site = stage.teller, stage.site
    teller.chapter(
        "Blue-green: v4 is v3 without its bug, and takes over at once",
        "Nothing older is left after it: no process, and no line of code.",
    )
    site.release("v4", [])
    site.go_blue_green()
    teller.says('deploy.toml: strategy = "blue-green"')
    roll_out(stage, "v4")
    site.forget("v1", "v2", "v3")
    teller.says("deleted: the code of v1, v2 and v3")
    teller.fact("v4 has all the traffic, and v2 is retired; nothing that runs, and no code, knows users.name")


def quarantine(stage: Stage) -> None:
    """The old column is put out of reach; the way back is open."""
    teller = stage.teller
    teller.chapter(
        "Contract, first half: the old column is put out of reach",
        "It is renamed, and its trigger goes. Whoever still needs it shows now, while all of it can be taken back.",
    )
    planned = _plan(stage)
    stage.told.waits = refusals(planned)
    teller.fact("nothing that runs uses it; production would still wait for that, and for another person's approval")
    teller.fact(f"{ENVIRONMENT} is marked as not protected, as a developer's machine is, and waits for nobody")
    stage.told.schema("contracting", moves=True)
    _go(stage, planned)
    stage.told.schema("quarantined")
    stage.told.mark("quarantined: users.name is out of reach, and could be brought back", Tone.SCHEMA)
    _watch(stage)


def purge(stage: Stage) -> None:
    """The old column is dropped."""
    teller = stage.teller
    teller.chapter(
        "Contract, second half: the old column is dropped",
        "From here on only a backup has it. So production waits longer, and two people must approve.",
    )
    planned = _plan(stage)
    stage.told.waits = tuple(dict.fromkeys((*stage.told.waits, *refusals(planned))))
    stage.told.schema("contracting", moves=True)
    _go(stage, planned)
    stage.told.schema("contracted")
    stage.told.mark("contracted: users.name is dropped", Tone.SCHEMA)
    _watch(stage)
    teller.fact(f"what is left of users: {_shape(stage)}")


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


def _plan(stage: Stage) -> Planned:
    """Plan the half of the contract that is due, and say what speaks against it."""
    stage.teller.does(f"migsafe contract plan {CHANGE} --env {ENVIRONMENT} --url …")
    planned = api.plan_contract(CHANGE, stage.site.config, environment=ENVIRONMENT, url=stage.site.url, by=BY)
    for refusal in refusals(planned):
        stage.teller.says(f"blocked: {refusal}")
    return planned


def _go(stage: Stage, planned: Planned) -> None:
    """Write the migrations of a half, and run them."""
    written = stage.site.write(planned)
    stage.teller.says(f"written as the plan has it: {', '.join(written)}")
    run(stage, Phase.CONTRACT, "v4")


def _watch(stage: Stage) -> None:
    """See how people fare from now on."""
    failed = stage.people.failed
    stage.people.wait_for(_ENOUGH_TO_TELL)
    stage.teller.fact(f"{_ENOUGH_TO_TELL} requests later: {stage.people.failed - failed} have failed")


def _shape(stage: Stage) -> str:
    """The columns of the table, and how many triggers it has."""
    with stage.server.connect(DATABASE) as session:
        ((columns, triggers),) = session.query(_SHAPE)
    return f"{columns}; {triggers} triggers"
