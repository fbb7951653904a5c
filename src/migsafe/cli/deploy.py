"""`migsafe deploy plan|run|rehearse|resume|abort|status`; `stop` has a file of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from migsafe.cli.deploy_stop import command as stop
from migsafe.cli.interruption import until_interrupted
from migsafe.cli.output import check_target, emit
from migsafe.cli.place_options import DEPLOY_FILE, ENVIRONMENT
from migsafe.cli.project_options import project_options
from migsafe.cli.tracker_options import BY, HELP, TRACKER, answer_in, say, say_json, settings, tracker_options
from migsafe.errors import ExitCode

if TYPE_CHECKING:
    from migsafe.api import DeployRequest
    from migsafe.config import Config
    from migsafe.deploy.under_way import Deployed

_EXAMPLES = """\b
Examples:
  migsafe deploy plan --release 1.9.0 --env production
  migsafe deploy run --release 1.9.0 --env production
  migsafe deploy status --env production
  migsafe deploy abort --env production --reason "checkout is slow"
"""
_PLAN_EXAMPLES = """\b
Examples:
  migsafe deploy plan --release 1.9.0 --env production
  migsafe deploy plan --release 1.9.0 --env staging --deploy-file ops/deploy.toml
  migsafe deploy plan --release 1.9.0 --env production --format markdown --output plan.md

\b
Exit codes:
  0 there is a plan, also where something must be done before it · 2 deploy.toml says something that cannot be used
  4 there is no safe plan · 5 the tracker is away
"""
RELEASE = click.option("--release", required=True, metavar="R", help="The release that is to have the traffic.")


@click.group("deploy", epilog=_EXAMPLES, context_settings=HELP)
def command() -> None:
    """Bring the code of a release to an environment, step by step, on a schema that old and new code can live on.

    No migration is run here: what `migsafe run` has done is a gate that a step waits at.
    """


@command.command("plan", epilog=_PLAN_EXAMPLES, context_settings=HELP)
@RELEASE
@ENVIRONMENT
@DEPLOY_FILE
@TRACKER
@answer_in("text", "json", "markdown")
@click.option("--output", type=click.Path(path_type=Path), metavar="FILE", help="Write the plan there.")
@project_options
def plan(
    release: str,
    environment: str,
    deploy_file: Path | None,
    form: str,
    output: Path | None,
    config_file: Path | None,
    **options: Any,
) -> int:
    """Show every step of a release with its gate, what happens when it fails, and how long it takes.

    Nothing is moved, and neither the engine nor a database is asked: deploy.toml, the migrations and the tracker say it
    all. The same plan has the same id, before its expand and after it.
    """
    from migsafe import api
    from migsafe.deploy.plan_text import render

    check_target(output)
    made = api.plan_deploy(release, settings(config_file, **options), environment=environment, deploy_file=deploy_file)
    emit(render(made, form), output)
    return ExitCode.CLEAN


_RUN_EXAMPLES = """\b
Examples:
  migsafe run expand --release 1.9.0 --env production --url env:DATABASE_URL     the schema first
  migsafe deploy run --release 1.9.0 --env production
  migsafe deploy run --release 1.9.0 --env production --wait-for-turn 600 --format json

\b
Exit codes:
  0 the release has the traffic · 2 deploy.toml says something that cannot be used
  4 refused, or somebody else's turn: nothing was moved · 5 the traffic went back, or it stands still: see the output
  130 stopped by Ctrl-C: it stands where it is
"""
_ABORT_EXAMPLES = """\b
Examples:
  migsafe deploy abort --env production --reason "checkout is slow"
  migsafe deploy abort --env production --reason "checkout is slow" --retire
  migsafe deploy abort --env production --reason "the tracker is away" --to 1.8.0

\b
Exit codes:
  0 all traffic is back · 4 nothing is under way · 5 the engine is away, or does not follow
"""
_URL = click.option("--url", metavar="ADDRESS", help="The database that checks of kind sql ask; it is only read.")
_WAIT_FOR_TURN = click.option(
    "--wait-for-turn",
    type=click.FloatRange(min=0),
    default=0.0,
    metavar="SECONDS",
    help="Wait for another coordinator; refused at once when left out.",
)
_NOTICE_BACK = "the traffic goes back all the same; once more ends this at once"
_NOTICE = "the rollout pauses where it is; once more ends it at once, and migsafe deploy resume goes on either way"


def _rollout(function: Callable[..., int]) -> Callable[..., int]:
    """The options that every command has which moves traffic."""
    for option in (_URL, answer_in("text", "json"), BY, TRACKER, DEPLOY_FILE, ENVIRONMENT):
        function = option(function)
    return function


@command.command("run", epilog=_RUN_EXAMPLES, context_settings=HELP)
@RELEASE
@_rollout
@_WAIT_FOR_TURN
@project_options
def run(release: str, wait_for_turn: float, **options: Any) -> int:
    """Bring a release out: watch, stage, shift traffic step by step, promote, bake, retire.

    Each step is written down before it is ordered, and watched by the checks of deploy.toml: a failure sends all
    traffic back by itself, what nobody can tell is held. Killed at any moment, `resume` goes on. The schema is not
    touched.
    """
    return _act(lambda api, asked, config, more: api.run_deploy(release, asked, config, **more), wait_for_turn, options)


_REHEARSE_EXAMPLES = """\b
Examples:
  migsafe deploy rehearse --release 1.9.0 --env staging
  migsafe deploy rehearse --release 1.9.0 --env production --wait-for-turn 600

\b
Exit codes:
  0 all traffic is back, and what was tried on the way was well · 2 deploy.toml says something that cannot be used
  4 refused, or somebody else's turn: nothing was moved · 5 it was not well, or it stands still: see the output
  130 stopped by Ctrl-C: it stands where it is
"""


@command.command("rehearse", epilog=_REHEARSE_EXAMPLES, context_settings=HELP)
@RELEASE
@_rollout
@_WAIT_FOR_TURN
@project_options
def rehearse(release: str, wait_for_turn: float, **options: Any) -> int:
    """Try the way back: a release gets its first share of the traffic, and all of it goes back.

    That it worked is recorded with its date; a plan warns where that was long ago, or never.
    """
    return _act(
        lambda api, asked, config, more: api.run_deploy(release, asked, config, rehearsal=True, **more),
        wait_for_turn,
        options,
    )


_RESUME_EXAMPLES = """\b
Examples:
  migsafe deploy resume --env production
  migsafe deploy resume --env production --reassert "the weight was set by hand, by mistake"

\b
Exit codes:
  0 the release has the traffic · 2 deploy.toml says something that cannot be used
  4 nothing is under way, or somebody else's turn · 5 the traffic went back, or it stands still: see the output
  130 stopped by Ctrl-C: it stands where it is
"""


@command.command("resume", epilog=_RESUME_EXAMPLES, context_settings=HELP)
@_rollout
@_WAIT_FOR_TURN
@click.option("--reassert", metavar="WHY", help="Undo what somebody else did to the engine, for this reason.")
@project_options
def resume(wait_for_turn: float, reassert: str | None, **options: Any) -> int:
    """Go on with a rollout that was killed, held or paused. The engine is looked at first: nothing is done twice."""
    return _act(
        lambda api, asked, config, more: api.resume_deploy(asked, config, reassert=reassert, **more),
        wait_for_turn,
        options,
    )


@command.command("abort", epilog=_ABORT_EXAMPLES, context_settings=HELP)
@_rollout
@click.option("--reason", required=True, metavar="WHY", help="For the record.")
@click.option("--to", metavar="VERSION", help="Where the traffic goes, when neither tracker nor engine can tell.")
@click.option("--retire", is_flag=True, help="End the other version as well, once it has no traffic.")
@project_options
def abort(reason: str, to: str | None, retire: bool, **options: Any) -> int:
    """Send all traffic back at once, whoever is at it.

    The database is not asked, and a tracker that is away is not waited for. The schema stays expanded, which old code
    can live on; migsafe rollback says what may be taken back.
    """

    def act(api: Any, asked: DeployRequest, config: Config, more: dict[str, Any]) -> Deployed:
        more.pop("stop")
        done: Deployed = api.abort_deploy(asked, config, reason=reason, to=to, retire=retire, **more)
        return done

    return _act(act, 0.0, options, goes_back=True)


_STATUS_EXAMPLES = """\b
Examples:
  migsafe deploy status --env production
  migsafe deploy status --env production --format json

\b
Exit codes:
  0 it is shown, whatever the engine says · 2 nobody knows the environment · 4 there is no tracker
  5 the tracker is away
"""


@command.command("status", epilog=_STATUS_EXAMPLES, context_settings=HELP)
@ENVIRONMENT
@DEPLOY_FILE
@tracker_options()
def status(environment: str, deploy_file: Path | None, tracker: str | None, form: str, config_file: Path | None) -> int:
    """Show how the rollouts of an environment stand, what the engine shows, and what to do now. Nothing is changed."""
    from migsafe import api
    from migsafe.deploy.status import document
    from migsafe.deploy.status_text import spell_standing

    asked = api.DeployRequest(environment=environment, deploy_file=deploy_file)
    standing = api.deploy_status(asked, settings(config_file, tracker=tracker))
    if form == "json":
        say_json("migsafe.deploy-status/1", **document(standing))
    else:
        say(*spell_standing(standing).splitlines())
    return ExitCode.CLEAN


command.add_command(stop)


def _act(
    act: Callable[[Any, DeployRequest, Config, dict[str, Any]], Deployed],
    wait_for_turn: float,
    options: dict[str, Any],
    *,
    goes_back: bool = False,
) -> int:
    """One rollout command: what happens goes to stderr, a line each; what became of it to stdout."""
    from migsafe import api

    names = ("environment", "deploy_file", "by", "form", "config_file")
    environment, deploy_file, by, form, config_file = (options.pop(name) for name in names)
    asked = api.DeployRequest(environment=environment, deploy_file=deploy_file, wait_for_turn=wait_for_turn)
    config, stop = settings(config_file, **options), threading.Event()
    with until_interrupted(stop, _NOTICE_BACK if goes_back else _NOTICE):
        done = act(api, asked, config, {"say": lambda line: say(line, err=True), "stop": stop, "by": by})
    _say_what_became(done, environment, form)
    status = done.came.status.value
    if stop.is_set() and status == "paused":
        return ExitCode.INTERRUPTED
    is_well = status == "aborted" if goes_back else status == "done" or _is_rehearsed(done)
    return ExitCode.CLEAN if is_well else ExitCode.ENVIRONMENT


def _is_rehearsed(done: Deployed) -> bool:
    return done.deployment is not None and done.deployment.is_rehearsed


def _say_what_became(done: Deployed, environment: str, form: str) -> None:
    came, deployment = done.came, done.deployment
    if form == "json":
        say_json(
            "migsafe.deployment/1",
            environment=environment,
            release=deployment.release if deployment is not None else None,
            status=came.status.value,
            reason=came.reason,
            back_ms=came.back_ms,
            verdicts=list(came.verdicts),
            notes=came.notes,
        )
        return
    about = f"{deployment.release} on {environment}" if deployment is not None else environment
    say(f"{about}: {came.status.value}" + (f": {came.reason}" if came.reason else ""))
    say(*(f"  {note}" for note in came.notes))
    if came.status.value not in {"done", "aborted"} and not came.notes:
        say(f"  migsafe deploy status --env {environment} says what to do now")
