"""`migsafe backward`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from migsafe.cli.place_options import ENVIRONMENT, REPLICAS, TARGET, WAIT, WAIT_FOR_TURN, address
from migsafe.cli.tracker_options import HELP, say, say_json, settings, tracker_options
from migsafe.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migsafe.api import BackwardOptions
    from migsafe.runner.backward.steps import BackwardOutcome

_EXAMPLES = """\b
Examples:
  migsafe backward --to 1.8.0 --env production --url env:DATABASE_URL --dry-run
  migsafe backward --to 1.8.0 --env production --url env:DATABASE_URL --reason "1.9.0 was rolled back"
  migsafe backward --to 1.8.0 --only users-full-name --env staging --url env:DATABASE_URL
  migsafe backward --to 1.8.0 --env staging --url shop --accept-data-loss --reason "nobody has used it yet"

\b
Exit codes:
  0 taken back, or nothing to take back · 4 refused: nothing was changed (--dry-run: would be)
  5 a step failed; the same command goes on where it stopped
"""


@click.command("backward", epilog=_EXAMPLES, context_settings=HELP)
@click.option(
    "--to", required=True, metavar="R", help="The release whose schema is wanted: newer steps are taken back."
)
@ENVIRONMENT
@TARGET
@address(required=True)
@click.option("--only", metavar="CHANGE", help="Take back only the steps of this change.")
@click.option("--dry-run", is_flag=True, help="Print what would be run, what it locks and loses; write nothing.")
@click.option("--accept-data-loss", is_flag=True, help="Give up what is lost; --reason says why.")
@click.option("--reason", metavar="TEXT", help="Why, for the record.")
@REPLICAS
@WAIT
@WAIT_FOR_TURN
@tracker_options(writes=True)
def command(form: str, by: str | None, config_file: Path | None, dry_run: bool, **options: Any) -> int:
    """Take back the steps that are newer than a release, the newest first, by the SQL that was kept when they ran.

    First the code, then the database: while a release runs that needs a step, that step stays. To leave a schema
    expanded is safe, and is what a rollback does by itself; this is for when it has to go. What loses data wants
    --accept-data-loss and a reason; what has no way back is said, with the release that can be reached.
    """
    from migsafe import api

    said = _said(options)
    config = settings(config_file, tracker=options["tracker"])
    if dry_run:
        outcome = api.rehearse_backward(said, config, by=by)
    else:
        outcome = api.go_back(said, config, say=lambda line: say(line, err=True), by=by)
    _show(outcome, form, dry_run=dry_run)
    return _end(outcome, said, dry_run=dry_run)


def _said(options: dict[str, Any]) -> BackwardOptions:
    from migsafe import api

    if options["accept_data_loss"] and not (options["reason"] or "").strip():
        raise UsageError("data is given up for a reason", hint="--reason TEXT says which")
    return api.BackwardOptions(
        to=options["to"],
        url=options["url"],
        where=api.Where(environment=options["environment"], target=options["target"]),
        only=options["only"],
        accept_data_loss=options["accept_data_loss"],
        reason=options["reason"],
        replicas=options["replicas"],
        wait=options["wait"],
        wait_for_turn=options["wait_for_turn"],
    )


def _show(outcome: BackwardOutcome, form: str, *, dry_run: bool) -> None:
    from migsafe.reporters.neutral import neutral
    from migsafe.runner.backward.document import SCHEMA, document, render_text

    if form == "json":
        say_json(SCHEMA, **document(outcome, dry_run=dry_run))
    elif dry_run:
        click.echo(neutral(render_text(outcome)), nl=False)
    else:
        say(*_lines(outcome))


def _lines(outcome: BackwardOutcome) -> Iterator[str]:
    """What was taken back, and, where nothing has stopped it, what stays."""
    yield from (f"{label}: taken back" for label in outcome.taken)
    if outcome.problem is not None:
        return
    yield from (f"{one.standing.label}: {one.way.stays}" for one in outcome.view.steps if one.way.stays is not None)
    if not outcome.view.steps:
        yield f"nothing to take back: {outcome.where} has no step that is newer than {outcome.view.decision.to}"


def _end(outcome: BackwardOutcome, said: BackwardOptions, *, dry_run: bool) -> int:
    """What stopped it; of a rehearsal, whether the command itself would be refused."""
    from migsafe import api

    if outcome.problem is not None:
        raise outcome.problem
    if dry_run:
        api.check_backward(outcome, said)
    return ExitCode.CLEAN
