"""`migsafe contract plan|approve|reject|show`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from migsafe.cli.output import check_target, emit
from migsafe.cli.place_options import ENVIRONMENT
from migsafe.cli.project_options import project_options
from migsafe.cli.tracker_options import BY, CONFIG, HELP, TRACKER, answer_in, say, say_json, settings
from migsafe.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from migsafe.config import Config
    from migsafe.contracts.clearance import SignedPlan
    from migsafe.contracts.keeping import Decided, Planned
    from migsafe.contracts.values import ContractPlan

_FORMATS = ("text", "markdown", "html", "sql", "json")
_EXAMPLES = """\b
Examples:
  migsafe contract plan users-name-to-full-name --env production --url env:DATABASE_URL
  migsafe contract plan users-name-to-full-name --env production --url shop --format html --output plan.html
  migsafe contract plan users-name-to-full-name --env production --url shop --write
  migsafe contract show 3df5006651de --format markdown
  migsafe contract approve 3df5006651de --by olga
  migsafe contract reject 3df5006651de --by olga --reason "not before the month's end"
"""
_PLAN_EXAMPLES = """\b
Examples:
  migsafe contract plan users-name-to-full-name --env production --url env:DATABASE_URL
  migsafe contract plan drop-legacy-orders --env production --url shop --format html --output plan.html
  migsafe contract plan users-name-to-full-name --env production --url shop --dry-run

\b
Exit codes:
  0 it may be approved · 4 it is blocked, or over · 5 the database or the tracker is away
"""
_DECIDE_EXAMPLES = """\b
Examples:
  migsafe contract approve 3df5006651de --by olga
  migsafe contract approve 3df5006651de --by olga --accept
  migsafe contract reject 3df5006651de --by olga --reason "not before the month's end"
"""
_OUTPUT = click.option("--output", type=click.Path(path_type=Path), metavar="FILE", help="Write the plan there.")


@click.group("contract", epilog=_EXAMPLES, context_settings=HELP)
def command() -> None:
    """Plan how something old goes, for somebody to sign; approve or reject that; show it.

    A contract is quarantined first, and purged when it has been out of reach for long enough, each by its own plan.
    """


@command.command("plan", epilog=_PLAN_EXAMPLES, context_settings=HELP)
@click.argument("change", metavar="CHANGE")
@ENVIRONMENT
@click.option(
    "--url",
    metavar="ADDRESS",
    help="The database: env:NAME, a service, or a URL without a password. It is only read.",
)
@click.option("--target", metavar="NAME", help="Which of its databases that is; the only one when left out.")
@TRACKER
@BY
@answer_in(*_FORMATS)
@_OUTPUT
@click.option("--write", is_flag=True, help="Write the steps that are due as migrations, if the plan is not blocked.")
@click.option("--dry-run", is_flag=True, help="Show it; keep nothing in the tracker, and write nothing.")
@click.option("--subscribers-ready", is_flag=True, help="Subscribers of logical replication have the changes already.")
@project_options
def plan(  # noqa: PLR0913  # each is an option
    change: str,
    environment: str,
    target: str | None,
    by: str | None,
    form: str,
    output: Path | None,
    write: bool,
    dry_run: bool,
    subscribers_ready: bool,
    config_file: Path | None,
    **options: Any,
) -> int:
    """Make the plan of the half of CHANGE's contract that is due, and keep it unless it is blocked.

    The database is only read. The verdict is eligible, needs-ack, or blocked with every reason.
    """
    from migsafe import api

    check_target(output)
    config = settings(config_file, **options)
    if config.url is None:
        raise UsageError("no database is named", hint="--url env:NAME, or `url` in the configuration")
    planned = api.plan_contract(
        change, config, environment=environment, url=config.url, target=target,
        subscribers_ready=subscribers_ready, dry_run=dry_run, by=by,
    )  # fmt: skip
    emit(_render(planned.plan, None, form), output)
    _say_what_became(planned, form, output, dry_run=dry_run)
    if write and not dry_run:
        _write(planned, config)
    return ExitCode.REFUSED if planned.plan.blockers else ExitCode.CLEAN


def _decision(name: str) -> Callable[[Callable[..., int]], click.Command]:
    """A command that decides on a plan, with the options that both decisions have."""

    def give(function: Callable[..., int]) -> click.Command:
        for option in (
            CONFIG,
            answer_in("text", "json"),
            BY,
            TRACKER,
            click.argument("plan_id", metavar="PLAN"),
        ):
            function = option(function)
        return command.command(name, epilog=_DECIDE_EXAMPLES, context_settings=HELP)(function)

    return give


@_decision("approve")
@click.option("--accept", is_flag=True, help="Accept what the plan says that must be accepted.")
@click.option("--reason", metavar="TEXT", help="Why, for the record.")
def approve(
    plan_id: str,
    by: str | None,
    accept: bool,
    reason: str | None,
    form: str,
    tracker: str | None,
    config_file: Path | None,
) -> int:
    """Approve PLAN, named by the first digits of its hash; for 72 hours, and not by its author.

    Where data is lost two people must approve. An approval counts for the plan as it is: an edit, or a drift of what it
    is about, makes another plan.
    """
    from migsafe import api

    config = settings(config_file, tracker=tracker)
    _show_decision(api.approve_contract(plan_id, config, accepted=accept, reason=reason, by=by), form)
    return ExitCode.CLEAN


@_decision("reject")
@click.option("--reason", required=True, metavar="TEXT", help="Why.")
def reject(plan_id: str, by: str | None, reason: str, form: str, tracker: str | None, config_file: Path | None) -> int:
    """Reject PLAN: nobody runs it until whoever has rejected it approves it."""
    from migsafe import api

    config = settings(config_file, tracker=tracker)
    _show_decision(api.reject_contract(plan_id, config, reason=reason, by=by), form)
    return ExitCode.CLEAN


@command.command("show", epilog=_EXAMPLES, context_settings=HELP)
@click.argument("plan_id", metavar="PLAN")
@TRACKER
@answer_in(*_FORMATS)
@_OUTPUT
@CONFIG
def show(plan_id: str, tracker: str | None, form: str, output: Path | None, config_file: Path | None) -> int:
    """Show PLAN as it was made, with what people have decided on it."""
    from migsafe import api

    check_target(output)
    signed = api.contract_plan(plan_id, settings(config_file, tracker=tracker))
    emit(_render(signed.plan, signed, form), output)
    return ExitCode.CLEAN


def _render(plan: ContractPlan, signed: SignedPlan | None, form: str) -> str:
    from migsafe.contracts.render import render

    return render(plan, signed, form)


def _say_what_became(planned: Planned, form: str, output: Path | None, *, dry_run: bool) -> None:
    """Behind a report that is a document, what became of it goes to the error stream."""
    plan = planned.plan
    if plan.blockers:
        say(f"{plan.change} is blocked on {plan.where}: nothing was kept", err=True)
    elif planned.kept:
        kept = "kept" if planned.new else "kept already"
        say(f"{kept}: migsafe contract approve {plan.short_id} --by NAME", err=True)
    elif dry_run:
        say("tried only: nothing was kept", err=True)


def _write(planned: Planned, config: Config) -> None:
    import os

    from migsafe import api

    files = api.write_contract(planned, config)
    for file in files:
        say(f"wrote {os.path.relpath(file.path)}", err=True)
    if not files:
        say("every step of it is written already", err=True)


def _show_decision(decided: Decided, form: str) -> None:
    plan, decision = decided.signed.plan, decided.decision
    if form == "json":
        say_json(
            "migsafe.contract-decision/1", plan=plan.plan_id, change=plan.change, approver=decision.approver,
            decision=decision.decision, at=decision.at, expires_at=decision.expires_at, missing=decided.missing,
        )  # fmt: skip
        return
    if decision.decision == "reject":
        say(f"{plan.short_id} ({plan.change}): rejected by {decision.approver}; nobody runs it")
        return
    until = f"until {decision.expires_at:%Y-%m-%d %H:%M} UTC"
    missing = "" if not decided.missing else f"; {decided.missing} more must approve, because data is lost"
    say(f"{plan.short_id} ({plan.change}): approved by {decision.approver}, {until}{missing}")
