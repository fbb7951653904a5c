"""`migsafe backfill`."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from migsafe.cli.interruption import until_interrupted
from migsafe.cli.place_options import CREATE_ENVIRONMENT, ENVIRONMENT, REPLICAS, TARGET, address
from migsafe.cli.tracker_options import HELP, say, say_json, settings, tracker_options
from migsafe.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from migsafe.api import BackfillOptions, BackfillRequest, Where
    from migsafe.backfill.rehearsal import Rehearsal
    from migsafe.backfill.task import Progress
    from migsafe.config import Config
    from migsafe.runner.by_hand import ByHand
    from migsafe.tracker.facts import Written

_EXAMPLES = """\b
Examples:
  migsafe backfill users-full-name --env production --url env:DATABASE_URL --dry-run
  migsafe backfill users-full-name --env production --url env:DATABASE_URL --replica env:REPLICA_URL
  migsafe backfill orders-total --env production --url shop --target-ms 100 --workers 2
  migsafe backfill orders-total --env production --url shop --hold-if "select count(*) from jobs where state = 'late'"
  migsafe backfill --env production --url shop --pause "the shop has a sale until 18:00"
  migsafe backfill --env production --url shop --continue

\b
Exit codes:
  0 every row is written and every check holds · 4 refused: nothing was written
  5 it stops on the way, or a check does not hold; the same command goes on where it was · 130 stopped by Ctrl-C
"""


@click.command("backfill", epilog=_EXAMPLES, context_settings=HELP)
@click.argument("change", required=False)
@click.argument("step", required=False)
@ENVIRONMENT
@TARGET
@address(required=True)
@click.option("--dry-run", is_flag=True, help="Show the ranges and the plan of the first batch; write nothing.")
@click.option("--workers", type=click.IntRange(1, 32), default=1, show_default=True, help="How many work at once.")
@click.option(
    "--target-ms",
    type=click.IntRange(1, 60_000),
    default=200,
    show_default=True,
    metavar="MS",
    help="How long a batch should take: so long its rows are locked.",
)
@click.option(
    "--batch-max",
    type=click.IntRange(1, 1_000_000),
    default=10_000,
    show_default=True,
    metavar="ROWS",
    help="How many rows a batch has at most.",
)
@click.option(
    "--nice",
    type=click.FloatRange(0, 100),
    default=1.0,
    show_default=True,
    metavar="RATIO",
    help="Rest after a batch, in parts of the time that it took.",
)
@REPLICAS
@click.option(
    "--hold-if", "hold_if", multiple=True, metavar="SQL", help="Wait while this number is above 0 (repeatable)."
)
@click.option(
    "--max-bad-rows",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    metavar="N",
    help="Set aside up to so many rows that cannot be written.",
)
@click.option("--again", is_flag=True, help="Begin anew: it is done and rows need it, or its plan has changed.")
@click.option("--pause", metavar="REASON", help="Let all backfills of the database wait, those that run too.")
@click.option("--continue", "go_on", is_flag=True, help="Let them go on.")
@CREATE_ENVIRONMENT
@tracker_options(writes=True)
def command(change: str | None, config_file: Path | None, form: str, by: str | None, **options: Any) -> int:
    """Write the rows of a backfill of CHANGE in batches, beside the application that is at work.

    The plan of the change says what is written. STEP names the backfill where the change has several. Batches become
    larger while they are quick, and smaller when they are slow; between them migsafe waits while a standby is behind,
    somebody queues for the table, a vacuum works on it, or somebody has said --pause. Each batch commits together with
    the place that it has come to: stopped or killed at any moment, the same command goes on from there.
    """
    config = settings(config_file, tracker=options["tracker"])
    if options["pause"] is not None or options["go_on"]:
        return _pause(change, options, config, by, form)
    if change is None:
        raise UsageError("nobody has said which change", hint="migsafe backfill CHANGE --env E --url ADDRESS")
    asked = _asked(change, options)
    if options["dry_run"]:
        return _rehearse(asked, config, by, form)
    return _run(asked, config, by, form)


def _run(asked: BackfillRequest, config: Config, by: str | None, form: str) -> int:
    from migsafe import api

    stop = threading.Event()
    with until_interrupted(stop, "stopping after this batch; once more cuts it off"):
        done = api.backfill(asked, config, on_progress=_Teller(form), stop=stop, by=by)
    _show(done, form)
    if not done.result.finished:
        return ExitCode.INTERRUPTED
    return ExitCode.CLEAN if done.result.ok else ExitCode.ENVIRONMENT


def _rehearse(asked: BackfillRequest, config: Config, by: str | None, form: str) -> int:
    from migsafe import api

    label, found = api.rehearse_backfill(asked, config, by=by)
    _show_rehearsal(label, found, form)
    if found.refusal is not None:
        raise found.refusal
    return ExitCode.CLEAN


def _pause(change: str | None, options: dict[str, Any], config: Config, by: str | None, form: str) -> int:
    from migsafe import api

    if change is not None:
        raise UsageError("--pause and --continue are of a database, and not of a change", hint=f"leave out {change}")
    if options["pause"] is not None and options["go_on"]:
        raise UsageError("--pause and --continue cannot both be meant")
    if options["pause"] is not None and not options["pause"].strip():
        raise UsageError("--pause says why, for whoever finds it")
    written = api.pause_backfills(options["url"], _where(options), config, reason=options["pause"], by=by)
    _show_pause(written, options["pause"], form)
    return ExitCode.CLEAN


def _asked(change: str, options: dict[str, Any]) -> BackfillRequest:
    from migsafe import api

    return api.BackfillRequest(
        change=change,
        step=options["step"],
        url=options["url"],
        where=_where(options),
        replicas=options["replicas"],
        options=_options(options),
    )


def _where(options: dict[str, Any]) -> Where:
    from migsafe import api

    return api.Where(environment=options["environment"], target=options["target"], create=options["create_env"])


def _options(options: dict[str, Any]) -> BackfillOptions:
    from migsafe import api

    return api.BackfillOptions(
        pace=api.BackfillPace(target_ms=options["target_ms"], most=options["batch_max"], nice=options["nice"]),
        workers=options["workers"],
        hold_if=options["hold_if"],
        max_bad_rows=options["max_bad_rows"],
        again=options["again"],
    )


class _Teller:
    """Says on the error stream how far it has come: on a terminal in one line that changes, else now and then."""

    _LOOKS_BETWEEN = 10

    def __init__(self, form: str) -> None:
        self._json = form == "json"
        self._live = not self._json and sys.stderr is not None and sys.stderr.isatty()
        self._looks = 0
        self._held_by: str | None = None

    def __call__(self, progress: Progress) -> None:
        from migsafe.backfill.wording import progress_document, progress_line
        from migsafe.reporters.neutral import neutral_line

        news = (progress.held_by is None) != (self._held_by is None)
        self._held_by = progress.held_by
        if self._live:
            click.echo(f"\r\x1b[2K{neutral_line(progress_line(progress))}", err=True, nl=False)
            return
        self._looks += 1
        if not news and self._looks % self._LOOKS_BETWEEN != 1:
            return
        if self._json:
            import json

            click.echo(json.dumps(progress_document(progress)), err=True)
        else:
            say(progress_line(progress), err=True)


def _show(done: ByHand, form: str) -> None:
    from migsafe.backfill.wording import result_document, result_lines

    if sys.stderr is not None and sys.stderr.isatty() and form == "text":
        click.echo("\r\x1b[2K", err=True, nl=False)
    if form == "json":
        say_json("migsafe.backfill/1", step=done.label, migration=done.left, **result_document(done.result))
        return
    say(*result_lines(done.label, done.result))
    if done.left is not None and done.result.ok:
        say(f"the migration {done.left} finds no row left to write: run it as the others, or migsafe run migrate")


def _show_rehearsal(label: str, found: Rehearsal, form: str) -> None:
    from migsafe.backfill.wording import rehearsal_document, rehearsal_lines

    if form == "json":
        say_json("migsafe.backfill-rehearsal/1", step=label, **rehearsal_document(found))
    else:
        say(*rehearsal_lines(label, found))


def _show_pause(written: Written, reason: str | None, form: str) -> None:
    if form == "json":
        say_json("migsafe.backfill-pause/1", database=written.subject, paused=reason, changed=written.changed)
    elif not written.changed:
        say(f"{written.subject}: so already, nothing written")
    elif reason is not None:
        say(f"{written.subject}: backfills wait: {reason}; --continue lets them go on")
    else:
        say(f"{written.subject}: backfills go on")
