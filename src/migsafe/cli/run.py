"""`migsafe run expand|migrate|contract`, `run resume` and `run repair`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from migsafe.cli.fleets import FLEET, fleet_manners, rehearse_the_fleet, roster_of, run_the_fleet
from migsafe.cli.place_options import (
    CREATE_ENVIRONMENT,
    ENVIRONMENT,
    REPLICAS,
    SECONDS,
    TARGET,
    WAIT,
    WAIT_FOR_TURN,
    address,
)
from migsafe.cli.project_options import read_options, run_options
from migsafe.cli.tracker_options import HELP, say, say_json, settings, tracker_options
from migsafe.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from migsafe.api import RunOptions
    from migsafe.model.phase import Phase
    from migsafe.runner.outcome import RunOutcome

_Command = TypeVar("_Command", bound=Callable[..., Any])

_EXAMPLES = """\b
Examples:
  migsafe run expand --release 1.9.0 --env production --url env:DATABASE_URL --dry-run
  migsafe run expand --release 1.9.0 --env production --url env:DATABASE_URL --wait 600
  migsafe run migrate --release 1.9.0 --env production --url env:DATABASE_URL --replica env:REPLICA_URL
  migsafe run resume --env production --url env:DATABASE_URL
  migsafe run expand --release 1.9.0 --env production --fleet migsafe.fleet.toml --ring first
  migsafe run resume --env production --fleet migsafe.fleet.toml --target tenant_012

\b
Exit codes:
  0 all of it has run, or nothing was left to run · 4 refused: nothing of the step was changed
  5 a step failed; the same command goes on where it stopped
"""
_ALL = "all"


@click.group("run", epilog=_EXAMPLES, context_settings=HELP)
def command() -> None:
    """Run migrations by phase: one step at a time, journalled, and resumed where they were cut off.

    Before each step migsafe looks whether now is a moment for it, takes the only turn on the database, and records what
    it is about to do. A step that is a transaction commits together with its record, and with the row of the project's
    own tool. The tracker in the database itself is used where it has one, unless another one is named.
    """


def _place(command: _Command) -> _Command:
    """Options that say which database, and for how long to wait for it."""
    for option in reversed(
        (
            ENVIRONMENT,
            TARGET,
            address(required=False),
            FLEET,
            WAIT_FOR_TURN,
        )
    ):
        command = option(command)
    return command


def _tool(command: _Command) -> _Command:
    """Options that say how the project's own tool learns the address; for Alembic and Django."""
    for option in reversed(
        (
            click.option(
                "--url-variable",
                "variables",
                multiple=True,
                metavar="NAME",
                help="A variable from which the project's code takes the address (repeatable).",
            ),
            click.option(
                "--alembic-x",
                "arguments",
                multiple=True,
                metavar="NAME=VALUE",
                help="What alembic -x is given; {url} is the address (repeatable).",
            ),
            click.option(
                "--django-database", default="default", metavar="ALIAS", help="Django's name for the database."
            ),
        )
    ):
        command = option(command)
    return command


def _patience(command: _Command) -> _Command:
    """Options that say how patient a run is, and who answers for what."""
    for option in reversed(
        (
            click.option("--change", metavar="NAME", help="Only the steps of this change."),
            click.option("--break-lock", metavar="REASON", help="Take the turn away from a holder who is gone."),
            REPLICAS,
            click.option(
                "--subscribers-ready",
                is_flag=True,
                help="Subscribers of logical replication have the changes of tables already.",
            ),
            WAIT,
            click.option(
                "--give-up", type=SECONDS, metavar="SECONDS", help="For how long a step is tried.  [default: 1800]"
            ),
            click.option(
                "--accept",
                metavar="REASON",
                help="Answer for what nobody knows; what is known to be wrong stays refused.",
            ),
            click.option(
                "--watch", is_flag=True, help="Cancel a step while it runs when others wait behind it for long."
            ),
            click.option(
                "--uncapped",
                metavar="REASON",
                help="Let a step hold a strong lock for as long as it takes: nobody else is there.",
            ),
        )
    ):
        command = option(command)
    return command


def _of_phase(phase: str, summary: str) -> click.Command:
    @command.command(phase, help=summary, context_settings=HELP)
    @click.option("--release", required=True, metavar="R", help="Migrations up to this release are run.")
    @_place
    @fleet_manners
    @run_options
    @_tool
    @_patience
    @click.option("--dry-run", is_flag=True, help="Say what would run, and what stands against it; write nothing.")
    @CREATE_ENVIRONMENT
    @tracker_options(writes=True)
    def run(config_file: Path | None, form: str, by: str | None, dry_run: bool, **options: Any) -> int:
        from migsafe.model.phase import Phase

        return _run(None if phase == _ALL else Phase(phase), options, config_file, form, by, dry_run=dry_run)

    return run


_of_phase("expand", "Run what adds, before the code that needs it is deployed.")
_of_phase("migrate", "Move rows, and make rules that all running code keeps; may outlast a release.")
_of_phase("contract", "Take away what no running code needs, by a plan that was approved.")
_of_phase(_ALL, "Run everything, in the tool's order, on a database that no code uses yet.")


@command.command("resume", context_settings=HELP)
@_place
@fleet_manners
@run_options
@_tool
@_patience
@tracker_options(writes=True)
def resume(config_file: Path | None, form: str, by: str | None, **options: Any) -> int:
    """Go on with steps that were begun and have not come to their end, whatever their phase."""
    return _run(None, options, config_file, form, by, dry_run=False)


@command.command("repair", context_settings=HELP)
@click.argument("step")
@_place
@click.option("--reason", required=True, metavar="TEXT", help="Why the journal is repaired.")
@click.option(
    "--as",
    "wanted",
    type=click.Choice(["done", "undone"]),
    help="What you have seen to be so, where the database cannot tell; never against what it tells.",
)
@run_options
@tracker_options(writes=True)
def repair(step: str, config_file: Path | None, form: str, by: str | None, **options: Any) -> int:
    """Look what became of STEP, and make the journal say so: done, or nothing left of it.

    The catalogue of the database is held against what the step would have left behind. Nothing but the journal is
    written.
    """
    from migsafe import api

    if roster_of(options) is not None:
        raise UsageError("a step is repaired on one database", hint="--target NAME says on which one of the fleet")
    said = api.RepairOptions(
        step=step,
        url=options["url"],
        where=api.Where(environment=options["environment"], target=options["target"]),
        wait_for_turn=options["wait_for_turn"],
        reason=options["reason"],
        wanted=options["wanted"],
    )
    config = settings(config_file, tracker=options["tracker"], **read_options(options))
    repaired = api.repair_step(said, config, by=by)
    if form == "json":
        say_json("migsafe.repair/1", **repaired.document())
    else:
        say(f"{repaired.label}: {repaired.status}", *(f"  {line}" for line in repaired.found))
    return ExitCode.CLEAN


def _said(phase: Phase | None, options: dict[str, Any]) -> RunOptions:
    from migsafe import api

    budget = api.Budget() if options["give_up"] is None else api.Budget(whole=options["give_up"])
    create = bool(options.get("create_env"))
    return api.RunOptions(
        phase=phase,
        release=options.get("release"),
        url=options["url"] or "",  # each database of a fleet has its own
        where=api.Where(environment=options["environment"], target=options["target"], create=create),
        only=options["change"],
        replicas=options["replicas"],
        subscribers_ready=options["subscribers_ready"],
        wait=options["wait"],
        wait_for_turn=options["wait_for_turn"],
        accept=options["accept"],
        pace=api.PaceOptions(budget=budget, uncapped=options["uncapped"]),
        watch=api.WatchLimits() if options["watch"] else None,
        break_lock=options["break_lock"],
        tool=api.ToolSettings(options["variables"], options["arguments"], options["django_database"]),
    )


def _run(
    phase: Phase | None,
    options: dict[str, Any],
    config_file: Path | None,
    form: str,
    by: str | None,
    *,
    dry_run: bool,
) -> int:
    from migsafe import api

    config = settings(config_file, tracker=options["tracker"], **read_options(options))
    roster = roster_of(options)
    said = _said(phase, options)
    if roster is not None:
        if dry_run:
            return rehearse_the_fleet(roster, said, config, by, form)
        return run_the_fleet(roster, said, config, by, form, options)
    if dry_run:
        outcome = api.rehearse_phase(said, config, by=by)
    else:
        outcome = api.run_phase(said, config, say=lambda line: say(line, err=True), by=by)
    _show(outcome, form, dry_run=dry_run)
    if outcome.problem is not None:
        raise outcome.problem
    return ExitCode.CLEAN


def _show(outcome: RunOutcome, form: str, *, dry_run: bool) -> None:
    if form == "json":
        say_json("migsafe.run/1", dry_run=dry_run, **_document(outcome))
        return
    if not outcome.steps and outcome.problem is None:
        of = f"every {outcome.phase} step" if outcome.phase is not None else "every step"
        up_to = f"{of} up to {outcome.release}" if outcome.release is not None else "no step that was begun"
        say(f"nothing to run: {outcome.where} has {up_to}")
    if dry_run:
        say(*outcome.foreseen())
        return
    for step in outcome.steps:
        if step.status is not None:
            held = (f"  {'held' if ok else 'DID NOT HOLD'}: {name}" for name, ok in step.checks)
            say(f"{step.label}: {step.status}", *held)
    for label, why in outcome.waiting:
        say(f"{label} {why}")


def _document(outcome: RunOutcome) -> dict[str, Any]:
    problem = outcome.problem
    return {
        "environment": outcome.where.environment,
        "target": outcome.where.target,
        "phase": outcome.phase,
        "release": outcome.release,
        "steps": list(outcome.steps),
        "waiting": [{"step": label, "why": why} for label, why in outcome.waiting],
        "notes": list(outcome.notes),
        "problem": None
        if problem is None
        else {"message": problem.message, "hint": problem.hint, "exit_code": int(problem.exit_code)},
    }
